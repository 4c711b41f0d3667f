"""What is asked of a bare graph: bounds about the mean, grids shared out, units above a bound set apart."""

import numpy as np
import pytest

from gridopt.graph import UnitGraph
from gridopt.solvers.asked import Bounds, checked_objective, power_of_two, tasks

NO_CENTRES = np.zeros(0, np.int32)


def row(weights, parents=None) -> UnitGraph:
    n = len(weights)
    return UnitGraph.from_arrays(
        weights, [(i, i + 1) for i in range(n - 1)], xy=[(100.0 * x, 0) for x in range(n)], parents=parents
    )


def test_bounds_lie_about_the_mean_in_every_measure() -> None:
    low, high = Bounds(4, None, None, 0.25).around(np.array([100.0, 40.0]))
    assert (low.tolist(), high.tolist()) == ([75, 30], [125, 50])


def test_given_bounds_hold_for_the_first_measure_whatever_the_mean() -> None:
    low, high = Bounds(None, 3, 9, 0.1).around(np.array([100.0, 40.0]))
    assert (low.tolist(), high.tolist()) == ([3, 0], [9, np.inf])


def test_k_is_shared_out_to_parents_by_weight() -> None:
    shared = tasks(row(np.ones(12), parents=[0] * 9 + [1] * 3), Bounds(4, None, None, 0.1), NO_CENTRES)
    assert [(task.k, task.alone, len(task.rest)) for task in shared] == [(3, (), 9), (1, (), 3)]


def test_a_unit_above_the_bound_is_set_apart_with_what_it_alone_touches() -> None:
    (task,) = tasks(
        row([1, 9, 1, 1, 1, 1]), Bounds(3, None, None, 0.1), NO_CENTRES
    )  # mean 4.7; then two grids of four ones
    assert [grid.tolist() for grid in task.alone] == [[0, 1]]
    assert (task.k, task.rest.tolist()) == (2, [2, 3, 4, 5])
    assert (task.low[0], task.high[0]) == pytest.approx((1.8, 2.2))


def test_the_heaviest_part_stays_free_beside_a_unit_above_the_bound() -> None:
    (task,) = tasks(row([1, 1, 9, 1]), Bounds(2, None, None, 0.1), NO_CENTRES)
    assert [grid.tolist() for grid in task.alone] == [[2, 3]]
    assert (task.k, task.rest.tolist()) == (1, [0, 1])


def test_more_units_above_the_bound_than_grids_leave_all_to_the_search() -> None:
    (task,) = tasks(row([9, 1, 9, 1, 9, 1]), Bounds(3, None, 8, 0.1), NO_CENTRES)
    assert task.alone == ()
    assert task.k == 3


def test_low_and_high_choose_the_number_in_any_unit_of_measure() -> None:
    for scale in (1e-9, 1.0, 1e9):
        (task,) = tasks(row(np.ones(25) * scale), Bounds(None, 15 * scale, 20 * scale, 0.1), NO_CENTRES)
        assert task.k == 1  # 25 fits neither one nor two: the same excess, so the fewer


def test_a_term_of_no_weight_is_not_asked_for() -> None:
    assert checked_objective(row([1, 1]), {"inertia": 2, "cut_border": 0}) == {"inertia": 2}


def test_the_power_of_two_next_to_a_size_changes_no_digit() -> None:
    sizes = np.array([0.0, 3.0, 1e-9, 7e12])
    scale = power_of_two(sizes)
    assert scale[0] == 1
    assert (sizes / scale * scale == sizes).all()
    assert ((sizes[1:] / scale[1:] > 0.7) & (sizes[1:] / scale[1:] < 1.5)).all()
