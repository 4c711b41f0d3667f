"""What the solvers keep in one grid without being asked: estates, institutions, parks, land behind a wall."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.graph import UnitGraph
from gridopt.plan.decisions.ties import Ties, Why
from gridopt.solvers.bonds import bonds_of
from gridopt.solvers.community import Bindings, Community
from gridopt.solvers.contraction import connected

Positions = NDArray[np.int64]


def tie_whole(city: City, graph: UnitGraph, bindings: Bindings, ties: Ties) -> None:
    """Tie what the solvers will not part either: estates and institutions by name, then parks and cut-off land."""
    whole = _undivided(city, graph, bindings)
    for names in (bindings.groups, bindings.dedicated):
        marks = [f"{number}|{name}" if name else "" for number, name in zip(whole.tolist(), names, strict=True)]
        for units in _connected_parts(graph, np.array(marks)):
            called = bindings.name_of(names[units[0]])
            ties.tie([("unit", graph.ids[i]) for i in units], Why(0, f"{called}, kept whole", f"{called} 整体保留"))
    unnamed = Why(0, "a park, lake or cut-off part that is not divided", "不可分割的公园、水面或孤立地块")
    for units in _same(whole):
        first, *others = [("unit", graph.ids[i]) for i in units]
        for other in others:
            if ties.root(other) != ties.root(first):
                ties.tie([first, other], unnamed)


def _undivided(city: City, graph: UnitGraph, bindings: Bindings) -> Positions:
    """A number by unit for what the solvers keep in one grid without being asked; locked grids left out."""
    numbers = np.arange(graph.n_units)
    for parent, name in enumerate(graph.parent_ids):
        part, units = graph.of_parent(parent)
        own = bindings.at(units)
        whole = bonds_of(Community(name, part, city.rules.at(own.kinds[0]), own)).whole
        numbers[units] = units[np.unique(whole, return_index=True)[1]][whole]
    return np.where([bool(lock) for lock in bindings.locked], np.arange(graph.n_units), numbers)


def _same(numbers: Positions) -> Iterator[Positions]:
    """Positions of each number that occurs more than once."""
    order = np.argsort(numbers, kind="stable")
    for units in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
        if len(units) > 1:
            yield units


def _connected_parts(graph: UnitGraph, names: NDArray[np.str_]) -> Iterator[Positions]:
    """Positions of the units of each connected part of each name with more than one unit; "" is no name."""
    a, b = graph.edges[:, 0], graph.edges[:, 1]
    same = (names[a] == names[b]) & (names[a] != "")
    part = connected(graph.n_units, graph.edges[same])
    counts = np.bincount(part)
    for number in np.flatnonzero(counts > 1):
        yield np.flatnonzero(part == number)
