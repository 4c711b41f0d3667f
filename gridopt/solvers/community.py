"""One community as the solvers see it: its graph, its rules, what stays whole and what stands alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.graph import UnitGraph
from gridopt.rules import RELAXATIONS, Rules
from gridopt.solvers.conditions import Conditions, Walks
from gridopt.solvers.problem import Problem
from gridopt.solvers.walking import ways_on_foot

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

DEARNESS = 10.0
"""How much dearer the bound that gives way last is than the one that gives way first."""


@dataclass(frozen=True, eq=False)
class Bindings:
    """What holds units together or apart, one entry a unit of the graph.

    ``groups`` names the group that stays whole ("" for none), ``dedicated`` the institution that forms
    its own grid ("" for none), ``kinds`` the area kind whose rules hold. ``called`` gives groups and
    institutions the names by which reasons speak of them. ``locked`` names the grid that is kept as it is
    ("" for none), ``categories`` the housing type, ``phases`` the part of a group along which it is split first.
    ``together`` and ``apart`` are pairs of units that must, or must not, lie in one grid. ``townships`` gives the
    township of each community, for numbers of grids that are asked of townships. ``posts`` names the declared post
    that stands in a unit ("" for none): the centre of a grid.
    """

    groups: tuple[str, ...]
    dedicated: tuple[str, ...]
    kinds: tuple[str, ...]
    called: Mapping[str, str] = field(default_factory=dict)
    locked: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    together: tuple[tuple[int, int], ...] = ()
    apart: tuple[tuple[int, int], ...] = ()
    townships: Mapping[str, str] = field(default_factory=dict)
    posts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("locked", "categories", "phases", "posts"):
            object.__setattr__(self, name, getattr(self, name) or ("",) * len(self.groups))

    @classmethod
    def of_units(cls, units: pd.DataFrame, called: Mapping[str, str] | None = None) -> Bindings:
        """From the binding columns of a units table; ``phase`` and ``post`` need not be there."""
        columns = ("keep_whole", "dedicated", "area_kind", "locked_grid", "category", "phase", "post")
        none = pd.Series("", units.index)
        groups, dedicated, kinds, locked, categories, phases, posts = (
            tuple(units.get(name, none).fillna("").astype(str)) for name in columns
        )
        return cls(groups, dedicated, kinds, called or {}, locked, categories, phases, posts=posts)

    def name_of(self, group: str) -> str:
        """What people call a group or institution: its name, with its id where others are called the same."""
        name = self.called.get(group, "") or group
        return name if list(self.called.values()).count(name) <= 1 else f"{name} ({group})"

    @classmethod
    def none(cls, n_units: int, kind: str = "urban") -> Bindings:
        """No group, no institution, one area kind."""
        return cls(("",) * n_units, ("",) * n_units, (kind,) * n_units)

    def at(self, units: Sequence[int] | Ints) -> Bindings:
        """The bindings of some units; a pair stays where both its units do."""
        listed = np.asarray(units).tolist()
        place = {unit: i for i, unit in enumerate(listed)}

        def pairs(given: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
            return tuple((place[a], place[b]) for a, b in given if a in place and b in place)

        names = ("groups", "dedicated", "kinds", "locked", "categories", "phases", "posts")
        own: dict[str, Any] = {name: tuple(map(getattr(self, name).__getitem__, listed)) for name in names}
        return Bindings(**own, called=self.called, together=pairs(self.together), apart=pairs(self.apart))


@dataclass(frozen=True, eq=False)
class Community:
    """The graph of one community with the rules of its area kind and its bindings.

    The size measure of that area kind is the first measure of the graph, whatever other kinds are sized by.
    ``count`` is the number of grids that the rules ask for, None where the totals choose it.
    """

    name: str
    graph: UnitGraph
    rules: Rules
    bindings: Bindings
    count: int | None = None
    low: Floats = field(init=False)
    high: Floats = field(init=False)

    def __post_init__(self) -> None:
        size = self.rules.size
        object.__setattr__(self, "graph", _sized_by(self.graph, size.counted))
        low, high = np.zeros(len(self.graph.measures)), np.full(len(self.graph.measures), np.inf)
        for j, measure in enumerate(self.graph.measures):
            if measure == size.counted:
                low[j], high[j] = size.low, size.high
            elif measure in size.also:
                bounds = size.also[measure]
                low[j] = bounds.low if bounds.low is not None else 0.0
                high[j] = bounds.high if bounds.high is not None else np.inf
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def n_units(self) -> int:
        return self.graph.n_units

    @cached_property
    def conditions(self) -> Conditions:
        """The rules beyond bounds, by unit of the community."""
        graph, bindings, governance = self.graph, self.bindings, self.rules.governance
        together = [(*pair, 1) for pair in bindings.together]
        pairs = np.array([*together, *((*pair, -1) for pair in bindings.apart)], np.int32).reshape(-1, 3)
        touching = np.concatenate([graph.edges, graph.walls])
        forbidden = governance.enclosed == "forbid" and graph.outer is not None
        return Conditions(
            pairs,
            _categories(bindings.categories, governance.homogeneity * graph.weights[:, 0]),
            _walks(graph, self.rules),
            *((touching, graph.outer) if forbidden else ()),
        )

    @property
    def dedicated(self) -> Bools:
        """Units of an institution that forms its own grid."""
        return np.array([bool(name) for name in self.bindings.dedicated], bool)

    @property
    def locked(self) -> Bools:
        """Units of a grid that is kept as it is."""
        return np.array([bool(name) for name in self.bindings.locked], bool)

    @cached_property
    def posts(self) -> Ints:
        """Units where declared posts stand, ascending."""
        return np.flatnonzero([bool(name) for name in self.bindings.posts]).astype(np.int32)

    @property
    def oversized(self) -> Bools:
        """Units that are above a limit by themselves."""
        return np.asarray((self.graph.weights > self.high).any(axis=1) & ~self.dedicated)

    def limit_name(self, measure: int, side: str) -> str:
        """The rule's name in reports: ``size.low``, ``size.high``, ``size.also.residents.high``."""
        return f"size.{side}" if measure == 0 else f"size.also.{self.graph.measures[measure]}.{side}"


