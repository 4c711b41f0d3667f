"""Every connected set of units within bounds, as bit masks: the columns of the exact path."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

MOST_UNITS = 62
"""A set is one 64-bit word."""


@njit(cache=True, nogil=True)
def connected_sets(
    adjacency: NDArray[np.uint64],
    weights: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    masks: NDArray[np.uint64],
    most_steps: int,
) -> int:
    """Write each connected set with low <= sum <= high once into ``masks``; their number, or -1 if too many.

    adjacency (n,) neighbour masks, weights (n, m) >= 0, low and high (m,), masks (most,). A set is grown
    from its lowest unit by the extension rule of ESU (Wernicke 2006); a branch above ``high`` ends, since
    weights only add up. Gives up (-1) after ``most_steps`` extensions as well, so that work is bounded.
    """
    n, m = weights.shape
    one = uint64(1)
    found, steps = 0, 0
    depth_sets = np.zeros(n + 1, np.uint64)
    depth_open = np.zeros(n + 1, np.uint64)
    depth_seen = np.zeros(n + 1, np.uint64)
    sums = np.zeros((n + 1, m))
    for root in range(n):
        above = ~((one << uint64(root + 1)) - one) if root < 63 else uint64(0)
        depth = 0
        depth_sets[0] = one << uint64(root)
        depth_open[0] = adjacency[root] & above
        depth_seen[0] = depth_sets[0] | adjacency[root]
        fits, whole = True, True
        for j in range(m):
            sums[0, j] = weights[root, j]
            fits = fits and sums[0, j] <= high[j]
            whole = whole and sums[0, j] >= low[j]
        if not fits:
            continue
        if whole:
            if found == len(masks):
                return -1
            masks[found] = depth_sets[0]
            found += 1
        while depth >= 0:
            ways = depth_open[depth]
            if ways == 0:
                depth -= 1
                continue
            steps += 1
            if steps > most_steps:
                return -1
            bit = ways & (~ways + one)
            depth_open[depth] = ways & ~bit
            unit = 0
            probe = bit
            while probe > one:
                probe >>= one
                unit += 1
            fits, whole = True, True
            for j in range(m):
                total = sums[depth, j] + weights[unit, j]
                sums[depth + 1, j] = total
                fits = fits and total <= high[j]
                whole = whole and total >= low[j]
            if not fits:
                continue
            depth_sets[depth + 1] = depth_sets[depth] | bit
            depth_open[depth + 1] = depth_open[depth] | (adjacency[unit] & above & ~depth_seen[depth])
            depth_seen[depth + 1] = depth_seen[depth] | adjacency[unit]
            depth += 1
            if whole:
                if found == len(masks):
                    return -1
                masks[found] = depth_sets[depth]
                found += 1
    return found


@njit(cache=True, nogil=True)
def leaves_room(
    masks: NDArray[np.uint64],
    adjacency: NDArray[np.uint64],
    weights: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    n_grids: int,
) -> NDArray[np.bool_]:
    """Whether what a set leaves over could still fall into ``n_grids`` - 1 grids, by its totals.

    masks (s,), the other arrays as in `connected_sets`. Each connected part of the rest admits a range of
    numbers of grids; the ranges must add up to the number that is left. A set that fails lies in no plan.
    """
    n, m = weights.shape
    one = uint64(1)
    everything = uint64(0)
    for unit in range(n):
        everything |= one << uint64(unit)
    answer = np.zeros(len(masks), np.bool_)
    sums = np.zeros(m)
    for s in range(len(masks)):
        rest = everything & ~masks[s]
        fewest, most = 0.0, 0.0
        sound = True
        while rest != 0 and sound:
            part = rest & (~rest + one)
            edge = part
            sums[:] = 0.0
            while edge != 0:
                bit = edge & (~edge + one)
                unit = 0
                probe = bit
                while probe > one:
                    probe >>= one
                    unit += 1
                for j in range(m):
                    sums[j] += weights[unit, j]
                edge &= ~bit
                new = adjacency[unit] & rest & ~part
                part |= new
                edge |= new
            least, largest = 1.0, 64.0
            for j in range(m):
                if high[j] < np.inf and high[j] > 0:
                    least = max(least, np.ceil(sums[j] / high[j]))
                if low[j] > 0:
                    largest = min(largest, np.floor(sums[j] / low[j]))
            sound = least <= largest
            fewest += least
            most += largest
            rest &= ~part
        answer[s] = sound and fewest <= n_grids - 1 and n_grids - 1 <= most
    return answer
