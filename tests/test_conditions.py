"""The rules beyond bounds, on towns drawn by hand and by full enumeration: what is drawn is the best that obeys."""

import dataclasses
import functools
import re
from collections.abc import Iterator

import numpy as np
import pytest

from gridopt.objective import coefficients, scales_of
from gridopt.rules import RELAXATIONS, Governance, Proximity, Relax, Rules, Size
from gridopt.solvers.community import Bindings, Community, pose
from gridopt.solvers.conditions import Conditions, Walks
from gridopt.solvers.contraction import Terrain, contract
from gridopt.solvers.effort import Effort
from gridopt.solvers.exact import best_partition, enumerate_sets
from gridopt.solvers.improve import search
from gridopt.solvers.piece import draw_piece
from gridopt.solvers.problem import Problem, breaches, evaluate, is_connected
from gridopt.solvers.solve import measure, solve
from tests.towns import graph_of, town

BLOCK = "a a a a\na a a a\na a a a"
QUICK = Effort.named("quick")


def community(drawing=BLOCK, households=100, *, rules=None, **bound) -> Community:
    graph = graph_of(town(drawing, households))
    none = ("",) * graph.n_units
    bindings = Bindings(none, none, ("urban",) * graph.n_units, **bound)
    return Community("a", graph, rules or Rules(), bindings)


