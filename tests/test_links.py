"""Pieces too light to be grids, tied to what lies nearest."""

import numpy as np

from gridopt.graph import UnitGraph
from gridopt.solvers.links import linked


def rows(*lengths: int) -> UnitGraph:
    """Rows of units, one end to the other, 100 m a step and 300 m between two rows."""
    places, edges = [], []
    for length in lengths:
        start = places[-1] + 300 if places else 0
        edges += [(len(places) + i, len(places) + i + 1) for i in range(length - 1)]
        places += [start + 100 * i for i in range(length)]
    pairs = np.array(edges, int).reshape(-1, 2)
    return UnitGraph.from_arrays(np.ones(len(places)), pairs, xy=[(x, 0) for x in places], border=np.ones(len(pairs)))


def added(graph: UnitGraph, low: float) -> list[tuple[int, int]]:
    before = {tuple(edge) for edge in graph.edges.tolist()}
    return sorted(tuple(edge) for edge in linked(graph, np.array([low])).edges.tolist() if tuple(edge) not in before)


def test_a_graph_whose_pieces_can_all_be_grids_stays_as_it_is() -> None:
    graph = rows(5, 5)
    assert linked(graph, np.array([5.0])) is graph


def test_a_light_piece_is_tied_to_the_unit_nearest_to_it() -> None:
    assert added(rows(5, 2, 5), 4) == [(4, 5)]  # both ends are 300 m away: the first


def test_light_pieces_grow_together_until_they_are_heavy_enough() -> None:
    assert added(rows(2, 2, 5), 4) == [(1, 2)]
    assert added(rows(1, 1, 1), 9) == [(0, 1), (1, 2)]


def test_a_tie_costs_nothing_and_has_no_length() -> None:
    graph = linked(rows(3, 1), np.array([2.0]))
    tie = graph.edges.tolist().index([2, 3])
    assert (graph.cost[tie], graph.metres[tie]) == (0, 0)
    assert graph.pieces().max() == 0


def test_a_piece_without_a_lower_bound_is_no_concern() -> None:
    graph = rows(3, 1)
    assert linked(graph, np.zeros(1)) is graph
