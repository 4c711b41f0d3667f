"""Ways on foot: along streets, around walls, over bridges; and what is said of walks that are too long."""

import dataclasses
import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridopt.graph import UnitGraph
from gridopt.plan.draw import draw
from gridopt.rules import Governance, Proximity, Rules, Size
from gridopt.solvers.community import Bindings
from gridopt.solvers.effort import Effort
from gridopt.solvers.solve import measure, solve
from gridopt.solvers.walking import metres_to_centres, ways_on_foot
from gridopt.streets import stretches_of
from tests.towns import CELL, SOUTH, WEST, graph_of, town

QUICK = Effort.named("quick")


def banks(bridge: bool) -> UnitGraph:
    """Two rows of three units; the river between them has a bridge at its eastern end, or none."""
    edges = [(0, 1), (1, 2), (3, 4), (4, 5), *([(2, 5)] if bridge else [])]
    xy = [(100.0 * (i % 3), 100.0 * (i // 3)) for i in range(6)]
    return UnitGraph.from_arrays(np.full(6, 100.0), edges, xy=xy, border=[100.0] * len(edges), measures=("households",))


def test_without_streets_a_walk_leads_over_the_bridge() -> None:
    ways = ways_on_foot(banks(bridge=True))
    assert ways[0].tolist() == [0, 100, 200, 500, 400, 300]
    assert (ways == ways.T).all()


def test_where_nothing_joins_two_units_the_way_around_is_three_times_as_far() -> None:
    assert ways_on_foot(banks(bridge=False))[0].tolist() == pytest.approx(
        [0, 100, 200, 300, 300 * 2**0.5, 300 * 5**0.5]
    )


def test_a_street_is_reached_at_its_nearest_point_and_followed_through_crossings() -> None:
    """Three units north of an L of two streets that cross beyond its corner; 20 m off the street each."""
    streets = np.array([[0.0, 0, 350, 0], [300, -50, 300, 400]])
    graph = dataclasses.replace(
        UnitGraph.from_arrays([1, 1, 1], [], xy=[(0, 20), (100, 20), (280, 200)]), streets=streets
    )
    assert ways_on_foot(graph).tolist() == pytest.approx(np.array([[0, 140, 540], [140, 0, 440], [540, 440, 0]]))
    assert ways_on_foot(graph, np.array([2])).tolist() == pytest.approx(np.array([[540, 440, 0]]))


def test_a_unit_that_no_street_leads_to_is_reached_from_its_neighbours() -> None:
    streets = np.array([[0.0, 0, 100, 0], [400, 0, 500, 0]])
    graph = UnitGraph.from_arrays([1, 1, 1], [(0, 1), (1, 2)], xy=[(0, 0), (100, 0), (400, 0)])
    ways = ways_on_foot(dataclasses.replace(graph, streets=streets))
    assert ways[0].tolist() == pytest.approx([0, 100, 400], abs=0.01)


def test_roads_are_streets_except_those_that_nobody_walks_along() -> None:
    lines = [
        shapely.linestrings([(0, 0), (9, 0), (9, 9)]),
        shapely.linestrings([(0, 5), (9, 5)]),
        shapely.box(0, 0, 1, 1),
    ]
    roads = gpd.GeoDataFrame({"class": ["residential", "motorway", "square"]}, geometry=lines, crs="EPSG:4549",
                             index=pd.Index(["r1", "r2", "r3"], name="line_id"))  # fmt: skip
    city = town("a a")
    with_roads = city.replace(layers={**city.layers, "roads": roads})
    streets = stretches_of(with_roads)
    assert streets is not None
    assert streets.tolist() == [[0, 0, 9, 0], [9, 0, 9, 9]]
    assert stretches_of(city) is None


def test_walks_are_counted_by_the_metric_of_each_community() -> None:
    graph, labels = banks(bridge=True), np.zeros(6, int)
    weights = graph.weights[:, 0]
    straight = metres_to_centres(graph, labels, weights, rules=[Rules()])
    on_foot = metres_to_centres(graph, labels, weights, rules=[Rules(proximity=Proximity(metric="walk"))])
    assert straight.max() == pytest.approx(100 * 2**0.5)
    assert on_foot.tolist() == [100, 0, 100, 400, 300, 200]


def test_a_walk_that_no_division_keeps_within_its_limit_is_named_with_its_post_and_units() -> None:
    city = town("a a a a a a a", rules=Rules(size=Size(also={}), proximity=Proximity(max_walk=150)))
    solution = solve(graph_of(city), city.rules, bindings=Bindings.none(7), effort=QUICK)
    rows = solution.violations
    assert rows[["class", "rule", "proof", "relaxed"]].drop_duplicates().values.tolist() == [
        ["decide", "proximity.max_walk", "proved", "proximity.max_walk"]
    ]
    assert solution.status == "relaxed"
    assert rows["value"].tolist() == [200.0]
    assert rows["limit"].tolist() == [150.0]
    assert "it is 200 m in a straight line to unit" in rows["reason"][0]
    assert "no division of these 7 units into connected grids with no walk above 150 m" in rows["reason"][0]


def test_a_given_drawing_that_walks_too_far_is_named_in_chinese_too() -> None:
    rules = Rules(proximity=Proximity(max_walk=150, metric="walk"))
    graph = graph_of(town("a a a a\na a a a"))
    given = measure(graph, rules, [0, 1, 1, 1, 0, 0, 0, 1], bindings=Bindings.none(8), lang="zh")
    row = given.violations[given.violations["rule"] == "proximity.max_walk"].iloc[0]
    assert (row["class"], row["relaxed"], row["proof"]) == ("decide", "", "not found")
    assert "步行" in row["reason"]


def test_a_drawn_plan_keeps_its_longest_walk_and_says_it_in_the_grids() -> None:
    """Nine units in a row: two grids come nearest to the target, but from their middle it is 200 m to their ends."""
    city = town("a a a a a a a a a", 60)
    size = Size(low=100, target=270, high=500, comfort=(100, 500), also={})
    walks = {}
    for limit in (None, 150):
        plan = draw(city.replace(rules=Rules(size=size, proximity=Proximity(max_walk=limit))), effort="quick")
        walks[limit] = sorted(plan.grids["walk_max_m"])
        assert not (plan.violations["rule"] == "proximity.max_walk").any()
    assert walks == {None: [200, 200], 150: [100, 100, 100]}


@pytest.mark.parametrize(("lang", "said"), [("en", "from 3 units"), ("zh", "有 3 个划分单元")])
def test_streets_in_pieces_inside_a_community_are_said(lang: str, said: str, caplog: pytest.LogCaptureFixture) -> None:
    """A street along four of seven units and another, 70 m on, along the rest; then with a gap one walks across."""
    city = town("a a a a a a a")
    city = city.replace(
        settings=dataclasses.replace(city.settings, lang=lang), rules=Rules(proximity=Proximity(metric="walk"))
    )
    columns = {"name": ["", ""], "class": ["street"] * 2, "width": [np.nan] * 2, "barrier": ["none"] * 2}
    for ends, warned in (((0.1, 3.4, 4.1, 6.9), True), ((0.1, 3.4, 3.5, 6.9), False)):
        lines = [shapely.linestrings([(WEST + CELL * x, SOUTH) for x in pair]) for pair in (ends[:2], ends[2:])]
        roads = gpd.GeoDataFrame(columns, geometry=lines, crs=city.crs, index=pd.Index(["r1", "r2"], name="line_id"))
        with caplog.at_level(logging.WARNING, "gridopt"):
            draw(city.replace(layers={**city.layers, "roads": roads}), effort="quick")
        assert (said in caplog.text) == warned
        caplog.clear()


def test_streets_of_the_city_lengthen_the_walks_of_a_plan() -> None:
    """One street along the southern edge of two rows of units: from row to row it is a long way round."""
    city = town("a a a\na a a")
    street = shapely.linestrings([(WEST, SOUTH), (WEST + 3 * CELL, SOUTH)])
    columns = {"name": [""], "class": ["street"], "width": [np.nan], "barrier": ["none"]}
    index = pd.Index(["r1"], name="line_id")
    roads = gpd.GeoDataFrame(columns, geometry=[street], crs=city.crs, index=index)
    layers = {**city.layers, "roads": roads}
    walks = {}
    for metric in ("straight", "walk"):
        own = city.replace(rules=Rules(proximity=Proximity(metric=metric)), layers=layers)
        walks[metric] = draw(own, effort="quick").grids["walk_max_m"].max()
    assert walks["walk"] > walks["straight"]


def test_homogeneity_keeps_towers_and_villas_apart() -> None:
    """Rows of towers and villas that the shorter border would cut across."""
    city = town("a a a a\na a a a")
    graph = graph_of(city)
    kinds = tuple("tower" if y > SOUTH + CELL else "villa" for y in graph.xy[:, 1])
    bindings = dataclasses.replace(Bindings.none(8), categories=kinds)
    mixed = []
    for homogeneity in (0.0, 5.0):
        rules = Rules(governance=Governance(homogeneity=homogeneity, weight=3))
        labels = solve(graph, rules, bindings=bindings, effort=QUICK).partition.labels
        mixed.append(sum(len({kinds[i] for i in np.flatnonzero(labels == grid)}) > 1 for grid in set(labels.tolist())))
    assert mixed == [2, 0]
