import logging

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.sparse.csgraph import dijkstra

from gridopt.city import Settings
from gridopt.coding import encode
from gridopt.coverage import out_of_reach, reach, reach_by_area_kind
from gridopt.coverage.tiers import Tiers
from gridopt.errors import RuleError, TableError
from gridopt.streets import GAP, Streets, metres_along, metres_between
from tests.towns import CELL, CRS, SOUTH, WEST, small_plan


@pytest.fixture(scope="module")
def plan():
    return encode(small_plan())


def streets(*lines):
    """A network of straight lines, each (x, y, x, y)."""
    return Streets.from_stretches(np.array(lines, float))


def cell(x, y):
    return shapely.Point(WEST + CELL * (x + 0.5), SOUTH + CELL * (y + 0.5))


def with_roads(plan, *lines, **tiers):
    shapes = [shapely.LineString([cell(*one) for one in line]) for line in lines]
    roads = gpd.GeoDataFrame({"class": "residential"}, geometry=shapes, crs=CRS, index=range(len(lines)))
    city = plan.city.replace(layers={**plan.city.layers, "roads": roads}, settings=Settings(tiers=tiers))
    return plan.replace(city=city)


def facility(x, y, tier="1"):
    return gpd.GeoDataFrame({"tier": [tier]}, geometry=[cell(x, y)], crs=CRS, index=["room"])


def along(network, places, facilities):
    metres, nearest = metres_along(network, np.array(places, float), np.array(facilities, float))
    return metres.round(6).tolist(), nearest.tolist()


def test_a_walk_goes_round_the_corner_with_the_way_to_the_street_at_both_ends():
    corner = streets((0, 0, 100, 0), (100, 0, 100, 100))
    assert along(corner, [(0, 5)], [(103, 100)]) == ([5 + 100 + 100 + 3], [0])


def test_two_on_one_street_walk_straight_along_it():
    assert along(streets((0, 0, 100, 0)), [(40, 0)], [(60, 2)]) == ([22], [0])


def test_crossing_streets_are_joined_where_they_cross():
    cross = streets((0, 50, 100, 50), (50, 0, 50, 100))
    assert along(cross, [(0, 50)], [(50, 100)]) == ([100], [0])


def test_a_small_gap_is_bridged_and_a_wide_one_is_not():
    near, far = GAP - 1, GAP + 1
    assert along(streets((0, 0, 100, 0), (100 + near, 0, 200, 0)), [(0, 0)], [(200, 0)])[0] == [200]
    apart = streets((0, 0, 100, 0), (100 + far, 0, 200, 0))
    assert apart.n_pieces == 2
    assert along(apart, [(0, 0)], [(200, 0)]) == ([np.inf], [-1])


def test_a_gap_in_the_middle_of_a_street_is_bridged_to_that_very_place():
    tee = streets((0, 0, 100, 0), (40, 10, 40, 60))
    assert along(tee, [(0, 0)], [(40, 60)])[0] == [40 + 10 + 50]


def test_distances_are_those_of_a_search_from_every_place():
    rng = np.random.default_rng(3)
    lines = rng.uniform(0, 300, (25, 4))
    network = Streets.from_stretches(lines)
    places, facilities = rng.uniform(0, 300, (12, 2)), rng.uniform(0, 300, (4, 2))
    expected = np.array([[_walk(network, a, b) for b in facilities] for a in places])
    metres, nearest = metres_along(network, places, facilities)
    assert metres == pytest.approx(expected.min(axis=1))
    joined = np.isfinite(metres)
    assert metres[joined] == pytest.approx(expected[np.flatnonzero(joined), nearest[joined]])
    most = 250.0
    pairs = metres_between(network, places, facilities, most=most).toarray().T
    assert pairs == pytest.approx(np.where(expected <= most, expected, 0.0))


def _walk(network, a, b):
    """By hand: a fresh network with both feet as nodes of their own."""
    nodes, matrix = network.nodes, network.matrix.toarray()
    lines = [shapely.LineString(nodes[pair]) for pair in network.ends]
    feet = []
    for point in map(shapely.Point, (a, b)):
        at = int(np.argmin([line.distance(point) for line in lines]))
        feet.append((at, lines[at].project(point), lines[at].distance(point)))
    n = len(nodes)
    full = np.zeros((n + 2, n + 2))
    full[:n, :n] = matrix
    for i, (at, place, _) in enumerate(feet):
        full[n + i, network.ends[at]] = place + 1e-9, lines[at].length - place + 1e-9
    if feet[0][0] == feet[1][0]:
        full[n, n + 1] = abs(feet[0][1] - feet[1][1]) + 1e-9
    return dijkstra(full, directed=False, indices=n)[n + 1] + feet[0][2] + feet[1][2]


