"""How problems lie in memory: an order along the ground, neighbours in rotation, connected pieces."""

import dataclasses
import math

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridopt.solvers.contraction import connected
from gridopt.solvers.problem import Problem, connected_pieces
from tests import reference
from tests.reference import problem_on, random_problem

towns = st.tuples(st.integers(0, 10_000), st.integers(2, 40)).map(lambda drawn: random_problem(*drawn, 2))
small = settings(max_examples=25, deadline=None, derandomize=True)


def angles(problem: Problem, unit: int) -> list[float]:
    """Directions of a unit's neighbours in the order in which the board holds them."""
    board, place = problem.board, int(np.flatnonzero(problem.order == unit)[0])
    around = board.neighbours[board.indptr[place] : board.indptr[place + 1]]
    return [math.atan2(*(board.xy[other] - board.xy[place])[::-1]) for other in around]


@small
@given(towns)
def test_neighbours_lie_in_rotation_with_their_costs(problem: Problem) -> None:
    board = problem.board
    for place, unit in enumerate(problem.order.tolist()):
        row = slice(board.indptr[place], board.indptr[place + 1])
        around = problem.order[board.neighbours[row]].tolist()
        assert dict(zip(around, board.cost[row].tolist(), strict=True)) == reference.neighbours(problem, unit)
        assert angles(problem, unit) == sorted(angles(problem, unit))


@small
@given(towns)
def test_neighbours_are_linked_where_the_next_in_the_rotation_is_theirs(problem: Problem) -> None:
    board = problem.board
    for place in range(problem.n_units):
        around = list(range(board.indptr[place], board.indptr[place + 1]))
        for e, following in zip(around, around[1:] + around[:1], strict=True):
            one, two = problem.order[board.neighbours[[e, following]]].tolist()
            assert board.linked[e] == (two in reference.neighbours(problem, one))


def test_a_hub_keeps_its_many_neighbours_in_rotation() -> None:
    hub = nx.star_graph(50)
    turn = np.random.default_rng(0).permutation(50) * 2 * np.pi / 50
    xy = np.concatenate([[[0, 0]], 100 * np.column_stack([np.cos(turn), np.sin(turn)])])
    problem = problem_on(hub, np.ones(51), 1, xy=xy)
    assert angles(problem, 0) == sorted(angles(problem, 0))


def test_neighbours_in_one_direction_come_in_the_order_of_the_layout() -> None:
    problem = problem_on(nx.complete_graph(4), np.ones(4), 1, xy=[[0, 0], [3, 0], [1, 0], [2, 0]])
    first = problem.board.neighbours[: problem.board.indptr[1]]
    assert problem.order.tolist() == [0, 2, 3, 1]
    assert first.tolist() == [1, 2, 3]


@small
@given(towns, st.integers(0, 99))
def test_pieces_are_numbered_by_their_first_unit(problem: Problem, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 2, problem.n_units).astype(np.int32)
    both = [piece for grid in (0, 1) for piece in reference.pieces(problem, reference.members(labels, grid))]
    expected = np.empty(problem.n_units, np.int32)
    for number, piece in enumerate(sorted(both, key=min)):
        expected[list(piece)] = number
    np.testing.assert_array_equal(connected_pieces(problem, labels), expected)


def test_a_repriced_problem_is_the_same_as_one_posed_anew() -> None:
    problem = random_problem(3, 30, 4)
    cost, coefficients = problem.cost * 2 + 1, np.array([0.5, 2.0, 0.0])
    repriced = problem.repriced(cost, coefficients)
    anew = dataclasses.replace(problem, cost=cost, coefficients=coefficients)
    assert repriced.layout is problem.layout
    for one, other in zip(repriced.board, anew.board, strict=True):
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other)


@small
@given(st.integers(1, 30), st.integers(0, 40), st.integers(0, 999))
def test_joined_units_are_numbered_by_their_first_one(n: int, n_pairs: int, seed: int) -> None:
    pairs = np.random.default_rng(seed).integers(0, n, (n_pairs, 2))
    graph = nx.Graph(pairs.tolist())
    graph.add_nodes_from(range(n))
    expected = np.empty(n, np.int32)
    for number, part in enumerate(sorted(nx.connected_components(graph), key=min)):
        expected[list(part)] = number
    np.testing.assert_array_equal(connected(n, pairs), expected)
