"""Covers of the units by disjoint grids, grown one grid at a time over bit masks."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def lowest_open(masks: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The first unit that each mask (s,) leaves uncovered."""
    answer = np.empty(len(masks), np.int64)
    for s in range(len(masks)):
        unit = 0
        mask = masks[s]
        while mask & uint64(1):
            mask >>= uint64(1)
            unit += 1
        answer[s] = unit
    return answer


@njit(cache=True, nogil=True)
def extend(
    covered: NDArray[np.uint64],
    spent: NDArray[np.float64],
    sets: NDArray[np.uint64],
    cost: NDArray[np.float64],
    starts: NDArray[np.int64],
    share: NDArray[np.float64],
    limit: float,
    parents: NDArray[np.int64],
    chosen: NDArray[np.int64],
) -> int:
    """Pair each partial cover with each set that covers its first open unit and overlaps nothing; their number.

    covered, spent (s,): partial covers and what they cost. sets, cost (c,) sorted by lowest unit, those of
    unit u in starts[u] : starts[u + 1]. share (n,) bounds from below what covering a unit costs; a pair that
    cannot stay within ``limit`` is left out. Writes parents, chosen (most,); -1 where they do not suffice.
    """
    n = len(share)
    first = lowest_open(covered)
    found = 0
    for s in range(len(covered)):
        unit = first[s]
        if unit >= n:
            continue
        for c in range(starts[unit], starts[unit + 1]):
            if covered[s] & sets[c]:
                continue
            total = spent[s] + cost[c]
            if total > limit:
                continue
            union = covered[s] | sets[c]
            for i in range(unit, n):
                if not (union >> uint64(i)) & uint64(1):
                    total += share[i]
            if total > limit:
                continue
            if found == len(parents):
                return -1
            parents[found] = s
            chosen[found] = c
            found += 1
    return found
