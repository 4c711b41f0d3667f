"""四至: the four bounds of grids whose surroundings are drawn by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.testing import assert_allclose

from gridopt.grids.bounds_text import bounds_texts, unnamed_sides
from gridopt.grids.outline import STEP, outline
from tests.towns import CRS, SOUTH, WEST, small_plan

COMMA, SEMICOLON, COLON = "\N{FULLWIDTH COMMA}", "\N{FULLWIDTH SEMICOLON}", "\N{FULLWIDTH COLON}"
UNNAMED = "\N{FULLWIDTH LEFT PARENTHESIS}未命名\N{FULLWIDTH RIGHT PARENTHESIS}"


def lines(*rows):
    """(name, width, coordinates in metres from the town's corner) for each line; a box where given as geometry."""
    shapes = [
        shapely.transform(shape if isinstance(shape, shapely.Geometry) else shapely.LineString(shape), _placed)
        for _, _, shape in rows
    ]
    columns = {"name": [row[0] for row in rows], "width": [row[1] for row in rows]}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def _placed(points):
    return np.add(points, (WEST, SOUTH))


def sides(grid, *, lang="zh", **layers):
    """East, south, west and north of one grid of the small town: three strips of community a, then b, 300 m high."""
    plan = small_plan()
    text = bounds_texts(plan.grids, plan.city.replace(layers=layers), lang=lang).iloc[grid]
    if lang == "en":
        return [part.split(": ")[1] for part in text.split("; ")]
    return [part[2:] for part in text.split(SEMICOLON)[0].split(COMMA)]


def test_without_lines_a_side_is_a_community_the_edge_or_unnamed():
    assert sides(2) == ["b社区", "辖区边界", UNNAMED, "辖区边界"]
    assert sides(3) == ["辖区边界", "辖区边界", "a社区", "辖区边界"]


def test_unnamed_sides_are_listed_at_the_end():
    texts = bounds_texts(small_plan().grids, small_plan().city)
    assert texts.iloc[1].endswith(f"{SEMICOLON}未命名边{COLON}东、西")
    assert [unnamed_sides(text) for text in texts] == [("东",), ("东", "西"), ("西",), ()]
    english = bounds_texts(small_plan().grids, small_plan().city, lang="en")
    assert english.iloc[1] == "E: (unnamed); S: city edge; W: (unnamed); N: city edge; unnamed sides: E, W"
    assert unnamed_sides(english.iloc[1]) == ("E", "W")


def test_a_road_along_a_side_names_it_for_both_neighbours():
    road = lines(("人民路", np.nan, [(204, -50), (196, 350)]))
    assert sides(0, roads=road)[0] == "人民路"
    assert sides(1, roads=road)[2] == "人民路"


def test_a_road_without_a_name_names_nothing():
    assert sides(0, roads=lines(("", np.nan, [(200, 0), (200, 300)])))[0] == UNNAMED


@pytest.mark.parametrize(("offset", "width", "named"), [(14, np.nan, True), (17, np.nan, False), (24, 20, True)])
def test_a_line_counts_within_15_metres_of_its_edge(offset, width, named):
    road = lines(("人民路", width, [(200 + offset, 0), (200 + offset, 300)]))
    assert (sides(0, roads=road)[0] == "人民路") == named


def test_a_road_that_crosses_a_side_does_not_name_it():
    crossing = [(f"横{n}路", np.nan, [(100, n), (300, n)]) for n in range(10, 300, 20)]
    assert sides(0, roads=lines(*crossing))[0] == UNNAMED


@pytest.mark.parametrize(("reach", "named"), [(90, True), (35, False)])
def test_a_line_must_run_along_a_quarter_of_the_side(reach, named):
    assert (sides(0, roads=lines(("短路", np.nan, [(200, 0), (200, reach)])))[0] == "短路") == named


def test_two_lines_along_one_side_are_both_named_the_longer_first():
    roads = lines(("南路", np.nan, [(200, 0), (200, 110)]), ("北路", np.nan, [(200, 120), (200, 300)]))
    assert sides(0, roads=roads)[0] == "北路、南路"
    assert sides(0, roads=roads, lang="en")[0] == "北路, 南路"


def test_many_short_lines_that_make_up_half_a_side_name_it_by_the_longest_two():
    # Twelve pieces of 25 m: two lanes run along two of them each, two more along one each.
    lanes = {"甲巷": (5, 45), "乙巷": (80, 120), "丙巷": (155, 170), "丁巷": (205, 220)}
    drawn = [(name, np.nan, [(200, first), (200, last)]) for name, (first, last) in lanes.items()]
    assert sides(0, roads=lines(*drawn))[0] == "乙巷、甲巷"
    assert sides(0, roads=lines(*drawn[:3]))[0] == UNNAMED


def test_of_two_lines_the_nearer_names_the_side():
    assert (
        sides(0, roads=lines(("远路", np.nan, [(208, 0), (208, 300)]), ("近路", np.nan, [(203, 0), (203, 300)])))[0]
        == "近路"
    )


def test_a_river_drawn_as_water_names_the_sides_inside_it_and_on_its_banks():
    inside, bank = shapely.box(-50, 270, 650, 330), shapely.box(-50, 305, 650, 400)
    for water in (inside, bank):
        assert sides(0, rivers=lines(("长河", np.nan, water)))[3] == "长河"


def test_an_estates_edge_names_a_side_only_where_no_line_does():
    estate = lines(("金狮小区", np.nan, shapely.box(200, 0, 300, 300)))
    assert sides(0, estates=estate)[0] == "金狮小区边界"
    assert sides(0, estates=estate, lang="en")[0] == "edge of 金狮小区"
    assert sides(0, estates=estate, walls=lines(("长城", np.nan, [(202, 0), (202, 300)])))[0] == "长城"


def test_a_named_line_beats_the_community_behind_it():
    assert sides(2, railways=lines(("沪宁铁路", np.nan, [(405, 0), (405, 300)])))[0] == "沪宁铁路"


def test_the_rows_of_a_layer_may_come_in_any_order():
    plan = small_plan()
    roads = lines(*[(f"{n}路", 8, [(200, 20 * n), (200, 20 * n + 20)]) for n in range(15)])
    roads.loc[roads.index % 4 == 0, "name"] = "甲路"
    roads.loc[roads.index % 4 == 1, "name"] = "乙路"
    roads.loc[roads.index % 4 == 2, "name"] = "丙路"
    texts = [
        bounds_texts(plan.grids, plan.city.replace(layers={"roads": rows}))
        for rows in (roads, roads.sample(frac=1, random_state=3))
    ]
    assert texts[0].equals(texts[1])


def test_pieces_add_up_to_the_outline_and_face_outward():
    grids = small_plan().grids
    pieces = outline(grids.geometry.to_numpy())
    assert pieces.metres.max() <= STEP
    assert_allclose(np.bincount(pieces.grids, pieces.metres), grids.length)
    for grid, (west, south, east, north) in enumerate(grids.bounds.to_numpy()):
        for side, (axis, value) in enumerate([(0, east), (1, south), (0, west), (1, north)]):
            here = (pieces.grids == grid) & (pieces.sides == side)
            assert_allclose(pieces.middles[here, axis], value)


def test_a_triangle_without_a_west_side_still_has_four_bounds():
    shape = shapely.Polygon([(0, 0), (100, -40), (100, 40)])
    assert set(outline(np.array([shape])).sides) == {0, 1, 2, 3}


def test_neighbours_behind_are_found_even_where_a_node_is_missing():
    tall, low, high = shapely.box(0, 0, 10, 20), shapely.box(10, 0, 20, 10), shapely.box(10, 10, 20, 20)
    pieces = outline(np.array([tall, low, high]))
    east_of_tall = (pieces.grids == 0) & (pieces.sides == 0)
    assert set(pieces.behind[east_of_tall]) <= {1, 2}
    assert set(pieces.behind[(pieces.grids == 1) & (pieces.sides == 2)]) == {0}
    assert set(pieces.behind[(pieces.grids == 1) & (pieces.sides == 0)]) == {-1}
