"""What a grid must be beyond its bounds: pairs, the longest walk, nothing enclosed, categories unmixed.

Each is a function of the units of one grid (with what lies around it, for enclosure), so that the search, the
exact path and the plain measure of a drawing judge by the same definition.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gridopt._kernels.further import SAME_WALK

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

DECISIONS, MAX_WALK, NO_ENCLOSED = "decisions", "proximity.max_walk", "governance.enclosed"

NEVER = 1e3
"""What breaking a rule that never gives way costs, against 1 for a bound missed by its whole."""

AT_ONCE = 4_096
"""Sets whose walks are measured together."""

MOST_PLACES = 2_000
"""Places up to which it is looked for those that no post reaches two of: a second's work."""


@dataclass(frozen=True, eq=False)
class Walks:
    """The places that people walk to, and how far they may be from the post of their grid.

    limit  metres
    unit   (f,) the unit that each place belongs to
    xy     (f, 2) metres
    people (f,) places without people may be the post, but nobody walks from them
    ways   (f, f) metres on foot from place to place; (0, 0) for straight distance
    price  what missing the limit by its whole costs
    """

    limit: float
    unit: Ints
    xy: Floats
    people: Floats
    ways: Floats = field(default_factory=lambda: np.empty((0, 0)))
    price: float = 1.0

    def longest(self, members: Bools, anchors: Floats) -> Floats:
        """Metres from the place nearest the centre of each set of units to its furthest place with people.

        members (s, n); anchors (s, 2) are given centres, NaN where the centre is the centroid of the people.
        Of places equally near, to a thousandth of a millimetre, the first is taken; 0 for a set without people.
        """
        longest = np.zeros(len(members))
        for start in range(0, len(members), AT_ONCE):
            chunk = slice(start, start + AT_ONCE)
            longest[chunk] = self.from_posts(members[chunk], anchors[chunk])[1].max(axis=1, initial=0.0)
        return longest

    def from_posts(self, members: Bools, anchors: Floats) -> tuple[NDArray[np.int64], Floats]:
        """The post of each set, a place (s,), and the metres from it to each of its places with people, (s, f)."""
        inside = members[:, self.unit]
        local = self.xy - self.xy.mean(axis=0)
        people = inside @ self.people
        centroids = (inside @ (self.people[:, None] * local)) / np.where(people > 0, people, 1.0)[:, None]
        centres = np.where(np.isnan(anchors), centroids, anchors - self.xy.mean(axis=0))
        away = np.hypot(local[:, 0] - centres[:, :1], local[:, 1] - centres[:, 1:])
        posts = np.argmin(np.where(inside, np.round(away, 6), np.inf), axis=1)
        if len(self.ways):
            metres = self.ways[posts]
        else:
            metres = np.hypot(local[:, 0] - local[posts, 0][:, None], local[:, 1] - local[posts, 1][:, None])
        return posts, np.where(inside & (self.people > 0), metres, 0.0)

    def apart(self) -> Ints:
        """Places with people of which no two can be in one grid: no place is near enough to both to be its post.

        Chosen greedily, those with fewest others in reach first, so that there may be more than these, never fewer;
        none where there are more than `MOST_PLACES` to compare.
        """
        if not 0 < len(self.unit) <= MOST_PLACES:
            return np.empty(0, np.int32)
        x, y = (self.xy - self.xy.mean(axis=0)).T
        ways = self.ways if len(self.ways) else np.hypot(x[:, None] - x, y[:, None] - y)
        served = (ways <= self.limit * (1 + 2 * SAME_WALK)).astype(np.float32)[:, self.people > 0]
        together = served.T @ served > 0
        chosen: list[int] = []
        for place in np.argsort(together.sum(axis=1), kind="stable").tolist():
            if not together[place, chosen].any():
                chosen.append(place)
        return np.flatnonzero(self.people > 0)[chosen].astype(np.int32)

    def within(self, place: Ints) -> Walks:
        """The places of a part: ``place`` (n,) is a unit's new number, -1 outside."""
        kept = np.flatnonzero(place[self.unit] >= 0)
        ways = self.ways[np.ix_(kept, kept)] if len(self.ways) else self.ways
        return replace(self, unit=place[self.unit[kept]], xy=self.xy[kept], people=self.people[kept], ways=ways)

    def excess(self, members: Bools, anchors: Floats) -> Floats:
        """How far each set misses the limit, relative to it."""
        longest = self.longest(members, anchors)
        return np.where(longest > self.limit * (1 + SAME_WALK), longest / self.limit - 1, 0.0)


