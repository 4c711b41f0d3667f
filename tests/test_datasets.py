"""The demo town: what its README promises, looked up in the tables themselves."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely

import gridopt
from gridopt.errors import GridoptError
from gridopt.plan.datasets import LAYERS, Town, demo_town, write_demo_town
from gridopt.publish.town_files import write_layers, write_raster
from gridopt.read.city import read_city

STORED = Path(__file__).parents[1] / "data" / "demo_town"


@pytest.fixture(scope="module")
def town() -> Town:
    return demo_town(0)


@pytest.fixture(scope="module")
def other_town() -> Town:
    return demo_town(11)


@pytest.fixture(scope="module", params=["town", "other_town"])
def any_town(request: pytest.FixtureRequest) -> Town:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo_town(tmp_path_factory.mktemp("示范 镇") / "town")


def shapes(table: pd.DataFrame) -> np.ndarray:
    return table.geometry.to_numpy()


def cell_owners(town: Town) -> np.ndarray:
    """The community of each raster cell by the cell's centre, -1 outside the town."""
    points = shapely.points(town.raster.centres())
    cell, community = shapely.STRtree(shapes(town.communities)).query(points, predicate="within")
    owners = np.full(len(points), -1)
    owners[cell] = community
    return owners


def test_the_public_face_offers_the_town() -> None:
    assert gridopt.datasets.demo_town is demo_town


def test_counts_lie_in_the_promised_ranges(any_town: Town) -> None:
    sums = any_town.population[["households", "residents"]].sum()
    assert len(any_town.communities) == 8
    assert 1_500 <= len(any_town.buildings) <= 3_000
    assert 13_000 <= sums["households"] <= 15_500
    assert 35_000 <= sums["residents"] <= 40_500
    assert 4_000 <= len(any_town.events) <= 6_500
    assert 30 <= len(any_town.current_grids) <= 50
    assert set(any_town.facilities["tier"]) == {"grid_room", "community_room", "station"}


def test_the_town_lies_near_119_9_east_31_8_north(town: Town) -> None:
    west, south, east, north = town.communities.to_crs("EPSG:4326").total_bounds
    assert 119.85 < west < 119.9 < east < 119.95
    assert 31.77 < south < 31.8 < north < 31.85


def test_communities_are_of_different_kinds_with_codes_of_twelve_digits(town: Town) -> None:
    table = town.communities
    assert {"urban", "old_town", "commercial", "fringe", "rural", "hill"} == set(table["area_kind"])
    assert all(re.fullmatch(r"320411[01]\d\d[0-3]\d\d", code) for code in table["id"])
    assert table["id"].is_unique
    is_village = table["name"].str.endswith("村")
    assert table.loc[is_village, "id"].str[-3:].between("200", "399").all()
    assert table.loc[~is_village, "id"].str[-3:].between("001", "199").all()


def test_communities_tile_the_town(any_town: Town) -> None:
    parts = shapes(any_town.communities)
    assert shapely.coverage_is_valid(parts, gap_width=1.0)
    whole = shapely.coverage_union_all(parts)
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    assert shapely.area(parts).sum() == pytest.approx(whole.area, rel=1e-12)


def test_last_years_grids_tile_their_communities(any_town: Town) -> None:
    grids = any_town.current_grids
    assert shapely.coverage_is_valid(shapes(grids), gap_width=0.5)
    for place in any_town.communities.itertuples():
        own = grids[grids["community_id"] == place.id]
        assert shapely.area(shapely.symmetric_difference(shapely.union_all(shapes(own)), place.geometry)) < 1.0
        assert own["grid_code"].tolist() == [f"{place.id}{n:03d}" for n in range(1, len(own) + 1)]


def test_some_of_last_years_grids_outgrew_the_rules(any_town: Town) -> None:
    homes = any_town.buildings[any_town.buildings["households"] > 0]
    number = shapely.STRtree(shapes(any_town.current_grids)).nearest(shapely.centroid(shapes(homes)))
    sizes = np.bincount(number, homes["households"], len(any_town.current_grids))
    assert 1 <= (sizes > 500).sum() <= len(sizes) / 2


def test_buildings_are_valid_apart_and_in_exactly_one_community(any_town: Town) -> None:
    footprints = shapes(any_town.buildings)
    assert shapely.is_valid(footprints).all()
    assert set(shapely.get_type_id(footprints)) == {int(shapely.GeometryType.POLYGON)}
    one, other = shapely.STRtree(footprints).query(footprints, predicate="intersects")
    assert (one == other).all()
    within, _ = shapely.STRtree(shapes(any_town.communities)).query(footprints, predicate="within")
    assert sorted(within) == list(range(len(footprints)))


