"""The Hess objective: weight times squared distance to the best centre unit of each grid (Hess et al. 1965).

For a grid of mass P and centroid c, the cost with centre unit j is its inertia plus P |x_j - c|^2, so the
best centre unit is the one nearest the centroid, and what Hess adds to the inertia is the grid's *offset*.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridopt._kernels import polish as polishing
from gridopt._kernels.state import new_state
from gridopt.solvers.problem import Floats, Ints, Problem

PASSES = 30
"""Passes of the descent at most."""


def centre_units(mass: Floats, xy: Floats, labels: Ints) -> tuple[NDArray[np.int64], Floats]:
    """(units (k,), offsets (k,)): the unit of each grid that lies nearest its centroid of mass, and its offset.

    Ties go to the unit that comes first; a grid without mass has offset 0.
    """
    k = int(labels.max()) + 1
    moved = xy - xy.mean(axis=0)
    total = np.bincount(labels, mass, k)
    safe = np.where(total > 0, total, 1.0)
    centroids = np.column_stack([np.bincount(labels, mass * axis, k) / safe for axis in moved.T])
    away = ((moved - centroids[labels]) ** 2).sum(axis=1)
    order = np.lexsort((np.arange(len(labels)), away, labels))
    units = order[np.unique(labels[order], return_index=True)[1]]
    return units, total * away[units]


def offset_of(problem: Problem, labels: Ints) -> float:
    """The offsets of all grids of a partition together."""
    return float(centre_units(problem.mass, problem.xy, labels)[1].sum())


def set_offsets(problem: Problem, members: NDArray[np.bool_]) -> Floats:
    """The offset of each set as a grid; members (sets, units)."""
    xy = problem.xy - problem.xy.mean(axis=0)
    inside = members.astype(np.float64)
    mass = inside @ problem.mass
    centroids = inside @ (problem.mass[:, None] * xy) / np.where(mass > 0, mass, 1.0)[:, None]
    nearest = np.full(len(members), np.inf)
    for unit in range(problem.n_units):
        away = ((xy[unit] - centroids) ** 2).sum(axis=1)
        nearest = np.where(members[:, unit], np.minimum(nearest, away), nearest)
    return np.asarray(mass * nearest, np.float64)


def polished(problem: Problem, labels: Ints, price: float) -> Ints:
    """Labels (n,) after moves and swaps that lower the objective with ``price`` times every offset added."""
    state = new_state(problem.board, labels[problem.order])
    polishing.polish(problem.board, state, price, PASSES, np.empty(problem.n_grids))
    better = np.empty_like(labels)
    better[problem.order] = state.labels
    return better
