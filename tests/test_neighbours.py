"""Neighbouring grids drawn again: never worse, whole, within bounds, and best where two grids are all there is."""

import dataclasses

import networkx as nx
import numpy as np
import pytest

from gridopt.solvers.hess import offset_of
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


@pytest.mark.parametrize("objective", [(0.0, 0.1, 0.0), (1e-5, 0.1, 0.0), (1e-5, 0.1, 5.0)])
def test_larger_pairs_are_redrawn_by_a_program_that_pays_for_borders(objective) -> None:
    problem = dataclasses.replace(random_problem(4, 44, 2, spread=0.2), coefficients=np.array(objective))
    start = inertial_bisection(problem)
    assert improved(problem, start).tolist() == start.tolist()
    better = improved(problem, start, paired=60)
    before, after = evaluate(problem, start), evaluate(problem, better)
    assert after.objective < before.objective
    assert after.violation <= before.violation
    assert is_connected(problem, better)


def test_borders_of_a_pair_too_large_to_enumerate_end_at_the_fewest() -> None:
    """Eleven by four units cut into two halves of 20 to 24: four edges across the middle are the fewest."""
    network = nx.convert_node_labels_to_integers(nx.grid_2d_graph(11, 4), ordering="sorted")
    problem = problem_on(network, np.ones(44), 2, low=20, high=24, coefficients=(0.0, 1.0, 0.0))
    start = (np.arange(44) % 4 >= 2).astype(np.int32)
    assert evaluate(problem, start).objective == 11
    assert evaluate(problem, improved(problem, start, paired=60)).objective == 4


def test_a_pair_is_redrawn_on_hess_and_borders_together() -> None:
    problem = dataclasses.replace(random_problem(6, 44, 2, spread=0.2), coefficients=np.array([1e-5, 0.1, 0.0]))
    start = inertial_bisection(problem)
    better = improved(problem, start, 5e-6, paired=60)

    def cost(labels: np.ndarray) -> float:
        return evaluate(problem, labels).objective + 5e-6 * offset_of(problem, labels)

    assert cost(better) < cost(start)
    assert is_connected(problem, better)


def test_a_time_limit_ends_the_redrawing_between_two_groups() -> None:
    problem = random_problem(0, 40, 4, spread=0.4)
    start = inertial_bisection(problem)
    assert improved(problem, start, is_over=lambda: True).tolist() == start.tolist()
    assert improved(problem, start).tolist() != start.tolist()
