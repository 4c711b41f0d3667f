"""What an objective cannot go below: a bound for each term by itself, and their weighted sum.

A term's bound bounds that term alone; the sum is a bound for the objective, which no plan need reach.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import numpy as np

from gridopt.milp import Limits
from gridopt.solvers.centroids import inertia_bound
from gridopt.solvers.effort import Effort
from gridopt.solvers.lagrange import hess_model, relax
from gridopt.solvers.problem import Floats, Ints, Problem, evaluate
from gridopt.solvers.prove import MOST_PAIRS, hess_cost, prove_hess
from gridopt.solvers.sharing import shared_out
from gridopt.solvers.spectral import cut_bound
from gridopt.solvers.spreading import MOST_UNITS, spread_bound

NODES, ITERATIONS = 20_000, 2_000_000
"""Branch-and-bound nodes and simplex iterations of one solve where proof is asked for."""

ALWAYS, LARGEST = 300, 2_500
"""Units up to which a bound is worked out unasked, and at all: beyond it would take hours."""


@dataclass(frozen=True, eq=False)
class Slack:
    """By how much a drawing may still be bettered at most.

    ``objective`` in all, scaled and weighted; ``terms`` (3,) each raw term by itself, None where only the whole
    is known.
    """

    objective: float
    terms: Floats | None = None


PROVED = Slack(0.0)
"""The best there is, whichever way its terms trade off."""


def slack_of(problem: Problem, labels: Ints, effort: Effort, whole: float | None = None) -> Slack | None:
    """The slack of a drawing; None where the problem is too large to bound unasked.

    ``whole`` is what its objective may fall by at most, where this is known. Where the drawing misses bounds, or grids
    have rules of their own, the slack is that of the problem as relaxed (`as_relaxed`).
    """
    if effort.is_over or problem.n_units > (LARGEST if effort.prove else ALWAYS):
        return None
    terms = evaluate(problem, labels).terms
    lowest = term_bounds(as_relaxed(problem, labels), terms, proving=effort.prove, share=effort.share)
    left = np.maximum(terms - lowest, 0.0)
    by_terms = float(left @ problem.coefficients)
    return Slack(by_terms if whole is None else min(whole, by_terms), left)


def as_relaxed(problem: Problem, labels: Ints) -> Problem:
    """The problem with all its grids alike, so wide that every plan which misses as little as the labels fits.

    Each grid may be as small and as large as any grid may be, less what all grids of the drawing fall short of, and
    more than that by what all exceed: another plan may miss as much by a single grid. Units are let go and given
    centres moved, which makes no plan dearer. A unit above the bound by itself exempts some grid from its size.
    """
    k = problem.n_grids
    sums = np.column_stack([np.bincount(labels, column, k) for column in problem.weights.T])
    short = np.maximum(problem.low - sums, 0.0).sum(axis=0)
    excess = np.maximum(sums - problem.high, 0.0).sum(axis=0)
    low = np.maximum(problem.low.min(axis=0) - short, 0.0)
    high = problem.high.max(axis=0) + excess
    comfort = np.array([problem.comfort[:, 0].min(), problem.comfort[:, 1].max()])
    if (problem.weights > problem.high.min(axis=0)).any():
        comfort = np.array([-np.inf, np.inf])
    return dataclasses.replace(
        problem,
        low=np.tile(low, (k, 1)),
        high=np.tile(high, (k, 1)),
        comfort=np.tile(comfort, (k, 1)),
        target=np.full(k, problem.target.max()),
        fixed=np.full(problem.n_units, -1, np.int32),
        closed=np.zeros(k, bool),
        anchors=np.full((k, 2), np.nan),
    )


def term_bounds(problem: Problem, terms: Floats, *, proving: bool = False, share: float = 1.0) -> Floats:
    """What no plan's proximity, governance and size (3,) go below; ``terms`` are those of a known plan.

    A term that the objective leaves out is bounded by 0. ``proving`` spends more work on borders,
    ``share`` says how much of the usual work is spent at all; some always is.
    """
    asked = problem.coefficients > 0
    return np.array(
        [
            inertia_bound(problem, float(terms[0]), share=share) if asked[0] else 0.0,
            border_bound(problem, float(terms[1]), proving=proving, share=share) if asked[1] else 0.0,
            size_bound(problem) if asked[2] else 0.0,
        ]
    )


def border_bound(problem: Problem, upper: float, *, proving: bool = False, share: float = 1.0) -> float:
    """What the borders of no plan cost less than: by distances (`spreading`), in large problems by eigenvalues."""
    if problem.n_units > MOST_UNITS:
        return cut_bound(problem, upper)
    return spread_bound(problem, upper, proving=proving, share=share)


def size_bound(problem: Problem) -> float:
    """The least size term of any k grids: discomfort is convex, so equal sizes have the least (Jensen)."""
    even = float(problem.weights[:, 0].sum()) / problem.n_grids
    low, high = problem.comfort[0]
    outside = max(low - even, even - high, 0.0) / problem.target[0]
    return float(problem.n_grids * outside**2)


def bounded(problem: Problem, labels: Ints, effort: Effort, price: float) -> tuple[Ints, float | None]:
    """Labels at least as good as those given, and by how much their objective may still fall.

    labels (n,) must be whole grids within the bounds. ``price`` is what a grid's offset costs (`hess`). The
    second is None where the problem is too large.
    """
    if effort.is_over or problem.n_units > LARGEST:
        return labels, None
    if np.isfinite(problem.anchors).all():
        return _to_given_centres(problem, labels, effort)
    plain = problem.coefficients[0] - price
    governance = problem.coefficients[1] * problem.cost.max(initial=0.0)
    if price and max(plain, governance) <= 0:
        proof = prove_hess(problem, labels, limits=_limits(effort))
        return proof.labels, price * (proof.cost - proof.bound)
    terms = evaluate(problem, labels).terms
    slack = plain * (terms[0] - inertia_bound(problem, float(terms[0]))) if plain > 0 else 0.0
    if governance > 0:
        slack += problem.coefficients[1] * (terms[1] - border_bound(problem, float(terms[1]), proving=True))
    if price:
        upper = hess_cost(problem, labels)
        slack += price * (upper - relax(hess_model(problem), upper).bound)
    return labels, slack


def _to_given_centres(problem: Problem, labels: Ints, effort: Effort) -> tuple[Ints, float]:
    """`bounded` where every grid has its centre: the program of units, grids and borders, else term by term."""
    score = evaluate(problem, labels)
    bound, objective = -np.inf, score.objective
    if problem.n_units * problem.n_grids <= MOST_PAIRS:
        away = ((problem.xy[:, None] - problem.anchors[None]) ** 2).sum(axis=2)
        costs = problem.coefficients[0] * problem.mass[:, None] * away
        shared = shared_out(problem, costs, labels, limits=_limits(effort))
        if shared.labels is not None and evaluate(problem, shared.labels).objective < objective:
            labels, objective = shared.labels, evaluate(problem, shared.labels).objective
        if shared.optimal:
            return labels, max(objective - shared.bound, 0.0)
        bound = shared.bound
    left = np.maximum(score.terms - term_bounds(as_relaxed(problem, labels), score.terms, proving=True), 0.0)
    return labels, max(objective - max(bound, score.objective - float(left @ problem.coefficients)), 0.0)


def _limits(effort: Effort) -> Limits:
    left = None if effort.deadline is None else max(effort.deadline - time.monotonic(), 0.0)
    return Limits(NODES, ITERATIONS, left)
