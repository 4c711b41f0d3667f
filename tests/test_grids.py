"""From labels to a Plan: every column of grids on towns that can be checked by eye."""

from __future__ import annotations

import dataclasses
import importlib
import logging
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal

from gridopt.city import City, Settings
from gridopt.contracts import BUILDINGS, COMMUNITIES, GRIDS, UNITS, VIOLATIONS
from gridopt.errors import TableError
from gridopt.graph import UnitGraph
from gridopt.grids.assemble import assemble
from gridopt.grids.shapes import grid_shapes
from gridopt.rules import Rules
from tests.towns import (
    CELL,
    CRS,
    SOUTH,
    TWO_BANKS,
    WEST,
    borders_of,
    given_solution,
    graph_of,
    small_plan,
    town,
    units_of,
)

WANHUA = Path(__file__).parents[2] / "shared" / "data" / "gis" / "taipei_wanhua" / "taipei_wanhua.gpkg"
FOUR = [0, 0, 1, 2, 0, 0, 1, 2, 0, 0, 1, 2, 3, 3, 3, 3, 3, 3]
"""Grids of the units a01 .. a12, b01 .. b06 of TWO_BANKS: two columns, one, one, and the other bank."""


def plan_of(city: City, *, units=None, labels=FOUR, borders=None):
    units = units_of(city) if units is None else units
    graph = UnitGraph.from_units(units, borders_of(units), measures=("households", "residents"))
    return assemble(city, units, borders_of(units) if borders is None else borders, given_solution(graph, labels))


def town_with(**layers):
    city = town(TWO_BANKS)
    return city.replace(layers={**city.layers, **layers})


def footprints(rows):
    """(id, x, y, width, height) in metres from the town's corner; a point where the width is 0."""
    shapes = [
        shapely.box(WEST + x, SOUTH + y, WEST + x + w, SOUTH + y + h) if w else shapely.Point(WEST + x, SOUTH + y)
        for _, x, y, w, h in rows
    ]
    index = pd.Index([row[0] for row in rows], name="building_id")
    columns = {"name": "", "number": "", "estate": "", "use": "", "floors": np.nan, "households": np.nan}
    return gpd.GeoDataFrame(columns, index=index, geometry=shapes, crs=CRS)


def test_every_table_has_its_columns_in_order():
    plan = small_plan()
    assert list(plan.grids.columns) == GRIDS[1:]
    assert list(plan.units.columns) == UNITS[1:]
    assert list(plan.communities.columns) == COMMUNITIES[1:]
    assert list(plan.violations.columns) == VIOLATIONS
    names = [table.index.name for table in (plan.grids, plan.units, plan.communities, plan.buildings)]
    assert names == ["grid_code", "unit_id", "community_id", "building_id"]


def test_a_plan_has_the_status_of_its_grids_the_earliest_where_they_differ():
    plan = small_plan()
    assert plan.status == "draft"
    assert plan.replace(grids=plan.grids.assign(status=["filed", "approved", "filed", "filed"])).status == "approved"


def test_a_table_without_a_column_is_named_in_chinese_too():
    plan = small_plan()
    with pytest.raises(TableError) as caught:
        plan.replace(units=plan.units.drop(columns="workload"))
    assert caught.value.text("zh").startswith("划分单元缺少列：workload；现有列：")


def test_ids_that_a_list_would_take_for_two_are_refused():
    plan = plan_of(town(TWO_BANKS))
    for named in ({"units": plan.units.rename(index=lambda one: f"{one};x")},
                  {"grids": plan.grids.rename(index=lambda one: f"{one};x")}):  # fmt: skip
        with pytest.raises(TableError, match='ids hold ";", which stands between the ids of a list'):
            plan.replace(**named)
    lands = plan.city.communities.rename(index=lambda one: f"{one};x")
    with pytest.raises(TableError, match=r"communities: .* ids hold") as refused:
        City.from_tables(lands)
    assert "村（社区）" in refused.value.zh


def test_counts_and_areas_are_those_of_the_units():
    grids = small_plan().grids
    assert grids["households"].tolist() == [600, 300, 300, 600]
    assert grids["residents"].tolist() == [1500, 750, 750, 1500]
    assert grids["units"].tolist() == [6, 3, 3, 6]
    assert grids["area_m2"].tolist() == [60_000, 30_000, 30_000, 60_000]
    assert grids["community"].tolist() == ["a社区"] * 3 + ["b社区"]


