"""The engine on bare graphs: k connected grids of like size, proved on small ones, honest about the rest."""

from itertools import product

import networkx as nx
import numpy as np
import pytest

import gridopt as go
from gridopt.errors import RuleError, TableError
from gridopt.graph import UnitGraph
from gridopt.partition import Partition


def lattice(wide: int, high: int, *, seed: int = 0, border: bool = True, parents=None) -> UnitGraph:
    network = nx.convert_node_labels_to_integers(nx.grid_2d_graph(wide, high), ordering="sorted")
    edges = np.array(network.edges)
    weights = np.random.default_rng(seed).integers(5, 15, wide * high)
    xy = [(100.0 * x, 100.0 * y) for x in range(wide) for y in range(high)]
    return UnitGraph.from_arrays(weights, edges, xy=xy, border=np.full(len(edges), 100.0) if border else None,
                                 parents=parents)  # fmt: skip


def sizes(solution) -> np.ndarray:
    return solution.partition.sums()[:, 0]


@pytest.mark.parametrize("objective", ["inertia", "cut_edges", "cut_border", {"inertia": 1, "cut_edges": 1}])
def test_grids_are_connected_and_of_like_size_under_every_objective(objective) -> None:
    graph = lattice(10, 10)
    solution = go.partition_graph(graph, k=6, tolerance=0.1, objective=objective, effort="quick", seed=3)
    mean = graph.weights.sum() / 6
    assert ((sizes(solution) >= 0.9 * mean) & (sizes(solution) <= 1.1 * mean)).all()
    assert (solution.partition.n_pieces() == 1).all()
    assert len(solution.violations) == 0
    assert solution.objective == pytest.approx(sum(solution.terms.values()))


def cut_edges(graph: UnitGraph, labels: np.ndarray) -> int:
    return int((labels[graph.edges[:, 0]] != labels[graph.edges[:, 1]]).sum())


@pytest.mark.parametrize("seed", range(3))
def test_small_graphs_are_solved_to_the_optimum_of_full_enumeration(seed) -> None:
    graph = lattice(4, 3, seed=seed)
    mean = graph.weights.sum() / 2
    best = min(
        cut_edges(graph, np.array(labels))
        for labels in product(range(2), repeat=12)
        if labels[0] == 0
        and max(labels) == 1
        and abs(np.bincount(labels, graph.weights[:, 0]) / mean - 1).max() <= 0.1
        and (Partition(graph, np.array(labels, np.int32)).n_pieces() == 1).all()
    )
    solution = go.partition_graph(graph, k=2, objective="cut_edges", effort="quick")
    assert cut_edges(graph, solution.partition.labels) == best
    assert solution.status == "optimal"
    assert solution.gap == 0
    assert solution.bound == solution.objective


def test_a_solution_that_is_not_proved_has_no_bound() -> None:
    solution = go.partition_graph(lattice(10, 10), k=6, effort="quick")
    assert solution.bound is None
    assert solution.gap is None


def test_the_same_seed_gives_the_same_labels() -> None:
    one, two = (go.partition_graph(lattice(9, 9), k=5, effort="quick", seed=4) for _ in range(2))
    assert one.partition.labels.tolist() == two.partition.labels.tolist()


def test_bounds_alone_choose_the_number_of_grids() -> None:
    graph = lattice(8, 8)
    solution = go.partition_graph(graph, low=120, high=200, effort="quick")
    assert ((sizes(solution) >= 120) & (sizes(solution) <= 200)).all()


def test_parents_are_never_crossed_and_share_k_by_weight() -> None:
    graph = lattice(8, 8, parents=[i // 48 for i in range(64)])
    solution = go.partition_graph(graph, k=4, tolerance=0.2, effort="quick")
    assert solution.parts["n_grids"].tolist() == [3, 1]


def test_a_graph_in_two_pieces_gets_whole_grids_in_each() -> None:
    whole = lattice(8, 4)
    cut = [edge for edge in whole.edges.tolist() if not (edge[0] < 16 <= edge[1])]
    graph = UnitGraph.from_arrays(np.ones(32), cut, xy=whole.xy)
    solution = go.partition_graph(graph, k=4, tolerance=0.0, effort="quick")
    assert (sizes(solution) == 8).all()
    assert (solution.partition.n_pieces() == 1).all()


def test_an_island_too_small_for_a_grid_joins_the_nearest_and_is_named() -> None:
    edges = [(i, i + 1) for i in range(7)]
    graph = UnitGraph.from_arrays(np.ones(9), edges, xy=[(x, 0) for x in range(8)] + [(9.0, 0)])
    solution = go.partition_graph(graph, k=3, tolerance=0.1, effort="quick")
    assert sizes(solution).tolist() == [3, 3, 3]
    assert solution.violations["rule"].tolist() == ["connected"]
    assert "8" in solution.violations["unit_ids"][0].split(";")


def test_a_unit_too_large_for_its_bound_is_named() -> None:
    graph = UnitGraph.from_arrays([1, 1, 1, 9, 1, 1], [(i, i + 1) for i in range(5)], xy=[(x, 0) for x in range(6)])
    solution = go.partition_graph(graph, k=2, tolerance=0.1, effort="quick")
    assert solution.status == "relaxed"
    assert any("3" in ids.split(";") for ids in solution.violations["unit_ids"])


def test_several_measures_are_bounded_at_once() -> None:
    weights = np.column_stack([np.ones(16), np.tile([1.0, 3.0], 8)])
    graph = UnitGraph.from_arrays(weights, lattice(4, 4).edges, xy=lattice(4, 4).xy, measures=("a", "b"))
    sums = go.partition_graph(graph, k=4, tolerance=0.0, effort="quick").partition.sums()
    assert (sums == [4, 8]).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"k": 3, "objective": "beauty"}, "beauty is not offered"),
        ({"k": 3, "objective": {"inertia": 0}}, "weights above 0"),
        ({"k": 3, "objective": "cut_border"}, "needs the shared border"),
        ({"k": 99}, "k = 99 has no answer"),
        ({"k": 0}, "k = 0 has no answer"),
        ({}, "give k, or low and high"),
    ],
)
def test_what_cannot_be_asked_is_refused(options, said) -> None:
    with pytest.raises(RuleError, match=said):
        go.partition_graph(lattice(4, 4, border=False), **options)


def test_a_networkx_graph_goes_in_and_comes_out() -> None:
    graph = lattice(3, 2)
    network = graph.to_networkx()
    again = UnitGraph.from_networkx(network, weight="weight_0", border="metres")
    assert again.ids == graph.ids
    assert again.edges.tolist() == graph.edges.tolist()
    assert again.metres.tolist() == graph.metres.tolist()


def test_nodes_without_coordinates_are_named() -> None:
    with pytest.raises(TableError, match="2 nodes lack weight, x or y: 0, 1"):
        UnitGraph.from_networkx(nx.path_graph(2))
