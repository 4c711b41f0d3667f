"""The exact path against full enumeration: the same sets, the same optimum, the same impossibility."""

from itertools import combinations, product

import networkx as nx
import numpy as np
import pytest

from gridopt._kernels.enumerate import connected_sets, leaves_room
from gridopt.objective import coefficients, scales_of
from gridopt.rules import Rules
from gridopt.solvers.community import Bindings, Community, pose
from gridopt.solvers.exact import best_partition, enumerate_sets
from gridopt.solvers.problem import evaluate, is_connected
from tests.towns import graph_of, town

BLOCK = "a a a a\na a a a\na a a a"


def neighbour_masks(graph: nx.Graph) -> np.ndarray:
    return np.array([sum(1 << j for j in graph[i]) for i in range(len(graph))], np.uint64)


@pytest.mark.parametrize("seed", range(12))
def test_every_connected_set_within_bounds_is_found_once(seed) -> None:
    rng = np.random.default_rng(seed)
    graph = nx.gnm_random_graph(9, 13, seed=seed)
    weights = rng.integers(0, 5, (9, 2)).astype(float)
    low, high = np.array([3.0, 0.0]), np.array([9.0, 11.0])
    masks = np.zeros(600, np.uint64)
    found = connected_sets(neighbour_masks(graph), weights, low, high, masks, 10**9)
    expected = []
    for size in range(1, 10):
        for units in combinations(range(9), size):
            sums = weights[list(units)].sum(axis=0)
            if (sums >= low).all() and (sums <= high).all() and nx.is_connected(graph.subgraph(units)):
                expected.append(sum(1 << u for u in units))
    assert sorted(masks[:found].tolist()) == sorted(expected)


def test_too_many_sets_are_given_up_and_said_so() -> None:
    graph = nx.complete_graph(9)
    bounds = np.zeros(1), np.full(1, np.inf)
    assert connected_sets(neighbour_masks(graph), np.ones((9, 1)), *bounds, np.zeros(20, np.uint64), 10**9) == -1
    assert connected_sets(neighbour_masks(graph), np.ones((9, 1)), *bounds, np.zeros(600, np.uint64), 30) == -1


def test_a_set_that_strands_too_few_households_leaves_no_room() -> None:
    path = nx.path_graph(4)
    weights, low, high = np.array([[1.0], [2], [2], [1]]), np.array([2.0]), np.array([4.0])
    masks = np.array([0b0110, 0b0011, 0b1100, 0b0111], np.uint64)
    assert leaves_room(masks, neighbour_masks(path), weights, low, high, 2).tolist() == [False, True, True, False]


def community(households, drawing=BLOCK) -> Community:
    city = town(drawing)
    graph = graph_of(city)
    sized = type(graph).from_arrays(
        np.column_stack([households, 2.5 * np.asarray(households)]),
        graph.edges,
        xy=graph.xy,
        border=graph.metres,
        ids=graph.ids,
        measures=graph.measures,
    )
    return Community("a", sized, Rules(), Bindings.none(sized.n_units))


def by_full_enumeration(problem) -> float:
    """The least objective of all labellings within bounds; infinity where there is none."""
    best = np.inf
    for labels in product(range(problem.n_grids), repeat=problem.n_units):
        if labels[0] == 0:
            given = np.array(labels, np.int32)
            score = evaluate(problem, given)
            if score.violation == 0 and score.objective < best and is_connected(problem, given):
                best = score.objective
    return best


@pytest.mark.parametrize("seed", range(4))
def test_the_exact_path_reaches_the_optimum_of_full_enumeration(seed) -> None:
    rng = np.random.default_rng(seed)
    households = rng.integers(40, 180, 12).astype(float)
    households *= 820 / households.sum()
    one = community(households)
    scales = scales_of(one.graph, np.arange(12) // 6, one.rules)
    problem = pose(one.graph, one, coefficients(one.rules, scales), 2)
    sets = enumerate_sets(problem, one.low, one.high)
    assert sets is not None
    proof = best_partition(problem, sets)
    assert proof.status == "optimal"
    assert proof.labels is not None
    assert evaluate(problem, proof.labels).objective == pytest.approx(by_full_enumeration(problem))
    assert is_connected(problem, proof.labels)


def test_impossible_bounds_are_proved_impossible() -> None:
    one = community([250.0, 250, 250], "a a a")
    problem = pose(one.graph, one, np.ones(3), 2)
    assert by_full_enumeration(problem) == np.inf
    sets = enumerate_sets(problem, one.low, one.high)
    assert sets is not None
    assert best_partition(problem, sets).status == "infeasible"