def community_of(
    graph: UnitGraph, rules: Rules, bindings: Bindings, parent: int, count: int | None = None
) -> Community:
    """One community of a graph by its number, under the rules of its area kind."""
    part, units = graph.of_parent(parent)
    own = bindings.at(units)
    return Community(graph.parent_ids[parent], part, rules.at(own.kinds[0] if own.kinds else ""), own, count)


def _sized_by(graph: UnitGraph, measure: str) -> UnitGraph:
    """The same graph with ``measure`` first; empty land keeps its share of what proximity weighs."""
    if measure not in graph.measures[1:]:
        return graph
    order = [graph.measures.index(measure), *(j for j, name in enumerate(graph.measures) if name != measure)]
    weights = graph.weights[:, order]
    before, now = graph.weights[:, 0], weights[:, 0]
    share = now.sum() / before.sum() if before.sum() > 0 else 1.0
    mass = np.where(now > 0, now, np.where(before > 0, 0.0, graph.mass * share))
    return dataclasses.replace(graph, measures=tuple(graph.measures[j] for j in order), weights=weights, mass=mass)


def exempt_grids(community: Community, labels: Ints) -> Bools:
    """Grids whose size counts nothing: dedicated and locked ones, and those that hold a unit above a limit."""
    n_grids = int(labels.max()) + 1
    marked = community.dedicated | community.oversized | community.locked
    return np.asarray(np.bincount(labels, marked, n_grids) > 0)


def pose(graph: UnitGraph, community: Community, coefficients: Floats, n_grids: int) -> Problem:
    """The search problem of a graph cut from the community: ``n_grids`` grids, all under the same bounds."""
    size = community.rules.size
    indptr, neighbours, cost = graph.csr()
    low_first = _low_gives_way_first(community.rules)
    fixed, anchors = _around_posts(graph, community, n_grids)
    return Problem(
        indptr=indptr,
        neighbours=neighbours,
        cost=cost,
        weights=graph.weights,
        mass=graph.mass,
        xy=graph.xy,
        low=np.tile(community.low, (n_grids, 1)),
        high=np.tile(community.high, (n_grids, 1)),
        comfort=np.tile(np.array(size.comfort, np.float64), (n_grids, 1)),
        target=np.full(n_grids, size.target, np.float64),
        fixed=fixed,
        anchors=anchors,
        closed=np.zeros(n_grids, bool),
        coefficients=coefficients,
        conditions=_conditions_of(graph, community),
        shortfall_cost=1.0 if low_first else DEARNESS,
        excess_cost=DEARNESS if low_first else 1.0,
    )


def posts_within(graph: UnitGraph, community: Community) -> Ints:
    """The unit of a graph cut from the community, or merged, that each post stands in; -1 outside."""
    return community.posts if graph.place is None else graph.place[community.posts]


def _around_posts(graph: UnitGraph, community: Community, n_grids: int) -> tuple[Ints, Floats]:
    """(fixed (n,), anchors (k, 2)): a grid around each declared post, where there are as many as grids."""
    fixed, anchors = np.full(graph.n_units, -1, np.int32), np.full((n_grids, 2), np.nan)
    units = posts_within(graph, community)
    inside = units >= 0
    if inside.sum() == n_grids == len(np.unique(units[inside])):
        fixed[units[inside]] = np.arange(n_grids)
        anchors = community.graph.xy[community.posts[inside]]
    return fixed, anchors


def _conditions_of(graph: UnitGraph, community: Community) -> Conditions:
    conditions = community.conditions
    return conditions if graph.place is None else conditions.within(graph.place)


def _categories(names: tuple[str, ...], amounts: Floats) -> Floats:
    """What each unit brings to the category it is of, (n, c); (0, 0) where nothing can be mixed."""
    kinds = sorted({name for name in names if name})
    if len(kinds) < 2 or not amounts.any():
        return np.empty((0, 0))
    return np.column_stack([np.where(np.array(names, object) == kind, amounts, 0.0) for kind in kinds])


def _walks(graph: UnitGraph, rules: Rules) -> Walks | None:
    """The longest walk that the rules allow, None for no limit."""
    limit, metric = rules.proximity.max_walk, rules.proximity.metric
    if limit is None:
        return None
    ways = ways_on_foot(graph) if metric == "walk" else np.empty((0, 0))
    units = np.arange(graph.n_units, dtype=np.int32)
    return Walks(float(limit), units, graph.xy, graph.weights[:, 0], ways, _price_of_walks(rules))


def _price_of_walks(rules: Rules) -> float:
    """Dearer than the bounds of size that give way before it, cheaper than those that give way after it."""
    order = list(dict.fromkeys((*rules.relax.order, *RELAXATIONS)))
    if "proximity.max_walk" in rules.relax.never:
        return DEARNESS**2
    earlier = [name for name in order[: order.index("proximity.max_walk")] if name not in rules.relax.never]
    return float(DEARNESS ** (len({"size.low", "size.high"} & set(earlier)) - 0.5))


def _low_gives_way_first(rules: Rules) -> bool:
    order = [name for name in rules.relax.order if name not in rules.relax.never]
    if "size.low" not in order:
        return False
    return "size.high" not in order or order.index("size.low") < order.index("size.high")
