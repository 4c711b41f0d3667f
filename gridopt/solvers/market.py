"""A problem and a plan of it as the search for grids worth their price sees them (`_kernels.pricing`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gridopt._kernels.pricing import Market, Tariff
from gridopt.solvers.exact import along, set_costs
from gridopt.solvers.problem import Floats, Ints, Problem

CHARGES = np.concatenate([-np.geomspace(4, 0.02, 16), [0.0], np.geomspace(0.02, 4, 16)])
"""What a unit of size may be charged, in shares of what it costs in the known plan."""

LEVELS = 32
"""Masses that the distances among units yet to come are tabled for."""

ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Admissible:
    """The grids that a plan may consist of which misses no more than a known one does.

    problem  every grid under the same rule; costs are its terms, weighted
    order    (n,) units in the order of the markets
    markets  the grids by what they may be: those that hold a unit above a limit, which have no size term, and others
    exempt   (n,) units above a limit
    missed   what the first measure of all grids together may miss its rule by, in shares of it
    """

    problem: Problem
    order: NDArray[np.int64]
    markets: tuple[Market, ...]
    exempt: NDArray[np.bool_]
    missed: float

    @classmethod
    def beside(cls, problem: Problem, labels: Ints) -> Admissible:
        """What is admissible where labels (n,) are the known plan; units are let go and given centres moved."""
        alike = _alike(problem)
        exempt = np.asarray((problem.weights > alike.high[0]).any(axis=1))
        order = along(problem.xy)
        order = np.concatenate([order[exempt[order]], order[~exempt[order]]])
        sums = np.column_stack([np.bincount(labels, column, problem.n_grids) for column in problem.weights.T])
        low = np.maximum(alike.low[0] - np.maximum(alike.low - sums, 0.0).sum(axis=0), 0.0)
        excess = np.maximum(sums - alike.high, 0.0).sum(axis=0)
        forced = np.maximum(problem.weights[exempt] - alike.high[0], 0.0).sum(axis=0)
        high = alike.high[0] + np.maximum(excess - forced, 0.0)
        if not exempt.any():
            low = np.maximum(low, problem.weights.sum(axis=0) - (problem.n_grids - 1) * high)
        scale = float(set_costs(alike, _members(labels, problem.n_grids)).sum()) / problem.weights[:, 0].sum()
        n, held = problem.n_units, int(exempt.sum())
        markets = [_market(alike, order, (low, high), (held, n), scale)]
        if held:
            free = dataclasses.replace(alike, coefficients=alike.coefficients * [1, 1, 0])
            markets.append(_market(free, order, (low, alike.high[0] + excess), (0, held), scale))
        missed = _missed(sums[:, 0].astype(np.float64), alike.low[0, 0], alike.high[0, 0]).sum()
        return cls(alike, order, tuple(markets), exempt, float(missed))

    def costs(self, members: NDArray[np.bool_]) -> Floats:
        """What each set (s, n) costs as a grid."""
        costs = set_costs(self.problem, members.astype(np.float64))
        holds = members[:, self.exempt].any(axis=1)
        if holds.any():
            free = dataclasses.replace(self.problem, coefficients=self.problem.coefficients * [1, 1, 0])
            costs[holds] = set_costs(free, members[holds].astype(np.float64))
        return costs

    def misses(self, members: NDArray[np.bool_]) -> Floats:
        """The share by which each set (s, n) misses the rule of the first measure."""
        low, high = self.problem.low[0, 0], self.problem.high[0, 0]
        return _missed(np.asarray(members @ self.problem.weights[:, 0]), low, high)

    def admits(self, members: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which sets (s, n), none of them empty, are connected and within bounds."""
        sums, holds = members @ self.problem.weights, members[:, self.exempt].any(axis=1)
        within = np.zeros(len(members), bool)
        for market, of_these in zip(self.markets, (~holds, holds), strict=False):
            within |= of_these & ((sums >= market.low) & (sums <= market.high)).all(axis=1)
        within[within] = _connected(self.problem, members[within])
        return within

    def tariffs(self, units: Floats, grid: float, fine: float) -> Iterator[tuple[Market, Tariff]]:
        """The markets with what is paid there: the prices of units (n,), of a grid, and of missing the rule."""
        for market in self.markets:
            yield market, Tariff(units[self.order], grid, fine, _spared(market, fine))


def _alike(problem: Problem) -> Problem:
    """The problem with all its grids under the widest of their rules, nothing fixed and no centre given."""
    k = problem.n_grids
    comfort = np.array([problem.comfort[:, 0].min(), problem.comfort[:, 1].max()])
    return dataclasses.replace(
        problem,
        low=np.tile(problem.low.min(axis=0), (k, 1)),
        high=np.tile(problem.high.max(axis=0), (k, 1)),
        comfort=np.tile(comfort, (k, 1)),
        target=np.full(k, problem.target.max()),
        fixed=np.full(problem.n_units, -1, np.int32),
        closed=np.zeros(k, bool),
        anchors=np.full((k, 2), np.nan),
    )


