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
    row = solution.violations.iloc[0]
    assert len(solution.violations) == 1
    assert (row["rule"], row["proof"], row["value"]) == ("size.high", "proved", 11)
    assert row["unit_ids"] == "3;4;5"  # two units that touch nothing else, and are too light for a grid
    assert "unit 3 alone has 9" in row["reason"]


def test_a_unit_too_large_leaves_the_total_that_the_others_share() -> None:
    graph = lattice(7, 7)
    weights = np.where(np.arange(49) == 24, 100.0, 1.0)
    graph = UnitGraph.from_arrays(weights, graph.edges, xy=graph.xy)
    solution = go.partition_graph(graph, k=5, effort="quick")
    assert sorted(sizes(solution)) == [12, 12, 12, 12, 100]
    assert solution.violations["unit_ids"].tolist() == ["24"]
    assert (solution.partition.n_pieces() == 1).all()


def test_with_a_unit_too_large_the_bound_is_that_of_all_divisions_of_the_others() -> None:
    plain, giant = lattice(4, 3, seed=2), 5
    graph = UnitGraph.from_arrays(
        np.where(np.arange(12) == giant, 200.0, plain.weights[:, 0]), plain.edges, xy=plain.xy
    )
    others = np.delete(np.arange(12), giant)
    mean = graph.weights[others].sum() / 2
    cuts = []
    for halves in product(range(2), repeat=11):
        labels = np.full(12, 2, np.int32)
        labels[others] = halves
        near = abs(np.bincount(labels, graph.weights[:, 0], 3)[:2] / mean - 1).max() <= 0.1
        if near and (Partition(graph, labels).n_pieces() == 1).all():
            cuts.append(cut_edges(graph, labels))
    solution = go.partition_graph(graph, k=3, objective="cut_edges", effort="quick", prove=True)
    assert (solution.status, solution.gap) == ("relaxed", 0)
    assert solution.bound == solution.objective
    assert cut_edges(graph, solution.partition.labels) == min(cuts)


def test_a_unit_a_little_too_large_leaves_the_bounds_of_the_others_as_they_are() -> None:
    weights = np.where(np.arange(41) == 0, 12.0, 1.0)  # mean 10.4, bounds 9.36-11.44; without the unit 9-11
    graph = UnitGraph.from_arrays(weights, [(i, i + 1) for i in range(40)], xy=[(float(x), 0) for x in range(41)])
    solution = go.partition_graph(graph, k=5, tolerance=0.1, effort="quick")
    assert sorted(sizes(solution)) == [10, 10, 10, 10, 12]
    assert solution.violations["limit"].tolist() == [pytest.approx(11.44)]


def test_islands_without_neighbours_are_shared_out_to_as_many_grids_as_asked() -> None:
    graph = UnitGraph.from_arrays(np.ones(6), np.zeros((0, 2)), xy=[(x, 0) for x in range(6)])
    solution = go.partition_graph(graph, k=3, effort="quick")
    assert sizes(solution).tolist() == [2, 2, 2]
    assert solution.partition.labels.tolist() in ([0, 0, 1, 1, 2, 2], [0, 0, 2, 2, 1, 1])
    assert solution.violations["rule"].tolist() == ["connected"] * 3
    assert solution.bound is None


def test_pieces_too_light_for_a_grid_are_joined_two_by_two() -> None:
    edges = [(i, i + 1) for i in range(39) if i % 10 != 9]  # four rows of ten
    graph = UnitGraph.from_arrays(np.ones(40), edges, xy=[(float(x), 0) for x in range(40)])
    solution = go.partition_graph(graph, k=2, effort="quick")
    assert sizes(solution).tolist() == [20, 20]
    assert solution.partition.n_pieces().tolist() == [2, 2]


def test_one_grid_and_a_grid_a_unit_are_known_to_be_the_only_answers() -> None:
    for k in (1, 400):
        solution = go.partition_graph(lattice(20, 20), k=k, tolerance=2, effort="quick")
        assert (solution.status, solution.gap) == ("optimal", 0)


def test_bounds_that_the_total_does_not_fit_are_proved_impossible() -> None:
    solution = go.partition_graph(lattice(10, 10), k=3, low=10, high=14, effort="quick")
    assert solution.violations["proof"].tolist() == ["proved"] * 3


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_what_a_measure_counts_in_does_not_change_the_answer(scale) -> None:
    plain = lattice(4, 4, seed=2)
    scaled = UnitGraph.from_arrays(plain.weights * scale, plain.edges, xy=plain.xy)
    one, other = (go.partition_graph(graph, k=3, effort="quick") for graph in (plain, scaled))
    assert one.status == other.status == "optimal"
    assert one.objective == pytest.approx(other.objective)
    by_size = go.partition_graph(scaled, low=scale * 40, high=scale * 60, effort="quick")
    assert ((sizes(by_size) >= scale * 40) & (sizes(by_size) <= scale * 60)).all()


def test_units_at_one_place_have_an_optimum_of_nothing() -> None:
    graph = lattice(6, 6)
    graph = UnitGraph.from_arrays(graph.weights, graph.edges, xy=np.zeros((36, 2)))
    solution = go.partition_graph(graph, k=4, tolerance=0.3, effort="quick")
    assert (solution.status, solution.objective) == ("optimal", 0)


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
        ({"low": 3}, "give k, or low and high"),
        ({"k": 2.5}, "not a whole number"),
        ({"k": 3, "tolerance": -0.1}, "at least 0"),
        ({"k": 3, "tolerance": float("nan")}, "at least 0"),
        ({"low": 9, "high": 5}, "leave no size"),
        ({"high": 0}, "leave no size"),
        ({"k": 3, "seed": -1}, "seed = -1"),
        ({"k": 3, "objective": {"inertia": -1, "cut_edges": 1}}, "inertia is not offered"),
        ({"k": 3, "objective": {}}, "{} is not offered"),
    ],
)
def test_what_cannot_be_asked_is_refused(options, said) -> None:
    with pytest.raises(RuleError, match=said):
        go.partition_graph(lattice(4, 4, border=False), **options)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"xy": [[0, 0], [1, np.nan], [2, 0]]}, "1 units have a coordinate that is not a number: 1"),
        ({"xy": [[0, 0], [1, 0]]}, "4 numbers for 3 units"),
        ({"xy": np.zeros((3, 2)), "border": [1.0, -2.0]}, "1 of them below 0"),
        ({"xy": np.zeros((3, 2)), "border": [1.0]}, "1 border lengths for 2 edges"),
        ({"xy": np.zeros((3, 2)), "parents": ["a"]}, "1 parents for 3 units"),
    ],
)
def test_arrays_that_make_no_graph_are_refused(arrays, said) -> None:
    with pytest.raises(TableError, match=said):
        UnitGraph.from_arrays(np.ones(3), [(0, 1), (1, 2)], **arrays)


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


def test_a_time_limit_that_bites_names_the_parents_and_is_never_called_optimal() -> None:
    graph = lattice(12, 12, parents=["east"] * 72 + ["west"] * 72)
    solution = go.partition_graph(graph, k=8, effort=go.Effort(2000, 500), time_limit=0.05)
    assert solution.time_limited
    assert set(solution.time_limited) <= {"east", "west"}
    assert (solution.parts.loc[list(solution.time_limited), "status"] != "optimal").all()
    assert go.partition_graph(graph, k=8, effort="quick", time_limit=3600.0).time_limited == ()
