"""Prices and grids worth them: the search finds all that plain enumeration does, and no bound lies above the truth."""

import dataclasses
from itertools import combinations, permutations

import networkx as nx
import numpy as np
import pytest

import gridopt as go
from gridopt._kernels.pricing import COMPLETE, Caught, Growth, catch
from gridopt.solvers.columns import generated, within
from gridopt.solvers.effort import Effort
from gridopt.solvers.improve import search
from gridopt.solvers.market import Admissible
from gridopt.solvers.problem import Problem, evaluate
from gridopt.solvers.settle import settled
from tests.reference import best, objective, partitions, pieces, problem_on, random_problem, strict_problem, violation

STANDARD, PROVING = Effort.named("standard"), dataclasses.replace(Effort.named("standard"), prove=True)


def every_set(problem: Problem) -> np.ndarray:
    """Every connected set of units, (s, n)."""
    units = range(problem.n_units)
    sets = [chosen for size in units for chosen in combinations(units, size + 1)]
    connected = [chosen for chosen in sets if len(pieces(problem, chosen)) == 1]
    members = np.zeros((len(connected), problem.n_units), bool)
    for row, chosen in enumerate(connected):
        members[row, list(chosen)] = True
    return members


def some_plan(problem: Problem, *, miss: bool = False) -> np.ndarray | None:
    """The last plan that keeps the bounds, or one that misses them by some."""
    plans = [one for one in partitions(problem) if (violation(problem, one) > 0) == miss]
    return np.array(plans[-1], np.int32) if plans else None


