"""A lower bound for the inertia: grids around free centroids, whatever their shape.

The inertia of a grid is its least Hess cost over all points of the plane, so a bound must hold for every point
its centroid may be. The plane is cut into small squares. For a grid whose centroid lies within r of the middle
q of a square, inertia = sum of mass * |x - q|^2 - mass * |centroid - q|^2 >= sum of mass * (|x - q|^2 - r^2):
a knapsack again (`lagrange`), and the squares that matter are cut in four until r costs little. Of the grids
of one square only the first may be that cheap: two of them share out their surroundings, and cost at
least the knapsack of twice the size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridopt._kernels.knapsack import VALUE, Ground, ascend, price
from gridopt._kernels.state import SLACK
from gridopt.solvers.problem import Floats, Problem

STEPS, ROUNDS, LENGTH, DECAY = 40, 10, 0.4, 0.75
"""Subgradient steps between two moves of the centres, rounds of both, the step length and its decay by round."""

LEAST_ROUNDS = 2
"""Rounds where little work is asked for: the first centres are only the middles of squares."""

HEADROOM = 1.02
"""The ascent aims this much above the known plan: on a few points alone the Lagrangian overestimates."""

SPLITS, MOST_SQUARES = 40, 12_000
"""Times that squares are cut in four, and squares evaluated, at most."""


@dataclass(frozen=True, eq=False)
class _Squares:
    """Squares of the plane: middles (s, 2), half their side (s,), and the region (s,) that each is part of."""

    middles: Floats
    half: Floats
    region: NDArray[np.int64]

    def quartered(self) -> _Squares:
        """Each cut in four."""
        turns = np.array([(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)])
        half = self.half / 2
        middles = (self.middles[:, None, :] + turns[None] * half[:, None, None]).reshape(-1, 2)
        return _Squares(middles, np.repeat(half, 4), np.repeat(self.region, 4))

    def with_others(self, others: _Squares) -> _Squares:
        return _Squares(
            np.concatenate([self.middles, others.middles]),
            np.concatenate([self.half, others.half]),
            np.concatenate([self.region, others.region]),
        )

    def at(self, chosen: NDArray[np.bool_]) -> _Squares:
        return _Squares(self.middles[chosen], self.half[chosen], self.region[chosen])


def inertia_bound(problem: Problem, upper: float, *, share: float = 1.0) -> float:
    """What the inertia of no plan of the problem falls below; ``upper`` is the inertia of a known plan.

    ``share`` says how much of the usual work is spent: fewer rounds, of which only the last is certified.

    All grids must have the same bounds; only those of the first measure count, and connectedness is left out.
    """
    xy = problem.xy - problem.xy.mean(axis=0)
    total = float(problem.mass.sum())
    if upper <= 0 or total <= 0:
        return 0.0
    regions = _regions(xy)
    prices = np.asarray(problem.mass * (upper / total))
    centres, best = regions.middles, 0.0
    rounds = max(LEAST_ROUNDS, round(ROUNDS * share))
    for number in range(rounds):
        if number > 0:
            centres = _moved(problem, xy, regions, prices)
        ground = _ground(problem, xy, centres, np.zeros(len(centres)))
        ascend(ground, prices, problem.n_grids, upper * HEADROOM, STEPS, LENGTH * DECAY**number)
        if share == 1 or number == rounds - 1:
            best = max(best, _certified(problem, xy, regions, prices))
    return min(best, upper)


def _regions(xy: Floats) -> _Squares:
    """Squares that cover all units, cut in four while they hold more than one: small where units are."""
    middle = (xy.min(axis=0) + xy.max(axis=0)) / 2
    half = float(np.ptp(xy, axis=0).max()) / 2 * (1 + 1e-9) + 1e-9
    waiting = _Squares(middle[None], np.array([half]), np.zeros(1, np.int64))
    done: list[_Squares] = []
    while len(waiting.half):
        held = (np.abs(xy[None] - waiting.middles[:, None]) <= waiting.half[:, None, None]).all(axis=2).sum(axis=1)
        ends = (held <= 1) | (waiting.half < half / 2**12)
        done.append(waiting.at(ends))
        waiting = waiting.at(~ends).quartered()
    middles, halves = np.concatenate([one.middles for one in done]), np.concatenate([one.half for one in done])
    return _Squares(middles, halves, np.arange(len(halves)))


def _ground(problem: Problem, xy: Floats, centres: Floats, slack: Floats, times: int = 1) -> Ground:
    """Every unit within reach of every centre; bounds for so many grids at once."""
    n, c = problem.n_units, len(centres)
    low, high = problem.low[0, 0] * (1 - SLACK), problem.high[0, 0] * (1 + SLACK)
    return Ground(
        np.arange(0, n * c + 1, n, dtype=np.int32),
        np.tile(np.arange(n, dtype=np.int32), c),
        np.full(c, -1, np.int32),
        np.ascontiguousarray(centres),
        xy.copy(),
        problem.mass.copy(),
        problem.weights[:, 0].copy(),
        np.array([low, high]) * times,
        slack,
    )


def _values(problem: Problem, xy: Floats, squares: _Squares, prices: Floats, times: int = 1) -> Floats:
    """What a grid (or ``times`` of them) with its centroid in each square costs at least, less its prices."""
    priced = np.empty((3, len(squares.half)))
    price(_ground(problem, xy, squares.middles, 2 * squares.half**2, times), prices, 1, priced)
    return np.asarray(priced[VALUE])


def _moved(problem: Problem, xy: Floats, regions: _Squares, prices: Floats) -> Floats:
    """The best of sixteen points in each region."""
    centres, least = regions.middles.copy(), np.full(len(regions.half), np.inf)
    for across in (-0.75, -0.25, 0.25, 0.75):
        for along in (-0.75, -0.25, 0.25, 0.75):
            points = regions.middles + regions.half[:, None] * np.array([across, along])
            priced = np.empty((3, len(points)))
            price(_ground(problem, xy, points, np.zeros(len(points))), prices, 1, priced)
            better = priced[VALUE] < least
            centres[better], least[better] = points[better], priced[VALUE][better]
    return centres


def _certified(problem: Problem, xy: Floats, regions: _Squares, prices: Floats) -> float:
    """The bound at these prices, squares cut until those that count are small."""
    k = problem.n_grids
    pairs = _values(problem, xy, regions, prices, times=2) / 2 if k > 1 else np.full(len(regions.half), np.inf)
    squares, values = regions, _values(problem, xy, regions, prices)
    spent, bound = len(values), -np.inf
    for split in range(SPLITS + 1):
        least = np.full(len(regions.half), np.inf)
        np.minimum.at(least, squares.region, values)
        ordered = np.sort(np.concatenate([least, np.repeat(np.maximum(least, pairs), k - 1)]))
        bound = max(bound, float(prices.sum() + ordered[:k].sum()))
        open_ones = values <= ordered[k - 1]
        spent += 4 * int(open_ones.sum())
        if split == SPLITS or spent > MOST_SQUARES:
            break
        finer = squares.at(open_ones).quartered()
        rest = squares.at(~open_ones)
        values = np.concatenate([values[~open_ones], _values(problem, xy, finer, prices)])
        squares = rest.with_others(finer)
    return bound
