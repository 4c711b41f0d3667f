"""Graphs and partitions: arrays in order, neighbours by shared length, total by construction."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from gridopt.errors import TableError
from gridopt.graph import EMPTY_LAND, SEAM_DISCOUNT, UnitGraph
from gridopt.partition import Partition
from tests.towns import TWO_BANKS, borders_of, graph_of, town, units_of

PATH = [(0, 1), (1, 2), (2, 3)]


def path(weights=(1, 1, 1, 1), **more) -> UnitGraph:
    return UnitGraph.from_arrays(weights, PATH, xy=[(x, 0) for x in range(4)], **more)


def test_duplicate_edges_are_merged_and_their_borders_added() -> None:
    graph = UnitGraph.from_arrays([1, 1], [(0, 1), (1, 0)], xy=[(0, 0), (1, 0)], border=[3, 4])
    assert graph.edges.tolist() == [[0, 1]]
    assert graph.metres.tolist() == [7]


def test_borders_of_one_edge_add_up_to_the_same_bits_in_any_order_of_the_rows() -> None:
    rows, metres = np.array([(0, 1), (1, 0), (0, 1), (2, 1)]), np.array([0.1, 0.2, 0.3, 5.0])
    xy = [(x, 0) for x in range(3)]
    sums = set()
    for order in permutations(range(4)):
        graph = UnitGraph.from_arrays([1, 1, 1], rows[list(order)], xy=xy, border=metres[list(order)])
        assert graph.edges.tolist() == [[0, 1], [1, 2]]
        sums.add(graph.metres.tobytes())
    assert len(sums) == 1


def test_parents_may_be_a_list_or_an_array() -> None:
    listed, array = (path(parents=parents) for parents in ([10, 10, 9, 9], np.array([10, 10, 9, 9])))
    assert listed.parent_ids == array.parent_ids == ("10", "9")
    assert listed.parents.tolist() == array.parents.tolist() == [0, 0, 1, 1]


def test_no_edge_joins_two_parents() -> None:
    graph = path(parents=["a", "a", "b", "b"])
    assert graph.edges.tolist() == [[0, 1], [2, 3]]
    assert graph.parent_ids == ("a", "b")


def test_negative_or_missing_weights_are_refused_with_their_units() -> None:
    with pytest.raises(TableError, match="2 units have a weight below 0 or not a number: 1, 3"):
        path((1, -1, 1, np.nan))


@pytest.mark.parametrize("edge", [(1, 1), (0, 9), (-1, 0)])
def test_an_edge_to_itself_or_to_nowhere_is_refused(edge) -> None:
    with pytest.raises(TableError, match="two different units"):
        UnitGraph.from_arrays([1, 1], [edge], xy=[(0, 0), (1, 0)])


def test_arrays_inside_a_graph_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        path().weights[0, 0] = 5


def test_csr_holds_both_directions_in_order() -> None:
    indptr, neighbours, cost = path(border=[5, 6, 7]).csr()
    assert indptr.tolist() == [0, 1, 3, 5, 6]
    assert neighbours.tolist() == [1, 0, 2, 1, 3, 2]
    assert cost.tolist() == [5, 5, 6, 6, 7, 7]


def test_a_corner_does_not_make_neighbours_but_an_edge_does() -> None:
    graph = graph_of(town("a a\na a"))
    assert len(graph.edges) == 4


def test_walls_cut_crossings_join_and_seams_are_cheap() -> None:
    units = units_of(town("a a a a"))
    borders = borders_of(units)
    borders["kind"] = ["wall", "crossing", "seam"]
    graph = UnitGraph.from_units(units, borders, measures=("households",))
    assert graph.edges.tolist() == [[1, 2], [2, 3]]
    assert graph.walls.tolist() == [[0, 1]]
    assert graph.cost.tolist() == [100, 100 * SEAM_DISCOUNT]


def test_a_pair_partly_along_a_wall_stays_joined_by_the_open_part() -> None:
    units = units_of(town("a a"))
    rows = [("a01", "a02", 60.0, "wall"), ("a01", "a02", 40.0, "open")]
    graph = UnitGraph.from_units(units, pd.DataFrame(rows, columns=["unit_a", "unit_b", "metres", "kind"]),
                                 measures=("households",))  # fmt: skip
    assert graph.metres.tolist() == [100]
    assert graph.cost.tolist() == [40]


def test_empty_land_weighs_a_thousandth_of_its_share_of_the_area() -> None:
    units = units_of(town("a a a a"))
    units["households"] = [0.0, 100, 100, 100]
    graph = UnitGraph.from_units(units, borders_of(units), measures=("households",))
    assert graph.mass[0] == pytest.approx(EMPTY_LAND * 300 / 4)
    assert graph.weights[0, 0] == 0


def test_pieces_are_numbered_by_first_unit() -> None:
    graph = UnitGraph.from_arrays(np.ones(4), [(0, 2)], xy=np.zeros((4, 2)))
    assert graph.pieces().tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 0, 2, 2], [-1, 0, 0, 0]])
def test_a_partition_is_total_and_uses_every_label(labels) -> None:
    with pytest.raises(TableError):
        Partition(path(), np.array(labels, np.int32))


def test_a_partition_leaves_the_labels_it_was_given_writeable() -> None:
    graph = UnitGraph.from_arrays([1, 1], [(0, 1)], xy=[(0, 0), (1, 0)])
    given = np.array([0, 1], np.int32)
    partition = Partition(graph, given)
    given[1] = 0
    assert partition.labels.tolist() == [0, 1]
    assert not partition.labels.flags.writeable


def test_a_grid_over_two_communities_is_refused() -> None:
    with pytest.raises(TableError, match="two communities"):
        Partition(path(parents=["a", "a", "b", "b"]), np.array([0, 1, 1, 1], np.int32))


def test_sums_and_pieces_of_a_partition() -> None:
    partition = Partition(path((1, 2, 3, 4)), np.array([0, 1, 0, 1], np.int32))
    assert partition.sums()[:, 0].tolist() == [4, 6]
    assert partition.n_pieces().tolist() == [2, 2]


def test_graphs_say_what_they_hold() -> None:
    assert "18 units" in repr(graph_of(town(TWO_BANKS)))
    assert "4 units in 1 grids" in repr(Partition(path(), np.zeros(4, np.int32)))
