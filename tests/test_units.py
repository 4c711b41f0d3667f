"""Units, ready-made and built: they tile every community, each whole and in one place."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, box

from gridopt.city import City
from gridopt.contracts import REPAIRS, UNITS
from gridopt.errors import TableError
from gridopt.rules import Governance, Rules
from gridopt.units import assign_buildings, make_borders, make_units
from gridopt.units.built import scan_order
from gridopt.units.cells import bisect
from gridopt.units.counts import place_buildings
from gridopt.units.merge import absorb
from gridopt.units.nearest import nearest_parts
from gridopt.units.record import Record

DATA = Path(__file__).parents[2] / "shared" / "data" / "gis"
real = pytest.mark.skipif(not DATA.exists(), reason="real layers are not here")
CRS = "EPSG:4549"


def frame(shapes: dict[str, shapely.Geometry], **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, index=pd.Index(list(shapes)), geometry=list(shapes.values()), crs=CRS)


def ways(*shapes: shapely.Geometry, barrier: str = "seam") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"barrier": [barrier] * len(shapes), "width": np.nan}, geometry=list(shapes), crs=CRS)


def village(**totals: float) -> gpd.GeoDataFrame:
    """One community, 400 m by 400 m."""
    return frame({"A": box(0, 0, 400, 400)}, **{name: [value] for name, value in totals.items()})


TWO = frame({"A": box(0, 0, 100, 100), "B": box(100, 0, 200, 100)})
HALVES = {"u1": box(0, 0, 50, 100), "u2": box(50, 0, 100, 100), "u3": box(100, 0, 200, 100)}


def houses(step: float = 20.0, side: float = 400.0) -> gpd.GeoDataFrame:
    """A house of 10 m by 10 m in the middle of every cell of a lattice."""
    places = np.arange(step / 2, side, step)
    shapes = {f"h{x:.0f}-{y:.0f}": box(x - 5, y - 5, x + 5, y + 5) for x in places for y in places}
    return frame(shapes, floor_area=[100.0] * len(shapes))


def check_tiling(units: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> None:
    """Valid polygons, one clean coverage, every community covered exactly."""
    assert units.geometry.is_valid.all()
    assert not units.geometry.is_empty.any()
    assert shapely.coverage_is_valid(units.geometry.to_numpy())
    sums = units.area.groupby(units["community_id"]).sum()
    unions = units.dissolve("community_id").area
    assert np.allclose(sums, unions, rtol=1e-6)
    assert np.allclose(sums, communities.area.reindex(sums.index), rtol=1e-6)


# ready-made


def test_ready_made_units_have_the_columns_of_the_contract_in_id_order() -> None:
    given = frame(HALVES, households=[10.0, 20.0, 30.0], residents=[1.0, 2.0, 3.0]).iloc[[2, 0, 1]]
    units = make_units(City.from_tables(TWO, units=given))
    assert [units.index.name, *units.columns] == UNITS
    assert units.index.tolist() == ["u1", "u2", "u3"]
    assert units["community_id"].tolist() == ["A", "A", "B"]
    assert units["workload"].tolist() == [10, 20, 30]
    assert set(units["grid_code"]) == {""}
    assert all(list(row) == REPAIRS for row in units.attrs["repairs"])


def test_ids_may_be_numbers_and_sort_as_text() -> None:
    given = frame(HALVES, households=1.0, residents=2.0).set_axis([9, 10, 100])
    assert make_units(City.from_tables(TWO, units=given)).index.tolist() == ["10", "100", "9"]


def test_a_unit_over_a_border_is_whole_in_the_community_of_largest_overlap() -> None:
    shapes = {"u1": box(0, 0, 40, 100), "u2": box(40, 0, 130, 100), "u3": box(130, 0, 200, 100)}
    units = make_units(City.from_tables(TWO, units=frame(shapes, households=1.0)))
    assert units["community_id"].tolist() == ["A", "A", "B"]
    assert units.area.tolist() == pytest.approx([4000, 9000, 7000])
    faults = {row["fault"]: row for row in units.attrs["repairs"]}
    assert faults["straddle a community's border"]["ids"] == "u2"
    assert "0.667" in faults["straddle a community's border"]["action"]
    assert "6,000 m2" in faults["differ from the union of their units"]["action"]


def test_a_unit_outside_every_community_is_named() -> None:
    given = frame({**HALVES, "far": box(900, 0, 999, 9)}, households=1.0)
    with pytest.raises(TableError, match="far") as caught:
        make_units(City.from_tables(TWO, units=given))
    assert "far" in caught.value.text("zh")


def test_an_unknown_community_and_one_without_units_are_named() -> None:
    with pytest.raises(TableError, match="u2"):
        make_units(City.from_tables(TWO, units=frame(HALVES, community_id=["A", "C", "B"])))
    with pytest.raises(TableError, match="no unit: B"):
        make_units(City.from_tables(TWO, units=frame(HALVES, community_id=["A", "A", "A"])))


def test_repeated_ids_are_an_error() -> None:
    with pytest.raises(TableError, match="u1"):
        make_units(City.from_tables(TWO, units=frame(HALVES).set_axis(["u1", "u1", "u3"])))


def test_missing_counts_stay_missing_and_weigh_nothing() -> None:
    given = frame(HALVES, households=[10.0, np.nan, 30.0], residents=[25.0, np.nan, 70.0])
    units = make_units(City.from_tables(TWO, units=given))
    assert units["households"].isna().tolist() == [False, True, False]
    assert units["people_known"].tolist() == [True, False, True]
    assert units["workload"].tolist() == [10, 0, 30]
    row = next(row for row in units.attrs["repairs"] if row["fault"] == "counts missing")
    assert (row["n"], row["ids"]) == (1, "u2")
    assert "25.0%" in row["action"]


def test_units_without_counts_get_the_totals_of_their_community() -> None:
    communities = TWO.assign(households=[9.0, 5.0], residents=[30.0, 11.0])
    units = make_units(City.from_tables(communities, units=frame(HALVES)))
    assert units.groupby("community_id")["households"].sum().tolist() == [9, 5]
    assert units["people_known"].all()


def test_a_population_table_by_unit_fills_the_counts() -> None:
    table = pd.DataFrame({"households": [3.0, 4.0, 5.0], "residents": 9.0, "level": "units"}, index=["u3", "u1", "u2"])
    units = make_units(City.from_tables(TWO, units=frame(HALVES), population=table))
    assert units["households"].tolist() == [4, 5, 3]


def test_slivers_and_lone_vertices_are_mended_and_recorded() -> None:
    slot = box(99.7, 60, 100, 90)
    shapes = {"u1": box(0, 0, 50.2, 100), "u2": box(50, 0, 100, 40), "u3": HALVES["u3"]}
    shapes["u4"] = box(50, 40, 100, 100).difference(slot)
    city = City.from_tables(TWO, units=frame(shapes, households=1.0, community_id=["A", "A", "B", "A"]))
    units = make_units(city)
    check_tiling(units, TWO)
    assert "slivers or unmatched vertices between neighbours" in [row["fault"] for row in units.attrs["repairs"]]
    pairs = make_borders(city, units)[["unit_a", "unit_b"]].to_numpy().tolist()
    assert pairs == [["u1", "u2"], ["u1", "u4"], ["u2", "u4"]]


def test_a_clean_layer_is_left_as_it_is() -> None:
    units = make_units(City.from_tables(TWO, units=frame(HALVES, households=1.0, residents=1.0)))
    assert units.attrs["repairs"] == ()
    assert all(units.geometry[name].equals_exact(shape) for name, shape in HALVES.items())


def test_a_wide_overlap_is_a_dispute_that_is_listed() -> None:
    shapes = {**HALVES, "u2": box(30, 0, 100, 100)}
    with pytest.raises(TableError, match=r"u1 / u2 \(2,000 m2\)"):
        make_units(City.from_tables(TWO, units=frame(shapes, households=1.0)))


def test_a_unit_of_several_parts_is_kept_whole() -> None:
    parts = shapely.multipolygons([box(0, 0, 20, 100), box(80, 0, 100, 100)])
    shapes = {"u1": parts, "u2": box(20, 0, 80, 100), "u3": HALVES["u3"]}
    units = make_units(City.from_tables(TWO, units=frame(shapes, households=1.0)))
    assert units.geometry["u1"].geom_type == "MultiPolygon"
    assert ("several parts", "u1") in [(row["fault"], row["ids"]) for row in units.attrs["repairs"]]


def test_units_belong_to_the_estate_and_institution_that_cover_most_of_them() -> None:
    estates = frame({"E1": box(0, 0, 60, 100)}, name=["金狮小区"])
    campus = frame({"D1": box(95, 0, 210, 100)}, name=["大学"])
    city = City.from_tables(TWO, units=frame(HALVES, households=1.0), estates=estates, dedicated=campus)
    units = make_units(city)
    assert units["keep_whole"].tolist() == ["E1", "", ""]
    assert units["dedicated"].tolist() == ["", "", "D1"]


def test_an_estate_over_a_community_border_is_one_group_on_each_side() -> None:
    city = City.from_tables(TWO, units=frame(HALVES, households=1.0), estates=frame({"E1": box(50, 0, 200, 100)}))
    units = make_units(city)
    assert units["keep_whole"].tolist() == ["", "E1@A", "E1@B"]
    assert "lies in several communities" in [row["fault"] for row in units.attrs["repairs"]]


def test_repairs_speak_the_language_of_the_city() -> None:
    city = City.from_tables(TWO, units=frame(HALVES, households=[1.0, np.nan, 1.0]))
    city = city.replace(settings=type(city.settings)(lang="zh"))
    assert "缺少户数或人口" in [row["fault"] for row in make_units(city).attrs["repairs"]]


# buildings and events


def test_a_building_goes_once_to_the_unit_of_largest_overlap() -> None:
    buildings = frame(
        {
            "inside": box(10, 10, 20, 20),
            "mostly_two": box(47, 30, 57, 40),
            "half": box(45, 50, 55, 60),
            "point": Point(150, 50),
            "on_border": Point(50, 10),
            "near": box(299, 10, 310, 20),
            "far": box(301, 10, 310, 20),
        }
    )
    found = assign_buildings(buildings, frame(HALVES))
    assert found.to_dict() == {
        "inside": "u1",
        "mostly_two": "u2",
        "half": "u1",
        "point": "u3",
        "on_border": "u1",
        "near": "u3",
        "far": "",
    }
    assert found.name == "unit_id"


def test_a_layer_that_reaches_beyond_the_city_does_not_lend_it_its_buildings(caplog) -> None:
    """Eleven stand in the street beyond, one leans on the border; of ten all are taken in."""
    inside = {"in": box(10, 10, 20, 20), "leaning": box(203, 10, 210, 20)}
    row = {f"b{i}": box(220, 8 * i, 226, 8 * i + 6) for i in range(11)}
    many, units = frame(inside | row), frame(HALVES)
    placed = place_buildings(many, units)
    assert placed.unit_ids[placed.unit_ids != ""].to_dict() == {"in": "u1", "leaning": "u3"}
    record = Record("en")
    placed.report(record)
    assert {row["n"]: row["action"] for row in record.rows}[11] == "left out of the plan, as a neighbour's"
    assert "11 of 13 buildings stand outside" in caplog.text
    assert (assign_buildings(many.drop(index="b0"), units) != "").all()


def test_a_building_over_a_community_border_stays_with_the_community_that_holds_most_of_it() -> None:
    cut = {"u1": box(0, 0, 95, 50), "u2": box(0, 50, 95, 100), "u3": box(95, 0, 200, 100)}
    hall = frame({"hall": box(82, 30, 105, 70)})
    units = frame(cut, community_id=["A", "A", "B"])
    assert assign_buildings(hall, units).tolist() == ["u1"]
    assert assign_buildings(hall, units.drop(columns="community_id")).tolist() == ["u3"]


def test_buildings_and_events_are_counted_into_units() -> None:
    buildings = frame({"b1": box(10, 10, 20, 20), "b2": box(60, 10, 70, 20), "far": box(900, 0, 910, 10)})
    buildings = buildings.assign(floor_area=[300.0, np.nan, 1.0])
    events = frame({"e1": Point(10, 10), "e2": Point(150, 50), "e3": Point(150, 60)}, n=[1, 2, 1])
    units = make_units(City.from_tables(TWO, units=frame(HALVES, households=1.0), buildings=buildings, events=events))
    assert units["buildings"].tolist() == [1, 1, 0]
    assert units["floor_area"].tolist() == [300, 100, 0]
    assert units["events"].tolist() == [1, 0, 3]
    assert [row["ids"] for row in units.attrs["repairs"] if row["layer"] == "buildings"] == ["far"]


# built


def test_streets_cut_a_village_into_blocks_named_in_scan_order() -> None:
    streets = ways(LineString([(150, -9), (150, 409)]), LineString([(-9, 250), (409, 250)]))
    land = village(households=8)
    units = make_units(City.from_tables(land, buildings=houses(100), roads=streets))
    check_tiling(units, land)
    assert units.area.to_dict() == pytest.approx(
        {"A-0001": 22_500, "A-0002": 37_500, "A-0003": 37_500, "A-0004": 62_500}
    )
    assert units.geometry["A-0001"].bounds == pytest.approx((0, 250, 150, 400))
    assert units["area_kind"].tolist() == ["urban"] * 4


def test_a_lane_that_is_no_barrier_cuts_nothing() -> None:
    lane = ways(LineString([(150, -9), (150, 409)]), barrier="none")
    assert len(make_units(City.from_tables(village(households=8), buildings=houses(100), roads=lane))) == 1


def test_a_river_is_shared_out_to_its_two_banks_along_its_middle() -> None:
    river = ways(box(180, -50, 240, 450), barrier="wall")
    road = ways(LineString([(-9, 200), (409, 200)]))
    land = village(households=8)
    city = City.from_tables(land, buildings=houses(100), rivers=river, roads=road)
    units = make_units(city)
    check_tiling(units, land)
    assert len(units) == 4
    assert units.area.tolist() == pytest.approx([42_000, 38_000, 42_000, 38_000], rel=0.01)
    borders = make_borders(city, units)
    across = borders[(borders["unit_a"] == "A-0001") & (borders["unit_b"] == "A-0002")]
    assert across[["metres", "kind"]].to_numpy().tolist() == [[pytest.approx(200, rel=0.05), "wall"]]
    beside = borders[(borders["unit_a"] == "A-0001") & (borders["unit_b"] == "A-0003")]
    assert beside.set_index("kind")["metres"]["seam"] > 150


def test_a_pond_goes_to_the_land_around_it() -> None:
    pond = ways(Point(200, 200).buffer(60), barrier="wall")
    units = make_units(City.from_tables(village(households=8), buildings=houses(100), rivers=pond))
    assert len(units) == 1
    assert units.area.sum() == pytest.approx(160_000)


def test_the_strip_between_two_carriageways_is_no_unit() -> None:
    streets = ways(LineString([(195, -9), (195, 409)]), LineString([(203, -9), (203, 409)]))
    units = make_units(City.from_tables(village(households=8), buildings=houses(100), roads=streets))
    assert len(units) == 2


def test_no_unit_straddles_the_outline_of_an_estate() -> None:
    estates = frame({"E1": box(100, 100, 300, 300)}, name=["金狮小区"])
    land = village(households=400)
    units = make_units(City.from_tables(land, buildings=houses(20), estates=estates))
    check_tiling(units, land)
    inside = units["keep_whole"] == "E1"
    assert units.area[inside].sum() == pytest.approx(40_000)
    assert inside.sum() > 1
    assert units["households"][inside].sum() == 100


def test_hamlets_get_the_fields_between_them_and_stay_groups() -> None:
    land = frame({"A": box(0, 0, 1200, 400)}, households=[20.0], residents=[50.0])
    groups = frame({"G1": box(100, 100, 300, 300), "G2": box(900, 100, 1100, 300)}, name=["张庄", "李庄"])
    places = {f"{x}-{y}": box(x, y, x + 10, y + 10) for x in (150, 200, 250, 950, 1000) for y in (150, 250)}
    rules = Rules(governance=Governance(keep_whole=("estates", "groups")))
    units = make_units(City.from_tables(land, rules, buildings=frame(places), groups=groups))
    check_tiling(units, land)
    assert units["keep_whole"].tolist() == ["G1", "G2"]
    assert units.area.tolist() == pytest.approx([240_000, 240_000], rel=0.01)


def test_an_institution_is_a_unit_of_its_own() -> None:
    campus = frame({"D1": box(0, 300, 100, 400)}, name=["大学"])
    units = make_units(City.from_tables(village(households=8), buildings=houses(100), dedicated=campus))
    assert units["dedicated"].tolist() == ["D1", ""]


def test_dense_land_is_cut_between_buildings_into_units_of_a_few_dozen_households() -> None:
    land = village(households=400, residents=1000)
    city = City.from_tables(land, buildings=houses(20))
    units = make_units(city)
    check_tiling(units, land)
    assert 10 <= len(units) <= 60
    assert units["households"].sum() == 400
    assert units["households"].max() <= 500 / 12 + 1
    assert set(units.geometry.geom_type) == {"Polygon"}
    whole = shapely.STRtree(units.geometry.to_numpy()).query(houses(20).geometry.to_numpy(), predicate="within")
    assert whole.shape[1] == 400, "no cut crosses a house"


def test_open_land_beside_houses_is_cut_off_rather_than_sliced_up() -> None:
    land = frame({"A": box(0, 0, 400, 1200)}, households=[400.0], residents=[1000.0])
    units = make_units(City.from_tables(land, buildings=houses(20)))
    check_tiling(units, land)
    empty = units[units["households"] == 0]
    assert len(empty) == 1
    assert empty.area.iloc[0] > 250_000


def test_a_hole_in_the_middle_of_the_houses_stays_with_them() -> None:
    around = houses(20, side=600.0)
    around = around[~around.intersects(box(150, 150, 450, 450))]
    land = frame({"A": box(0, 0, 600, 600)}, households=[float(len(around))], residents=[1200.0])
    units = make_units(City.from_tables(land, buildings=around))
    check_tiling(units, land)
    assert (units["households"] > 0).all()


def test_fields_between_two_hamlets_keep_them_joined() -> None:
    land = frame({"A": box(0, 0, 1200, 400)}, households=[200.0], residents=[500.0])
    near = houses(40)
    near = near[near.centroid.x < 200]
    far = near.set_geometry(near.translate(1000, 0)).set_axis([f"far{name}" for name in near.index])
    units = make_units(City.from_tables(land, buildings=pd.concat([near, far])))
    check_tiling(units, land)
    assert (units["households"] > 0).all(), "no empty unit lies between the hamlets"


def test_built_units_do_not_depend_on_the_order_or_direction_of_rows() -> None:
    streets = ways(
        LineString([(150, -9), (160, 200), (150, 409)]), LineString([(-9, 250), (409, 257)]), box(300, -9, 320, 409)
    )
    land = frame({"A": box(0, 0, 400, 200), "B": box(0, 200, 400, 400)}, households=[150.0, 250.0])
    buildings = houses(20)
    turned = streets.iloc[::-1].set_geometry(shapely.reverse(streets.geometry.to_numpy()[::-1])).set_axis([7, 8, 9])
    one = make_units(City.from_tables(land, buildings=buildings, roads=streets))
    shuffled = buildings.sample(frac=1, random_state=1)
    two = make_units(City.from_tables(land.iloc[::-1], buildings=shuffled, roads=turned))
    assert one.to_wkb().equals(two.to_wkb())


def test_communities_that_overlap_are_disputes() -> None:
    land = frame({"A": box(0, 0, 120, 100), "B": box(100, 0, 200, 100)}, households=[10.0, 10.0])
    with pytest.raises(TableError, match="A / B"):
        make_units(City.from_tables(land, buildings=houses(20)))


def test_a_community_of_two_pieces_has_units_in_each() -> None:
    land = frame({"A": shapely.multipolygons([box(0, 0, 100, 100), box(300, 0, 400, 100)])}, households=[10.0])
    units = make_units(City.from_tables(land, buildings=houses(100)))
    check_tiling(units, land)
    assert len(units) == 2


# small parts


def test_small_pieces_join_the_large_neighbour_they_border_most() -> None:
    pairs = np.array([[0, 1], [1, 2], [2, 3]])
    labels = absorb(np.array([False, True, True, False]), np.array([9.0, 1, 2, 9]), pairs, np.array([1.0, 5, 2]))
    assert labels.tolist() == [0, 0, 0, 1]


def test_small_pieces_without_a_large_neighbour_join_each_other() -> None:
    labels = absorb(np.array([True, True, True]), np.array([1.0, 2, 3]), np.array([[0, 1]]), np.array([1.0]))
    assert labels.tolist() == [0, 0, 1]


def test_bisection_gives_every_part_a_like_size() -> None:
    points = np.random.default_rng(1).random((300, 2))
    sizes = np.bincount(bisect(points, np.ones(300), 7))
    assert len(sizes) == 7
    assert sizes.min() >= 42
    assert bisect(points[:2], np.ones(2), 7).max() == 1


def test_water_is_cut_where_both_banks_are_equally_near() -> None:
    water = box(0, 0, 100, 40)
    along = np.arange(1, 100, 2.0)
    points = np.concatenate([np.column_stack([along, np.zeros(50)]), np.column_stack([along, np.full(50, 40.0)])])
    parts, owners = nearest_parts(water, points, np.repeat([5, 8], 50))
    assert owners.tolist() in ([5, 8], [8, 5])
    assert shapely.area(parts).tolist() == pytest.approx([2000, 2000])


def test_scan_order_reads_rows_from_north_to_south_and_west_to_east() -> None:
    shapes = np.array([box(200, 0, 300, 100), box(100, 110, 200, 210), box(0, 100, 100, 200), box(0, 0, 100, 100)])
    assert scan_order(shapes).tolist() == [2, 1, 3, 0]


# real layers


def wanhua(**columns: str) -> gpd.GeoDataFrame:
    file = DATA / "taipei_wanhua" / "taipei_wanhua.gpkg"
    named = {"VILLNAME": "community", "population": "residents"}
    return gpd.read_file(file, layer="villages").to_crs(3826).set_index("VILLCODE").rename(columns=named)


@real
def test_wanhua_is_taken_as_it_is() -> None:
    file = DATA / "taipei_wanhua" / "taipei_wanhua.gpkg"
    given = gpd.read_file(file, layer="base_areas").to_crs(3826).set_index("CODEBASE")
    given = given.rename(columns={"population": "residents"})[["households", "residents", "geometry"]]
    land = wanhua()
    units = make_units(City.from_tables(land, units=given.sample(frac=1, random_state=1)))
    check_tiling(units, land)
    assert (len(units), units["households"].sum(), units["residents"].sum()) == (767, 78_542, 192_368)
    assert (~units["people_known"]).sum() == 39


@real
def test_wanhua_is_built_from_buildings_and_totals() -> None:
    file = DATA / "taipei_wanhua" / "taipei_wanhua.gpkg"
    land = wanhua()[["households", "residents", "geometry"]].iloc[:4]
    buildings = gpd.read_file(file, layer="buildings", mask=land).to_crs(3826).set_index("bid")
    shapes = shapely.buffer(shapely.make_valid(shapely.force_2d(buildings.geometry.to_numpy())), 0)
    units = make_units(City.from_tables(land, buildings=buildings.set_geometry(shapes)))
    check_tiling(units, land)
    sums = units.groupby("community_id")[["households", "residents"]].sum()
    assert np.array_equal(sums, land[["households", "residents"]])
    per_grid = 400 * len(units) / sums["households"].sum()
    assert 5 <= per_grid <= 60
