"""Bounds of each term: never above the optimum of full enumeration, close to it on plain ground, honest sums."""

import dataclasses
from collections.abc import Iterator
from itertools import permutations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridopt as go
from gridopt.solvers.bounds import as_relaxed, size_bound, slack_of, term_bounds
from gridopt.solvers.centroids import inertia_bound
from gridopt.solvers.effort import Effort
from gridopt.solvers.improve import search
from gridopt.solvers.problem import Problem
from gridopt.solvers.spectral import cut_bound
from tests.reference import partitions, problem_on, random_problem, terms, violation

QUICK = Effort.named("quick")


def least_terms(problem: Problem) -> np.ndarray | None:
    """The least of each term by itself over all plans within bounds."""
    plans = [terms(problem, one) for one in partitions(problem) if violation(problem, one) == 0]
    return np.array(plans).min(axis=0) if plans else None


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), n_units=st.integers(4, 8), n_grids=st.integers(1, 3))
def test_no_term_ever_falls_below_its_bound(seed, n_units, n_grids) -> None:
    problem = random_problem(seed, n_units, n_grids, spread=0.5)
    best = least_terms(problem)
    if best is None:
        return
    bounds = term_bounds(problem, best * 1.1)
    assert (bounds <= best * (1 + 1e-9) + 1e-9).all()


def misses(problem: Problem, plan: np.ndarray) -> tuple[float, float]:
    """What all grids fall short of their lower bounds, and what they exceed their upper ones by."""
    sums = np.column_stack([np.bincount(plan, column, problem.n_grids) for column in problem.weights.T])
    return float(np.maximum(problem.low - sums, 0).sum()), float(np.maximum(sums - problem.high, 0).sum())


def numbered(problem: Problem) -> Iterator[np.ndarray]:
    """Every connected partition, its grids numbered in every way that keeps fixed units where they are."""
    for plan in partitions(problem):
        for turn in permutations(range(problem.n_grids)):
            labels = np.array(turn, np.int32)[list(plan)]
            if (labels[problem.fixed >= 0] == problem.fixed[problem.fixed >= 0]).all():
                yield labels


@pytest.mark.parametrize("seed", range(12))
def test_a_drawing_that_misses_bounds_is_bounded_among_all_that_miss_no_more(seed) -> None:
    problem = random_problem(seed, 7, 3, spread=0.02)
    problem = dataclasses.replace(
        problem, weights=problem.weights[:, :1], low=problem.low[:, :1], high=problem.high[:, :1]
    )
    plans = list(numbered(problem))
    drawn = min(plans, key=lambda one: sum(misses(problem, one)))
    short, excess = misses(problem, drawn)
    as_good = [one for one in plans if misses(problem, one)[0] <= short and misses(problem, one)[1] <= excess]
    best = np.array([terms(problem, one.tolist()) for one in as_good]).min(axis=0)
    bounds = term_bounds(as_relaxed(problem, drawn), best * 1.1 + 1)
    assert (bounds <= best * (1 + 1e-9) + 1e-9).all()


@pytest.mark.parametrize("seed", range(12))
def test_unlike_grids_with_fixed_units_and_given_centres_are_bounded(seed) -> None:
    random = np.random.default_rng(seed)
    problem = random_problem(seed, 7, 2, spread=0.5)
    anchors = np.vstack([problem.xy[0], [np.nan, np.nan]])
    fixed = np.full(7, -1)
    fixed[[0, 6]] = 0, 1
    problem = dataclasses.replace(
        problem,
        low=problem.low * random.uniform(0.3, 1.0, (2, 1)),
        high=problem.high * random.uniform(1.0, 1.5, (2, 1)),
        comfort=problem.comfort * random.uniform(0.8, 1.2, (2, 1)),
        fixed=fixed,
        anchors=anchors,
    )
    plans = [one for one in numbered(problem) if violation(problem, one.tolist()) == 0]
    if not plans:
        return
    best = np.array([terms(problem, one.tolist()) for one in plans]).min(axis=0)
    slack = slack_of(problem, plans[0], QUICK)
    assert slack is not None
    assert slack.terms is not None
    assert (np.array(terms(problem, plans[0].tolist())) - slack.terms <= best * (1 + 1e-9) + 1e-9).all()
    assert (slack.terms >= 0).all()