@dataclass(frozen=True, eq=False)
class Conditions:
    """The further rules of one graph of units; as made without arguments, none holds.

    pairs       (p, 3) two units and 1 where one grid must hold both, -1 where none may
    categories  (n, c) what a unit brings to each category, in metres of border; nothing to mix where c is 0
    walks       the longest walk, None for no limit
    beside      (b, 2) units that touch, walls or not; None where a grid may lie inside another
    outer       (n,) units at the edge of the community or beside ground that is drawn by itself
    """

    pairs: Ints = field(default_factory=lambda: np.empty((0, 3), np.int32))
    categories: Floats = field(default_factory=lambda: np.empty((0, 0)))
    walks: Walks | None = None
    beside: Ints | None = None
    outer: Bools = field(default_factory=lambda: np.empty(0, bool))

    @property
    def hold(self) -> bool:
        """Whether any rule can be broken (categories only cost)."""
        return bool(len(self.pairs)) or self.walks is not None or self.beside is not None

    def within(self, place: Ints) -> Conditions:
        """The conditions of a part of the graph, merged: ``place`` (n,) is a unit's number there, -1 outside.

        A pair that leaves the part, or is merged, is not the part's affair. A unit that touches one outside the
        part counts as lying at the edge: another grid than those of the part lies there.
        """
        inside, n_merged = place >= 0, int(place.max()) + 1
        joined = place[self.pairs[:, :2]]
        kept = (joined >= 0).all(axis=1) & (joined[:, 0] != joined[:, 1])
        categories = [np.bincount(place[inside], column[inside], n_merged) for column in self.categories.T]
        merged = replace(
            self,
            pairs=np.column_stack([joined, self.pairs[:, 2]])[kept].astype(np.int32),
            categories=np.column_stack(categories) if categories else self.categories,
            walks=None if self.walks is None else self.walks.within(place),
        )
        if self.beside is None:
            return merged
        touching = place[self.beside]
        outer = np.zeros(n_merged, bool)
        outer[place[inside & self.outer]] = True
        outer[touching[(touching.max(axis=1) >= 0) & (touching.min(axis=1) < 0)].max(axis=1)] = True
        ends = np.unique(np.sort(touching, axis=1), axis=0).astype(np.int32)
        return replace(merged, beside=ends[(ends[:, 0] >= 0) & (ends[:, 0] != ends[:, 1])], outer=outer)

    @property
    def not_asked(self) -> frozenset[str]:
        """The rules, as reports name them, that do not hold here."""
        asked = {DECISIONS: len(self.pairs) > 0, MAX_WALK: self.walks is not None, NO_ENCLOSED: self.beside is not None}
        return frozenset(name for name, holds in asked.items() if not holds)

    def breaches(self, members: Bools, anchors: Floats) -> Floats:
        """What each set of units (s, n) breaks as a grid, priced; what surrounds it is not looked at."""
        price = self.walks.price if self.walks is not None else 0.0
        missed = self.misses(members, anchors)
        return NEVER * missed[DECISIONS] + price * missed[MAX_WALK]

    def misses(self, members: Bools, anchors: Floats) -> dict[str, Floats]:
        """How far each set of units (s, n) misses each rule as a grid; what surrounds it is not looked at.

        A pair that must lie in one grid and does not is missed by half by each of its two grids.
        """
        broken, inside = np.zeros(len(members)), np.zeros(len(members))
        for a, b, sign in self.pairs.tolist():
            one, other = members[:, a], members[:, b]
            broken += 0.5 * (one != other) if sign > 0 else 1.0 * (one & other)
        far = self.walks.excess(members, anchors) if self.walks is not None else np.zeros(len(members))
        return {DECISIONS: broken, MAX_WALK: far, NO_ENCLOSED: inside}

    def enclosed(self, labels: Ints, n_grids: int) -> Bools:
        """Grids (k,) that lie wholly inside another: no unit at the edge, and only one grid beside theirs."""
        if self.beside is None:
            return np.zeros(n_grids, bool)
        ends = labels[self.beside]
        ends = np.unique(np.vstack([ends, ends[:, ::-1]]), axis=0)
        around = np.bincount(ends[ends[:, 0] != ends[:, 1], 0], minlength=n_grids)
        return np.asarray((around == 1) & (np.bincount(labels, self.outer, n_grids) == 0))