def test_border_counts_inside_the_community_only():
    grids = small_plan().grids
    assert grids["cut_border_m"].tolist() == [300, 600, 300, 0]
    assert grids["unrecognised_border_share"].tolist() == [1, 1, 1, 0]


def test_walls_and_seams_are_recognised_border():
    city = town(TWO_BANKS)
    borders = borders_of(units_of(city))
    cut = (borders["unit_a"] == "a02") & (borders["unit_b"] == "a03")
    kinds = borders["kind"].mask(cut, "seam")
    for kind, share in (("seam", 2 / 3), ("wall", 2 / 3), ("crossing", 1.0), ("open", 1.0)):
        plan = plan_of(city, borders=borders.assign(kind=kinds.replace("seam", kind)))
        assert_allclose(plan.grids["unrecognised_border_share"].iloc[0], share)


def test_walks_and_deviation_go_by_the_size_of_the_area_kind():
    grids = small_plan().grids
    assert_allclose(grids["deviation"], [600 / 350 - 1, 300 / 350 - 1, 300 / 350 - 1, 600 / 350 - 1])
    # Three cells in a row: two of them a cell from the middle one.
    assert_allclose(grids["walk_mean_m"].iloc[1], 200 / 3)
    assert_allclose(grids["walk_max_m"].iloc[1], 100)
    rural = town(TWO_BANKS)
    rural = rural.replace(communities=rural.communities.assign(area_kind=["rural", "urban"]))
    plan = plan_of(rural)
    assert plan.grids["area_kind"].tolist() == ["rural"] * 3 + ["urban"]
    assert_allclose(plan.grids["deviation"], [600 / 250 - 1, 300 / 250 - 1, 300 / 250 - 1, 600 / 350 - 1])


def test_a_size_measure_that_nobody_knows_is_an_error():
    city = town(TWO_BANKS, rules=Rules(area={"urban": {"size": {"measure": "shops"}}}))
    with pytest.raises(TableError, match="shops") as caught:
        plan_of(city)
    assert "shops" in caught.value.text("zh")


def test_shape_measures_are_filled():
    grids = small_plan().grids
    assert_allclose(grids["polsby_popper"].iloc[1], 4 * np.pi * 30_000 / 800**2)
    assert_allclose(grids["neck_m"].iloc[1], CELL, atol=5)
    labels = gpd.GeoSeries.from_xy(grids["label_x"], grids["label_y"], index=grids.index, crs=CRS)
    assert grids.contains(labels).all()


def test_missing_counts_weigh_nothing_and_grids_hold_no_gap():
    city = town(TWO_BANKS)
    units = units_of(city)
    units.loc["a03", ["households", "residents", "workload"]] = np.nan
    plan = plan_of(city, units=units)
    assert plan.grids["households"].tolist() == [600, 200, 300, 600]
    assert not plan.grids.drop(columns=["valid_from", "valid_to"]).isna().any(axis=None)
    assert np.isnan(plan.units.at["a03", "households"])


def test_valid_from_is_that_of_the_city_or_none():
    assert small_plan().grids["valid_from"].isna().all()
    plan = plan_of(town(TWO_BANKS).replace(valid_from="2026-01-01"))
    assert set(plan.grids["valid_from"]) == {"2026-01-01"}


def test_a_grid_is_dedicated_where_an_institution_holds_all_its_people():
    city = town(TWO_BANKS)
    units = units_of(city)
    units.loc[["a03", "a07", "a11"], "dedicated"] = "hospital"  # the whole second grid
    units.loc["a04", "dedicated"] = "school"  # a third of the next one
    assert plan_of(city, units=units).grids["kind"].tolist() == ["base", "dedicated", "base", "base"]
    units.loc[["a08", "a12"], ["households", "residents"]] = 0.0  # what is left of it is empty land
    assert plan_of(city, units=units).grids["kind"].tolist() == ["base", "dedicated", "dedicated", "base"]


def test_an_empty_park_is_no_institution_but_an_empty_campus_is():
    city = town(TWO_BANKS)
    units = units_of(city)
    units.loc[["a03", "a07", "a11", "a04", "a08", "a12"], ["households", "residents"]] = 0.0
    units.loc[["a04", "a08"], "dedicated"] = "campus"  # the meadow behind it joined its grid
    assert plan_of(city, units=units).grids["kind"].tolist() == ["base", "base", "dedicated", "base"]