def test_given_centres_are_proved_by_the_program_of_units_and_grids() -> None:
    network = nx.convert_node_labels_to_integers(nx.grid_2d_graph(7, 6), ordering="sorted")
    xy = [(100.0 * x, 100.0 * y) for x in range(7) for y in range(6)]
    weights = np.random.default_rng(1).integers(5, 15, 42)
    graph = go.UnitGraph.from_arrays(weights, list(network.edges), xy=xy)
    for objective in ("inertia", {"inertia": 1, "cut_edges": 1}):
        solution = go.partition_graph(
            graph, centres=[7, 22, 35], objective=objective, effort="quick", tolerance=0.25, prove=True
        )
        assert solution.status == "optimal"
        assert solution.gap == 0
        assert (solution.partition.n_pieces() == 1).all()


def lattice(wide: int, high: int, n_grids: int, spread: float = 0.1) -> Problem:
    network = nx.convert_node_labels_to_integers(nx.grid_2d_graph(wide, high), ordering="sorted")
    xy = [(100.0 * x, 100.0 * y) for x in range(wide) for y in range(high)]
    mean = wide * high / n_grids
    bounds = {"low": (1 - spread) * mean, "high": (1 + spread) * mean}
    return problem_on(network, np.ones(wide * high), n_grids, xy=xy, coefficients=(1.0, 1.0, 1.0), **bounds)


def test_the_bound_of_the_inertia_is_close_where_squares_are_best() -> None:
    """Six by four units in six grids: every grid a square of four, inertia 4 * 2 * 50^2 each."""
    problem = lattice(6, 4, 6, spread=0.0)
    best = 6 * 4 * 2 * 50.0**2
    assert best * 0.98 <= inertia_bound(problem, best) <= best


def test_the_bound_of_the_inertia_is_within_a_few_percent_on_a_town() -> None:
    problem = lattice(12, 10, 4)
    found = search(problem, effort=QUICK, seed=1)
    bound = inertia_bound(problem, float(found.terms[0]))
    assert 0.95 * found.terms[0] <= bound <= found.terms[0]


def test_a_cut_of_two_halves_is_bounded_by_the_graph() -> None:
    problem = lattice(8, 4, 2, spread=0.0)
    assert 1.0 < cut_bound(problem, 4.0) <= 4.0


def test_two_groups_tied_by_one_edge_are_bounded_exactly() -> None:
    graph = nx.disjoint_union(nx.complete_graph(5), nx.complete_graph(5))
    graph.add_edge(4, 5)
    problem = problem_on(graph, np.ones(10), 2, low=5, high=5)
    assert 0.6 < cut_bound(problem, 1.0) <= 1.0


def test_the_size_bound_is_that_of_equal_sizes() -> None:
    problem = problem_on(nx.path_graph(4), [100.0, 100, 100, 100], 2)
    assert size_bound(problem) == 0
    crowded = problem_on(nx.path_graph(4), [100.0, 100, 100, 100], 2)
    object.__setattr__(crowded, "comfort", np.array([[0.0, 150.0], [0.0, 150.0]]))
    object.__setattr__(crowded, "target", np.array([100.0, 100.0]))
    assert size_bound(crowded) == pytest.approx(2 * 0.5**2)


@pytest.mark.parametrize(
    "objective", ["inertia", "cut_edges", {"inertia": 1, "cut_edges": 1}, {"hess": 1, "inertia": 1}]
)
def test_a_proof_asked_for_gives_a_bound_on_every_objective(objective) -> None:
    network = nx.convert_node_labels_to_integers(nx.grid_2d_graph(9, 8), ordering="sorted")
    xy = [(100.0 * x, 100.0 * y) for x in range(9) for y in range(8)]
    graph = go.UnitGraph.from_arrays(np.ones(72), list(network.edges), xy=xy)
    solution = go.partition_graph(graph, k=5, objective=objective, effort="quick", prove=True)
    assert solution.bound is not None
    assert 0 < solution.bound <= solution.objective
    assert solution.gap == pytest.approx(1 - solution.bound / solution.objective)
    assert solution.status == ("optimal" if solution.gap == 0 else "feasible")


def test_a_small_share_of_the_work_still_gives_a_bound_that_holds() -> None:
    problem = lattice(12, 10, 4)
    found = search(problem, effort=QUICK, seed=1)
    whole, little = (slack_of(problem, found.labels, dataclasses.replace(QUICK, among=n)) for n in (1, 1000))
    assert whole is not None
    assert little is not None
    assert whole.objective <= little.objective < found.objective