def _market(
    problem: Problem, order: NDArray[np.int64], bounds: tuple[Floats, Floats], roots: tuple[int, int], scale: float
) -> Market:
    """The market of the sets within bounds; ``scale`` is what a unit of size costs in the known plan."""
    n, k = problem.n_units, problem.n_grids
    place = np.empty(n, np.int32)
    place[order] = np.arange(n)
    lengths = np.diff(problem.indptr)[order]
    entries = np.concatenate([np.arange(problem.indptr[unit], problem.indptr[unit + 1]) for unit in order])
    weights = np.ascontiguousarray(problem.weights[order])
    total = weights.sum(axis=0)
    low, high = bounds[0] * (1 - ROUNDING), bounds[1] * (1 + ROUNDING)
    high = np.minimum(high, total - (k - 1) * low)
    proximity, governance, size = problem.coefficients
    mass = problem.mass[order] * proximity
    xy = np.ascontiguousarray((problem.xy - problem.xy.mean(axis=0))[order])
    most = _most_mass(mass, weights[:, 0], float(high[0]))
    least = max(float(mass.sum()) - _most_mass(mass, weights[:, 0], float(total[0] - low[0])), 0.0)
    levels = np.linspace(0.0, least, LEVELS + 1)
    return Market(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        place[problem.neighbours[entries]],
        problem.cost[entries] * governance,
        weights,
        low,
        high,
        np.array([problem.low[0, 0] * (1 - ROUNDING), problem.high[0, 0] * (1 + ROUNDING)]),
        mass,
        xy,
        most,
        levels,
        _around(mass, xy, levels) * (mass / most if most > 0 else mass)[:, None],
        np.array([*problem.comfort[0], problem.target[0], size]),
        CHARGES * scale,
        _apart(problem, high)[np.ix_(order, order)],
        *roots,
    )


def _apart(problem: Problem, high: Floats) -> NDArray[np.bool_]:
    """Pairs of units (n, n) that no connected set within ``high`` holds both of: the lightest ways are too heavy."""
    n, apart = problem.n_units, np.zeros((problem.n_units, problem.n_units), bool)
    for sizes, most in zip(problem.weights.T, high, strict=True):
        if np.isfinite(most):
            trifle = ROUNDING * sizes.sum() / n
            entered = csr_array((sizes[problem.neighbours] + trifle, problem.neighbours, problem.indptr), shape=(n, n))
            apart |= dijkstra(entered) + sizes[:, None] > most + 2 * n * trifle
    return apart


def _most_mass(mass: Floats, sizes: Floats, high: float) -> float:
    """No grid of a size up to ``high`` has more mass: a knapsack filled by mass a size, the last unit in part."""
    order = np.argsort(-mass / np.maximum(sizes, 1e-300), kind="stable")
    filled = np.cumsum(sizes[order])
    part = np.clip((high - filled + sizes[order]) / np.maximum(sizes[order], 1e-300), 0.0, 1.0)
    return float((mass[order] * part).sum())


def _around(mass: Floats, xy: Floats, levels: Floats) -> Floats:
    """Half the moment about each unit (n, l) of the nearest units of so much mass: what a grid has at least."""
    away = ((xy[:, None] - xy[None]) ** 2).sum(axis=2)
    order = np.argsort(away, axis=1, kind="stable")
    near, masses = np.take_along_axis(away, order, 1), mass[order]
    before = np.cumsum(masses, axis=1) - masses
    halves = [(near * np.clip(level - before, 0.0, masses)).sum(axis=1) / 2 for level in levels]
    return np.column_stack(halves)


def _spared(market: Market, fine: float) -> Floats:
    """The least of size term and fine less each charge, over all sizes within bounds: a convex function of the size,
    least at one of its kinks or where the slope of one of its parts is nought.
    """
    charges, (bottom, top, target, weight) = market.charges, market.comfort
    low, high = market.rule
    slopes = np.array([-fine / low if low > 0 else 0.0, 0.0, fine / high])
    kinks = np.broadcast_to(np.array([bottom, top, low, high]), (len(charges), 4))
    bends = (charges[:, None] - slopes) * target**2 / (2 * weight) if weight > 0 else np.zeros((len(charges), 3))
    sizes = np.clip(np.hstack([kinks, bottom + bends, top + bends]), market.low[0], market.high[0])
    sizes = np.hstack([sizes, np.broadcast_to([market.low[0], market.high[0]], (len(charges), 2))])
    outside = np.maximum(np.maximum(bottom - sizes, sizes - top), 0.0) / target
    value: Floats = weight * outside**2 + fine * _missed(sizes, low, high) - charges[:, None] * sizes
    return np.asarray(value.min(axis=1), np.float64)


def _missed(sizes: Floats, low: float, high: float) -> Floats:
    """The share by which sizes miss bounds."""
    short = np.maximum(1.0 - sizes / low, 0.0) if low > 0 else 0.0
    return np.asarray(short + np.maximum(sizes / high - 1.0, 0.0))


def _members(labels: Ints, n_grids: int) -> Floats:
    return np.asarray(labels == np.arange(n_grids)[:, None], np.float64)


def _connected(problem: Problem, members: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which sets (s, n), none of them empty, are in one piece: all grown at once from their first units."""
    n = problem.n_units
    linked = csr_array((np.ones(len(problem.neighbours)), problem.neighbours, problem.indptr), shape=(n, n))
    reached = np.zeros_like(members)
    reached[np.arange(len(members)), members.argmax(axis=1)] = True
    while True:
        further = members & (reached | (reached.astype(np.float64) @ linked > 0))
        if np.array_equal(further, reached):
            return np.asarray((reached == members).all(axis=1))
        reached = further
