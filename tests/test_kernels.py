"""Every kernel against its slow twin on small random towns, and on the shapes that break graph code."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridopt._kernels.anneal import anneal, new_trail
from gridopt._kernels.contiguity import stays_whole
from gridopt._kernels.mend import descend, new_chain, relieve
from gridopt._kernels.state import change, new_state
from gridopt.solvers.improve import LINKS, SCHEDULE
from gridopt.solvers.problem import Problem, evaluate, is_connected, n_pieces
from gridopt.solvers.seed import inertial_bisection
from tests import reference
from tests.reference import problem_on, random_problem, strict_problem

towns = st.tuples(st.integers(0, 10_000), st.integers(2, 24), st.integers(1, 6), st.booleans()).map(
    lambda drawn: (strict_problem if drawn[3] else random_problem)(drawn[0], drawn[1], min(drawn[2], drawn[1]))
)
small = settings(max_examples=40, deadline=None, derandomize=True)


def scattered(problem: Problem, seed: int) -> np.ndarray:
    """Any labels that use every grid, connected or not."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, problem.n_grids, problem.n_units)
    labels[rng.permutation(problem.n_units)[: problem.n_grids]] = np.arange(problem.n_grids)
    return labels.astype(np.int32)


def by_unit(problem: Problem, labels: np.ndarray) -> np.ndarray:
    """Labels in board order put back into unit order."""
    restored = np.empty_like(labels)
    restored[problem.order] = labels
    return restored


@small
@given(towns, st.integers(0, 99))
def test_a_score_is_what_its_definition_says(problem: Problem, seed: int) -> None:
    labels = scattered(problem, seed)
    score = evaluate(problem, labels)
    np.testing.assert_allclose(score.terms, reference.terms(problem, labels), rtol=1e-9, atol=1e-6)
    assert score.objective == pytest.approx(reference.objective(problem, labels))
    assert score.violation == pytest.approx(reference.violation(problem, labels))
    assert is_connected(problem, labels) == reference.is_connected(problem, labels)


@small
@given(towns, st.integers(0, 99))
def test_a_fresh_state_holds_the_score_of_its_labels(problem: Problem, seed: int) -> None:
    labels = scattered(problem, seed)
    state = new_state(problem.board, labels[problem.order])
    assert state.total[0] == pytest.approx(reference.objective(problem, labels))
    assert state.total[1] == pytest.approx(reference.violation(problem, labels))


@small
@given(towns, st.integers(0, 99))
def test_the_change_of_a_move_is_the_difference_of_two_scores(problem: Problem, seed: int) -> None:
    labels = scattered(problem, seed)
    state = new_state(problem.board, labels[problem.order])
    before = evaluate(problem, labels)
    for place, unit in enumerate(problem.order):
        for grid in range(problem.n_grids):
            if grid == labels[unit] or (labels == labels[unit]).sum() == 1:
                continue
            moved = labels.copy()
            moved[unit] = grid
            after = evaluate(problem, moved)
            objective, violation, _ = change(problem.board, state, place, grid)
            assert objective == pytest.approx(after.objective - before.objective, abs=1e-7)
            assert violation == pytest.approx(after.violation - before.violation, abs=1e-9)


@small
@given(towns, st.integers(0, 99))
def test_a_grid_stays_whole_without_a_unit_exactly_if_its_neighbours_do(problem: Problem, seed: int) -> None:
    labels = scattered(problem, seed) if seed % 2 else inertial_bisection(problem)
    state = new_state(problem.board, labels[problem.order])
    for place, unit in enumerate(problem.order):
        expected = reference.stays_whole(problem, labels.tolist(), int(unit))
        assert stays_whole(problem.board, state, place) == expected


@small
@given(towns)
def test_bisection_agrees_with_its_twin(problem: Problem) -> None:
    parts = reference.bisection(problem, problem.order.tolist(), problem.n_grids)
    expected = np.empty(problem.n_units, np.int32)
    for number, units in enumerate(parts):
        expected[units] = number
    np.testing.assert_array_equal(inertial_bisection(problem), expected)


@small
@given(towns, st.floats(0, 3), st.integers(0, 99))
def test_bisection_makes_connected_grids_of_any_connected_graph(problem: Problem, jitter: float, seed: int) -> None:
    labels = inertial_bisection(problem, jitter=jitter, seed=seed)
    assert reference.is_connected(problem, labels.tolist())


