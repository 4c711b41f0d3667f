"""Measuring given drawings: nothing moves, codes in force stay, what does not fit is named."""

from itertools import pairwise

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import gridopt as go
from gridopt.errors import TableError
from tests.towns import CELL, SOUTH, TWO_BANKS, WEST, town


@pytest.fixture(scope="module")
def city():
    return town(TWO_BANKS)


@pytest.fixture(scope="module")
def plan(city):
    return go.draw(city)


def strips(*edges: float, codes: list[str] | None = None, crs: str = "EPSG:4549") -> gpd.GeoDataFrame:
    """Polygons between west-east positions (in cells) over the whole height of the town."""
    shapes = [shapely.box(WEST + CELL * a, SOUTH, WEST + CELL * b, SOUTH + 3 * CELL) for a, b in pairwise(edges)]
    table = gpd.GeoDataFrame({"grid_code": codes or [""] * len(shapes)}, geometry=shapes, crs=crs)
    table.index = pd.Index([f"old{i}" for i in range(len(shapes))], name="current_id")
    return table


def test_a_plan_measured_anew_is_the_plan(city, plan) -> None:
    again = go.assess(city, plan.units["grid_code"])
    pd.testing.assert_series_equal(again.units["grid_code"], plan.units["grid_code"])
    assert again.objective == pytest.approx(plan.objective)
    pd.testing.assert_frame_equal(again.grids[["households", "scope"]], plan.grids[["households", "scope"]])
    assert again.source == "assess"
    assert again.bound is None


def test_a_drawing_corrected_by_hand_keeps_its_codes(city, plan) -> None:
    edited = plan.units["grid_code"].copy()
    giver = edited.iloc[0]
    taker = next(code for code in sorted(set(edited)) if code != giver and code[:12] == giver[:12])
    edited.iloc[0] = taker
    assert go.assess(city, edited).units["grid_code"].tolist() == edited.tolist()


def test_polygons_are_matched_by_area_where_there_are_no_buildings(city) -> None:
    today = go.assess(city, grids=strips(0, 1.4, 4, 6))
    assert today.grids["households"].tolist() == [300, 900, 600]
    assert today.violations["rule"].tolist().count("split_unit") == 3
    assert {"size.high"} <= set(today.violations["rule"])


def test_buildings_decide_before_area(city) -> None:
    spots = [shapely.box(WEST + 150, SOUTH + 100 * row + 40, WEST + 170, SOUTH + 100 * row + 60) for row in range(3)]
    buildings = gpd.GeoDataFrame(
        {"floor_area": 400.0, "use": "residential", "estate": "", "name": "", "number": "", "floors": 1.0},
        geometry=spots, index=pd.Index(["b1", "b2", "b3"], name="building_id"), crs=city.crs,
    )  # fmt: skip
    buildings = buildings.assign(height=float("nan"), households=float("nan"), dwellings=float("nan"))
    built = city.replace(layers={**city.layers, "buildings": buildings})
    assert go.assess(built, grids=strips(0, 1.4, 4, 6)).grids["households"].tolist() == [300, 900, 600]
    assert go.assess(built, grids=strips(0, 1.8, 4, 6)).grids["households"].tolist() == [600, 600, 600]
    assert go.assess(city, grids=strips(0, 1.6, 4, 6)).grids["households"].tolist() == [600, 600, 600]


def test_a_grid_over_two_communities_is_counted_on_each_side_and_named(city) -> None:
    today = go.assess(city, grids=strips(0, 3, 6))
    assert today.grids["households"].tolist() == [900, 300, 600]
    row = today.violations[today.violations["rule"] == "community"].iloc[0]
    assert row["class"] == "decide"
    assert "old1" in row["reason"]
    assert len(row["grid_codes"].split(";")) == 2


def test_units_in_no_grid_are_named_and_counted_with_the_nearest(city) -> None:
    today = go.assess(city, grids=strips(0, 2, 4))
    blank = today.violations[today.violations["rule"] == "blank"]
    assert sorted(blank["unit_ids"]) == [f"b0{i}" for i in range(1, 7)]
    assert today.grids["households"].sum() == 1800


def test_polygons_in_another_crs_are_reprojected(city) -> None:
    geographic = strips(0, 2, 4, 6).to_crs("EPSG:4326")
    assert go.assess(city, grids=geographic).grids["households"].tolist() == [600, 600, 600]


def test_codes_of_polygons_are_kept_where_they_fit_the_template(city) -> None:
    first, second = city.communities.index
    given = strips(0, 2, 4, 6, codes=[f"{first}004", f"{first}002", f"{second}001"])
    assert go.assess(city, grids=given).grids.index.tolist() == [f"{first}002", f"{first}004", f"{second}001"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda column: column.iloc[1:], "1 units are not listed: a01"),
        (lambda column: pd.concat([column, pd.Series({"zz": "1"})]), "1 unit ids are unknown: zz"),
        (lambda column: pd.concat([column, column.iloc[:1]]), "1 units are listed twice: a01"),
        (lambda column: column.mask(column.index == "a02", ""), "1 units have no grid code: a02"),
    ],
)
def test_a_table_that_is_not_total_is_refused_with_its_units(city, plan, change, said) -> None:
    with pytest.raises(TableError, match=said) as caught:
        go.assess(city, change(plan.units["grid_code"]))
    assert caught.value.zh


def test_polygons_elsewhere_are_refused(city) -> None:
    with pytest.raises(TableError, match="none of the given grids touches"):
        go.assess(city, grids=strips(100, 200))


def test_a_city_without_current_grids_says_what_to_give(city) -> None:
    with pytest.raises(TableError, match="current_grids"):
        go.assess(city)


def test_two_plans_compare_by_the_ruler_of_the_first(city, plan) -> None:
    today = go.assess(city, grids=strips(0, 1, 4, 6))
    table = go.compare(today, plan)
    assert table.loc["grids"].tolist() == [3, len(plan.grids), len(plan.grids) - 3]
    assert table.loc["objective", "after"] < table.loc["objective", "before"]
    assert table.loc["residents_moved", "after"] > 0
    same = go.compare(plan, plan)
    assert (same["change"] == 0).all()


def test_plans_of_different_cities_are_not_compared(plan) -> None:
    with pytest.raises(TableError, match="same city"):
        go.compare(plan, go.draw(town("c c c c\nc c c c")))


def test_a_dedicated_grid_is_not_held_against_the_bounds_in_a_comparison(plan) -> None:
    empty = plan.grids.assign(kind="dedicated", households=0.0)
    kept = plan.grids["kind"].where(plan.grids.index != plan.grids.index[0], "dedicated")
    changed = plan.grids.assign(kind=kept, households=plan.grids["households"].where(kept != "dedicated", 0.0))
    share = go.compare(plan, plan.replace(grids=changed)).loc["within_bounds_share"]
    assert share["after"] == 1.0
    assert pd.isna(go.compare(plan, plan.replace(grids=empty)).loc["within_bounds_share", "after"])
