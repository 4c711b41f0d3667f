"""Enlarged maps of a sheet: every building number is legible somewhere, or the sheet says how many are not."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridopt.publish.lettering import lettering
from gridopt.publish.sheets.atlas import Atlas
from gridopt.publish.sheets.details import Room, hamlets, parted
from gridopt.publish.sheets.paper import Box
from gridopt.publish.sheets.sheet import Sheet
from tests.folders import full_plan
from tests.test_map_sheets import A, extents, texts
from tests.towns import CELL, CRS, SOUTH, WEST


def hamlet(rows, columns, *, at, apart, name=""):
    """Huts of 6 m in rows, numbered; ``at`` is the corner in cells, ``apart`` metres."""
    x, y = (axis.ravel() * apart for axis in np.meshgrid(np.arange(columns), np.arange(rows)))
    west, south = WEST + CELL * at[0] + x, SOUTH + CELL * at[1] + y
    numbers = [f"{number}号" for number in range(1, rows * columns + 1)]
    return gpd.GeoDataFrame(
        {"number": numbers, "name": name}, geometry=shapely.box(west, south, west + 6, south + 6), crs=CRS
    )


def plan_with(*groups):
    """The full plan, community A with other buildings."""
    plan = full_plan()
    huts = pd.concat(groups).set_axis([f"h{number:04d}" for number in range(sum(map(len, groups)))])
    grid = plan.grids[plan.grids["community_id"] == A].index[0]
    huts = huts.assign(community_id=A, grid_code=grid, estate="", rule="made").rename_axis("building_id")
    others = plan.buildings[plan.buildings["community_id"] != A]
    return plan.replace(buildings=gpd.GeoDataFrame(pd.concat([huts, others]), crs=CRS))


@pytest.fixture(scope="module")
def crowded():
    return plan_with(hamlet(6, 12, at=(0.2, 0.2), apart=8), hamlet(5, 8, at=(0.3, 2.1), apart=9))


def sheet_of(plan, paper="A4", lang="zh"):
    return Sheet.of(Atlas.of(plan, posts=None, paper=paper, letters=lettering(), lang=lang), A)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_number_of_a_hamlet_stands_on_the_map_or_an_enlarged_one(crowded, lang):
    sheet = sheet_of(crowded, lang=lang)
    on_details = {one for detail in sheet.details for one in detail.map.numbered}
    everyone = set(crowded.buildings.index[crowded.buildings["community_id"] == A])
    assert sheet.details
    assert everyone == on_details | (set(sheet.lettered.numbers) - set(sheet.lettered.left))
    assert sheet.n_left == 0
    names = [detail.name for detail in sheet.details]
    assert names == ["A", "B", "C", "D", "E", "F"][: len(names)]
    assert {one.form.text for one in sheet.lettered.names if one.style == "detail"} == set(names)
    assert any(names[-1] in note for note in sheet.notes())


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_text_of_an_enlarged_map_lies_over_another_or_outside_its_frame(crowded, lang):
    sheet = sheet_of(crowded, lang=lang)
    for place, page in enumerate(sheet.drawn()):
        found, boxes = extents(page)
        first, second = shapely.STRtree(boxes).query(boxes, predicate="intersects")
        assert [(found[i].get_text(), found[j].get_text()) for i, j in zip(first, second, strict=True) if i < j] == []
        scale = page.figure.dpi / 25.4
        inside = [shapely.affinity.scale(box, 1 / scale, 1 / scale, origin=(0, 0)) for box in boxes]
        for detail in (one for one in sheet.details if one.page == place):
            frame = detail.map.scene.view.frame.shape
            near = [box for box in inside if box.intersects(frame) and not box.intersects(detail.strip.shape)]
            assert near
            assert all(frame.covers(box) for box in near)
    assert {detail.page for detail in sheet.details} <= set(range(len(sheet.pages)))


def test_enlarged_maps_stand_beside_each_other_under_the_table(crowded):
    sheet = sheet_of(crowded)
    placed = [(one.page, one.strip.shape.union(one.map.scene.view.frame.shape)) for one in sheet.details]
    for number, (page, shape) in enumerate(placed):
        assert (sheet.layout.further if page else sheet.layout.table).shape.buffer(1e-6).covers(shape)
        assert all(page != other or shape.intersection(area).area < 1e-6 for other, area in placed[:number])


def test_an_enlarged_map_is_larger_and_shows_the_land_of_its_buildings(crowded):
    sheet = sheet_of(crowded)
    buildings = crowded.buildings.geometry
    for detail in sheet.details:
        assert detail.map.scene.view.denominator < sheet.scene.view.denominator
        own = shapely.centroid(buildings.loc[sorted(detail.map.shown)].to_numpy())
        assert detail.map.outline().covers(own).all()


def test_numbers_that_fit_nowhere_are_counted_and_the_sheet_says_where_they_are(crowded):
    heap = hamlet(12, 12, at=(0.2, 0.2), apart=0.05)
    sheet = sheet_of(plan_with(heap))
    on_details = {one for detail in sheet.details for one in detail.map.numbered}
    assert 0 < sheet.n_left == 144 - len(on_details | (set(sheet.lettered.numbers) - set(sheet.lettered.left)))
    said = "\n".join(texts(next(sheet.drawn())))
    assert f"另有{sheet.n_left}个楼号未注记" in said


def test_a_sheet_with_room_for_all_numbers_has_no_enlarged_map():
    sheet = sheet_of(full_plan())
    assert (sheet.details, sheet.n_left, len(sheet.pages)) == ([], 0, 1)


def test_hamlets_are_parted_at_the_gaps_between_them():
    points = np.array([(x, y) for x in (0, 500) for y in (0, 400) for _ in range(9)], float)
    points += np.tile(np.arange(9) * 3.0, 4)[:, None]
    groups = hamlets(points, np.arange(len(points)), 60.0)
    assert sorted(sorted(group.tolist()) for group in groups) == [list(range(k, k + 9)) for k in (0, 9, 18, 27)]
    few = hamlets(points, np.array([0, 9]), 1000.0)
    assert [group.tolist() for group in few] == [[0, 9]]


def test_a_hamlet_too_large_for_a_page_is_cut_near_the_middle_of_its_longer_side():
    points = np.column_stack([np.arange(20) * 5.0, np.zeros(20)])
    points[1:, 0] += 40  # a single house apart is no half
    points[11:, 0] += 10
    west, east = parted(points, np.arange(20))
    assert (west.tolist(), east.tolist()) == (list(range(11)), list(range(11, 20)))


def test_rooms_are_filled_in_rows_from_the_upper_left_corner():
    room = Room(0, Box(0, 0, 100, 60))
    assert room.take(40, 30) == Box(0, 30, 40, 60)
    assert room.take(40, 20) == Box(43, 40, 83, 60)
    assert room.take(40, 20) == Box(0, 7, 40, 27)
    assert room.take(40, 30) is None


def test_no_code_in_a_narrow_table_is_cut(crowded):
    found = texts(next(sheet_of(crowded, "A4", "en").drawn()))
    codes = crowded.grids.index[crowded.grids["community_id"] == A]
    assert set(codes) <= set(found)
