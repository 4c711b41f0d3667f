"""What an objective cannot go below: the bound of each term, and their weighted sum."""

from __future__ import annotations

import time

from gridopt.milp import Limits
from gridopt.solvers.effort import Effort
from gridopt.solvers.problem import Ints, Problem
from gridopt.solvers.prove import prove_hess

NODES = 20_000
"""Branch-and-bound nodes of one solve where proof is asked for."""


def bounded(problem: Problem, labels: Ints, effort: Effort, price: float) -> tuple[Ints, float | None]:
    """Labels at least as good as those given, and by how much their objective may still fall, None if unknown.

    labels (n,) must be whole grids within the bounds. ``price`` is what a grid's offset costs (`hess`).
    """
    others = (problem.coefficients[0] - price, problem.coefficients[1] * problem.cost.max(initial=0.0),
              problem.coefficients[2])  # fmt: skip
    if price and max(others) <= 0:
        proof = prove_hess(problem, labels, limits=_limits(effort))
        return proof.labels, price * (proof.cost - proof.bound)
    return labels, None


def _limits(effort: Effort) -> Limits:
    left = None if effort.deadline is None else max(effort.deadline - time.monotonic(), 0.0)
    return Limits(nodes=NODES, seconds=left)