def test_no_building_stands_on_a_street_the_railway_or_in_the_river(any_town: Town) -> None:
    footprints = shapely.STRtree(shapes(any_town.buildings))
    ways = pd.concat([any_town.roads, any_town.railways])
    trodden = shapely.buffer(shapes(ways), ways["width"].to_numpy() / 2, cap_style="flat")
    assert not len(footprints.query(np.concatenate([trodden, shapes(any_town.rivers)]), predicate="intersects")[0])


def test_the_table_counts_the_buildings(any_town: Town) -> None:
    buildings = any_town.buildings
    assert (buildings["households"] <= buildings["dwellings"]).all()
    assert buildings["households"].sum() == any_town.population["households"].sum()
    number = shapely.STRtree(shapes(any_town.communities)).nearest(shapely.centroid(shapes(buildings)))
    sums = np.bincount(number, buildings["households"])
    assert sums.tolist() == any_town.population["households"].tolist()
    assert any_town.population["id"].tolist() == any_town.communities["id"].tolist()


def test_the_raster_adds_up_to_the_table_in_every_community(any_town: Town) -> None:
    owners, values = cell_owners(any_town), any_town.raster.values.astype(float).ravel()
    assert values[owners < 0].sum() == 0
    assert np.bincount(owners[owners >= 0], values[owners >= 0]).tolist() == any_town.population["residents"].tolist()


def test_the_river_parts_the_town_but_for_two_bridges(any_town: Town) -> None:
    river, town_land = shapely.union_all(shapes(any_town.rivers)), shapely.union_all(shapes(any_town.communities))
    banks = [part for part in shapely.get_parts(town_land.difference(river)) if part.area > 1]
    assert len(banks) == 2
    bridges = any_town.crossings[any_town.crossings["class"] == "bridge"]
    crossing = any_town.roads[any_town.roads.intersects(river)]
    assert len(bridges) == len(crossing) == 2
    assert bridges.distance(river).max() == 0
    assert all(crossing.distance(bridge).min() < 0.01 for bridge in bridges.geometry)


def test_the_railway_is_passed_at_one_underpass(any_town: Town) -> None:
    rails = any_town.railways.geometry.iloc[0]
    underpass = any_town.crossings[any_town.crossings["class"] == "underpass"]
    crossing = any_town.roads[any_town.roads.intersects(rails)]
    assert len(underpass) == len(crossing) == 1
    assert underpass.distance(rails).max() < 0.01
    assert underpass.distance(crossing.geometry.iloc[0]).max() < 0.01


def test_streets_close_their_blocks(any_town: Town) -> None:
    streets = any_town.roads[any_town.roads["class"] != "service"]
    blocks = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(shapes(streets)))))
    assert len(blocks) >= 35
    assert shapely.area(blocks).min() > 1_000


def test_estates_and_hamlets_hold_the_buildings_that_bear_their_name(any_town: Town) -> None:
    buildings = any_town.buildings
    for estate in any_town.estates.itertuples():
        own = buildings[buildings["estate"] == estate.name]
        assert len(own) >= 3
        assert own.within(estate.geometry).all()
    for hamlet in any_town.groups.itertuples():
        own = buildings[buildings["name"].str.fullmatch(hamlet.name.removesuffix("村民小组") + r"\d+号")]
        assert len(own) >= 20
        assert own.within(hamlet.geometry.buffer(0.01)).all()
    assert not any_town.groups.union_all().intersects(any_town.dedicated.union_all())


def test_buildings_have_addresses_of_their_own(any_town: Town) -> None:
    names = any_town.buildings["name"]
    assert (names != "").all()
    assert not names.duplicated().any()


def test_events_fill_the_year_inside_the_town(any_town: Town) -> None:
    assert any_town.events["date"].str.fullmatch(r"2025-\d\d-\d\d").all()
    assert any_town.events["date"].str[:7].nunique() == 12
    town_land = shapely.union_all(shapes(any_town.communities))
    shapely.prepare(town_land)
    assert shapely.contains(town_land, shapes(any_town.events)).all()


def test_facilities_stand_in_buildings(town: Town) -> None:
    assert len(shapely.STRtree(shapes(town.buildings)).query(shapes(town.facilities), predicate="within")[0]) == len(
        town.facilities
    )


def test_the_roster_has_roles_places_and_no_names(town: Town) -> None:
    assert list(town.roster) == ["id", "role", "employment", "base", "capacity"]
    assert set(town.roster["role"]) == {"adviser", "chief", "worker"}
    places = {*town.communities["id"], *town.communities["id"].str[:9]}
    assert set(town.roster["base"]) <= places
    assert (town.roster["role"] == "chief").sum() == len(town.current_grids)


def test_every_table_has_ids_of_its_own(town: Town) -> None:
    for name in [*LAYERS, "roster", "population"]:
        ids = getattr(town, name)["id"]
        assert ids.is_unique, name
        assert pd.api.types.is_string_dtype(ids), name


def test_another_seed_makes_another_town(town: Town, other_town: Town) -> None:
    assert not town.buildings.geometry.iloc[:50].geom_equals(other_town.buildings.geometry.iloc[:50]).any()


