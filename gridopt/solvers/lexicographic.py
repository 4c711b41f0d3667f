"""The best covers where rules give way: misses compared rule by rule, then the objective, for every number of grids.

The dynamic programming of `exact` over partial covers (Held and Karp, 1962), with a tuple of misses in place of a
price: no price is high enough to keep several rules apart and the objective exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridopt._kernels.cover import extend
from gridopt.solvers.exact import Sets

Counts = NDArray[np.int64]

MOST_COVERS = 400_000
"""Partial covers that one step may grow; more are left to the search."""


@dataclass(frozen=True, eq=False)
class Cover:
    """The best division into ``n_grids`` of the sets: what it misses (r,), what it costs, and its labels (n,)."""

    n_grids: int
    missed: tuple[int, ...]
    objective: float
    labels: NDArray[np.int32]


def best_covers(sets: Sets, missed: Counts) -> list[Cover] | None:
    """The best division into each number of grids that has one; None where there are too many partial covers.

    missed (sets, r) by rule, the rule that counts most first; each number's best misses it by least, then the next,
    and last has the least cost.
    """
    n = sets.members.shape[1]
    lowest = np.argmax((sets.masks[:, None] >> np.arange(n, dtype=np.uint64)) & np.uint64(1), axis=1)
    sorted_ = np.argsort(lowest, kind="stable")
    masks, cost, missed = sets.masks[sorted_], sets.cost[sorted_], missed[sorted_]
    starts = np.concatenate([[0], np.cumsum(np.bincount(lowest, minlength=n))]).astype(np.int64)
    free, nothing = np.zeros(len(masks)), np.zeros(n)
    everything = np.uint64(2**n - 1)
    covered, spent = np.zeros(1, np.uint64), np.zeros(1)
    lacking = np.zeros((1, missed.shape[1]), np.int64)
    steps: list[tuple[Counts, Counts]] = []
    found = []
    while len(covered):
        parents, chosen = np.empty(MOST_COVERS, np.int64), np.empty(MOST_COVERS, np.int64)
        n_pairs = extend(covered, np.zeros(len(covered)), masks, free, starts, nothing, np.inf, parents, chosen)
        if n_pairs < 0:
            return None
        parents, chosen = parents[:n_pairs], chosen[:n_pairs]
        union, total = covered[parents] | masks[chosen], spent[parents] + cost[chosen]
        lacks = lacking[parents] + missed[chosen]
        best = np.lexsort((chosen, total, *lacks.T[::-1], union))
        best = best[np.unique(union[best], return_index=True)[1]]
        steps.append((parents[best], chosen[best]))
        covered, spent, lacking = union[best], total[best], lacks[best]
        if len(covered) and covered[-1] == everything:
            members = sets.members[np.sort(sorted_[_trail(steps)])]
            labels = np.argmax(members, axis=0).astype(np.int32)
            found.append(Cover(len(steps), tuple(lacking[-1].tolist()), float(spent[-1]), labels))
    return found


def _trail(steps: list[tuple[Counts, Counts]]) -> Counts:
    """The sets of the last cover of the last step, from there back."""
    place, trail = -1, []
    for parents, chosen in reversed(steps):
        trail.append(int(chosen[place]))
        place = int(parents[place])
    return np.array(trail, np.int64)
