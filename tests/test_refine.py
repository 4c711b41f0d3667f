"""What a search found, refined: never worse, by the same steps for bare graphs and for communities."""

import dataclasses

import numpy as np
import pytest

from gridopt.solvers.effort import Effort
from gridopt.solvers.improve import search
from gridopt.solvers.problem import evaluate, is_connected
from gridopt.solvers.recombine import recombined
from gridopt.solvers.refine import is_worth_it, refined
from tests.reference import problem_on, random_town


@pytest.mark.parametrize(
    ("effort", "worth"),
    [
        (Effort.named("quick"), False),
        (Effort.named("standard"), True),
        (dataclasses.replace(Effort.named("standard"), among=200), False),
        (dataclasses.replace(Effort.named("quick"), prove=True), True),
    ],
)
def test_neighbours_are_redrawn_from_standard_upward_where_few_communities_share_the_work(effort, worth) -> None:
    assert is_worth_it(effort) is worth


def test_many_grids_are_redrawn_region_by_region_and_a_quick_search_is_only_recombined() -> None:
    graph, xy = random_town(3, 240)
    problem = problem_on(graph, np.ones(240), 24, xy=xy, low=7, high=13)
    found = search(problem, effort=Effort.named("quick"), seed=0)
    quick = refined(problem, found, (Effort.named("quick"), 0))
    assert quick.tolist() == recombined(problem, found).tolist()
    better = refined(problem, found, (Effort.named("standard"), 0))
    assert evaluate(problem, better).objective < 0.995 * evaluate(problem, quick).objective
    assert evaluate(problem, better).violation == 0
    assert is_connected(problem, better)


def test_a_drawing_out_of_bounds_is_left_to_those_who_relax() -> None:
    graph, xy = random_town(3, 120)
    problem = problem_on(graph, np.ones(120), 12, xy=xy, low=0, high=9)
    found = search(problem, effort=Effort(20, 1), seed=0)
    assert refined(problem, found, (Effort.named("standard"), 0)) is found.labels
