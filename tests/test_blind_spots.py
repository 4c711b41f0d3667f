import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridopt.city import Settings
from gridopt.coding import encode
from gridopt.contracts import BLIND_SPOTS, BUILDINGS
from gridopt.coverage import blind_spots
from gridopt.errors import TableError
from gridopt.staffing import staff
from tests.towns import CELL, CRS, SOUTH, WEST, small_plan

A1, A2, A3, B1 = "320411001101001", "320411001101002", "320411001101003", "320411001102001"
A, B = "320411001101", "320411001102"


@pytest.fixture(scope="module")
def bare_plan():
    """Three rows of six cells; a1 has the columns 0-1, a2 column 2, a3 column 3, b1 the columns 4-5."""
    return encode(small_plan())


@pytest.fixture(scope="module")
def plan(bare_plan):
    """The same with one building in the middle of every unit."""
    units = bare_plan.units
    buildings = gpd.GeoDataFrame(
        {
            **dict.fromkeys(("name", "estate", "use"), ""),
            "floors": 6.0,
            "households": np.nan,
            "unit_id": units.index,
            "grid_code": units["grid_code"].to_numpy(),
            "community_id": units["community_id"].to_numpy(),
        },
        geometry=units.geometry.centroid.buffer(10).to_numpy(),
        index=pd.Index("b-" + units.index, name="building_id"),
        crs=CRS,
    )[BUILDINGS[1:]]
    layers = {**bare_plan.city.layers, "buildings": buildings[["name", "geometry"]]}
    return bare_plan.replace(buildings=buildings, city=bare_plan.city.replace(layers=layers))


def with_layer(plan, **layers):
    return plan.replace(city=plan.city.replace(layers={**plan.city.layers, **layers}))


def without_ready_made_units(plan):
    layers = {name: table for name, table in plan.city.layers.items() if name != "units"}
    return plan.replace(city=plan.city.replace(layers=layers))


def box(west, south, east, north):
    return shapely.box(WEST + CELL * west, SOUTH + CELL * south, WEST + CELL * east, SOUTH + CELL * north)


def with_shape(plan, code, change):
    shapes = [change(shape) if one == code else shape for one, shape in plan.grids.geometry.items()]
    return plan.replace(grids=plan.grids.set_geometry(gpd.GeoSeries(shapes, plan.grids.index, crs=CRS)))


def found(table):
    return table[["kind", "id", "n_grids"]].to_numpy().tolist()


def test_a_good_plan_has_no_blind_spot(plan):
    for one in (plan, without_ready_made_units(plan)):
        table = blind_spots(one, staff(one))
        assert table.empty
        assert table.columns.tolist() == BLIND_SPOTS
        assert table.crs == plan.city.crs


def test_a_building_in_no_grid_or_in_a_grid_that_does_not_exist_is_found(plan):
    buildings = plan.buildings.copy()
    buildings.loc["b-a01", ["unit_id", "grid_code"]] = ""
    buildings.loc["b-a02", ["unit_id", "grid_code"]] = ["", "old"]
    table = blind_spots(plan.replace(buildings=buildings))
    assert found(table) == [["building", "b-a01", 0], ["building", "b-a02", 0]]
    assert table.geometry[0].equals(buildings.geometry["b-a01"])


def test_a_building_of_two_grids_is_found(plan):
    buildings = plan.buildings.copy()
    buildings.loc["b-a01", "grid_code"] = B1
    assert found(blind_spots(plan.replace(buildings=buildings))) == [["building", "b-a01", 2]]
    twice = pd.concat([plan.buildings, plan.buildings.loc[["b-a01"]].assign(grid_code=B1, unit_id="")])
    assert found(blind_spots(plan.replace(buildings=twice))) == [["building", "b-a01", 2]]


def test_a_building_that_the_plan_has_lost_is_found(plan):
    table = blind_spots(plan.replace(buildings=plan.buildings.drop("b-a07")))
    assert found(table) == [["input", "b-a07", 0]]
    assert table.geometry[0] is not None


def test_a_building_outside_the_city_is_no_blind_spot(plan):
    far = gpd.GeoDataFrame({"name": [""]}, geometry=[box(40, 0, 41, 1)], index=["b-far"], crs=CRS)
    layer = pd.concat([plan.city.layer("buildings"), far])
    for one in (plan, without_ready_made_units(plan)):
        assert blind_spots(with_layer(one, buildings=layer)).empty


def test_a_unit_without_a_grid_is_found(plan):
    units = plan.units.copy()
    units.loc["a01", "grid_code"] = ""
    table = blind_spots(plan.replace(units=units))
    assert found(table) == [["unit", "a01", 0]]


def test_a_unit_that_lies_in_another_grid_than_its_code_says_is_found(plan):
    units = plan.units.copy()
    units.loc["a01", "grid_code"] = A3
    # its building, still under the grid where the unit lies, has two grids as well
    assert found(blind_spots(plan.replace(units=units))) == [["building", "b-a01", 2], ["unit", "a01", 2]]


