"""Given centres: every one in its own grid, proximity measured to it, the best division proved on small graphs."""

from itertools import product

import numpy as np
import pytest

import gridopt as go
from gridopt.errors import RuleError
from gridopt.graph import UnitGraph
from gridopt.partition import Partition
from tests.test_bare import lattice, sizes


def to_centres(graph: UnitGraph, labels: np.ndarray, centres: list[int]) -> float:
    """Weight times squared distance to the centre that each unit is given to."""
    away = ((graph.xy - graph.xy[np.array(centres)][labels]) ** 2).sum(axis=1)
    return float(graph.weights[:, 0] @ away)


@pytest.mark.parametrize("centres", [[0, 11], [5, 2], [0, 1]])
def test_the_best_division_around_given_centres_is_that_of_full_enumeration(centres) -> None:
    graph = lattice(4, 3, seed=2)
    mean = graph.weights.sum() / 2
    best = min(
        to_centres(graph, np.array(labels), centres)
        for labels in product(range(2), repeat=12)
        if [labels[centre] for centre in centres] == [0, 1]
        and abs(np.bincount(labels, graph.weights[:, 0]) / mean - 1).max() <= 0.1
        and (Partition(graph, np.array(labels, np.int32)).n_pieces() == 1).all()
    )
    solution = go.partition_graph(graph, centres=centres, effort="quick")
    labels = solution.partition.labels
    assert labels[centres].tolist() == [0, 1]
    assert to_centres(graph, labels, centres) == pytest.approx(best)
    assert solution.status == "optimal"
    assert solution.gap == 0


def test_many_grids_keep_their_centres_and_their_sizes() -> None:
    graph = lattice(12, 12, seed=1)
    centres = [14, 18, 22, 62, 66, 69, 110, 113, 117]
    solution = go.partition_graph(graph, centres=centres, effort="quick", tolerance=0.15)
    assert solution.partition.labels[centres].tolist() == list(range(9))
    assert (solution.partition.n_pieces() == 1).all()
    mean = graph.weights.sum() / 9
    assert abs(sizes(solution) / mean - 1).max() <= 0.15
    free = go.partition_graph(graph, k=9, effort="quick", tolerance=0.15)
    assert to_centres(graph, solution.partition.labels, centres) < to_centres(graph, free.partition.labels, centres)


def test_centres_beyond_the_exact_path_are_proved_by_a_program() -> None:
    graph = lattice(12, 12, seed=1)
    solution = go.partition_graph(graph, centres=[0, 143], effort="quick", prove=True)
    assert solution.status == "optimal"
    assert solution.bound == pytest.approx(solution.objective)


def test_centres_lie_in_their_parents() -> None:
    graph = lattice(4, 4, parents=[i // 8 for i in range(16)])
    solution = go.partition_graph(graph, centres=[9, 0, 15, 7], effort="quick", tolerance=0.5)
    assert [solution.partition.labels[i] for i in (0, 7, 9, 15)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("centres", "k", "said"),
    [
        ([0, 16], None, "outside: 16"),
        ([3, 3], None, "twice: 3"),
        ([], None, "given are 0"),
        ([0, 1], 3, "must be 3 units"),
        ([0, 1], None, "1 parents hold none of the centres: 1"),
    ],
)
def test_centres_that_cannot_be_are_refused_by_name(centres, k, said) -> None:
    graph = lattice(4, 4, parents=[i // 8 for i in range(16)])
    with pytest.raises(RuleError, match=said) as caught:
        go.partition_graph(graph, centres=centres, k=k)
    assert "中心" in caught.value.text("zh")