@pytest.mark.parametrize("seed", range(10))
def test_the_sets_caught_are_those_of_enumeration(seed) -> None:
    problem = random_problem(seed, 9, 3, spread=0.6)
    plan = some_plan(problem, miss=seed % 2 == 1)
    if plan is None:
        pytest.skip("no such plan on this town")
    admissible = Admissible.beside(problem, plan)
    random = np.random.default_rng(seed)
    units, grid, fine = random.uniform(0, 2, 9), float(random.uniform(-1, 1)), float(random.uniform(0, 3))
    members = every_set(problem)
    members = members[admissible.admits(members)]
    worth = admissible.costs(members) + fine * admissible.misses(members) - members @ units - grid
    aim = float(np.median(worth)) + 1e-6
    caught, least = set(), np.inf
    for market, tariff in admissible.tariffs(units, grid, fine):
        growth, found = Growth.of(9, 2), Caught.of(1_000, 9)
        catch(market, tariff, aim, 0.0, 100_000, growth, found)
        assert found.counts[2] == COMPLETE
        rows = np.zeros((found.counts[0], 9), bool)
        rows[:, admissible.order] = found.members[: len(rows)]
        caught |= {tuple(row) for row in rows}
        catch(market, tariff, 1e9, 0.5, 100_000, growth, found)
        least = min(least, found.least[0])
    expected = {tuple(row) for row in members[worth <= aim]}
    assert caught == expected
    assert least == pytest.approx(worth.min())


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_is_below_every_plan_that_misses_no_more(seed) -> None:
    problem = random_problem(seed, 8, 3, spread=0.05 if seed % 2 else 0.4)
    if seed % 3 == 0:
        heavy = problem.weights.copy()
        heavy[0, 0] += problem.high[0, 0]
        problem = dataclasses.replace(problem, weights=heavy)
    plans = [np.array(one, np.int32) for one in partitions(problem)]
    admissible = [Admissible.beside(problem, plan) for plan in plans[:: max(len(plans) // 6, 1)]]
    for known, plan in zip(admissible, plans[:: max(len(plans) // 6, 1)], strict=True):
        bound = generated(known, plan, 200_000).best.bound
        assert np.isfinite(bound)
        as_good = [one for one in plans if misses_no_more(problem, one, plan)]
        cheapest = min(float(known.costs(one == np.arange(3)[:, None]).sum()) for one in as_good)
        assert bound <= cheapest * (1 + 1e-9)


def misses_no_more(problem: Problem, one: np.ndarray, plan: np.ndarray) -> bool:
    """Whether one plan misses no bound by more than another, all grids together."""
    missed = []
    for labels in (one, plan):
        sums = np.column_stack([np.bincount(labels, column, 3) for column in problem.weights.T])
        short, excess = np.maximum(problem.low - sums, 0), np.maximum(sums - problem.high, 0)
        missed.append([*short.sum(axis=0), *excess.sum(axis=0)])
    return bool((np.array(missed[0]) <= np.array(missed[1]) + 1e-9).all())


@pytest.mark.parametrize("seed", range(16))
def test_a_small_drawing_is_settled_at_the_optimum(seed) -> None:
    problem = random_problem(seed, 9, 2 + seed % 2, spread=0.4)
    plan = some_plan(problem)
    if plan is None:
        pytest.skip("no plan within bounds on this town")
    one = settled(problem, plan, STANDARD)
    assert one.is_best
    assert objective(problem, one.labels.tolist()) == pytest.approx(best(problem)[1])


def ruled_problem(seed: int) -> Problem:
    """A town with a pair of units in one grid, a pair apart, a walk of 260 m, and nothing enclosed."""
    problem = strict_problem(seed, 8, 3)
    rules = problem.conditions
    assert rules.walks is not None
    milder = dataclasses.replace(rules, pairs=rules.pairs[:2], walks=dataclasses.replace(rules.walks, limit=260.0))
    return dataclasses.replace(problem, conditions=milder, low=0.5 * problem.low, high=1.5 * problem.high)


@pytest.mark.parametrize("seed", [2, 7, 9, 10, 12, 24, 30, 42, 48, 55])
def test_further_rules_hold_in_what_is_settled(seed) -> None:
    problem = ruled_problem(seed)
    plans = [one for one in partitions(problem) if violation(problem, one) == 0]
    one = settled(problem, np.array(plans[-1], np.int32), STANDARD)
    cheapest = min(objective(problem, plan) for plan in turned(problem, plans))
    assert evaluate(problem, one.labels).violation <= 1e-9
    assert one.slack is not None  # the bound holds among all plans, those that break rules among them
    assert evaluate(problem, one.labels).objective - one.slack <= cheapest * (1 + 1e-9)
    if one.is_best:
        assert evaluate(problem, one.labels).objective == pytest.approx(cheapest)


def turned(problem: Problem, plans: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The plans with their grids numbered in every way: centres may be given to one of them."""
    turns = permutations(range(problem.n_grids))
    ways = [tuple(turn[grid] for grid in plan) for turn in turns for plan in plans]
    return [way for way in ways if violation(problem, way) == 0]


def town(wide: int, high: int, n_grids: int, seed: int) -> Problem:
    network = nx.convert_node_labels_to_integers(nx.grid_2d_graph(wide, high), ordering="sorted")
    weights = np.random.default_rng(seed).integers(20, 60, wide * high)
    xy = [(100.0 * x, 100.0 * y) for x in range(wide) for y in range(high)]
    mean = weights.sum() / n_grids
    weighed = {"low": 0.8 * mean, "high": 1.2 * mean, "coefficients": (1e-7, 0.02, 1.0)}
    return problem_on(network, weights, n_grids, xy=xy, **weighed)


@pytest.mark.parametrize(("wide", "high", "n_grids"), [(7, 6, 5), (9, 8, 8)])
def test_drawings_of_built_towns_are_proved(wide, high, n_grids) -> None:
    problem = town(wide, high, n_grids, 3)
    found = search(problem, effort=Effort.named("quick"), seed=1)
    one = settled(problem, found.labels, PROVING)
    assert one.is_best
    assert evaluate(problem, one.labels).objective <= found.objective * (1 + 1e-12)
    assert one.known is not None
    assert one.known.best.bound > 0.95 * evaluate(problem, one.labels).objective


def test_grids_too_many_to_choose_from_leave_the_bound() -> None:
    problem = town(7, 6, 5, 1)
    labels = search(problem, effort=Effort.named("quick"), seed=1).labels
    admissible = Admissible.beside(problem, labels)
    known = generated(admissible, labels, 1_000_000)
    assert within(admissible, known.best, 1e9, 1_000_000, 100) is None
    assert generated(admissible, labels, 100).best.bound == -np.inf


def test_the_same_problem_is_settled_the_same_whatever_was_settled_before() -> None:
    problem, other = town(7, 6, 5, 1), town(9, 8, 8, 2)
    labels = search(problem, effort=Effort.named("quick"), seed=1).labels
    first = settled(problem, labels, STANDARD)
    settled(other, search(other, effort=Effort.named("quick"), seed=1).labels, Effort.named("quick"))
    again = settled(problem, labels, STANDARD)
    assert first.slack == again.slack
    assert np.array_equal(first.labels, again.labels)


def test_bare_graphs_are_proved_on_inertia_and_cut_edges_together() -> None:
    network = nx.convert_node_labels_to_integers(nx.grid_2d_graph(8, 6), ordering="sorted")
    xy = [(100.0 * x, 100.0 * y) for x in range(8) for y in range(6)]
    weights = np.random.default_rng(4).integers(5, 15, 48)
    graph = go.UnitGraph.from_arrays(weights, list(network.edges), xy=xy)
    asked = {"objective": {"inertia": 1, "cut_edges": 1}, "tolerance": 0.2, "effort": "quick", "seed": 1}
    proved = go.partition_graph(graph, k=5, prove=True, **asked)
    plain = go.partition_graph(graph, k=5, **asked)
    assert proved.status == "optimal"
    assert proved.objective <= plain.objective * (1 + 1e-9)
    assert (proved.partition.n_pieces() == 1).all()