def test_reach_along_the_streets_is_shorter_than_in_a_straight_line(plan):
    # One street along the southern row, one along the northern, joined in the west only.
    hairpin = [((0, 0), (5, 0)), ((0, 0), (0, 2)), ((0, 2), (5, 2))]
    table = reach(with_roads(plan, *hairpin, metric="walk"), facility(5, 2))
    straight = reach(with_roads(plan, *hairpin), facility(5, 2))
    city = lambda one: float(one[(one["level"] == "city") & (one["tier"] == "1")]["share"].iloc[0])
    # Northern row (5..0): 500 m reach all six; the middle row steps north for 100 m or south: four of six (x >= 1).
    assert city(straight) == pytest.approx(16 / 18)
    assert city(table) < city(straight)
    by_kind = reach_by_area_kind(with_roads(plan, *hairpin, metric="walk"), facility(5, 2))
    assert by_kind["metric"].unique().tolist() == ["walk"]


def test_homes_out_of_reach_are_named_with_their_nearest_facility_and_distance(plan):
    rows = out_of_reach(plan, facility(0, 0))
    first = rows[rows["tier"] == "1"]
    assert first["place"].tolist() == ["unit", "unit"]
    assert first["facility_id"].tolist() == ["room", "room"]
    assert sorted(first["distance_m"].round(3)) == [509.902, 538.516]
    assert first["limit_m"].tolist() == [500, 500]
    assert first["residents"].tolist() == [250, 250]
    assert first.crs == plan.city.crs
    # Nobody has a facility of the second tier: no id, no distance.
    second = rows[rows["tier"] == "2"]
    assert len(second) == 18
    assert second["facility_id"].eq("").all()
    assert second["distance_m"].isna().all()


def test_streets_in_several_pieces_are_said_and_the_cut_off_are_out_of_reach(plan, caplog):
    pieces = with_roads(plan, ((0, 0), (5, 0)), ((0, 2), (5, 2)), metric="walk")
    with caplog.at_level(logging.WARNING, "gridopt"):
        rows = out_of_reach(pieces, facility(0, 0))
    assert "2 pieces" in caplog.text
    assert rows[rows["tier"] == "1"]["distance_m"].isna().any()


def test_without_streets_a_walk_is_a_straight_line_and_that_is_said(plan, caplog):
    asked = plan.replace(city=plan.city.replace(settings=Settings(tiers={"metric": "walk"})))
    with caplog.at_level(logging.WARNING, "gridopt"):
        table = reach_by_area_kind(asked, facility(0, 0))
    assert "no streets" in caplog.text
    assert table["metric"].unique().tolist() == ["straight"]


def test_facilities_outside_the_city_are_named_and_far_ones_alone_refused(plan, caplog):
    given = gpd.GeoDataFrame({"tier": ["1", "1"]}, geometry=[cell(0, 0), cell(40, 0)], crs=CRS, index=["in", "out"])
    with caplog.at_level(logging.WARNING, "gridopt"):
        reach(plan, given)
    assert "1 lie outside the city (out)" in caplog.text
    with pytest.raises(TableError, match=r"all 1 lie more than 10,000 m") as caught:
        reach(plan, facility(4000, 0))
    assert "坐标系" in caught.value.text("zh")


def test_shares_by_area_kind_count_people_and_homes(plan):
    table = reach_by_area_kind(plan, facility(0, 0))
    first = table[table["tier"] == "1"].set_index("area_kind")
    assert first.index.tolist() == ["urban", "city"]
    assert first["residents_share"].tolist() == pytest.approx([16 / 18] * 2)
    assert first["buildings"].tolist() == [0, 0]
    assert first["buildings_share"].isna().all()


def test_a_quarter_of_an_hour_on_foot_is_990_metres():
    assert Tiers.from_settings({"preset": "circle"}).limit("urban", 0) == 990
    assert Tiers.from_settings({"names": ["a"], "limits": {"default": ["15 min"]}}).limit("rural", 0) == 990
    with pytest.raises(RuleError, match=r"metric\.default = 'fly'"):
        Tiers.from_settings({"metric": "fly"})
