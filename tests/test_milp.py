"""The gate to HiGHS: true status, bound and values; set partitioning on pools solved by eye."""

import numpy as np
import pulp
import pytest
from scipy.sparse import csc_array

from gridopt.milp import Growing, Limits, Program, solve
from gridopt.milp.readable import set_partitioning
from gridopt.milp.set_partitioning import choose


def covering(cost, columns, integral=True) -> Program:
    matrix = csc_array(np.array(columns, float).T)
    ones = np.ones(matrix.shape[0])
    return Program(np.array(cost, float), matrix, ones, ones, integral)


def test_an_optimum_comes_with_its_bound() -> None:
    outcome = solve(covering([3, 2, 2], [[1, 1], [1, 0], [0, 1]]))
    assert outcome.status == "optimal"
    assert outcome.objective == pytest.approx(3)
    assert outcome.bound == pytest.approx(3)
    assert outcome.values is not None
    assert outcome.values.round().tolist() == [1, 0, 0]


def test_an_impossible_program_is_called_infeasible_and_has_no_values() -> None:
    outcome = solve(covering([1, 1], [[1, 0, 0], [0, 1, 0]]))
    assert (outcome.status, outcome.values, outcome.objective, outcome.bound) == ("infeasible", None, None, None)


def hard() -> Program:
    """Fifteen rows, each of 3 of many columns: thousands of nodes."""
    rng = np.random.default_rng(0)
    matrix = csc_array((rng.random((15, 120)) < 0.3).astype(float))
    side = np.full(15, 3.0)
    return Program(rng.random(120) + matrix.sum(axis=0), matrix, side, side)


def test_a_solve_that_ends_at_its_limit_is_never_called_optimal() -> None:
    assert solve(hard(), Limits(nodes=1, iterations=40)).status == "limit"


def test_iterations_cap_an_integer_program_at_the_same_place_every_time() -> None:
    few, again = (solve(hard(), Limits(nodes=10**6, iterations=200)) for _ in range(2))
    more = solve(hard(), Limits(nodes=10**6, iterations=800))
    assert few.status == more.status == "limit"
    assert few.bound is not None
    assert more.bound is not None
    assert few.bound == again.bound < more.bound


def test_a_relaxation_gives_reduced_costs() -> None:
    outcome = solve(covering([3, 2, 2], [[1, 1], [1, 0], [0, 1]], integral=False))
    assert outcome.reduced is not None
    assert outcome.objective == pytest.approx(3)


POOL = csc_array(np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]], float).T)


def test_the_cheapest_disjoint_grids_of_the_asked_number_are_chosen() -> None:
    cost = np.array([5.0, 5.0, 1.0, 1.0, 1.0])
    assert choose(POOL, cost, 3).objective == pytest.approx(3)
    two = choose(POOL, cost, 2)
    assert two.chosen is not None
    assert two.chosen.tolist() == [0, 1]


def test_a_known_plan_only_prunes_what_cannot_beat_it() -> None:
    cost = np.array([5.0, 5.0, 1.0, 1.0, 1.0])
    assert choose(POOL, cost, 3, incumbent=3.0).objective == pytest.approx(3)


def test_a_number_that_no_choice_reaches_is_infeasible() -> None:
    assert choose(POOL, np.ones(5), 1).status == "infeasible"


@pytest.mark.parametrize("seed", range(5))
def test_the_readable_formulation_and_the_arrays_agree(seed) -> None:
    rng = np.random.default_rng(seed)
    singles = [[unit] for unit in range(6)]
    groups = singles + [sorted(rng.choice(6, 3, replace=False).tolist()) for _ in range(12)]
    cost = rng.uniform(1, 5, len(groups))
    columns = np.zeros((6, len(groups)))
    for g, group in enumerate(groups):
        columns[group, g] = 1
    readable = set_partitioning(groups, cost.tolist(), 4)
    readable.solve(pulp.HiGHS(msg=False))
    choice = choose(csc_array(columns), cost, 4)
    assert choice.status == "optimal"
    assert choice.objective == pytest.approx(pulp.value(readable.objective))


def test_the_readable_formulation_prints_as_an_lp_file(tmp_path) -> None:
    set_partitioning([[0], [1], [0, 1]], [1.0, 1.0, 3.0], 2).writeLP(tmp_path / "model.lp")
    assert "unit_0_in_exactly_one" in (tmp_path / "model.lp").read_text()


def test_a_program_that_grows_ends_where_the_whole_one_does() -> None:
    rng = np.random.default_rng(5)
    rows = np.vstack([np.eye(8), rng.random((60, 8)) < 0.4]).T.astype(float)
    cost = np.concatenate([np.full(8, 9.0), rng.uniform(1, 9, 60)])
    growing, ends = Growing(np.ones(8), np.ones(8)), []
    for first in (0, 8, 30, 50):
        last = {0: 8, 8: 30, 30: 50, 50: 68}[first]
        growing.join(cost[first:last], csc_array(rows[:, first:last]))
        whole = Program(cost[:last], csc_array(rows[:, :last]), np.ones(8), np.ones(8), integral=False)
        grown, anew = growing.solve(), solve(whole)
        assert grown.status == "optimal"
        assert grown.objective == pytest.approx(anew.objective)
        assert (cost[:last] - grown.prices @ rows[:, :last] >= -1e-7).all()
        ends.append(grown.objective)
    assert ends[0] == pytest.approx(72)
    assert ends == sorted(ends, reverse=True)
    assert ends[-1] < ends[0]


def test_a_growing_program_without_an_answer_says_so() -> None:
    growing = Growing(np.ones(2), np.ones(2))
    growing.join(np.ones(1), csc_array(np.array([[1.0], [0.0]])))
    assert growing.solve().status == "infeasible"
