"""The Hess objective: its cost by definition, its descent, its bound against full enumeration, its proof."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridopt as go
from gridopt._kernels.knapsack import Ground, price
from gridopt.milp import Limits
from gridopt.solvers.hess import centre_units, polished, set_offsets
from gridopt.solvers.lagrange import hess_model, relax
from gridopt.solvers.problem import Problem, evaluate, is_connected
from gridopt.solvers.prove import hess_cost, pairs_of, prove_hess
from gridopt.solvers.seed import inertial_bisection
from gridopt.solvers.separators import separator_cuts
from tests.reference import cheapest_share, hess, partitions, problem_on, random_town, violation

LIMITS = Limits(nodes=2000)


def hess_problem(seed: int, n_units: int, n_grids: int, *, spread: float = 0.3) -> Problem:
    graph, xy = random_town(seed, n_units)
    sizes = np.random.default_rng([seed, 2]).integers(1, 10, n_units) * 10.0
    mean = sizes.sum() / n_grids
    return problem_on(graph, sizes, n_grids, xy=xy, low=(1 - spread) * mean, high=(1 + spread) * mean)


def by_full_enumeration(problem: Problem) -> tuple[float, np.ndarray | None]:
    """The least Hess cost of all connected partitions within bounds, and one that has it."""
    plans = [one for one in partitions(problem) if violation(problem, one) == 0]
    best = min(plans, key=lambda one: hess(problem, one), default=None)
    return (np.inf, None) if best is None else (hess(problem, best), np.array(best, np.int32))


@pytest.mark.parametrize("seed", range(4))
def test_the_cost_is_that_of_the_best_centre_unit(seed) -> None:
    problem = hess_problem(seed, 14, 3)
    labels = np.random.default_rng(seed).permutation(np.arange(14) % 3).astype(np.int32)
    assert hess_cost(problem, labels) == pytest.approx(hess(problem, labels))
    offsets = centre_units(problem.mass, problem.xy, labels)[1]
    assert evaluate(problem, labels).terms[0] + offsets.sum() == pytest.approx(hess_cost(problem, labels))
    assert set_offsets(problem, labels == np.arange(3)[:, None]) == pytest.approx(offsets)


@pytest.mark.parametrize("seed", range(4))
def test_polish_lowers_the_cost_and_breaks_nothing(seed) -> None:
    problem = hess_problem(seed, 40, 4)
    start = inertial_bisection(problem)
    better = polished(problem, start, 1.0)
    assert hess_cost(problem, better) <= hess_cost(problem, start) * (1 + 1e-12)
    assert evaluate(problem, better).violation <= evaluate(problem, start).violation + 1e-9
    assert is_connected(problem, better)


@pytest.mark.parametrize("seed", range(6))
def test_a_knapsack_costs_what_its_slow_twin_says(seed) -> None:
    rng = np.random.default_rng(seed)
    n = 9
    xy, mass, weights = rng.uniform(0, 9, (n, 2)), rng.uniform(1, 5, n), rng.integers(0, 5, n).astype(float)
    bounds = np.sort(rng.uniform(0, weights.sum(), 2))
    prices = rng.uniform(0, 60, n)
    every = np.arange(n, dtype=np.int32)
    rows = np.arange(0, n * n + 1, n, dtype=np.int32)
    ground = Ground(rows, np.tile(every, n), every, xy, xy, mass, weights, bounds, np.zeros(n))
    priced = np.empty((3, n))
    bound = price(ground, prices, 3, priced)
    slow = [cheapest_share(xy, mass, weights, bounds, prices, centre) for centre in range(n)]
    assert priced[0] == pytest.approx(slow)
    assert bound == pytest.approx(prices.sum() + sum(sorted(slow)[:3]))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), n_units=st.integers(5, 8), n_grids=st.integers(2, 3))
def test_no_bound_ever_exceeds_the_optimum_and_no_fixing_loses_it(seed, n_units, n_grids) -> None:
    problem = hess_problem(seed, n_units, n_grids)
    best, plan = by_full_enumeration(problem)
    if plan is None:
        return
    relaxed = relax(hess_model(problem), best * 1.05, steps=60)
    assert relaxed.bound <= best * (1 + 1e-9)
    centres, _ = centre_units(problem.mass, problem.xy, plan)
    assert relaxed.model.allowed[np.arange(n_units), centres[plan]].all()
    assert set(relaxed.opened) <= set(centres)


@pytest.mark.parametrize("seed", range(5))
def test_a_proof_ends_at_the_optimum_of_full_enumeration(seed) -> None:
    problem = hess_problem(seed, 8, 3, spread=0.5)
    best, plan = by_full_enumeration(problem)
    assert plan is not None
    worst = max((one for one in partitions(problem) if violation(problem, one) == 0), key=lambda p: hess(problem, p))
    proof = prove_hess(problem, np.array(worst, np.int32), limits=LIMITS)
    assert proof.optimal
    assert proof.cost == pytest.approx(best)
    assert is_connected(problem, proof.labels)


def ring(n: int) -> nx.Graph:
    return nx.cycle_graph(n)


def test_around_a_lake_cuts_keep_grids_whole() -> None:
    """Twelve units around a lake: the cheapest grids by distance alone reach across the water."""
    turn = 2 * np.pi * np.arange(12) / 12
    xy = np.column_stack([900 * np.cos(turn), 100 * np.sin(turn)])
    problem = problem_on(ring(12), np.ones(12), 3, xy=xy, low=4, high=4)
    rotations = [np.roll(np.repeat([0, 1, 2], 4), turn).astype(np.int32) for turn in range(4)]
    best = min(hess_cost(problem, one) for one in rotations)
    across = np.array([0, 0, 1, 1, 1, 2, 2, 2, 1, 0, 0, 0], np.int32)
    assert hess_cost(problem, across) < best
    start = np.array([0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0], np.int32)
    proof = prove_hess(problem, start, limits=LIMITS)
    assert proof.optimal
    assert proof.cost == pytest.approx(best)
    assert is_connected(problem, proof.labels)


def test_a_cut_names_what_separates_a_stray_piece_from_its_centre() -> None:
    """On a path 0-1-2-3-4 unit 0 may join the grid of centre 3 only with unit 1, and that with unit 2."""
    problem = problem_on(nx.path_graph(5), np.ones(5), 2, low=1, high=5)
    pairs, _ = pairs_of(relax(hess_model(problem), 1e9, steps=1), 1e9)
    labels, centres = np.array([0, 1, 0, 0, 0], np.int32), np.array([3, 1])
    cuts = separator_cuts(problem, pairs, labels, centres)
    named = {
        (int(pairs.units[columns[0]]), int(pairs.centres[columns[0]])): [int(pairs.units[c]) for c in columns[1:]]
        for columns, _, _ in cuts
    }
    assert named[0, 3] == [1]
    assert named[0, 4] == [1]


def lattice(wide: int, high: int) -> go.UnitGraph:
    network = nx.convert_node_labels_to_integers(nx.grid_2d_graph(wide, high), ordering="sorted")
    weights = np.random.default_rng(1).integers(5, 15, wide * high)
    xy = [(100.0 * x, 100.0 * y) for x in range(wide) for y in range(high)]
    return go.UnitGraph.from_arrays(weights, list(network.edges), xy=xy)


def test_partition_graph_proves_a_plan_on_hess() -> None:
    solution = go.partition_graph(lattice(9, 8), k=4, objective="hess", effort="quick", prove=True)
    assert solution.status == "optimal"
    assert solution.gap == 0
    assert solution.bound == pytest.approx(solution.objective)
    assert (solution.partition.n_pieces() == 1).all()


def test_without_proof_asked_for_a_large_plan_has_no_bound() -> None:
    solution = go.partition_graph(lattice(12, 10), k=4, objective="hess", effort="quick")
    assert solution.bound is None
    assert solution.status == "feasible"
