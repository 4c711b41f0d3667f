"""The search against full enumeration, its promises about fixed units and closed grids, and its sameness."""

import json

import networkx as nx
import numpy as np
import pytest

from gridopt.errors import RuleError, SolverError
from gridopt.solvers.effort import Effort
from gridopt.solvers.improve import anneal, mend, search
from gridopt.solvers.problem import Problem, evaluate, is_connected, n_pieces
from gridopt.solvers.seed import inertial_bisection, shares, start
from tests import reference
from tests.reference import problem_on, random_problem

BRIEF = Effort(300, 2)


def block(width: int, height: int) -> tuple[nx.Graph, np.ndarray]:
    """A lattice of units 100 m apart, and their places."""
    lattice = nx.grid_2d_graph(width, height)
    return nx.convert_node_labels_to_integers(lattice, ordering="sorted"), np.array(sorted(lattice)) * 100.0


def lattice_case(case: int) -> Problem:
    """A tiny lattice with its own sizes, bounds and number of grids: at most 10 units."""
    rng = np.random.default_rng(case)
    width, height = [(3, 3), (2, 5), (5, 2), (2, 4)][case % 4]
    graph, xy = block(width, height)
    sizes = rng.integers(1, 10, width * height) * 10.0
    n_grids = 2 + case % (3 if width * height < 10 else 2)
    mean, spread = sizes.sum() / n_grids, [0.1, 0.2, 0.35][case // 4 % 3]
    return problem_on(
        graph, sizes, n_grids, xy=xy, low=(1 - spread) * mean, high=(1 + spread) * mean, coefficients=(1e-4, 1.0, 10.0)
    )


def test_search_reaches_the_enumerated_optimum_of_tiny_lattices() -> None:
    optimal, cases = 0, 48
    for case in range(cases):
        problem = lattice_case(case)
        violation, objective = reference.best(problem)
        found = search(problem, effort=BRIEF, seed=0)
        assert is_connected(problem, found.labels)
        assert (found.violation <= 1e-9) == (violation <= 1e-9), f"case {case}: a feasible partition was missed"
        optimal += found.violation <= violation + 1e-6 and found.objective <= objective * (1 + 1e-9)
    assert optimal >= 0.97 * cases


@pytest.mark.parametrize("seed", range(10))
def test_search_finds_a_feasible_partition_of_an_irregular_town_wherever_there_is_one(seed: int) -> None:
    problem = random_problem(seed, 9, 3, spread=0.2)
    violation, objective = reference.best(problem)
    found = search(problem, effort=BRIEF, seed=1)
    assert found.violation == pytest.approx(violation, abs=1e-6)
    assert found.objective <= 1.01 * objective


def test_the_score_of_an_answer_is_its_own() -> None:
    problem = random_problem(3, 40, 6)
    found = search(problem, effort=BRIEF, seed=0)
    assert (found.objective, found.violation) == evaluate(problem, found.labels)[1:]
    assert is_connected(problem, found.labels)


def test_the_same_seed_gives_the_same_labels_on_any_number_of_workers() -> None:
    problem = random_problem(5, 60, 6)
    answers = [search(problem, effort=Effort(200, 3, workers=workers), seed=4) for workers in (None, 1, 2, 3)]
    assert len({one.labels.tobytes() for one in answers}) == 1
    assert len({json.dumps([grid.tolist() for grid in one.pool]) for one in answers}) == 1


def test_search_is_never_worse_than_the_labels_it_is_given() -> None:
    problem = random_problem(8, 30, 4)
    good = search(problem, effort=Effort(2000, 8), seed=0)
    again = search(problem, good.labels, effort=Effort(1, 1), seed=9)
    assert (again.violation, again.objective) <= (good.violation, good.objective)


def test_the_pool_holds_connected_grids_within_bounds_and_those_of_the_answer() -> None:
    problem = random_problem(5, 60, 6)
    found = search(problem, effort=Effort(500, 3), seed=0)
    assert found.violation == 0
    for units in found.pool:
        assert len(reference.pieces(problem, units.tolist())) == 1
        assert (problem.weights[units].sum(axis=0) >= problem.low[0]).all()
        assert (problem.weights[units].sum(axis=0) <= problem.high[0]).all()
    listed = {units.tobytes() for units in found.pool}
    assert all(np.flatnonzero(found.labels == g).astype(np.int32).tobytes() in listed for g in range(6))


def test_fixed_units_stay_and_a_closed_grid_takes_only_empty_ones() -> None:
    graph, xy = block(6, 5)
    sizes = np.full(30, 10.0)
    sizes[14], sizes[[15, 20, 21]] = 500.0, 0.0
    problem = problem_on(graph, sizes, 4, xy=xy, low=70, high=110, fixed={14: 3, 0: 1}, closed=[3], exempt=[3])
    for seed in range(5):
        found = search(problem, effort=BRIEF, seed=seed)
        assert found.labels[14] == 3
        assert found.labels[0] == 1
        assert set(np.flatnonzero(found.labels == 3)) <= {14, 15, 20, 21}
        assert is_connected(problem, found.labels)
        assert found.violation == 0


def test_a_grid_grows_from_its_fixed_unit_in_the_corner() -> None:
    graph, xy = block(10, 10)
    problem = problem_on(graph, np.ones(100), 4, xy=xy, low=23, high=27, fixed={0: 2, 99: 2 - 2})
    found = search(problem, effort=BRIEF, seed=0)
    assert found.violation == 0
    assert (found.labels[0], found.labels[99]) == (2, 0)
    assert is_connected(problem, found.labels)


def test_each_piece_gets_the_grids_it_is_given() -> None:
    graph = nx.disjoint_union(nx.path_graph(6), nx.path_graph(4))
    problem = problem_on(graph, np.ones(10), 4)
    pieces, counts = shares(problem)
    assert counts.tolist() == [2, 2]
    labels = start(problem, pieces, np.array([1, 3]))
    assert len(set(labels[:6].tolist())) == 1
    assert len(set(labels[6:].tolist())) == 3
    assert is_connected(problem, search(problem, labels, effort=BRIEF, seed=0).labels)


def test_more_pieces_than_grids_share_one_and_stay_what_they_are() -> None:
    graph = nx.disjoint_union_all([nx.path_graph(8), nx.path_graph(8), nx.path_graph(1)])
    problem = problem_on(graph, np.ones(17), 2)
    found = search(problem, effort=BRIEF, seed=0)
    assert sorted(n_pieces(problem, found.labels)) == [1, 2]


def test_a_ground_full_of_empty_units_is_shared_out_whole() -> None:
    graph, xy = block(8, 8)
    sizes = np.where(np.arange(64) % 2 == 0, 10.0, 0.0)
    problem = problem_on(graph, sizes, 4, xy=xy, low=70, high=90)
    found = search(problem, effort=BRIEF, seed=0)
    assert found.violation == 0
    assert is_connected(problem, found.labels)


def test_as_many_grids_as_units_leaves_each_alone() -> None:
    graph, xy = block(3, 3)
    found = search(problem_on(graph, np.ones(9), 9, xy=xy), effort=BRIEF, seed=0)
    assert sorted(found.labels) == list(range(9))


def test_annealing_and_mending_alone_keep_their_promises() -> None:
    problem = random_problem(11, 50, 5)
    first = inertial_bisection(problem)
    annealed = anneal(problem, first, sweeps=200, seed=1)
    mended = mend(problem, annealed, seed=1)
    assert is_connected(problem, annealed)
    assert is_connected(problem, mended)
    assert evaluate(problem, annealed).violation <= evaluate(problem, first).violation
    assert evaluate(problem, mended).violation <= evaluate(problem, annealed).violation


def test_a_shortfall_is_taken_where_an_excess_is_dearer() -> None:
    problem = problem_on(nx.path_graph(3), [4, 4, 4], 2, low=5, high=7)
    found = search(problem, effort=BRIEF, seed=0)
    assert sorted(np.bincount(found.labels)) == [1, 2]
    assert found.violation == pytest.approx(1 / 5 + 1 / 7)


def test_a_time_limit_that_bites_is_said() -> None:
    problem = random_problem(2, 60, 5)
    found = search(problem, effort=Effort(2000, 50, time_limit=0.0), seed=0)
    assert found.time_limited
    assert found.runs == 1


def test_a_start_that_is_no_partition_is_refused() -> None:
    problem = problem_on(nx.path_graph(4), np.ones(4), 2, fixed={0: 1})
    with pytest.raises(SolverError, match="every label used"):
        search(problem, np.zeros(4, np.int32), effort=BRIEF, seed=0)
    with pytest.raises(SolverError, match="1 fixed units start outside"):
        mend(problem, np.array([0, 0, 1, 1], np.int32), seed=0)
    with pytest.raises(SolverError, match="4 units cannot form 5 grids"):
        problem_on(nx.path_graph(4), np.ones(4), 5)


def test_a_wrong_effort_lists_the_good_ones() -> None:
    with pytest.raises(RuleError, match='choose one of "quick", "standard", "thorough"'):
        Effort.named("turbo")
    with pytest.raises(RuleError, match="at least 1 iteration"):
        Effort(0, 1)


def test_an_effort_spends_its_sweeps_and_runs_by_size() -> None:
    standard = Effort.named("standard")
    assert (standard.sweeps(1000), standard.runs(1000)) == (800, 6)
    assert (standard.sweeps(4000), standard.runs(4000)) == (800, 3)
    assert (standard.sweeps(32_000), standard.runs(32_000)) == (400, 1)
    assert standard.sweeps(25) < 800
    assert standard.runs(25) > 8
