"""How many grids: the admissible numbers, the nearest to the target first."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def candidates(totals: Floats, low: Floats, high: Floats, *, target: float, most: int) -> list[int]:
    """Admissible numbers k (k * low <= total <= k * high for every measure), nearest to total / target first.

    totals, low, high (m,), the size measure first; ``most`` is the number of units. Where no number is
    admissible, the one with the smallest excess over the bounds (relative to them) is the only candidate.
    Ties go to fewer grids.
    """
    wish = totals[0] / target if target > 0 else 1.0
    ceiling = max(1, min(most, math.ceil(_most_needed(totals, low, high) + 1), 10**6))
    numbers = np.arange(1, ceiling + 1)
    excess = _excess(totals, low, high, numbers)
    admissible = numbers[excess <= 1e-12]
    if len(admissible):
        return [int(k) for k in admissible[np.lexsort((admissible, np.abs(admissible - wish)))]]
    return [int(numbers[np.lexsort((np.abs(numbers - wish), excess))[0]])]


def needed_apart(pairs: NDArray[np.int32]) -> int:
    """Grids that units which must lie apart need at least: as many as there are in one set, all apart from each other.

    pairs (p, 3) are two units and -1 where no grid may hold both. The set is grown greedily from the unit with most
    pairs, so that it may fall short of the largest one, never above.
    """
    near: dict[int, set[int]] = {}
    for a, b, sign in pairs.tolist():
        if sign < 0:
            near.setdefault(a, set()).add(b)
            near.setdefault(b, set()).add(a)
    chosen: list[int] = []
    for unit in sorted(near, key=lambda one: (-len(near[one]), one)):
        if all(other in near[unit] for other in chosen):
            chosen.append(unit)
    return max(len(chosen), 1)


def _most_needed(totals: Floats, low: Floats, high: Floats) -> float:
    by_low = [total / bound for total, bound in zip(totals, low, strict=True) if bound > 0]
    by_high = [total / bound for total, bound in zip(totals, high, strict=True) if 0 < bound < np.inf]
    return float(max([1.0, *by_low, *by_high]))


def _excess(totals: Floats, low: Floats, high: Floats, numbers: NDArray[np.int64]) -> Floats:
    """How far each number of grids misses the bounds in all, as a share of the tighter bound of each measure."""
    missed = np.zeros(len(numbers))
    for total, least, most in zip(totals, low, high, strict=True):
        unit = most if np.isfinite(most) and most > 0 else max(least, 1.0)
        over = np.maximum(total - numbers * most, 0.0) if np.isfinite(most) else 0.0
        missed += np.maximum(over, numbers * least - total) / unit * (np.maximum(over, numbers * least - total) > 1e-9)
    return missed


def shared_out(
    number: int, wishes: Floats, most: NDArray[np.int64], *, least: NDArray[np.int64] | int = 1
) -> NDArray[np.int64]:
    """``number`` grids shared out by largest remainder of ``wishes``, each at least ``least`` and at most ``most``.

    Of all shares within these bounds they have the least sum of squared distances from exact proportion: one grid
    more costs ever more, so that giving (or taking) one at a time where it costs least is best. Ties go to the
    first. ``number`` must lie between the sums of the bounds.
    """
    exact = number * wishes / max(wishes.sum(), 1e-300)
    shares: NDArray[np.int64] = np.clip(np.floor(exact + 1e-9).astype(np.int64), least, most)
    while shares.sum() != number:
        step = 1 if shares.sum() < number else -1
        open_ = shares < most if step > 0 else shares > least
        shares[np.argmax(np.where(open_, step * (exact - shares), -np.inf))] += step
    return shares