def test_unmet_rules_and_violations_go_by_grid_code():
    plan = small_plan()
    assert plan.violations["grid_codes"].tolist() == ["320411001101|0000"]
    assert plan.grids["unmet"].tolist() == ["size.low", "", "", ""]


def test_a_grid_lists_each_unmet_rule_once():
    city = town(TWO_BANKS)
    solution = given_solution(graph_of(city), FOUR)
    row = solution.violations.iloc[[0]]
    rows = [row.assign(rule=rule, labels=[labels]) for rule, labels in (("size.low", (1,)), ("size.also", (1, 2)))]
    solution = dataclasses.replace(solution, violations=pd.concat([*rows, rows[1]], ignore_index=True))
    plan = assemble(city, units_of(city), borders_of(units_of(city)), solution)
    assert plan.grids["unmet"].tolist() == ["", "size.also;size.low", "size.also", ""]


def test_communities_roll_up_their_grids():
    plan = small_plan()
    assert plan.communities["n_grids"].tolist() == [3, 1]
    assert plan.communities["households"].tolist() == [1200, 600]
    assert_allclose(plan.communities.area, [120_000, 60_000])
    assert shapely.coverage_is_valid(plan.communities.geometry.to_numpy())


def test_labels_follow_the_ids_and_not_the_order_of_rows():
    city, plan = town(TWO_BANKS), small_plan()
    units = units_of(city)
    backwards = units.iloc[::-1]
    again = assemble(city, backwards, borders_of(units), given_solution(graph_of(city), FOUR))
    assert_frame_equal(pd.DataFrame(again.grids), pd.DataFrame(plan.grids))


def test_several_processes_measure_the_same_grids(monkeypatch):
    city, units = town(TWO_BANKS), units_of(town(TWO_BANKS))
    monkeypatch.setattr(importlib.import_module("gridopt.grids.assemble"), "LARGE", 1)
    again = assemble(city, units, borders_of(units), given_solution(graph_of(city), FOUR), workers=2)
    assert_frame_equal(pd.DataFrame(again.grids), pd.DataFrame(small_plan().grids))


def test_a_solution_of_other_units_is_refused():
    city = town(TWO_BANKS)
    units = units_of(city).rename(index={"a01": "z99"})
    with pytest.raises(TableError, match="1 of them unknown"):
        assemble(city, units, borders_of(units), given_solution(graph_of(city), FOUR))


def test_buildings_go_once_to_the_grid_that_holds_most_of_them():
    rows = [("b1", 190, 10, 30, 10), ("b2", 170, 40, 40, 10), ("b3", 350, 50, 0, 0), ("b4", 640, 50, 10, 10)]
    plan = plan_of(town_with(buildings=footprints(rows).sample(frac=1, random_state=0)))
    assert plan.buildings["grid_code"].str[-1].tolist() == ["1", "0", "2", "3"]
    assert plan.buildings["unit_id"].tolist() == ["a11", "a10", "a12", "b06"]
    assert plan.buildings["community_id"].tolist() == ["320411001101"] * 3 + ["320411001102"]
    assert set(BUILDINGS[1:]) | {"number"} == set(plan.buildings.columns)
    assert plan.buildings.index.tolist() == ["b1", "b2", "b3", "b4"]


def test_a_building_far_outside_the_city_is_not_in_its_plan():
    rows = [("near", 690, 50, 10, 10), ("far", 710, 50, 10, 10)]
    plan = plan_of(town_with(buildings=footprints(rows)))
    assert plan.buildings.index.tolist() == ["near"]


def test_a_building_takes_the_name_of_the_estate_it_stands_in():
    layer = footprints([("b1", 10, 10, 10, 10), ("b2", 50, 50, 10, 10), ("b3", 250, 50, 10, 10)])
    layer.loc["b2", "estate"] = "翠苑"
    around = shapely.box(WEST, SOUTH, WEST + 100, SOUTH + 100)
    estates = gpd.GeoDataFrame({"name": ["金狮小区"]}, geometry=[around], crs=CRS)
    plan = plan_of(town_with(buildings=layer, estates=estates))
    assert plan.buildings["estate"].tolist() == ["金狮小区", "翠苑", ""]
    assert "金狮小区" in plan.grids["scope"].iloc[0]