SHAPES = {
    "path": nx.path_graph(17),
    "star": nx.star_graph(16),
    "ring": nx.cycle_graph(17),
    "tree": nx.balanced_tree(2, 3),
    "wheel": nx.wheel_graph(12),
    "complete": nx.complete_graph(9),
    "dumbbell": nx.barbell_graph(6, 4),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sizes", ["alike", "none", "one", "dominant"])
@pytest.mark.parametrize("places", ["line", "one point", "circle"])
def test_bisection_holds_on_awkward_graphs_sizes_and_places(shape: str, sizes: str, places: str) -> None:
    graph = SHAPES[shape]
    n = len(graph)
    weights = {"alike": np.ones(n), "none": np.zeros(n), "one": np.eye(n)[0], "dominant": 1 + 1000 * np.eye(n)[n // 2]}
    angle = 2 * np.pi * np.arange(n) / n
    xy = {"line": None, "one point": np.zeros((n, 2)), "circle": np.column_stack([np.cos(angle), np.sin(angle)])}
    for n_grids in (1, 2, 3, n // 2, n - 1, n):
        problem = problem_on(graph, weights[sizes], n_grids, xy=xy[places])
        assert is_connected(problem, inertial_bisection(problem))


@small
@given(towns, st.integers(0, 99))
def test_annealing_keeps_grids_whole_and_its_books_true(problem: Problem, seed: int) -> None:
    labels = inertial_bisection(problem)
    before = evaluate(problem, labels)
    state = new_state(problem.board, labels[problem.order])
    trail = new_trail(state)
    anneal(problem.board, state, trail, 60, np.uint64(seed), np.array(SCHEDULE))
    last, kept = by_unit(problem, state.labels), by_unit(problem, trail.labels)
    assert is_connected(problem, last)
    assert is_connected(problem, kept)
    assert state.total[0] == pytest.approx(evaluate(problem, last).objective, rel=1e-7, abs=1e-7)
    assert state.total[1] == pytest.approx(evaluate(problem, last).violation, abs=1e-9)
    assert trail.record[0] == pytest.approx(evaluate(problem, kept).objective, rel=1e-7, abs=1e-7)
    assert trail.record[1] == pytest.approx(evaluate(problem, kept).violation, abs=1e-9)
    assert tuple(trail.record[::-1]) <= (before.violation + 1e-9, max(before.objective, trail.record[0]))


@small
@given(towns)
def test_repair_never_raises_the_violation_and_keeps_grids_whole(problem: Problem) -> None:
    labels = inertial_bisection(problem)
    state = new_state(problem.board, labels[problem.order])
    relieve(problem.board, state, new_chain(problem.board, state), LINKS, 2000, 0)
    mended = by_unit(problem, state.labels)
    assert is_connected(problem, mended)
    assert evaluate(problem, mended).violation <= evaluate(problem, labels).violation + 1e-9
    assert state.total[1] == pytest.approx(evaluate(problem, mended).violation, abs=1e-9)


@small
@given(towns)
def test_descent_ends_where_no_single_move_is_better(problem: Problem) -> None:
    labels = inertial_bisection(problem)
    state = new_state(problem.board, labels[problem.order])
    descend(problem.board, state, new_chain(problem.board, state), 100)
    lowered = by_unit(problem, state.labels)
    low = evaluate(problem, lowered)
    assert is_connected(problem, lowered)
    assert low.objective <= evaluate(problem, labels).objective + 1e-9
    assert low.violation <= evaluate(problem, labels).violation + 1e-9
    for unit in range(problem.n_units):
        for grid in {int(lowered[other]) for other in reference.neighbours(problem, unit)} - {int(lowered[unit])}:
            moved = lowered.copy()
            moved[unit] = grid
            if is_connected(problem, moved) and evaluate(problem, moved).violation <= low.violation:
                assert evaluate(problem, moved).objective >= low.objective - 1e-6 * abs(low.objective) - 1e-9


def test_repair_hands_an_excess_on_through_a_grid_in_between() -> None:
    sizes = [4, 1, 1, 1, 3, 1, 1, 1, 2]  # 6, 5 and 4: the middle grid is full
    problem = problem_on(nx.path_graph(9), sizes, 3, low=4, high=5)
    labels = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2], np.int32)
    assert evaluate(problem, labels).violation > 0
    state = new_state(problem.board, labels[problem.order])
    relieve(problem.board, state, new_chain(problem.board, state), 1, 100, 0)
    assert state.total[1] > 0
    relieve(problem.board, state, new_chain(problem.board, state), 2, 100, 0)
    assert evaluate(problem, by_unit(problem, state.labels)).violation == 0


def test_a_grid_in_two_pieces_does_not_fall_into_more() -> None:
    problem = problem_on(nx.disjoint_union(nx.grid_2d_graph(3, 3), nx.grid_2d_graph(3, 3)), np.ones(18), 2)
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 1, 1] * 2, np.int32)
    state = new_state(problem.board, labels[problem.order])
    anneal(problem.board, state, new_trail(state), 200, np.uint64(1), np.array(SCHEDULE))
    assert (n_pieces(problem, by_unit(problem, state.labels)) <= 2).all()


def test_units_lie_along_a_hilbert_curve() -> None:
    x, y = np.meshgrid(np.arange(16.0), np.arange(16.0))
    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(16, 16))
    problem = problem_on(graph, np.ones(256), 2, xy=np.column_stack([x.ravel(), y.ravel()]))
    steps = np.abs(np.diff(problem.xy[problem.order], axis=0)).sum(axis=1)
    assert (steps == 1).all()
