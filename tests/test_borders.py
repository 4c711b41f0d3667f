"""Borders between units: shared metres by kind, corner touches left out."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, Polygon, box

from gridopt.city import City
from gridopt.graph import UnitGraph
from gridopt.units import make_borders, make_units

DATA = Path(__file__).parents[2] / "shared" / "data" / "gis"
real = pytest.mark.skipif(not DATA.exists(), reason="real layers are not here")
CRS = "EPSG:4549"


def units_of(**shapes: Polygon) -> gpd.GeoDataFrame:
    """Units of one community by id."""
    index = pd.Index(list(shapes), name="unit_id")
    return gpd.GeoDataFrame({"community_id": "A"}, index=index, geometry=list(shapes.values()), crs=CRS)


def city_of(units: gpd.GeoDataFrame, **layers: gpd.GeoDataFrame) -> City:
    land = units.dissolve("community_id")[["geometry"]]
    return City.from_tables(land, **layers)


def lines(*shapes: shapely.Geometry, barrier: str, width: float = np.nan) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"barrier": [barrier] * len(shapes), "width": width}, geometry=list(shapes), crs=CRS)


def rows(table: pd.DataFrame) -> list[tuple[str, str, float, str]]:
    return [(a, b, round(m, 6), k) for a, b, m, k in table.itertuples(index=False)]


FOUR = units_of(a=box(0, 100, 100, 200), b=box(100, 100, 200, 200), c=box(0, 0, 100, 100), d=box(100, 0, 200, 100))


def test_four_squares_share_four_edges_and_the_corner_is_no_border() -> None:
    assert rows(make_borders(city_of(FOUR), FOUR)) == [
        ("a", "b", 100, "open"),
        ("a", "c", 100, "open"),
        ("b", "d", 100, "open"),
        ("c", "d", 100, "open"),
    ]


def test_the_order_of_rows_does_not_matter() -> None:
    shuffled = FOUR.iloc[[2, 0, 3, 1]]
    pd.testing.assert_frame_equal(make_borders(city_of(FOUR), FOUR), make_borders(city_of(FOUR), shuffled))


def test_ids_are_compared_as_text() -> None:
    units = FOUR.set_axis(pd.Index(["10", "9", "100", "2"], name="unit_id"))
    table = make_borders(city_of(units), units)
    assert (table["unit_a"] < table["unit_b"]).all()
    assert ("10", "9", 100, "open") in rows(table)


def test_a_border_between_communities_is_not_listed() -> None:
    units = FOUR.assign(community_id=["A", "B", "A", "B"])
    assert rows(make_borders(city_of(units), units)) == [("a", "c", 100, "open"), ("b", "d", 100, "open")]


def test_a_vertex_in_one_ring_only_does_not_hide_the_border() -> None:
    units = units_of(a=box(0, 0, 100, 100), b=box(100, 0, 200, 30), c=box(100, 30, 200, 100))
    assert rows(make_borders(city_of(units), units)) == [
        ("a", "b", 30, "open"),
        ("a", "c", 70, "open"),
        ("b", "c", 100, "open"),
    ]


def test_a_unit_inside_another_shares_its_whole_outline() -> None:
    inner = box(40, 40, 60, 60)
    units = units_of(a=box(0, 0, 100, 100).difference(inner), b=inner)
    assert rows(make_borders(city_of(units), units)) == [("a", "b", 80, "open")]


def test_a_river_makes_a_wall_and_a_bridge_opens_it() -> None:
    river = lines(LineString([(-50, 100), (250, 100)]), barrier="wall")
    bridge = gpd.GeoDataFrame({"name": ["桥"]}, geometry=[Point(10, 100)], crs=CRS)
    closed = make_borders(city_of(FOUR, rivers=river), FOUR)
    assert ("a", "c", 100, "wall") in rows(closed)
    assert ("a", "b", 100, "open") in rows(closed)
    opened = make_borders(city_of(FOUR, rivers=river, crossings=bridge), FOUR)
    across = opened[(opened["unit_a"] == "a") & (opened["unit_b"] == "c")]
    assert set(across["kind"]) == {"crossing", "wall"}
    assert across["metres"].sum() == pytest.approx(100)
    assert rows(opened[(opened["unit_a"] == "b") & (opened["unit_b"] == "d")]) == [("b", "d", 100, "wall")]


def test_only_the_bridge_joins_the_banks_in_the_graph() -> None:
    river = lines(LineString([(-50, 100), (250, 100)]), barrier="wall")
    bridge = gpd.GeoDataFrame({"name": ["桥"]}, geometry=[Point(10, 100)], crs=CRS)
    units = FOUR.assign(households=1.0)
    for layers, n_edges in (({}, 2), ({"crossings": bridge}, 3)):
        borders = make_borders(city_of(units, rivers=river, **layers), units)
        assert len(UnitGraph.from_units(units, borders, measures=["households"]).edges) == n_edges


def test_a_street_is_a_seam_only_along_its_own_length() -> None:
    street = lines(LineString([(100, 200), (100, 150)]), barrier="seam")
    across = make_borders(city_of(FOUR, roads=street), FOUR)
    pair = across[(across["unit_a"] == "a") & (across["unit_b"] == "b")].set_index("kind")["metres"]
    assert pair.sum() == pytest.approx(100)
    assert 50 <= pair["seam"] <= 75
    assert set(across.loc[across["unit_b"] == "d", "kind"]) == {"open"}


def test_a_street_that_crosses_a_border_is_no_seam() -> None:
    street = lines(LineString([(0, 150), (200, 150)]), barrier="seam")
    assert "seam" not in set(make_borders(city_of(FOUR, roads=street), FOUR)["kind"])


@pytest.mark.parametrize(("width", "kind"), [(np.nan, "open"), (40.0, "seam")])
def test_a_wide_street_reaches_farther(width: float, kind: str) -> None:
    street = lines(LineString([(125, 0), (125, 200)]), barrier="seam", width=width)
    table = make_borders(city_of(FOUR, roads=street), FOUR)
    assert set(table[(table["unit_a"] == "a") & (table["unit_b"] == "b")]["kind"]) == {kind}


def test_a_line_that_is_no_barrier_leaves_the_border_open() -> None:
    street = lines(LineString([(100, 0), (100, 200)]), barrier="none")
    assert set(make_borders(city_of(FOUR, roads=street), FOUR)["kind"]) == {"open"}


def test_a_wall_beside_a_seam_counts_as_a_wall() -> None:
    street = lines(LineString([(100, 0), (100, 200)]), barrier="seam")
    railway = lines(LineString([(105, 0), (105, 200)]), barrier="wall")
    table = make_borders(city_of(FOUR, roads=street, railways=railway), FOUR)
    assert ("a", "b", 100, "wall") in rows(table)


def test_the_middle_of_a_wide_river_is_a_wall_and_its_bridge_may_stand_at_the_bank() -> None:
    river = lines(box(-50, 40, 250, 160), barrier="wall")
    table = make_borders(city_of(FOUR, rivers=river), FOUR)
    assert ("a", "c", 100, "wall") in rows(table)
    bank = gpd.GeoDataFrame(geometry=[Point(50, 155)], crs=CRS)
    opened = make_borders(city_of(FOUR, rivers=river, crossings=bank), FOUR)
    assert "crossing" in set(opened[(opened["unit_a"] == "a") & (opened["unit_b"] == "c")]["kind"])


def layer(folder: str, name: str) -> gpd.GeoDataFrame:
    file = DATA / folder / f"{folder}.gpkg"
    return gpd.read_file(file, layer=name, engine="pyogrio").to_crs(3826)


@real
@pytest.mark.parametrize("folder", ["taipei_wanhua", "tainan_rural"])
def test_hashed_borders_agree_with_intersections_of_real_units(folder: str) -> None:
    villages = layer(folder, "villages").set_index("VILLCODE")[["geometry"]]
    given = layer(folder, "base_areas").set_index("CODEBASE")[["households", "geometry"]]
    city = City.from_tables(villages, units=given)
    units = make_units(city)
    borders = make_borders(city, units)
    shapes, parents = units.geometry.to_numpy(), units["community_id"].to_numpy()
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, two = one[one < two], two[one < two]
    same = parents[one] == parents[two]
    one, two = one[same], two[same]
    shared = shapely.length(shapely.intersection(shapes[one], shapes[two]))
    ids = units.index.to_numpy()
    truth = {(ids[a], ids[b]): m for a, b, m in zip(one, two, shared, strict=True) if m >= 0.01}
    assert (shared < 0.01).any(), "some pairs touch at a point only"
    found = borders.set_index(["unit_a", "unit_b"])["metres"].to_dict()
    assert found.keys() == truth.keys()
    assert all(abs(found[pair] - truth[pair]) < 1e-6 for pair in truth)


@real
def test_every_village_of_wanhua_is_contiguous() -> None:
    villages = layer("taipei_wanhua", "villages").set_index("VILLCODE")[["geometry"]]
    given = layer("taipei_wanhua", "base_areas").set_index("CODEBASE")[["households", "geometry"]]
    city = City.from_tables(villages, units=given)
    units = make_units(city)
    graph = UnitGraph.from_units(units, make_borders(city, units), measures=["households"])
    assert len(units) == 767
    assert len(np.unique(graph.pieces())) == 36


def test_borders_judged_in_several_runs_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    street = lines(LineString([(0, 100), (200, 100)]), barrier="seam")
    whole = make_borders(city_of(FOUR, roads=street), FOUR)
    monkeypatch.setattr("gridopt.units.borders.AT_ONCE", 3)
    pd.testing.assert_frame_equal(make_borders(city_of(FOUR, roads=street), FOUR, workers=2), whole)
