"""Neighbouring grids drawn again: never worse, whole, within bounds, and best where two grids are all there is."""

import dataclasses

import numpy as np
import pytest

from gridopt.solvers.neighbours import improved
from gridopt.solvers.problem import evaluate, is_connected
from gridopt.solvers.prove import hess_cost
from gridopt.solvers.seed import inertial_bisection
from tests.reference import best, partitions, problem_on, random_problem, random_town, violation


@pytest.mark.parametrize("seed", range(4))
def test_redrawn_neighbours_are_never_worse_and_stay_whole_and_within_bounds(seed) -> None:
    problem = random_problem(seed, 40, 4, spread=0.4)
    start = inertial_bisection(problem)
    better = improved(problem, start)
    before, after = evaluate(problem, start), evaluate(problem, better)
    assert after.objective <= before.objective * (1 + 1e-12)
    assert after.violation <= before.violation + 1e-9
    assert is_connected(problem, better)


@pytest.mark.parametrize("seed", range(3))
def test_two_grids_alone_end_at_the_optimum_of_full_enumeration(seed) -> None:
    problem = random_problem(seed, 9, 2, spread=0.5)
    plans = [one for one in partitions(problem) if violation(problem, one) == 0]
    worst = max(plans, key=lambda one: evaluate(problem, np.array(one, np.int32)).objective)
    better = improved(problem, np.array(worst, np.int32))
    assert evaluate(problem, better).objective == pytest.approx(best(problem)[1])


def test_two_large_grids_are_redrawn_by_the_hess_program() -> None:
    graph, xy = random_town(3, 60)
    for a, b in graph.edges:
        graph[a][b]["cost"] = 0.0
    problem = problem_on(graph, np.ones(60), 2, xy=xy, low=27, high=33, coefficients=(1.0, 0.0, 0.0))
    start = inertial_bisection(problem)
    better = improved(problem, start, 1.0, paired=100)
    assert hess_cost(problem, better) < hess_cost(problem, start)
    assert evaluate(problem, better).violation == 0
    assert is_connected(problem, better)


def test_problems_with_fixed_units_are_left_alone() -> None:
    problem = random_problem(1, 20, 2, spread=0.9)
    start = inertial_bisection(problem)
    fixed = np.full(20, -1, np.int32)
    fixed[0] = start[0]
    assert improved(dataclasses.replace(problem, fixed=fixed), start).tolist() == start.tolist()
