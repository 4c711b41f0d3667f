"""Regions annealed again: never worse, whole, within bounds, every grid in its turn, the same for the same seed."""

import dataclasses

import numpy as np
import pytest

from gridopt.solvers.effort import Effort
from gridopt.solvers.improve import mend
from gridopt.solvers.problem import Problem, evaluate, is_connected
from gridopt.solvers.regions import GRIDS, LEAST, TURNS, _regions, regions_redrawn
from gridopt.solvers.seed import inertial_bisection
from tests.reference import problem_on, random_town

EFFORT = Effort(200, 1)


def town(seed: int, n_grids: int) -> Problem:
    """A town of 10 units a grid, all units alike, 7 to 13 units a grid."""
    graph, xy = random_town(seed, 10 * n_grids)
    return problem_on(graph, np.ones(10 * n_grids), n_grids, xy=xy, low=7, high=13)


@pytest.mark.parametrize("seed", range(3))
def test_redrawn_regions_gain_and_stay_whole_and_within_bounds(seed) -> None:
    problem = town(seed, 12)
    start = mend(problem, inertial_bisection(problem), seed=0)
    better = regions_redrawn(problem, start, effort=EFFORT, seed=1)
    assert evaluate(problem, better).objective < evaluate(problem, start).objective
    assert evaluate(problem, better).violation <= evaluate(problem, start).violation + 1e-9
    assert is_connected(problem, better)
    assert np.array_equal(better, regions_redrawn(problem, start, effort=EFFORT, seed=1))


def test_every_grid_has_its_turns_in_regions_of_neighbours() -> None:
    problem = town(5, 20)
    labels = inertial_bisection(problem)
    regions = list(_regions(problem, labels, backwards=False))
    turns = np.bincount(np.concatenate(regions), minlength=20)
    assert turns.min() >= 1
    assert len(regions) < 20, f"grids that have been in {TURNS} regions need none of their own"
    assert {len(set(region.tolist())) for region in regions} == {GRIDS}
    heads = np.repeat(np.arange(problem.n_units), np.diff(problem.indptr))
    for region in regions:
        inside = np.isin(labels[heads], region) & np.isin(labels[problem.neighbours], region)
        crossing = inside & (labels[heads] != labels[problem.neighbours])
        assert set(labels[heads][crossing].tolist()) == set(region.tolist())


@pytest.mark.parametrize("n_grids", [LEAST, GRIDS])
def test_where_there_are_few_grids_regions_hold_all_but_one(n_grids) -> None:
    problem = town(4, n_grids)
    start = mend(problem, inertial_bisection(problem), seed=0)
    assert {len(region) for region in _regions(problem, start, backwards=False)} == {n_grids - 1}
    better = regions_redrawn(problem, start, effort=EFFORT, seed=1)
    assert evaluate(problem, better).objective <= evaluate(problem, start).objective
    assert is_connected(problem, better)


def test_what_has_too_few_grids_or_fixed_units_is_left_alone() -> None:
    small, large = town(2, LEAST - 1), town(2, 12)
    first = inertial_bisection(small)
    assert regions_redrawn(small, first, effort=EFFORT, seed=0) is first
    labels = inertial_bisection(large)
    fixed = np.full(large.n_units, -1, np.int32)
    fixed[0] = labels[0]
    held = dataclasses.replace(large, fixed=fixed)
    assert regions_redrawn(held, labels, effort=EFFORT, seed=0) is labels


def test_a_time_limit_that_has_run_out_leaves_the_drawing_as_it_is() -> None:
    problem = town(4, 12)
    labels = inertial_bisection(problem)
    over = dataclasses.replace(EFFORT, time_limit=0.0).started()
    assert regions_redrawn(problem, labels, effort=over, seed=0) is labels
