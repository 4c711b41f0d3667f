"""What an objective cannot go below: a bound for each term by itself, and their weighted sum.

A term's bound bounds that term alone; the sum is a bound for the objective, which no plan need reach.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from gridopt.milp import Limits
from gridopt.solvers.centroids import inertia_bound
from gridopt.solvers.effort import Effort
from gridopt.solvers.lagrange import hess_model, relax
from gridopt.solvers.problem import Floats, Ints, Problem, evaluate
from gridopt.solvers.prove import hess_cost, prove_hess
from gridopt.solvers.spectral import cut_bound

NODES = 20_000
"""Branch-and-bound nodes of one solve where proof is asked for."""

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


def slack_of(problem: Problem, labels: Ints, effort: Effort) -> Slack | None:
    """The slack of a drawing within its bounds; None where the problem is too large to bound unasked.

    None as well where some grids have rules of their own: units fixed in them, or bounds that others do not have.
    """
    if effort.is_over or problem.n_units > (LARGEST if effort.prove else ALWAYS) or not _alike(problem):
        return None
    terms = evaluate(problem, labels).terms
    left = np.maximum(terms - term_bounds(problem, terms), 0.0)
    return Slack(float(left @ problem.coefficients), left)


def _alike(problem: Problem) -> bool:
    """Whether all grids have the same rules."""
    same = (problem.low, problem.high, problem.comfort, problem.target)
    return bool((problem.fixed < 0).all() and all((one == one[:1]).all() for one in same))


def term_bounds(problem: Problem, terms: Floats) -> Floats:
    """What no plan's proximity, governance and size (3,) go below; ``terms`` are those of a known plan.

    A term that the objective leaves out is bounded by 0.
    """
    asked = problem.coefficients > 0
    return np.array(
        [
            inertia_bound(problem, float(terms[0])) if asked[0] else 0.0,
            cut_bound(problem, float(terms[1])) if asked[1] else 0.0,
            size_bound(problem) if asked[2] else 0.0,
        ]
    )


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
    plain = problem.coefficients[0] - price
    governance = problem.coefficients[1] * problem.cost.max(initial=0.0)
    if price and max(plain, governance) <= 0:
        proof = prove_hess(problem, labels, limits=_limits(effort))
        return proof.labels, price * (proof.cost - proof.bound)
    terms = evaluate(problem, labels).terms
    slack = plain * (terms[0] - inertia_bound(problem, float(terms[0]))) if plain > 0 else 0.0
    if governance > 0:
        slack += problem.coefficients[1] * (terms[1] - cut_bound(problem, float(terms[1])))
    if price:
        upper = hess_cost(problem, labels)
        slack += price * (upper - relax(hess_model(problem), upper).bound)
    return labels, slack


def _limits(effort: Effort) -> Limits:
    left = None if effort.deadline is None else max(effort.deadline - time.monotonic(), 0.0)
    return Limits(nodes=NODES, seconds=left)
