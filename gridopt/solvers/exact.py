"""The exact path for small pieces: every admissible grid enumerated, the best partition chosen by MILP.

All three terms add up over grids (a border between two grids is half of each one's), so the cheapest
choice of disjoint grids that covers the piece is the optimum. Set partitioning for districting is due to
Garfinkel and Nemhauser (1970); small pieces need no column generation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from gridopt._kernels.enumerate import MOST_UNITS, connected_sets, leaves_room
from gridopt.milp.set_partitioning import choose
from gridopt.solvers.problem import Problem

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

MOST_SETS = 150_000
MOST_STEPS = 20_000_000
MOST_COLUMNS = 20_000
"""Sets that one program may choose from; beyond it the answer would cost more than it is worth."""


@dataclass(frozen=True, eq=False)
class Sets:
    """Candidate grids of one problem: as bit ``masks``, as ``members`` (sets, units), and what each costs."""

    masks: NDArray[np.uint64]
    members: NDArray[np.bool_]
    cost: Floats


@dataclass(frozen=True, eq=False)
class Proof:
    """What the exact path found out: "optimal", "infeasible" (both proved) or "limit" (neither)."""

    status: str
    labels: Ints | None = None
    bound: float | None = None


def enumerate_sets(problem: Problem, low: Floats, high: Floats) -> Sets | None:
    """Every connected set of units with low <= sums <= high, priced; None where there are too many."""
    n = problem.mass.size
    if n > MOST_UNITS:
        return None
    masks = np.empty(MOST_SETS, np.uint64)
    found = connected_sets(_neighbour_masks(problem), problem.weights, low - 1e-9, high + 1e-9, masks, MOST_STEPS)
    if found < 0:
        return None
    ordered = np.sort(masks[:found])
    members = ((ordered[:, None] >> np.arange(n, dtype=np.uint64)) & np.uint64(1)).astype(bool)
    return Sets(ordered, members, _costs(problem, members.astype(np.float64)))


def promising(problem: Problem, sets: Sets, low: Floats, high: Floats) -> Sets:
    """The sets whose remainder could still fall into the other grids: no plan needs any of the rest."""
    kept = leaves_room(
        sets.masks, _neighbour_masks(problem), problem.weights, low - 1e-9, high + 1e-9, problem.n_grids
    )
    return Sets(sets.masks[kept], sets.members[kept], sets.cost[kept])


def best_partition(sets: Sets, n_grids: int, *, incumbent: float = np.inf) -> Proof:
    """The cheapest partition into ``n_grids`` of the sets, proved, or proof that there is none."""
    if not len(sets.cost):
        return Proof("infeasible")
    if len(sets.cost) > MOST_COLUMNS:
        return Proof("limit")
    choice = choose(csc_array(sets.members.T.astype(np.float64)), sets.cost, n_grids, incumbent=incumbent)
    if choice.chosen is None:
        return Proof(choice.status, None, choice.bound)
    labels = np.argmax(sets.members[np.sort(choice.chosen)], axis=0).astype(np.int32)
    return Proof(choice.status, labels, choice.bound)


def _neighbour_masks(problem: Problem) -> NDArray[np.uint64]:
    n = problem.mass.size
    masks = np.zeros(n, np.uint64)
    heads = np.repeat(np.arange(n), np.diff(problem.indptr))
    np.bitwise_or.at(masks, heads, np.uint64(1) << problem.neighbours.astype(np.uint64))
    return masks


def _costs(problem: Problem, members: Floats) -> Floats:
    """The weighted terms of each set as a grid; a border is half of each of its two grids'."""
    n = problem.mass.size
    xy = problem.xy - problem.xy.mean(axis=0)
    mass = members @ problem.mass
    first = members @ (problem.mass[:, None] * xy)
    second = members @ (problem.mass * (xy**2).sum(axis=1))
    inertia = second - (first**2).sum(axis=1) / np.where(mass > 0, mass, 1.0)
    heads = np.repeat(np.arange(n), np.diff(problem.indptr))
    cost = np.zeros((n, n))
    cost[heads, problem.neighbours] = problem.cost
    cut = members @ cost.sum(axis=1) - ((members @ cost) * members).sum(axis=1)
    sizes = members @ problem.weights[:, 0]
    low, high = problem.comfort[0]
    outside = np.maximum(np.maximum(low - sizes, sizes - high), 0.0) / problem.target[0]
    terms = np.column_stack([np.maximum(inertia, 0.0), cut / 2, outside**2])
    return np.asarray(terms @ problem.coefficients, np.float64)
