"""A few grids, or a small community, drawn by a program that knows borders: terms, bounds, whole grids, proof.

What a border costs and what lies far from a centre are linear in who lies where, and a size is charged by tangents,
so the program bounds from below what any drawing costs with these centres. Grids that fall apart are cut off by
separators (`separators`), and the program is solved again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridopt._kernels.state import SLACK
from gridopt.milp import Limits, solve
from gridopt.milp.rows import Cut
from gridopt.milp.sharing import Sharing, program
from gridopt.solvers.problem import Floats, Ints, Problem, connected_pieces
from gridopt.solvers.separators import parted

PLAN_COST = 1_000.0
"""What the known plan costs in the program that HiGHS sees."""

MOST_CUT_ROUNDS = 30
"""Times that cuts are added and the program is solved again."""

LINES = 6
"""Tangents by which the cost of a size is bounded on either side of what costs nothing."""


@dataclass(frozen=True, eq=False)
class Shared:
    """Labels (n,) of whole grids, None where none was found, and a bound that no drawing goes below.

    ``optimal``: the labels are proved to be the best with these costs.
    """

    labels: Ints | None
    bound: float
    optimal: bool


def shared_out(problem: Problem, costs: Floats, labels: Ints, *, limits: Limits) -> Shared:
    """The drawing that costs least, ``costs`` (n, k) being those of proximity; from the known drawing ``labels``.

    Governance and size cost what the problem says. Bounds, fixed units and connectedness hold; conditions beyond
    bounds are left out. inf in ``costs`` keeps a unit out of a grid.
    """
    scale = _cost_of(problem, costs, labels) / PLAN_COST or 1.0
    sharing = sharing_of(problem, costs / scale, 1 / scale)
    cuts: list[Cut] = []
    bound = -np.inf
    for _ in range(MOST_CUT_ROUNDS):
        outcome = solve(program(sharing, cuts), limits, start=sharing.values(labels))
        if outcome.bound is not None:
            bound = max(bound, outcome.bound * scale)
        if outcome.values is None:
            return Shared(None, bound, False)
        found = sharing.labels(outcome.values)
        new = _cuts(problem, found)
        if not new:
            return Shared(found, bound, outcome.status == "optimal")
        if outcome.status == "limit":
            return Shared(None, bound, False)
        cuts += new
    return Shared(None, bound, False)


def sharing_of(problem: Problem, costs: Floats, factor: float) -> Sharing:
    """The problem as a program: ``costs`` (n, k) of proximity as they are, the other terms times ``factor``.

    A unit that is fixed may lie in its grid alone, one with weight in no closed grid.
    """
    n, k = problem.n_units, problem.n_grids
    allowed = (problem.fixed[:, None] < 0) | (problem.fixed[:, None] == np.arange(k))
    weighed = (problem.weights > 0).any(axis=1) & (problem.fixed < 0)
    allowed &= ~(weighed[:, None] & problem.closed[None, :])
    heads = np.repeat(np.arange(n), np.diff(problem.indptr))
    first = (heads < problem.neighbours) & (problem.cost > 0)
    edges = np.column_stack([heads, problem.neighbours])[first].astype(np.int64)
    mean = problem.weights.mean(axis=0)
    mean = np.where(mean > 0, mean, 1.0)
    slopes, rises = _tangents(problem, mean[0])
    return Sharing(
        np.where(allowed, costs, np.inf),
        edges,
        problem.cost[first] * problem.coefficients[1] * factor,
        problem.weights / mean,
        problem.low * (1 - SLACK) / mean,
        problem.high * (1 + SLACK) / mean,
        slopes * problem.coefficients[2] * factor,
        rises * problem.coefficients[2] * factor,
    )


def _tangents(problem: Problem, unit: float) -> tuple[Floats, Floats]:
    """(slopes, rises), both (k, 2 * lines): what a size costs is at least every line; sizes in so many of a measure."""
    low, high = problem.comfort.T
    least, most = problem.low[:, 0], np.minimum(problem.high[:, 0], problem.weights[:, 0].sum())
    steps = (np.arange(LINES) + 0.5) / LINES
    below = np.where(np.isfinite(low), np.maximum(low - least, 0.0), 0.0)[:, None] * steps
    above = np.where(np.isfinite(high), np.maximum(most - high, 0.0), 0.0)[:, None] * steps
    away = np.concatenate([-below, above], axis=1)
    edge = np.repeat(np.column_stack([low, high]), LINES, axis=1)
    edge = np.where(np.isfinite(edge), edge, 0.0)
    slopes = 2 * away / problem.target[:, None] ** 2
    rises = (away / problem.target[:, None]) ** 2 - slopes * (edge + away)
    return slopes * unit, rises


def _cost_of(problem: Problem, costs: Floats, labels: Ints) -> float:
    heads = np.repeat(np.arange(problem.n_units), np.diff(problem.indptr))
    cut = problem.cost[labels[heads] != labels[problem.neighbours]].sum() / 2
    return float(costs[np.arange(len(labels)), labels].sum() + problem.coefficients[1] * cut)


def _cuts(problem: Problem, labels: Ints) -> list[Cut]:
    """The cuts that a drawing in pieces breaks: of two units of one grid apart, one of what parts them is in it too.

    (a, b)-separators without a root: x_a + x_b <= 1 + what the grid holds of the separator, for every grid.
    """
    k = problem.n_grids
    piece = connected_pieces(problem, labels)
    cuts: list[Cut] = []
    for grid in range(k):
        numbers, sizes = np.unique(piece[labels == grid], return_counts=True)
        largest = numbers[np.argmax(sizes)] if len(numbers) else -1
        root = int(np.argmax(piece == largest))
        for number in numbers[numbers != largest]:
            inside = piece == number
            separator = parted(problem, inside, root)[1]
            unit = int(np.argmax(inside))
            for other in range(k):
                columns = [one * k + other for one in (unit, root, *separator)]
                cuts.append((columns, [1.0, 1.0, *[-1.0] * len(separator)], 1.0))
    return cuts
