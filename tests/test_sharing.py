"""Programs that pay for borders: the optimum of full enumeration, true bounds, whole grids, unlike and held ones."""

import dataclasses

import networkx as nx
import numpy as np
import pytest

from gridopt.milp import Limits
from gridopt.solvers.problem import Problem, evaluate, is_connected
from gridopt.solvers.sharing import shared_out
from tests.reference import partitions, problem_on, random_problem, violation

LIMITS = Limits(nodes=2_000)


def costs_of(problem: Problem, centres: np.ndarray) -> np.ndarray:
    away = ((problem.xy[:, None] - centres[None]) ** 2).sum(axis=2)
    return problem.coefficients[0] * problem.mass[:, None] * away


def numbered_plans(problem: Problem) -> list[np.ndarray]:
    """Every plan within bounds, its grids numbered in every way."""
    turns = [np.array(one) for one in ([0, 1], [1, 0])]
    every = [turn[np.array(one)].astype(np.int32) for one in partitions(problem) for turn in turns]
    return [one for one in every if violation(problem, one.tolist()) == 0]


def cost(problem: Problem, costs: np.ndarray, labels: np.ndarray) -> float:
    terms = evaluate(problem, labels).terms
    return float(costs[np.arange(len(labels)), labels].sum() + terms[1:] @ problem.coefficients[1:])


@pytest.mark.parametrize("seed", range(8))
def test_two_grids_around_given_centres_end_at_the_optimum_of_full_enumeration(seed) -> None:
    problem = random_problem(seed, 9, 2, spread=0.4)
    problem = dataclasses.replace(problem, coefficients=np.array([1e-5, 0.1, 0.0]))
    plans = numbered_plans(problem)
    costs = costs_of(problem, problem.xy[[0, 8]])
    best = min(cost(problem, costs, one) for one in plans)
    worst = max(plans, key=lambda one: cost(problem, costs, one))
    shared = shared_out(problem, costs, worst, limits=LIMITS)
    assert shared.optimal
    assert shared.labels is not None
    assert is_connected(problem, shared.labels)
    assert cost(problem, costs, shared.labels) == pytest.approx(best)
    assert shared.bound == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_with_sizes_charged_the_bound_stays_below_the_optimum(seed) -> None:
    problem = random_problem(seed, 8, 2, spread=0.6)
    plans = numbered_plans(problem)
    costs = costs_of(problem, problem.xy[[0, 7]])
    best = min(cost(problem, costs, one) for one in plans)
    shared = shared_out(problem, costs, plans[0], limits=LIMITS)
    assert 0.8 * best <= shared.bound <= best * (1 + 1e-6)


def test_grids_are_kept_whole_where_borders_alone_would_let_them_fall_apart() -> None:
    """Around a lake the units at both ends belong to the near centre; the grid of the far one lies between them."""
    problem = problem_on(nx.path_graph(6), np.ones(6), 2, low=2, high=4, coefficients=(1.0, 0.0, 0.0))
    costs = np.array([[0, 9], [0, 9], [9, 0], [9, 0], [0, 9], [0, 9]], float)
    shared = shared_out(problem, costs, np.array([0, 0, 0, 1, 1, 1], np.int32), limits=LIMITS)
    assert shared.labels is not None
    assert is_connected(problem, shared.labels)
    assert shared.bound == pytest.approx(18)


def test_unlike_bounds_fixed_units_and_closed_grids_are_kept() -> None:
    problem = problem_on(nx.path_graph(7), np.ones(7), 2, fixed={0: 1, 6: 0}, coefficients=(1.0, 1.0, 0.0))
    problem = dataclasses.replace(problem, low=np.array([[4.0], [1.0]]), high=np.array([[5.0], [3.0]]))
    start = np.array([1, 1, 1, 0, 0, 0, 0], np.int32)
    shared = shared_out(problem, np.tile([1.0, 0.5], (7, 1)), start, limits=LIMITS)
    assert shared.labels is not None
    assert shared.labels.tolist() == [1, 1, 1, 0, 0, 0, 0]
    closed = dataclasses.replace(problem, closed=np.array([False, True]), low=np.zeros((2, 1)), high=np.full((2, 1), 9))
    shared = shared_out(closed, np.tile([1.0, 0.5], (7, 1)), start, limits=LIMITS)
    assert shared.labels is not None
    assert shared.labels.tolist() == [1, 0, 0, 0, 0, 0, 0]