def test_three_grids_at_a_junction_share_its_node():
    low, high = shapely.box(0, 0, 10, 10), shapely.box(0, 10, 10, 20)
    left, right = shapely.box(10, 0, 20, 10), shapely.box(10, 10, 20, 20)
    shapes = grid_shapes([low, high, left, right], [0, 0, 1, 2])
    assert shapely.coverage_is_valid(shapes)
    assert [10, 10] in shapely.get_coordinates(shapes[0]).tolist()


def test_a_node_that_one_community_lacks_is_added():
    tall, low, high = shapely.box(0, 0, 10, 20), shapely.box(10, 0, 20, 10), shapely.box(10, 10, 20, 20)
    shapes = grid_shapes([tall, low, high], [0, 1, 2])
    assert [10, 10] in shapely.get_coordinates(shapes[0]).tolist()
    assert shapely.coverage_is_valid(shapes)
    assert_allclose(shapely.area(shapes), [200, 100, 100])


def test_an_overlap_is_left_as_given_and_said(caplog):
    polygons = np.array([shapely.box(0, 0, 10, 10), shapely.box(8, 0, 20, 10)])
    with caplog.at_level(logging.WARNING, "gridopt"):
        shapes = grid_shapes(polygons, [0, 1])
    assert_allclose(shapely.area(shapes), [100, 120])
    assert "do not fit" in caplog.text


def test_units_that_overlap_inside_a_grid_still_dissolve():
    polygons = np.array([shapely.box(0, 0, 10, 10), shapely.box(9.9, 0, 20, 10), shapely.box(20, 0, 30, 10)])
    shapes = grid_shapes(polygons, [0, 0, 1])
    assert shapely.is_valid(shapes).all()
    assert_allclose(shapely.area(shapes), [200, 100])


def test_grids_are_a_coverage_of_valid_normalised_shapes():
    shapes = small_plan().grids.geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.is_valid(shapes).all()
    assert [shape.wkb for shape in shapes] == [shape.wkb for shape in shapely.normalize(shapes)]


def test_a_summary_says_what_must_be_decided():
    plan = small_plan()
    plan = plan.replace(violations=plan.violations.assign(**{"class": "decide"}), gap=0.013)
    text = plan.summary("en")
    assert "4 grids of 18 units in 2 communities" in text
    assert "1,800 households, 4,500 residents" in text
    assert "3 of 4 grids (75.0%) meet every rule" in text
    assert "1.3%" in text
    assert "To decide (1):" in text
    assert "this community has 200 households in all" in text


def test_a_summary_is_honest_about_what_is_not_proved():
    plan = small_plan()
    assert "has not been proved" in plan.summary("en")
    assert "尚未证明" in plan.summary("zh")
    assert "scores better (proved)" in plan.replace(gap=0.0).summary("en")


def test_a_summary_speaks_the_citys_language():
    plan = small_plan()
    chinese = plan.replace(city=plan.city.replace(settings=Settings(lang="zh")))
    assert "没有需决定的事项" in chinese.summary()
    assert "Nothing is left to decide" in plan.summary()


def test_a_summary_names_the_grids_of_a_matter_and_the_community_where_there_are_many():
    plan = small_plan()
    plan = plan.replace(violations=plan.violations.assign(**{"class": "decide"}))
    first, *_ = plan.grids.index
    one = plan.replace(violations=plan.violations.assign(grid_codes=first))
    assert f"  - {plan.grids.loc[first, 'name']} " in one.summary("en")
    community = plan.city.communities.loc[plan.violations["community_id"][0], "community"]
    many = plan.replace(violations=plan.violations.assign(grid_codes=";".join(plan.grids.index)))
    assert f"  - {community} " in many.summary("en")


def test_a_summary_says_for_how_many_people_the_proof_holds():
    plan = small_plan()
    proved = plan.communities.assign(gap=[0.0, None])
    share = proved["residents"].iloc[0] / proved["residents"].sum()
    assert f"with {share:.0%} of the residents" in plan.replace(communities=proved, gap=None).summary("en")


