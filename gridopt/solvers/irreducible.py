"""Why a piece has no drawing within the rules: an irreducible set of them, what would be enough, and which units.

The set is found by a deletion filter (Chinneck and Dravnieks, 1991): each rule is left out in turn, for good where
there is still no drawing without it. Whether there is one is decided exactly on small pieces; on larger ones a
condition that every drawing must meet is looked for: what hangs on the rest by one unit alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gridopt.graph import UnitGraph
from gridopt.solvers.community import pose
from gridopt.solvers.conditions import DECISIONS, MAX_WALK, NO_ENCLOSED
from gridopt.solvers.contraction import connected
from gridopt.solvers.problem import Ints
from gridopt.solvers.relaxation import bearing, never_relaxed, stage_without
from gridopt.solvers.relaxed import Task, exact_covers

FILTERED = (
    *("decisions", "governance.enclosed", "size.also", "proximity.max_walk"),
    *("governance.keep_whole", "size.low", "size.high"),
)
"""Rules in the order in which they are left out: what is left is told by its bounds of size, if it can be."""
MOST_WAYS = 400
"""Units up to which every one is looked at as the only way to others."""


@dataclass(frozen=True)
class Neck:
    """One unit (or kept-whole group) that others hang on: ``unit`` and ``hanging`` are ids, ``size`` what it must hold.

    ``hanging`` are those of which some must lie in the unit's grid, since they cannot be grids without it.
    """

    unit: str
    hanging: tuple[str, ...]
    own: float
    size: float


@dataclass(frozen=True)
class Clash:
    """Rules that no drawing meets together, each of which would be met without the others.

    ``enough`` says for a rule by which value of its bound there is a drawing that meets all the rest (for groups:
    how many are split), where there is one. ``split`` are ids of units in these groups. ``neck`` is the place that
    proves it, None where enumeration does. Nothing is known where ``rules`` is empty.
    ``apart`` are ids of units that need a grid each to keep the longest walk, more than the ``most`` grids that sizes
    allow: proof by itself that some walk is too long.
    """

    rules: tuple[str, ...] = ()
    enough: tuple[tuple[str, float], ...] = ()
    split: tuple[str, ...] = ()
    neck: Neck | None = None
    apart: tuple[str, ...] = ()
    most: int = 0


NOTHING_KNOWN = Clash()


def clash_of(task: Task, *, proved: bool, firm_only: bool) -> Clash:
    """Why a piece has no drawing, as far as that can be proved.

    ``proved`` says that there certainly is none; ``firm_only`` looks only at rules that may never give way, where even
    they cannot be met.
    """
    asking = bearing(task.community, grouped=task.terrain.n_kept > 0)
    rules = [name for name in FILTERED if name in asking]
    if firm_only:
        rules = [name for name in rules if name in never_relaxed(task.community.rules)]
    neck = neck_of(task.terrain.whole, task.community.low[0], task.community.high[0])
    left, looked = list(rules), False
    for name in rules if proved else ():
        covers = _drawn_without(task, {*FILTERED} - {*left} | {name})
        looked = looked or covers is not None
        if covers == []:
            left.remove(name)
    if not looked:
        through = neck is not None and {"size.low", "size.high"} <= {*rules}
        return Clash(("size.low", "size.high"), neck=neck) if through else NOTHING_KNOWN
    enough: list[tuple[str, float]] = []
    split: tuple[str, ...] = ()
    for name in left:
        covers = _drawn_without(task, {*FILTERED} - {*rules} | {name})
        if covers:
            value, ids = _value(task, name, min(covers, key=lambda one: (one[0], task.rank(int(one[1].max()) + 1)))[1])
            enough.append((name, value))
            split = ids or split
    return Clash(tuple(left), tuple(enough), split, neck if {"size.low", "size.high"} <= {*left} else None)


def _drawn_without(task: Task, dropped: set[str]) -> list[tuple[tuple[int, ...], Ints]] | None:
    """(misses, labels of the terrain's graph) of the best drawing of each number where some rules do not hold."""
    stage = stage_without(task.community, [name for name in FILTERED if name in dropped])
    covers = exact_covers(task, stage)
    if covers is None:
        return None
    whole = task.terrain.groups
    return [(cover.missed, cover.labels if stage.splits else cover.labels[whole]) for cover in covers]


def _value(task: Task, name: str, labels: Ints) -> tuple[float, tuple[str, ...]]:
    """What the bound of a rule must be for labels to meet it, and for groups the first unit of each that is split."""
    sums = np.column_stack([np.bincount(labels, column) for column in task.terrain.graph.weights.T])
    if name == "governance.keep_whole":
        split = np.flatnonzero(task.terrain.parts_of(labels) > 1)
        return float(len(split)), tuple(task.terrain.whole.ids[group] for group in split)
    if name == "size.also":
        return float((sums / task.community.high)[:, 1:].max()), ()
    if name in (DECISIONS, MAX_WALK, NO_ENCLOSED):
        return _of_conditions(task, name, labels), ()
    return float(sums[:, 0].min() if name == "size.low" else sums[:, 0].max()), ()


def _of_conditions(task: Task, name: str, labels: Ints) -> float:
    """The longest walk of a drawing, the pairs that it breaks, or its grids inside others."""
    n_grids = int(labels.max()) + 1
    problem = pose(task.terrain.graph, task.community, task.coefficients, n_grids)
    members, conditions = labels == np.arange(n_grids)[:, None], problem.conditions
    if name == NO_ENCLOSED:
        return float(conditions.enclosed(labels, n_grids).sum())
    if name == DECISIONS or conditions.walks is None:
        return float(conditions.misses(members, problem.anchors)[DECISIONS].sum())
    return float(conditions.walks.longest(members, problem.anchors).max())


def neck_of(graph: UnitGraph, low: float | np.float64, high: float | np.float64) -> Neck | None:
    """The unit whose grid must exceed ``high``, because parts that only it joins to the rest cannot do without it.

    A part of total t that hangs on one unit can fall into k grids of its own where k * low <= t; what then exceeds
    k * high must lie in the unit's grid. The one that exceeds the bound most is named, None where none does.
    """
    if graph.n_units > MOST_WAYS or low <= 0:
        return None
    sizes = graph.weights[:, 0]
    worst: Neck | None = None
    for unit in range(graph.n_units):
        parts = _without(graph, unit)
        totals = np.bincount(parts, sizes)
        rest = np.maximum(0.0, totals - np.floor(totals / low + 1e-9) * high)
        rest[parts[unit]] = 0.0
        size = float(sizes[unit] + rest.sum())
        if size > high + 1e-9 and (worst is None or size > worst.size):
            hanging = _ids(graph, np.flatnonzero(np.isin(parts, np.flatnonzero(rest > 0))))
            worst = Neck(graph.ids[unit], hanging, float(sizes[unit]), size)
    return worst


def _without(graph: UnitGraph, unit: int) -> Ints:
    """Connected parts of a graph whose one unit is taken out (a part by itself)."""
    return connected(graph.n_units, graph.edges[(graph.edges != unit).all(axis=1)])


def _ids(graph: UnitGraph, units: Iterable[int]) -> tuple[str, ...]:
    return tuple(graph.ids[unit] for unit in units)