def test_the_same_seed_makes_the_same_files_wherever_they_are_written(project: Path, tmp_path: Path) -> None:
    again = write_demo_town(tmp_path)
    names = sorted(path.name for path in project.parent.iterdir())
    assert names == sorted(["demo.toml", "demo_town.gpkg", "population.csv", "population.tif", "roster.csv"])
    assert all((project.parent / name).read_bytes() == (again.parent / name).read_bytes() for name in names)
    assert sum((project.parent / name).stat().st_size for name in names) < 4_000_000


def test_the_clock_setting_of_gdal_is_left_as_it_was(project: Path) -> None:
    assert project.exists()
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_the_files_hold_the_town(project: Path, town: Town) -> None:
    assert pyogrio.list_layers(project.parent / "demo_town.gpkg")[:, 0].tolist() == LAYERS
    table = pd.read_csv(project.parent / "population.csv", dtype={"id": str}, encoding="utf-8-sig")
    pd.testing.assert_frame_equal(table, town.population)
    with rasterio.open(project.parent / "population.tif") as raster:
        assert raster.crs.to_epsg() == 4549
        assert raster.res == (50.0, 50.0)
        assert raster.bounds.left == town.raster.west
        assert raster.bounds.top == town.raster.north
        assert np.array_equal(raster.read(1), town.raster.values)


def test_the_project_file_reads_as_a_whole_city_without_repairs(project: Path, town: Town) -> None:
    city = read_city(project)
    assert len(city.repairs) == 0
    expected = {*LAYERS, "roster", "population"} - {"communities"}
    assert expected <= set(city.layers)
    assert all(len(city.layers[name]) == len(getattr(town, name)) for name in expected)
    assert city.layers["rivers"]["barrier"].tolist() == ["wall"]
    assert city.layers["railways"]["barrier"].tolist() == ["wall"]
    assert set(city.layers["walls"]["barrier"]) == {"seam"}
    assert city.rules.at("old_town").size.target < city.rules.at("urban").size.target
    assert city.communities["township_id"].unique().tolist() == ["320411001", "320411102"]


def test_the_project_file_names_no_place_outside_its_folder(project: Path) -> None:
    text = project.read_text(encoding="utf-8")
    paths = re.findall(r'^path = "(.*)"', text, flags=re.MULTILINE)
    assert paths
    assert all("/" not in path and (project.parent / path).exists() for path in paths)


def test_the_raster_may_stand_in_for_the_table(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "by_raster"
    folder.mkdir()
    for name in ("demo_town.gpkg", "population.tif", "roster.csv"):
        (folder / name).write_bytes((project.parent / name).read_bytes())
    text = project.read_text(encoding="utf-8")
    start, end = text.index("[layers.population]"), text.index("[layers.buildings]")
    (folder / "demo.toml").write_text(
        text[:start] + '[layers.population]\npath = "population.tif"\n\n' + text[end:], encoding="utf-8"
    )
    cells = read_city(folder / "demo.toml").layers["population_cells"]
    table = pd.read_csv(project.parent / "population.csv", encoding="utf-8-sig")
    assert cells["residents"].sum() == table["residents"].sum()


def test_the_stored_town_is_the_one_of_seed_0(town: Town) -> None:
    table = pd.read_csv(STORED / "population.csv", dtype={"id": str}, encoding="utf-8-sig")
    pd.testing.assert_frame_equal(table, town.population)
    assert pyogrio.read_info(STORED / "demo_town.gpkg", layer="buildings")["features"] == len(town.buildings)
    assert (STORED / "demo.toml").exists()


def test_the_readme_counts_the_stored_layers() -> None:
    text = (STORED.parent / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]*`) \| ([\d, ]+) \|", text, flags=re.MULTILINE)
    said = {
        name: int(count.replace(",", ""))
        for names, counts in rows
        for name, count in zip(re.findall(r"`(\w+)`", names), counts.split(", "), strict=True)
    }
    path = STORED / "demo_town.gpkg"
    assert said == {name: pyogrio.read_info(path, layer=name)["features"] for name in LAYERS}


def test_a_write_that_comes_out_short_leaves_the_old_file(
    tmp_path: Path, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "layers.gpkg"
    write_layers(path, {"estates": town.estates})
    before = path.read_bytes()
    monkeypatch.setattr(pyogrio, "read_info", lambda *_, **__: {"features": 0})
    with pytest.raises(GridoptError, match="groups did not read back"):
        write_layers(path, {"groups": town.groups})
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["layers.gpkg"]


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "population.tif").mkdir()
    with pytest.raises(GridoptError, match="not a regular file"):
        write_raster(
            tmp_path / "population.tif", np.ones((2, 2), dtype=np.float32), corner=(0, 100), cell=50, crs="EPSG:4549"
        )
