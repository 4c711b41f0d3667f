"""Recombination: never worse than the best run, always a plan, and better where runs are good in different places."""

import numpy as np
import pytest

from gridopt.objective import coefficients, scales_of
from gridopt.rules import Rules
from gridopt.solvers.community import Bindings, Community, pose
from gridopt.solvers.improve import Found
from gridopt.solvers.problem import evaluate, is_connected
from gridopt.solvers.recombine import recombined
from tests.towns import graph_of, town


@pytest.fixture
def problem():
    graph = graph_of(town("a a a a a a a a a a a a\na a a a a a a a a a a a", 50))
    community = Community("a", graph, Rules(), Bindings.none(24))
    scales = scales_of(graph, np.repeat(np.arange(4), 6), community.rules)
    return pose(graph, community, coefficients(community.rules, scales), 4)


def columns(problem, *edges: int) -> np.ndarray:
    """Labels by west-east position: a new grid from each edge on."""
    column = np.round((problem.xy[:, 0] - problem.xy[:, 0].min()) / 100).astype(int)
    return np.searchsorted(np.array(edges), column, side="right").astype(np.int32)


def found(problem, *drawings: np.ndarray) -> Found:
    """A search that ended with these drawings, the first the best."""
    pool = tuple(np.flatnonzero(d == g).astype(np.int32) for d in drawings for g in range(4))
    return Found(drawings[0], evaluate(problem, drawings[0]), pool, len(drawings))


def ragged(problem, *, west: bool) -> np.ndarray:
    """The even drawing with two units swapped at its western or eastern joint."""
    labels = columns(problem, 3, 6, 9)
    left, right = (0, 1) if west else (2, 3)
    a = np.flatnonzero(labels == left)
    b = np.flatnonzero(labels == right)
    near_a = a[np.argsort(-problem.xy[a, 0], kind="stable")[:1]]
    near_b = b[np.argsort(problem.xy[b, 0], kind="stable")[1:2]]
    labels[near_a], labels[near_b] = right, left
    return labels


def test_two_half_good_runs_make_a_good_one(problem) -> None:
    one, other = ragged(problem, west=True), ragged(problem, west=False)
    best = recombined(problem, found(problem, one, other))
    even = evaluate(problem, columns(problem, 3, 6, 9)).objective
    assert evaluate(problem, best).objective == pytest.approx(even)
    assert even < evaluate(problem, one).objective
    assert is_connected(problem, best)


def test_without_a_better_choice_the_best_run_stays(problem) -> None:
    even = columns(problem, 3, 6, 9)
    assert recombined(problem, found(problem, even)).tolist() == even.tolist()


def test_an_empty_pool_changes_nothing(problem) -> None:
    even = columns(problem, 3, 6, 9)
    assert recombined(problem, Found(even, evaluate(problem, even), (), 1)).tolist() == even.tolist()