def posed(one: Community, n_grids: int) -> Problem:
    halves = (np.arange(one.n_units) * n_grids // one.n_units).astype(np.int32)
    scales = scales_of(one.graph, halves, one.rules, categories=one.conditions.categories)
    return pose(one.graph, one, coefficients(one.rules, scales), n_grids)


def labellings(n: int, n_grids: int, begun: tuple[int, ...] = ()) -> Iterator[np.ndarray]:
    """Every division of n units into so many grids, each once: grids are numbered by first unit."""
    used = max(begun, default=-1) + 1
    if n - len(begun) < n_grids - used:
        return
    if len(begun) == n:
        yield np.array(begun, np.int32)
        return
    for label in range(min(used + 1, n_grids)):
        yield from labellings(n, n_grids, (*begun, label))


@functools.cache
def drawings(n_grids: int) -> list[np.ndarray]:
    """Every division of the block of twelve into so many connected grids."""
    problem = posed(community(), n_grids)
    return [one for one in labellings(12, n_grids) if is_connected(problem, one)]


def best_of_all(problem: Problem) -> float:
    """The least objective of all drawings of a block that break nothing; infinity where there is none."""
    scores = (evaluate(problem, one) for one in drawings(problem.n_grids))
    return min((score.objective for score in scores if score.violation == 0), default=np.inf)


def by_exact_path(problem: Problem, one: Community) -> float:
    sets = enumerate_sets(problem, one.low, one.high)
    assert sets is not None
    proof = best_partition(problem, sets)
    assert proof.status in ("optimal", "infeasible")
    return np.inf if proof.labels is None else evaluate(problem, proof.labels).objective


def random_community(seed: int, rules: Rules, **bound) -> Community:
    plain = community(rules=rules, **bound)
    households = np.random.default_rng(seed).integers(50, 90, 12).astype(float)
    sized = np.column_stack([households, 2.5 * households])
    graph = dataclasses.replace(plain.graph, weights=sized, mass=households.copy())
    return dataclasses.replace(plain, graph=graph)


SIDES = {"together": ((0, 11),), "apart": ((5, 6), (1, 2))}
TYPES = ("tower", "tower", "", "villa", "villa", "tower", "villa", "tower", "", "villa", "villa", "tower")
RULES = {
    "pairs": (Rules(), SIDES),
    "a walk of 160 m": (Rules(proximity=Proximity(max_walk=160)), {}),
    "a walk of 230 m on foot": (Rules(proximity=Proximity(max_walk=230, metric="walk")), {}),
    "nothing enclosed": (Rules(governance=Governance(enclosed="forbid")), {}),
    "housing of one kind": (Rules(governance=Governance(homogeneity=2.0)), {"categories": TYPES}),
    "everything": (
        Rules(
            proximity=Proximity(max_walk=250),
            governance=Governance(enclosed="forbid", homogeneity=2.0),
        ),
        {"categories": TYPES, "apart": ((5, 6),), "together": ((0, 2),)},
    ),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", range(3))
def test_the_exact_path_finds_the_best_drawing_that_obeys(name, seed) -> None:
    rules, bound = RULES[name]
    one = random_community(seed, rules, **bound)
    problem = posed(one, 2)
    expected = best_of_all(problem)
    assert by_exact_path(problem, one) == pytest.approx(expected)
    found = search(problem, effort=QUICK, seed=seed)
    assert (found.violation <= 1e-9) == np.isfinite(expected)
    if np.isfinite(expected):
        assert found.objective == pytest.approx(expected, rel=0.02)


RING = """
a a a a a
a a a a a
a a a a a
a a a a a
a a a a a
"""


def test_no_grid_lies_inside_another_where_the_rule_forbids_it() -> None:
    inside = {(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3)}
    labels = np.array([int((i // 5, i % 5) in inside) for i in range(25)], np.int32)
    for asked, broken in (("allow", 0), ("forbid", 1)):
        one = community(RING, 20, rules=Rules(governance=Governance(enclosed=asked)))
        problem = posed(one, 2)
        assert is_connected(problem, labels)
        assert (breaches(problem, labels) > 0) == broken
        halves = (np.arange(25) >= 10).astype(np.int32)
        assert breaches(problem, halves) == 0


def test_where_only_a_ring_and_its_middle_fit_there_is_no_drawing_without_an_enclosed_grid() -> None:
    """Twelve units on the edge of a block of three by four, two inside; households that no other division halves."""
    graph = graph_of(town(BLOCK))
    inside = np.isin(np.arange(12), [5, 6])
    households = np.array([1.0, 2, 4, 8, 16, 517, 506, 32, 64, 128, 256, 512])
    graph = dataclasses.replace(graph, weights=np.column_stack([households, households]), mass=households)
    size = Size(low=1023, target=1023, high=1023, comfort=(1023, 1023), also={})
    for asked, possible in (("allow", True), ("forbid", False)):
        rules = Rules(size=size, governance=Governance(enclosed=asked))
        one = Community("a", graph, rules, Bindings.none(12))
        problem = posed(one, 2)
        assert np.isfinite(by_exact_path(problem, one)) == possible
        assert by_exact_path(problem, one) == pytest.approx(best_of_all(problem))
        assert (search(problem, inside.astype(np.int32), effort=QUICK, seed=0).violation <= 1e-9) == possible


def test_walks_run_from_the_unit_nearest_the_centre_to_units_with_people() -> None:
    walks = Walks(
        150.0,
        np.arange(4, dtype=np.int32),
        np.array([(0.0, 0), (100, 0), (200, 0), (900, 0)]),
        np.array([9.0, 9, 9, 0]),
    )
    everyone, nowhere = np.ones((1, 4), bool), np.full((1, 2), np.nan)
    assert walks.longest(everyone, nowhere).tolist() == [100]
    assert walks.longest(everyone, np.array([[0.0, 0.0]])).tolist() == [200]
    assert walks.longest(np.array([[False, False, False, True]]), nowhere).tolist() == [0]
    assert walks.excess(everyone, np.array([[0.0, 0.0]])) == pytest.approx([200 / 150 - 1])


def test_conditions_follow_units_into_merged_parts_of_a_community() -> None:
    rules = Rules(proximity=Proximity(max_walk=100), governance=Governance(enclosed="forbid"))
    one = community("a a a a a a", rules=rules, together=((0, 5), (1, 2)), apart=((1, 4),))
    part, _ = one.graph.subgraph(np.arange(1, 6, dtype=np.int32))
    merged = contract(part, np.array([0, 0, 1, 2, 3], np.int32))
    conditions = pose(merged, one, np.ones(3), 2).conditions
    assert conditions.pairs.tolist() == [[0, 2, -1]]
    assert conditions.walks is not None
    assert conditions.walks.unit.tolist() == [0, 0, 1, 2, 3]
    assert conditions.outer.all()
    assert conditions.beside is not None
    assert conditions.beside.tolist() == [[0, 1], [1, 2], [2, 3]]


def test_a_walk_too_long_takes_more_grids_than_the_target_asks_for() -> None:
    size = Size(low=100, target=350, high=500, comfort=(100, 450))
    near = Rules(size=size, proximity=Proximity(max_walk=110))
    for rules, n_grids in ((Rules(size=size), 2), (near, 3)):
        one = community("a a a a a a a", rules=rules)
        drawn = draw_piece(Terrain.plain(one.graph), one, np.ones(3), aim=350, effort=QUICK, seed=0)
        assert drawn.labels.max() + 1 == n_grids
        assert not drawn.relaxed


@pytest.mark.parametrize(
    ("order", "sizes", "walks"),
    [(RELAXATIONS, [3, 5], [100, 200]), (("size.low", "size.high", "proximity.max_walk"), [1] * 8, [0] * 8)],
)
def test_the_longest_walk_gives_way_when_its_turn_comes(order, sizes, walks) -> None:
    one = community("a a a a a a a a", rules=Rules(proximity=Proximity(max_walk=90), relax=Relax(order=order)))
    drawn = draw_piece(Terrain.plain(one.graph), one, np.ones(3), aim=350, effort=QUICK, seed=0)
    assert drawn.relaxed
    assert drawn.optimal
    assert np.bincount(drawn.labels).tolist() == sizes
    conditions = pose(one.graph, one, np.ones(3), len(sizes)).conditions
    members = drawn.labels == np.arange(len(sizes))[:, None]
    assert conditions.walks is not None
    assert conditions.walks.longest(members, np.full((len(sizes), 2), np.nan)).tolist() == pytest.approx(walks)


def test_nothing_is_asked_where_no_rule_is_given() -> None:
    assert not community().conditions.hold
    assert Conditions().not_asked == {"decisions", "proximity.max_walk", "governance.enclosed"}


def ringed(asked: str) -> tuple[Community, np.ndarray]:
    """Sixteen units, the four in the middle as populous as a grid of their own; and the ring around them as a grid."""
    letters = "a a a a\na b b a\na b b a\na a a a".split()
    households = np.array([90.0 if letter == "b" else 30.0 for letter in letters])
    graph = graph_of(town("a a a a\na a a a\na a a a\na a a a"))
    graph = dataclasses.replace(graph, weights=np.column_stack([households, households]), mass=households)
    one = Community("a", graph, Rules(governance=Governance(enclosed=asked)), Bindings.none(16))
    return one, np.array([int(letter == "b") for letter in letters], np.int32)


def rows_of(one: Community, labels: np.ndarray) -> list[tuple[str, str, str]]:
    given = measure(one.graph, one.rules, labels, bindings=one.bindings)
    return list(given.violations[["class", "rule", "proof"]].itertuples(index=False, name=None))


def test_a_grid_inside_another_is_named_where_the_rule_forbids_it() -> None:
    for asked, rows in (("allow", []), ("forbid", [("decide", "governance.enclosed", "not found")])):
        one, ring = ringed(asked)
        assert rows_of(one, ring) == rows


def test_an_institution_inside_a_grid_is_for_information() -> None:
    one, ring = ringed("forbid")
    names = tuple("school" if inside else "" for inside in ring)
    one = dataclasses.replace(one, bindings=Bindings(("",) * 16, names, ("urban",) * 16))
    assert ("information", "governance.enclosed", "proved") in rows_of(one, ring)


def test_rules_that_clash_with_the_longest_walk_are_told_with_what_would_be_enough() -> None:
    one = community("a a a a a a a", rules=Rules(size=Size(also={}), proximity=Proximity(max_walk=150)))
    drawn = solve(one.graph, one.rules, bindings=one.bindings, effort=QUICK)
    row = drawn.violations[drawn.violations["rule"] == "proximity.max_walk"].iloc[0]
    assert row["proof"] == "proved"
    assert "no walk above 150 m and at least 300 households" in row["reason"]
    assert "least size 200" in row["remedy"]
    assert "a walk of 200 m" in row["remedy"]


def test_places_out_of_reach_of_each_other_prove_a_walk_too_long_where_enumeration_cannot() -> None:
    """Sixty-four units 100 m from each other, six grids at most; a post reaches itself and four neighbours."""
    one = community("\n".join(["a " * 8] * 8), 30, rules=Rules(size=Size(also={}), proximity=Proximity(max_walk=120)))
    assert enumerate_sets(posed(one, 6), one.low, one.high) is None
    drawn = solve(one.graph, one.rules, bindings=one.bindings, effort=QUICK)
    row = drawn.violations[drawn.violations["rule"] == "proximity.max_walk"].iloc[0]
    assert row["proof"] == "proved"
    needed = re.search(r"; (\d+) units \(.*\) need a grid each: no post can be within 120 m of two", row["reason"])
    assert needed is not None
    assert 6 < int(needed[1]) <= 64 / 3  # the post at a corner reaches three units
    assert "sizes allow 6 at most" in row["reason"]


@pytest.mark.parametrize("limit", [99, 150, 210, 320])
def test_no_drawing_has_fewer_grids_than_places_out_of_reach(limit) -> None:
    one = community(rules=Rules(proximity=Proximity(max_walk=limit)))
    for n_grids in range(1, 5):
        problem = posed(one, n_grids)
        assert problem.conditions.walks is not None
        keeping = [breaches(problem, labels) == 0 for labels in drawings(n_grids)]
        assert not any(keeping) or len(problem.conditions.walks.apart()) <= n_grids


def test_pairs_hold_before_bounds_of_size_do() -> None:
    """Two ends of a row that must share a grid: there is but one grid, far above its bound."""
    one = community("a a a a a a a", rules=Rules(size=Size(also={})), together=((0, 6),))
    drawn = solve(one.graph, one.rules, bindings=one.bindings, effort=QUICK)
    assert drawn.partition.n_grids == 1
    assert drawn.violations[["class", "rule"]].values.tolist() == [
        ["decide", "size.high"],
        ["information", "size.count"],
    ]
