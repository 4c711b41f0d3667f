"""What is asked of a bare graph, checked: the objective, the bounds, and the number of grids of each parent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridopt.errors import RuleError, preview
from gridopt.graph import UnitGraph
from gridopt.solvers.contraction import connected
from gridopt.solvers.numbers import candidates, shared_out

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

OBJECTIVES = ("inertia", "hess", "cut_edges", "cut_border")
WITHIN = 1e-9


def checked_objective(graph: UnitGraph, objective: str | Mapping[str, float]) -> dict[str, float]:
    """The weight of each term asked for; `RuleError` for one that is not offered or that the graph does not allow."""
    weights = {objective: 1.0} if isinstance(objective, str) else {name: float(w) for name, w in objective.items()}
    unknown = [name for name in weights if name not in OBJECTIVES]
    wrong = [name for name, weight in weights.items() if not 0 <= weight < math.inf]
    if unknown or wrong or not any(weight > 0 for weight in weights.values()):
        named = preview(unknown or wrong or list(weights) or ["{}"])
        raise RuleError(
            f"objective {named} is not offered; choose from {', '.join(OBJECTIVES)}, one or a mapping to finite "
            "weights above 0.",
            zh=f"目标 {named} 不可用；可选：{'、'.join(OBJECTIVES)}，或其权重（大于 0 的有限数）的映射。",
        )
    if weights.get("cut_border") and not graph.knows_border:
        raise RuleError(
            'objective "cut_border" needs the shared border of every edge; give border= to from_arrays.',
            zh="目标 cut_border 需要每条邻接边的共享边界长度；请在 from_arrays 中给出 border=。",
        )
    return {name: weight for name, weight in weights.items() if weight > 0}


@dataclass(frozen=True)
class Bounds:
    """The number of grids, the bounds on the first measure, and the share by which a size may leave the mean.

    Raises `RuleError` for numbers that leave no size, or no number of grids.
    """

    k: int | None
    low: float | None
    high: float | None
    tolerance: float

    def __post_init__(self) -> None:
        if self.k is None and self.high is None:
            raise RuleError("give k, or low and high.", zh="请给出 k，或 low 与 high。")
        if self.k is not None and int(self.k) != self.k:
            raise RuleError(f"k = {self.k} is not a whole number.", zh=f"k = {self.k} 不是整数。")
        if not 0 <= self.tolerance < math.inf:
            raise RuleError(
                f"tolerance = {self.tolerance} must be at least 0 (0.1 for 10 %).",
                zh=f"tolerance = {self.tolerance} 须不小于 0（10% 写作 0.1）。",
            )
        low, high = self.low or 0.0, math.inf if self.high is None else self.high
        if not (0 <= low <= high and high > 0 and low < math.inf):
            raise RuleError(
                f"low = {self.low} and high = {self.high} leave no size: 0 <= low <= high, high above 0.",
                zh=f"low = {self.low}、high = {self.high} 之间没有可行规模：须 0 ≤ low ≤ high 且 high 大于 0。",
            )

    def around(self, mean: Floats) -> tuple[Floats, Floats]:
        """(low, high), each (m,), of grids whose mean sizes are ``mean``."""
        low, high = np.zeros(len(mean)), np.full(len(mean), np.inf)
        if self.k is not None:
            low, high = mean * (1 - self.tolerance), mean * (1 + self.tolerance)
        low[0] = max(low[0], 0.0) if self.low is None else self.low
        high[0] = high[0] if self.high is None else self.high
        return np.maximum(low, 0.0), high


@dataclass(frozen=True, eq=False)
class Task:
    """One parent: its graph, the positions of its units, and the bounds of its grids.

    ``alone`` are grids that are settled: units (positions in ``graph``) above a bound by themselves, with what is
    too light to be a grid and touches nothing else. ``k`` counts the grids of the ``rest``. ``centres`` are the
    units (positions in ``graph``) that are given as centres, one a grid in the order of grids; empty if none are.
    """

    name: str
    graph: UnitGraph
    units: Ints
    alone: tuple[Ints, ...]
    k: int
    low: Floats
    high: Floats
    centres: Ints = field(default_factory=lambda: np.empty(0, np.int32))

    @property
    def rest(self) -> Ints:
        """Positions of the units that are in no settled grid."""
        return _rest(self.graph, self.alone)


def checked_centres(graph: UnitGraph, centres: Sequence[int] | None, k: int | None) -> Ints:
    """The given centres (k,), empty for none; `RuleError` unless they are k different units, one or more a parent."""
    given = np.asarray([] if centres is None else centres, np.int64)
    if centres is None:
        return given.astype(np.int32)
    strange = given[(given < 0) | (given >= graph.n_units)]
    names, counts = np.unique(given, return_counts=True)
    if len(strange) or (counts > 1).any() or not len(given) or (k is not None and k != len(given)):
        raise RuleError(
            f"centres must be {'units' if k is None else f'{k} units'} 0 .. {graph.n_units - 1}, each once; given are "
            f"{len(given)}, outside: {preview(strange) or 'none'}, twice: {preview(names[counts > 1]) or 'none'}.",
            zh=f"中心须为划分单元序号 0 .. {graph.n_units - 1}，不得重复，且与 k 一致；现有 {len(given)} 个，"
            f"超出范围：{preview(strange) or '无'}，重复：{preview(names[counts > 1]) or '无'}。",
        )
    without = [name for i, name in enumerate(graph.parent_ids) if not (graph.parents[given] == i).any()]
    if without:
        raise RuleError(
            f"{len(without)} parents hold none of the centres: {preview(without)}. Give each of them one.",
            zh=f"{len(without)} 个上级单位没有中心：{preview(without)}。请各给出至少一个。",
        )
    return given.astype(np.int32)


def tasks(graph: UnitGraph, bounds: Bounds, centres: Ints) -> list[Task]:
    """One task a parent; a unit above a bound is a grid of its own, and leaves the totals that the others share.

    Where the others can still keep to total / k they do, else to their own mean. Around given ``centres`` (k,)
    every grid has its own, and no unit is set apart. `RuleError` for a k below the number of parents or above
    that of units.
    """
    parts = graph.by_parent()
    if bounds.k is not None and not max(len(parts), 1) <= bounds.k <= graph.n_units:
        raise RuleError(
            f"k = {bounds.k} has no answer: {len(parts)} parents of {graph.n_units} units in all need at least one "
            "grid each, and a grid needs a unit.",
            zh=f"k = {bounds.k} 无解：{len(parts)} 个上级单位、共 {graph.n_units} 个单元，"
            "每个上级至少一格，每格至少一个单元。",
        )
    low, high = bounds.around(graph.weights.sum(axis=0) / (bounds.k or 1))
    oversized = np.asarray((graph.weights > high * (1 + WITHIN)).any(axis=1))
    settled = [_settled(part, oversized[units], low) for part, units in parts]
    if len(centres) or not _room(parts, settled, bounds.k):
        settled = [()] * len(parts)
    rests = [_rest(part, alone) for (part, _), alone in zip(parts, settled, strict=True)]
    totals = np.array([part.weights[rest].sum(axis=0) for (part, _), rest in zip(parts, rests, strict=True)])
    counted = np.bincount(graph.parents[centres], minlength=len(parts)).astype(np.int64)
    numbers = (
        counted
        if len(centres)
        else _numbers(totals, np.array([len(rest) for rest in rests]), bounds, sum(map(len, settled)))
    )
    total, n_grids = totals.sum(axis=0), max(int(numbers.sum()), 1)
    if ((total < n_grids * low) | (total > n_grids * high)).any():
        low, high = bounds.around(total / n_grids)
    return [
        Task(name, part, units, alone, int(k), low, high, _within(units, centres))
        for (part, units), name, alone, k in zip(parts, graph.parent_ids, settled, numbers, strict=True)
    ]


def _within(units: Ints, chosen: Ints) -> Ints:
    """Positions among ascending ``units`` of those of the chosen that are there, in their order."""
    there = chosen[np.isin(chosen, units)] if len(chosen) else chosen
    return np.searchsorted(units, there).astype(np.int32)


def _rest(graph: UnitGraph, alone: tuple[Ints, ...]) -> Ints:
    free = np.ones(graph.n_units, bool)
    for grid in alone:
        free[grid] = False
    return np.flatnonzero(free).astype(np.int32)


def _settled(graph: UnitGraph, oversized: Bools, low: Floats) -> tuple[Ints, ...]:
    """A grid for each oversized unit, with the parts below ``low`` that touch oversized units alone.

    The heaviest part stays free in any case; a part between two oversized units joins the longer border.
    """
    giants = np.flatnonzero(oversized)
    if not len(giants):
        return ()
    owner = np.where(oversized, np.arange(graph.n_units), -1)
    part = _parts(graph, ~oversized)
    sums = np.column_stack([np.bincount(part, column) for column in graph.weights.T])
    spared = part[np.flatnonzero(~oversized)[np.argmax(sums[part[~oversized], 0])]] if not oversized.all() else -1
    for number in np.unique(part[~oversized]):
        border = _border_with(graph, (part == number) & ~oversized)[giants]
        if number != spared and (sums[number] < low).any() and border.any():
            owner[(part == number) & ~oversized] = giants[np.argmax(border)]
    return tuple(np.flatnonzero(owner == giant).astype(np.int32) for giant in giants)


def _parts(graph: UnitGraph, free: Bools) -> Ints:
    """Connected part of each unit once the others are taken away; a unit that is not free is a part of its own."""
    return connected(graph.n_units, graph.edges[free[graph.edges].all(axis=1)])


def _border_with(graph: UnitGraph, inside: Bools) -> Floats:
    """What each unit outside shares with a set: metres, or a trifle an edge where they are not known."""
    shared = np.zeros(graph.n_units)
    for a, b in ((0, 1), (1, 0)):
        chosen = inside[graph.edges[:, a]] & ~inside[graph.edges[:, b]]
        np.add.at(shared, graph.edges[chosen, b], np.fmax(graph.metres[chosen], 1e-6))
    return shared


def _room(parts: list[tuple[UnitGraph, Ints]], settled: list[tuple[Ints, ...]], k: int | None) -> bool:
    """Whether the grids that are left suffice for the parents that are left, and the units for the grids."""
    if k is None:
        return True
    rests = [len(_rest(part, alone)) for (part, _), alone in zip(parts, settled, strict=True)]
    left = k - sum(map(len, settled))
    return sum(rest > 0 for rest in rests) <= left <= sum(rests)


def _numbers(totals: Floats, n_units: NDArray[np.int64], bounds: Bounds, n_settled: int) -> NDArray[np.int64]:
    """Grids of the rest of each parent: k by largest remainder of weight, or what low and high admit."""
    numbers = np.zeros(len(totals), np.int64)
    inhabited = n_units > 0
    if bounds.k is not None:
        numbers[inhabited] = shared_out(bounds.k - n_settled, totals[inhabited, 0], n_units[inhabited])
        return numbers
    low, high = bounds.around(np.ones(1))
    scale = power_of_two(high)  # the slack of `candidates` is meant for sizes about 1
    low, high = low / scale, high / scale
    for parent in np.flatnonzero(inhabited):
        own, most = totals[parent, :1] / scale, int(n_units[parent])
        numbers[parent] = candidates(own, low, high, target=float(low[0] + high[0]) / 2, most=most)[0]
    return numbers


def power_of_two(sizes: Floats) -> Floats:
    """The power of two next to each size, 1 for none: dividing by it changes no digit."""
    return np.asarray(np.exp2(np.round(np.log2(np.where(sizes > 0, sizes, 1.0)))))
