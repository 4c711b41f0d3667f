"""One connected piece drawn: the number of grids, the exact path where it pays, search elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridopt.graph import UnitGraph
from gridopt.solvers.community import Community, pose
from gridopt.solvers.effort import Effort
from gridopt.solvers.exact import Sets, best_partition, enumerate_sets
from gridopt.solvers.improve import search
from gridopt.solvers.numbers import candidates
from gridopt.solvers.problem import Problem, evaluate
from gridopt.solvers.recombine import recombined

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

TRIED_NUMBERS = 3
"""Numbers of grids that are tried where each costs a search, and where rules are relaxed."""
VIOLATION_PRICE = 1e4
"""What a violation of its whole bound costs against an objective of about 1: bounds come first."""
_FIRST_GUESS = Effort.named("quick")
"""The search before the exact path, which only needs a plan to beat."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """Labels of one piece, and what is known about them.

    ``relaxed``: not every bound is met. ``optimal``: no better drawing of the problem (as relaxed) exists.
    ``n_wished``: the number of grids nearest to the target, which is not the number drawn where that has
    no plan. ``impossible``: whatever was not met, bounds or wish, is proved to be impossible.
    """

    labels: Ints
    relaxed: bool
    optimal: bool
    impossible: bool
    n_wished: int

    @classmethod
    def one_grid(cls, n_units: int, *, relaxed: bool = False) -> Drawn:
        """The only drawing there is with one grid."""
        return cls(np.zeros(n_units, np.int32), relaxed, True, relaxed, 1)


def draw_piece(
    graph: UnitGraph, community: Community, coefficients: Floats, *, aim: float, effort: Effort, seed: int
) -> Drawn:
    """Draw the grids of one connected graph under the bounds of its community.

    The admissible numbers of grids are tried in turn, the nearest to total / ``aim`` first; where none has a
    plan, the bounds give way as the rules say, and the drawing that misses them by least is taken.
    """
    totals = graph.weights.sum(axis=0)
    numbers = candidates(totals, community.low, community.high, target=aim, most=graph.n_units)
    if numbers[0] == 1 or graph.n_units == 1:
        fits = ((totals >= community.low - 1e-9) & (totals <= community.high + 1e-9)).all()
        return Drawn.one_grid(graph.n_units, relaxed=not fits)
    first = pose(graph, community, coefficients, numbers[0])
    sets = enumerate_sets(first, community.low, community.high)
    tried = numbers if sets is not None else numbers[:TRIED_NUMBERS]
    problems = [first, *(pose(graph, community, coefficients, k) for k in tried[1:])]
    impossible = True
    for problem in problems:
        outcome = _within_bounds(problem, sets, effort, seed)
        if outcome.labels is not None:
            return Drawn(outcome.labels, False, outcome.optimal, impossible, numbers[0])
        impossible = impossible and outcome.impossible
    impossible = impossible and len(tried) == len(numbers)
    return _relaxed(problems, community, (impossible, numbers[0]), effort=effort, seed=seed)


@dataclass(frozen=True, eq=False)
class _Outcome:
    """One number of grids tried within the bounds; ``labels`` None where nothing was found."""

    labels: Ints | None
    optimal: bool = False
    impossible: bool = False


def _within_bounds(problem: Problem, sets: Sets | None, effort: Effort, seed: int) -> _Outcome:
    found = search(problem, effort=effort if sets is None else _FIRST_GUESS, seed=seed)
    feasible = found.violation <= 1e-9
    if sets is not None:
        proof = best_partition(problem, sets, incumbent=found.objective if feasible else np.inf)
        if proof.status == "optimal" and proof.labels is not None:
            return _Outcome(proof.labels, optimal=True)
        if proof.status == "infeasible" and not feasible:
            return _Outcome(None, impossible=True)
    return _Outcome(recombined(problem, found) if feasible else None)


def _relaxed(
    problems: list[Problem], community: Community, known: tuple[bool, int], *, effort: Effort, seed: int
) -> Drawn:
    """The drawing that misses the bounds by least; known = (proved impossible, the number wished for)."""
    best: tuple[float, float] | None = None
    labels, optimal = np.zeros(0, np.int32), False
    sets = enumerate_sets(problems[0], 0 * community.low, community.high * community.rules.size.stretch)
    for problem in problems[:TRIED_NUMBERS]:
        found = search(problem, effort=effort, seed=seed)
        chosen, sure = found.labels, False
        if sets is not None:
            dear = sets.priced(VIOLATION_PRICE * _missed(problem, sets))
            proof = best_partition(problem, dear, incumbent=found.objective + VIOLATION_PRICE * found.violation)
            if proof.status == "optimal" and proof.labels is not None:
                chosen, sure = proof.labels, True
        score = evaluate(problem, chosen)
        key = (round(score.violation, 6), score.objective)
        if best is None or key < best:
            best, labels, optimal = key, chosen, sure
    return Drawn(labels, True, optimal and known[0], known[0], known[1])


def _missed(problem: Problem, sets: Sets) -> Floats:
    """How far each set misses the bounds, relative to them, in the dearness of the problem."""
    sums = sets.members @ problem.weights
    low, high = problem.low[0], problem.high[0]
    short = np.maximum(low - sums, 0.0) / np.where(low > 0, low, 1.0)
    excess = np.maximum(sums - high, 0.0) / np.where(np.isfinite(high) & (high > 0), high, 1.0)
    return np.asarray(problem.shortfall_cost * short.sum(axis=1) + problem.excess_cost * excess.sum(axis=1))