def test_land_in_no_grid_is_found_with_its_shape(plan):
    notched = with_shape(plan, A2, lambda shape: shape.difference(box(2.4, 0.9, 2.6, 1.1)))
    for one in (notched, without_ready_made_units(notched)):
        table = blind_spots(one)
        assert found(table) == [["land", A, 0]]
        assert table.geometry[0].area == pytest.approx(400)
        assert "400.00 m2" in table["reason"][0]


def test_land_in_two_grids_is_found_with_both_codes(plan):
    table = blind_spots(with_shape(plan, A3, lambda shape: shape.union(box(3, 0, 4.1, 1))))
    assert found(table) == [["land", f"{A3};{B1}", 2]]
    assert table.geometry[0].equals(box(4, 0, 4.1, 1))


def test_rounding_is_neither_a_gap_nor_an_overlap(plan):
    wobbly = with_shape(plan, A2, lambda shape: shapely.affinity.translate(shape, 1e-5, 0))
    assert blind_spots(wobbly).empty
    assert blind_spots(without_ready_made_units(wobbly)).empty


def test_a_community_without_any_grid_is_all_blank(bare_plan):
    lost = bare_plan.replace(
        grids=bare_plan.grids.drop(B1), units=bare_plan.units[bare_plan.units["community_id"] != B]
    )
    assert found(blind_spots(lost)) == [["land", B, 0]]
    assert found(blind_spots(without_ready_made_units(lost))) == [["land", B, 0]]


def test_an_estate_of_several_grids_is_fine_and_one_over_blank_land_is_found(plan):
    estates = gpd.GeoDataFrame(
        {"name": ["东苑", "西苑", "外苑"]},
        geometry=[box(2.3, 0.2, 2.5, 1.2), box(0.5, 0, 3.5, 1), box(40, 0, 41, 1)],
        index=pd.Index(["e1", "e2", "e3"], name="estate_id"),
        crs=CRS,
    )
    assert blind_spots(with_layer(plan, estates=estates)).empty
    notched = with_shape(plan, A2, lambda shape: shape.difference(box(2.4, 0.9, 2.6, 1.1)))
    table = blind_spots(with_layer(notched, estates=estates))
    assert found(table) == [["estate", "e1", 0], ["estate", "e2", 0], ["land", A, 0]]
    assert table.geometry[0].area == pytest.approx(200)


def test_a_grid_without_a_chief_or_with_two_is_found(plan):
    posts = staff(plan)
    chief = posts.loc[[f"{A2}-C1"]]
    table = blind_spots(plan, pd.concat([posts.drop(f"{A1}-C1"), chief.rename(index={f"{A2}-C1": "second"})]))
    assert found(table) == [["post", A1, 0], ["post", A2, 2]]
    assert table["reason"].tolist() == ["the grid has no chief", "the grid has 2 chiefs"]


def test_a_post_for_a_grid_that_does_not_exist_is_found(plan):
    posts = staff(plan)
    posts.loc["320411001-A001", "grid_code"] = f"{A1};gone"
    table = blind_spots(plan, posts.reset_index())
    assert found(table) == [["post", "320411001-A001", 0]]
    assert "gone" in table["reason"][0]


def test_reasons_follow_the_citys_language(plan):
    chinese = plan.replace(city=plan.city.replace(settings=Settings(lang="zh")))
    table = blind_spots(chinese, staff(chinese).drop(f"{A1}-C1"))
    assert table["reason"].tolist() == ["该网格没有网格长"]


def test_blind_spots_do_not_depend_on_row_order(plan):
    buildings = plan.buildings.assign(grid_code="")
    units = plan.units.assign(grid_code=plan.units["grid_code"].replace(A1, A2))
    one = plan.replace(buildings=buildings, units=units)
    other = one.replace(buildings=buildings.iloc[::-1], units=units.iloc[::-1], grids=one.grids.iloc[::-1])
    pd.testing.assert_frame_equal(blind_spots(one), blind_spots(other))


def test_posts_without_their_columns_are_refused(plan):
    with pytest.raises(TableError, match="posts lacks the columns role"):
        blind_spots(plan, staff(plan).drop(columns="role"))


@pytest.mark.parametrize(("layer", "kind"), [("roads", "road"), ("rivers", "river")])
def test_a_stretch_of_road_or_river_on_land_without_a_grid_is_found(plan, layer, kind):
    line = shapely.LineString([(WEST, SOUTH + CELL / 2), (WEST + 6 * CELL, SOUTH + CELL / 2)])
    lines = gpd.GeoDataFrame({"name": ["滨河路"]}, geometry=[line], index=["l1"], crs=CRS)
    whole = with_layer(plan, **{layer: lines})
    assert blind_spots(whole).empty
    torn = with_shape(whole, A1, lambda shape: shape.difference(box(0, 0, 1, 1)))
    table = blind_spots(torn)
    found_lines = table[table["kind"] == kind]
    assert found_lines["id"].tolist() == ["l1"]
    assert found_lines.geometry.length.tolist() == [CELL]
    assert found_lines["reason"].tolist() == [f"100.00 m of the {kind} are in no grid"]