def test_a_summary_does_not_blame_borders_where_no_line_is_known():
    plan = small_plan()
    bare = plan.replace(borders=plan.borders.assign(kind="open"))
    assert "no recognised line" not in bare.summary("en")
    assert "follows no recognised line" in plan.replace(borders=plan.borders.assign(kind="seam")).summary("en")


def test_a_summary_counts_what_is_for_information_by_rule():
    plan = small_plan()
    known = plan.replace(violations=plan.violations.assign(**{"class": "information", "rule": "size.count"}))
    assert "For information (1): number of grids (1)." in known.summary("en")
    assert "供了解（1 项）：网格数（1 项）。" in known.summary("zh")


def test_notebook_cards_hold_no_word_of_the_code_in_chinese():
    plan = small_plan()
    city = plan.city.replace(settings=Settings(lang="zh"))
    card = plan.replace(city=city, grids=plan.grids.assign(unmet="size.high;governance.keep_whole"))._repr_html_()
    assert "规模上限、整体保留" in card
    assert "村（社区）" in city._repr_html_()
    assert "communities" not in city._repr_html_()


def test_a_notebook_card_escapes_what_it_shows():
    plan = small_plan()
    grids = plan.grids.assign(name="<script>alert(1)</script>")
    card = plan.replace(grids=grids, city=plan.city.replace(name="<b>town</b>"))._repr_html_()
    assert "<script>" not in card
    assert "<b>town" not in card


@pytest.mark.skipif(not WANHUA.exists(), reason="needs the shared real layers")
def test_wanhua_keeps_every_household_and_square_metre():
    city, units = wanhua()
    borders = wanhua_borders(units)
    graph = UnitGraph.from_units(units, borders, measures=("households", "residents"))
    sizes = pd.Series(units["households"].fillna(0).to_numpy())
    so_far = sizes.groupby(units["community_id"].to_numpy()).cumsum()
    pairs = pd.Series(list(zip(units["community_id"], so_far // 350, strict=True)))
    plan = assemble(city, units, borders, given_solution(graph, pd.factorize(pairs)[0].tolist()))
    shapes = plan.grids.geometry.to_numpy()
    assert (plan.totals["households"], plan.totals["residents"]) == (78_542, 192_368)
    assert shapely.coverage_is_valid(shapes)
    assert shapely.is_valid(shapes).all()
    union = shapely.union_all(units.geometry.to_numpy())
    assert abs(shapely.area(shapes).sum() - union.area) < 1e-6 * union.area
    assert not plan.grids.drop(columns=["valid_from", "valid_to"]).isna().any(axis=None)
    assert (plan.grids["scope"] != "").all()
    assert (plan.grids["bounds_text"] != "").all()


def wanhua():
    """Wanhua with its base areas as units."""
    areas = gpd.read_file(WANHUA, layer="base_areas").to_crs(3826)
    owners = areas["VILLCODE"].astype(str)
    index = pd.Index(areas["CODEBASE"].astype(str), name="unit_id")
    counts = {"households": areas["households"].to_numpy(float), "residents": areas["population"].to_numpy(float)}
    texts = dict.fromkeys(["keep_whole", "dedicated", "category", "locked_grid"], "")
    facts = {"community_id": owners.to_numpy(), "area_kind": "urban", "people_known": ~np.isnan(counts["households"])}
    units = gpd.GeoDataFrame(
        {**counts, **texts, **facts}, geometry=areas.geometry.to_numpy(), index=index, crs=3826
    ).sort_index()
    units = units.assign(buildings=0, floor_area=0.0, events=0.0, workload=units["households"])
    communities = units.dissolve("community_id")[["geometry"]]
    return City.from_tables(communities, name="萬華區"), units


def wanhua_borders(units):
    """Shared edges of the base areas of each village."""
    one, two = shapely.STRtree(units.geometry.to_numpy()).query(units.geometry.to_numpy(), predicate="touches")
    owners = units["community_id"].to_numpy()
    kept = (one < two) & (owners[one] == owners[two])
    shapes = units.geometry.to_numpy()
    metres = shapely.length(shapely.intersection(shapes[one[kept]], shapes[two[kept]]))
    ids = units.index.to_numpy()
    table = pd.DataFrame({"unit_a": ids[one[kept]], "unit_b": ids[two[kept]], "metres": metres, "kind": "open"})
    return table[table["metres"] > 0.01].reset_index(drop=True)
