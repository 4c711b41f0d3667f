"""The Lagrangian bound of the Hess model, and what it rules out.

"Each unit once" is dualised; what is left falls apart into a fractional knapsack for each centre unit, of
which the best k count (Hojati 1996; Validi, Buchanan and Lykhovyd 2022 for the fixing). A pair of unit and
centre whose reduced cost exceeds the gap to a known plan is in no better plan and is dropped, which makes the
next bound better and cheaper.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridopt._kernels.knapsack import CRITICAL, VALUE, Ground, ascend, price
from gridopt._kernels.state import SLACK
from gridopt.solvers.problem import Floats, Ints, Problem

Bools = NDArray[np.bool_]

STEPS, ROUNDS, LENGTH = 150, 6, 0.4
"""Subgradient steps between two fixings, fixings at most, and the first step length."""

ENOUGH = 0.97
"""Another round pays where the last one kept at most this share of the pairs."""

MOST_PATHS = 1_000
"""Units up to which the lightest paths between all pairs are measured."""


@dataclass(frozen=True, eq=False)
class Model:
    """The Hess model of one problem: centre units, and the units that each may hold.

    mass (n,), weights (n, m), xy (n, 2) centred, low, high (m,); allowed (n, n) says which unit (row) may lie
    in the grid of which centre (column); a centre that may not hold itself is none.
    """

    mass: Floats
    weights: Floats
    xy: Floats
    low: Floats
    high: Floats
    n_grids: int
    allowed: Bools

    @property
    def centres(self) -> NDArray[np.int64]:
        """Units that may be centres, ascending."""
        return np.flatnonzero(np.diagonal(self.allowed))

    def costs(self, centres: NDArray[np.int64]) -> Floats:
        """Mass times squared distance of every unit (row) to each of the centres (column)."""
        away = ((self.xy[:, None, :] - self.xy[None, centres, :]) ** 2).sum(axis=2)
        return np.asarray(self.mass[:, None] * away)

    def ground(self) -> Ground:
        """The model as the kernels see it; bounds of the first measure only, which bounds from below."""
        centres = self.centres
        held, units = np.nonzero(self.allowed[:, centres].T)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(held, minlength=len(centres)))])
        return Ground(
            indptr.astype(np.int32),
            units.astype(np.int32),
            centres.astype(np.int32),
            np.ascontiguousarray(self.xy[centres]),
            self.xy.copy(),
            self.mass.copy(),
            self.weights[:, 0].copy(),
            np.array([self.low[0], self.high[0]]),
            np.zeros(len(centres)),
        )


@dataclass(frozen=True, eq=False)
class Relaxed:
    """A bound for the model, and the prices of the units (n,) that give it.

    ``bound`` holds for every plan that beats the one the model was fixed by; ``opened`` are the centres that
    all of these use.
    """

    model: Model
    bound: float
    prices: Floats
    opened: NDArray[np.int64]


def hess_model(problem: Problem) -> Model:
    """The model of a problem whose grids all have the same bounds and whose units are free.

    A unit joins no centre where even the lightest path between the two weighs more than a grid may.
    """
    low, high = problem.low[0] * (1 - SLACK), problem.high[0] * (1 + SLACK)
    n = problem.n_units
    allowed = np.ones((n, n), bool)
    if n <= MOST_PATHS:
        for j in range(problem.weights.shape[1]):
            if np.isfinite(high[j]):
                allowed &= _lightest_paths(problem, problem.weights[:, j]) <= high[j] * (1 + SLACK) + SLACK
    xy = problem.xy - problem.xy.mean(axis=0)
    return Model(problem.mass, problem.weights, xy, low, high, problem.n_grids, allowed)


def relax(model: Model, upper: float, *, steps: int = STEPS, rounds: int = ROUNDS) -> Relaxed:
    """Bound the model from below and drop what no plan cheaper than ``upper`` uses, in turn.

    The bound never exceeds ``upper``: once nothing is left, the known plan is optimal.
    """
    total = model.mass.sum()
    prices = np.asarray(model.mass * (upper / total if total > 0 else 0.0))
    best, opened = -np.inf, np.zeros(0, np.int64)
    for _ in range(rounds):
        if len(model.centres) < model.n_grids:
            return Relaxed(model, upper, prices, opened)
        found = ascend(model.ground(), prices, model.n_grids, upper, steps, LENGTH)
        best = max(best, min(found, upper))
        before = int(model.allowed.sum())
        _, model, opened = fixed(model, prices, upper)
        if model.allowed.sum() > ENOUGH * before or best >= upper:
            break
    return Relaxed(model, best, prices, opened)


def fixed(model: Model, prices: Floats, upper: float) -> tuple[float, Model, NDArray[np.int64]]:
    """The bound at some prices (n,), the model without the pairs of no plan cheaper than ``upper``, and the centres
    that all of these open.
    """
    ground, centres = model.ground(), model.centres
    priced = np.empty((3, len(centres)))
    bound = price(ground, prices, model.n_grids, priced)
    room = upper - bound + 1e-9 * abs(upper)
    values, k = priced[VALUE], model.n_grids
    ordered = np.sort(values)
    opening = np.maximum(values - ordered[k - 1], 0.0)
    joining = model.costs(centres) - prices[:, None] - np.outer(model.weights[:, 0], priced[CRITICAL])
    joining = np.maximum(joining, 0.0)
    joining[centres, np.arange(len(centres))] = 0.0
    kept = model.allowed.copy()
    kept[:, centres] &= (joining + opening) <= room
    kept[:, ~np.diagonal(kept)] = False
    closing = (ordered[k] if len(ordered) > k else np.inf) - values
    return float(bound), dataclasses.replace(model, allowed=kept), centres[closing > room]


def _lightest_paths(problem: Problem, weights: Floats) -> Floats:
    """Least weight of the units on a path between two units, both ends included, (n, n); inf for none."""
    arrive = weights[problem.neighbours] + 1e-12 * weights.sum()
    n = problem.n_units
    paths = dijkstra(csr_array((arrive, problem.neighbours, problem.indptr), shape=(n, n)))
    return np.asarray(paths + weights[:, None] - 1e-12 * weights.sum() * n)


def labelled(centre_of: Ints | NDArray[np.int64]) -> Ints:
    """Labels from the centre of each unit, numbered by the first unit of each grid."""
    _, first, inverse = np.unique(centre_of, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return rank[inverse]
