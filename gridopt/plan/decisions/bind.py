"""Decisions as what the solvers know: units that lie together, units that lie apart, grids that are locked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.coding.parents import template_of
from gridopt.graph import UnitGraph
from gridopt.plan.decisions.conflicts import Apart, Facts, fits, refuse_conflicts
from gridopt.plan.decisions.resolve import Decision
from gridopt.plan.decisions.settle import Settled
from gridopt.plan.decisions.ties import Node, Ties, Why
from gridopt.plan.decisions.whole import tie_whole
from gridopt.rules import Size
from gridopt.solvers.community import Bindings
from gridopt.solvers.contraction import connected
from gridopt.units import neighbours_across

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """Units (by id) that decisions tie into one grid, the rows that do, and how that grid is numbered and called."""

    units: tuple[str, ...]
    rows: tuple[int, ...]
    number: int = 0
    name: str = ""


@dataclass(frozen=True, eq=False)
class Bound:
    """The decisions of a city over its graph: what the solvers are given, and what is checked afterwards.

    The units of each of ``groups`` lie in one grid, the sides of each ``apart`` share none. ``overruled``
    lists (estate or institution, units) whose own rule a decision sets aside.
    """

    settled: Settled
    bindings: Bindings
    groups: tuple[Group, ...] = ()
    apart: tuple[Apart, ...] = ()
    overruled: tuple[tuple[str, tuple[str, ...]], ...] = ()


def bind(city: City, settled: Settled, graph: UnitGraph, bindings: Bindings) -> Bound:
    """The bindings of the units with what the decisions add to them.

    Raises:
        RuleError: decisions that contradict each other, directly or through estates kept whole and locked
            grids, with all the rows concerned.
    """
    if not settled.decisions and not any(bindings.locked):
        return Bound(settled, bindings)
    rules = _cut_at_locks(graph, bindings)
    ties = _ties(settled, graph, rules)
    asked = [[node[1] for node in nodes if node[0] == "unit"] for nodes in ties.together()]
    tie_whole(city, graph, dataclasses.replace(rules, together=_together(graph, rules, asked)), ties)
    facts = _facts(city, settled, graph, rules)
    refuse_conflicts(ties, facts)
    _tie_hearts(settled, ties, facts)
    groups = _groups(city, settled, ties, facts.locks)
    apart = (*facts.apart, *_other_grids(groups, facts.owners))
    rules = _without_mixed_institutions(graph, rules, groups)
    laid = dataclasses.replace(
        rules,
        together=_together(graph, rules, [group.units for group in groups]),
        apart=_parted(graph, rules, groups, apart),
    )
    return Bound(settled, laid, groups, apart, _overruled(graph, bindings, rules))


def _facts(city: City, settled: Settled, graph: UnitGraph, bindings: Bindings) -> Facts:
    owners = {unit: graph.parent_ids[parent] for unit, parent in zip(graph.ids, graph.parents, strict=True)}
    kinds = dict(zip(owners.values(), bindings.kinds, strict=True))
    return Facts(
        tuple(_asked_apart(city, settled)),
        owners,
        {unit: lock for unit, lock in zip(graph.ids, bindings.locked, strict=True) if lock},
        dict(zip(graph.ids, graph.weights, strict=True)),
        {owner: highs_of(city.rules.at(kind).size, graph.measures) for owner, kind in kinds.items()},
    )


def highs_of(size: Size, measures: Sequence[str]) -> NDArray[np.float64]:
    """The most of each measure that a grid may hold, (m,); infinite where there is no limit."""
    limits = {name: one.high for name, one in size.also.items() if one.high is not None} | {size.counted: size.high}
    return np.array([limits.get(name, np.inf) for name in measures], np.float64)


def _cut_at_locks(graph: UnitGraph, bindings: Bindings) -> Bindings:
    """Estates and institutions that a locked grid holds only in part, let go inside it: the lock stands."""
    kept = []
    for names in (bindings.groups, bindings.dedicated):
        table = pd.DataFrame({"parent": graph.parents, "name": names, "lock": bindings.locked})
        cut = table.groupby(["parent", "name"])["lock"].transform("nunique") > 1
        kept.append(tuple(table["name"].mask(cut & (table["lock"] != ""), "")))
    return dataclasses.replace(bindings, groups=kept[0], dedicated=kept[1])


def _without_mixed_institutions(graph: UnitGraph, bindings: Bindings, groups: Iterable[Group]) -> Bindings:
    """Institutions that decisions tie to other units, no longer alone in their grid."""
    place = {unit: i for i, unit in enumerate(graph.ids)}
    let_go: set[tuple[str, int]] = set()
    for group in groups:
        inside = {(bindings.dedicated[place[unit]], int(graph.parents[place[unit]])) for unit in group.units}
        if len(inside) > 1:
            let_go |= inside
    parents = graph.parents.tolist()
    dedicated = tuple(
        "" if (name, parent) in let_go else name for name, parent in zip(bindings.dedicated, parents, strict=True)
    )
    return dataclasses.replace(bindings, dedicated=dedicated)


def _overruled(graph: UnitGraph, before: Bindings, after: Bindings) -> tuple[tuple[str, tuple[str, ...]], ...]:
    lost: dict[str, list[str]] = {}
    for was, now in ((before.groups, after.groups), (before.dedicated, after.dedicated)):
        for unit, old, new in zip(graph.ids, was, now, strict=True):
            if old != new:
                lost.setdefault(old, []).append(unit)
    return tuple((name, tuple(units)) for name, units in sorted(lost.items()))


def _ties(settled: Settled, graph: UnitGraph, bindings: Bindings) -> Ties:
    """What locked grids and the decisions tie."""
    ties = Ties()
    frozen = {unit: one for one in settled.decisions if one.kind == "frozen" for unit in one.units}
    held: dict[tuple[int, str], list[str]] = {}
    for unit, parent, lock in zip(graph.ids, graph.parents.tolist(), bindings.locked, strict=True):
        held.setdefault((parent, lock), []).append(unit)
    for (_, lock), units in sorted(held.items()):
        if not lock:
            continue
        row = frozen.get(units[0])
        given = Why(0, f"the locked grid {lock}", f"已锁定的网格 {lock}")
        ties.tie(_nodes(units), given if row is None else _why(row))
    for one in settled.decisions:
        if one.kind in ("together", "belongs", "frozen", "name", "code"):
            ties.tie([*one.nodes, *_nodes(one.units), *_nodes(one.others)], _why(one))
    return ties


def _nodes(units: Iterable[str]) -> list[Node]:
    return [("unit", unit) for unit in units]


def _why(decision: Decision) -> Why:
    return Why(decision.row, decision.said(), decision.said("zh"))


def _asked_apart(city: City, settled: Settled) -> Iterator[Apart]:
    for one in settled.decisions:
        if one.others and one.kind in ("apart", "border"):
            yield Apart(one.units, one.others, one)
        for layer in dict.fromkeys(layer for layer, _ in one.lines):
            chosen = city.layer(layer).loc[[line for name, line in one.lines if name == layer]]
            inside = (
                settled.units if not one.community else settled.units[settled.units["community_id"] == one.community]
            )
            for unit_a, unit_b in neighbours_across(gpd.GeoDataFrame(inside), chosen):
                yield Apart((unit_a,), (unit_b,), one)


def _tie_hearts(settled: Settled, ties: Ties, facts: Facts) -> None:
    """Tie every current grid that a decision names to its first unit, from its centre outwards, that may be in it.

    So "5幢归三网格" means the grid that takes the place of today's third; where that would be too large whatever
    unit stands for it, the grid that holds the object is the third.
    """
    for one in settled.decisions:
        if one.kind != "belongs" or one.grid is None or not one.grid.current or not one.units:
            continue
        node = one.nodes[0]
        for unit in settled.hearts[one.grid.current]:
            if fits([*ties.tied(node), *ties.tied(("unit", unit))], facts):
                ties.tie([node, ("unit", unit)], _why(one))
                break


def _groups(city: City, settled: Settled, ties: Ties, locks: Mapping[str, str]) -> tuple[Group, ...]:
    """What the decisions tie together, estates and locked grids with it."""
    template = template_of(city)
    current: dict[Node, str] = {
        one.nodes[0]: one.grid.name for one in settled.decisions if one.grid is not None and one.grid.current
    }
    groups = []
    for nodes in ties.together():
        units = tuple(node[1] for node in nodes if node[0] == "unit")
        rows = ties.rows(nodes)
        lock = locks.get(units[0], "") if units else ""
        if not units or not (rows or lock):
            continue
        number = next((int(node[2]) for node in nodes if node[0] == "number"), 0)
        if lock and not number:
            owner = str(settled.units["community_id"][units[0]])
            number = template.number(lock) or 0 if template.is_code_of(lock, owner) else 0
        named = [node[2] for node in nodes if node[0] == "name"]
        kept = [current[node] for node in nodes if current.get(node)]
        groups.append(Group(units, rows, number, next(iter([*named, *kept]), "")))
    return tuple(groups)


def _other_grids(groups: tuple[Group, ...], owners: Mapping[str, str]) -> list[Apart]:
    """Groups of one community that are two grids, because they have two numbers or two names."""
    return [
        Apart(one.units[:1], other.units[:1])
        for one, other in combinations([group for group in groups if group.number or group.name], 2)
        if owners[one.units[0]] == owners[other.units[0]]
        and ((one.number and other.number) or (one.name and other.name))
    ]


def _together(graph: UnitGraph, bindings: Bindings, groups: Iterable[Iterable[str]]) -> tuple[tuple[int, int], ...]:
    """Pairs of positions that tie each group: neighbours wherever there are any; locked grids need none."""
    place = {unit: i for i, unit in enumerate(graph.ids)}
    pairs: set[tuple[int, int]] = set()
    for group in groups:
        units = np.array(sorted(place[unit] for unit in group), np.int64)
        if len(units) > 1 and not bindings.locked[units[0]]:
            pairs |= _chained(graph, units)
    return tuple(sorted(pairs))


def _parted(
    graph: UnitGraph, bindings: Bindings, groups: Iterable[Group], apart: Iterable[Apart]
) -> tuple[tuple[int, int], ...]:
    """Pairs of positions that must not lie together, but for those that locks or communities settle.

    Of units that are tied together one stands for all.
    """
    place = {unit: i for i, unit in enumerate(graph.ids)}
    stands_for = np.arange(graph.n_units)
    for group in groups:
        units = [place[unit] for unit in group.units]
        stands_for[units] = min(units)
    pairs = set()
    for sides in apart:
        ones = {int(stands_for[place[unit]]) for unit in sides.one}
        others = {int(stands_for[place[unit]]) for unit in sides.other}
        pairs |= {(min(a, b), max(a, b)) for a in ones for b in others}
    locked, parents = bindings.locked, graph.parents
    return tuple(sorted(
        (a, b) for a, b in pairs if a != b and parents[a] == parents[b] and not locked[a] and not locked[b]
    ))  # fmt: skip


def _chained(graph: UnitGraph, units: Positions) -> set[tuple[int, int]]:
    """Pairs that tie units (ascending positions) into one: all neighbours among them, and one to each further part."""
    part = np.full(graph.n_units, -1, np.int64)
    part[units] = np.arange(len(units))
    inside = graph.edges[(part[graph.edges] >= 0).all(axis=1)]
    piece = connected(len(units), part[inside].astype(np.int32))
    firsts = units[np.unique(piece, return_index=True)[1]]
    pairs = {(int(a), int(b)) for a, b in inside}
    return pairs | {(int(firsts[0]), int(other)) for other in firsts[1:]}
