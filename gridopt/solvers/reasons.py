"""Why a grid is out of bounds: the first reason that applies, in the language of the plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridopt.formula import spoken
from gridopt.solvers.clash_words import Words, told
from gridopt.solvers.community import Community
from gridopt.solvers.irreducible import NOTHING_KNOWN, Clash
from gridopt.solvers.numbers import candidates
from gridopt.solvers.relaxation import giving_way

Ints = NDArray[np.int32]
Positions = NDArray[np.signedinteger[Any]]
Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Search:
    """What the search learned, by unit: the wish and the outcome of its piece; empty for a given drawing.

    ``clashes`` has one entry a piece; ``gone`` is what of the ground gave way (`grounds`), "" for nothing.
    """

    role: tuple[str, ...] = ()
    piece: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    impossible: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    wished: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    optimal: bool = False
    clashes: tuple[Clash, ...] = ()
    gone: str = ""

    def clash(self, unit: int) -> Clash:
        """Why the piece of a unit has no drawing within the rules, as far as that is known."""
        return NOTHING_KNOWN if self.given else self.clashes[self.piece[unit]]

    @property
    def given(self) -> bool:
        """Whether the drawing was given, not searched."""
        return not len(self.piece)


def row_of(kind: tuple[str, str, str], grids: Iterable[int], units: str, figures: tuple[float, float]) -> Row:
    """Kind = (class, rule, relaxed); figures = (value, limit)."""
    return {
        "class": kind[0],
        "rule": kind[1],
        "relaxed": kind[2],
        "labels": tuple(int(g) for g in grids),
        "unit_ids": units,
        "value": float(figures[0]),
        "limit": float(figures[1]),
        "proof": "not found",
    }


class Cause(NamedTuple):
    """Why a grid is out of a bound: class, whether it is proved, the units named, reason and remedy."""

    kind: str
    proved: bool
    units: Positions
    reason: str
    remedy: str


NOBODY: Positions = np.empty(0, np.int64)
"""No unit in particular."""


@dataclass(frozen=True, eq=False)
class Case:
    """One drawn community, to be asked why a grid is out of one bound."""

    community: Community
    labels: Ints
    search: Search
    words: Words

    def explain(self, grid: int, measure: int, side: str, figures: tuple[float, float]) -> Row:
        """One row for one grid out of one bound: the first reason that applies."""
        inside = np.flatnonzero(self.labels == grid)
        rule = self.community.limit_name(measure, side)
        asked = (grid, measure, figures)
        if self.community.locked[inside].any():
            return self._locked(inside, asked, rule)
        own = (self._one_unit, self._kept_whole) if side == "high" else (self._small_community, self._cut_off)
        found = next(filter(None, (cause(inside, asked) for cause in (*own, self._awkward))), None)
        cause = found or self._not_found(inside, asked, side)
        relaxed = "" if self.search.given else self._given_way(measure, side, figures)
        ids = ";".join(self.community.graph.ids[unit] for unit in cause.units)
        row = row_of((cause.kind, rule, relaxed), [grid], ids, figures)
        proof = "proved" if cause.proved else "not found"
        return {**row, "proof": proof, "reason": cause.reason, "remedy": cause.remedy}

    def _locked(self, inside: Positions, asked: tuple[int, int, tuple[float, float]], rule: str) -> Row:
        grid, measure, (value, limit) = asked
        name = next(filter(None, (self.community.bindings.locked[i] for i in inside)))
        what = self._measure(measure)
        reason = self.words(
            f"this grid is kept as it is ({name}) and has {value:,.0f} {what.lower()}; the limit is {limit:,.0f}",
            f"该网格按决定保持不变（{name}），有{what} {value:,.0f}，限值为 {limit:,.0f}",
        )
        remedy = self.words("none needed; unlock it to have it drawn anew", "无需处理；如需重新划分请解除锁定")
        row = row_of(("information", rule, ""), [grid], "", (value, limit))
        return {**row, "proof": "proved", "reason": reason, "remedy": remedy}

    def _given_way(self, measure: int, side: str, figures: tuple[float, float]) -> str:
        """The rule of `relaxation` that gives way for one grid out of one bound."""
        if measure > 0:
            return "size.also"
        beyond = side == "high" and figures[0] > figures[1] * self.community.rules.size.stretch + 1e-9
        return "size.high.unlimited" if beyond else f"size.{side}"

    def _measure(self, measure: int) -> str:
        return spoken(self.community.graph.measures[measure], self.words.lang)

    def _one_unit(self, inside: Positions, asked: tuple[int, int, tuple[float, float]]) -> Cause | None:
        _, measure, (_, limit) = asked
        weights = self.community.graph.weights[inside, measure]
        heavy = inside[weights > limit]
        if not len(heavy):
            return None
        unit, size = self.community.graph.ids[heavy[0]], weights.max()
        name = self._measure(measure)
        return Cause(
            "decide",
            True,
            heavy,
            self.words(
                f"unit {unit} alone has {size:,.0f} {name.lower()}; the limit is {limit:,.0f}",
                f"划分单元 {unit} 自身有{name} {size:,.0f}，上限为 {limit:,.0f}",
            ),
            self.words(
                "split this unit (a tower by stairwell), raise the limit, or accept it as a grid of its own",
                "将该单元再细分（高楼可按楼道单元）、提高上限，或确认其自成一格",
            ),
        )

    def _kept_whole(self, inside: Positions, asked: tuple[int, int, tuple[float, float]]) -> Cause | None:
        _, measure, (_, limit) = asked
        weights, groups = self.community.graph.weights[:, measure], self.community.bindings.groups
        for name in sorted({groups[i] for i in inside} - {""}):
            members = np.array([i for i in inside if groups[i] == name])
            total, called = weights[members].sum(), self.community.bindings.name_of(name)
            if total > limit:
                return self._whole_above(members, (called, total, limit), measure)
        return None

    def _whole_above(self, members: Positions, figures: tuple[str, float, float], measure: int) -> Cause:
        """A group that is above the limit and whole: as far as ``stretch`` allows, or because it is never split."""
        called, total, limit = figures
        what, stretch = self._measure(measure), self.community.rules.size.stretch
        if total <= limit * stretch and "size.high" in giving_way(self.community.rules):
            return Cause(
                "information",
                True,
                members,
                self.words(
                    f"{called} has {total:,.0f} {what.lower()} and stays whole up to {stretch:g} x {limit:,.0f}",
                    f"{called} 有{what} {total:,.0f}，在上限 {limit:,.0f} 的 {stretch:g} 倍以内保持完整",
                ),
                self.words("none needed; lower `stretch` to have it split", "无需处理；如需拆分请调低 stretch"),
            )
        return Cause(
            "decide",
            True,
            members,
            self.words(
                f"{called} has {total:,.0f} {what.lower()}, cannot stay whole under {limit:,.0f}, and is not split "
                "before the limit gives way",
                f"{called} 有{what} {total:,.0f}，超过 {limit:,.0f}，且按规则不先于上限拆分",
            ),
            self.words(
                "allow a split (governance.keep_whole), raise the limit, or exempt it",
                "同意拆分（governance.keep_whole）、提高上限，或予以豁免",
            ),
        )

    def _small_community(self, inside: Positions, asked: tuple[int, int, tuple[float, float]]) -> Cause | None:
        _, measure, (_, limit) = asked
        weights = self.community.graph.weights[:, measure]
        total = weights[~self.community.dedicated].sum()
        if total >= limit or weights[inside].sum() < total - 1e-9:
            return None
        name = self._measure(measure)
        return Cause(
            "information",
            True,
            NOBODY,
            self.words(
                f"the whole community has {total:,.0f} {name.lower()}, fewer than {limit:,.0f}: it is one grid",
                f"全村（社区）仅有{name} {total:,.0f}，不足 {limit:,.0f}，整体划为一格",
            ),
            self.words("none needed", "无需处理"),
        )

    def _cut_off(self, inside: Positions, asked: tuple[int, int, tuple[float, float]]) -> Cause | None:
        _, measure, (value, limit) = asked
        if self.search.given:
            return None
        piece = self.search.piece[inside[0]]
        if (self.search.piece == piece).sum() != len(inside) or self.search.role[inside[0]] == "split":
            return None
        if len(np.unique(self.search.piece)) == 1:
            return None
        name = self._measure(measure)
        return Cause(
            "decide",
            True,
            inside,
            self.words(
                "cut off from the rest by units above the limit, dedicated or locked grids, with "
                f"{value:,.0f} {name.lower()}",
                f"被超限单元、专属网格或锁定网格隔开，仅有{name} {value:,.0f}",
            ),
            self.words(
                f"accept it below {limit:,.0f}, or join it to a neighbour by hand and assess the result",
                f"确认其低于 {limit:,.0f}，或手工并入相邻网格后用 assess 核对",
            ),
        )

    def _awkward(self, inside: Positions, asked: tuple[int, int, tuple[float, float]]) -> Cause | None:
        _, measure, _ = asked
        community = self.community
        counted = ~community.dedicated & ~community.oversized
        own = counted if self.search.given else counted & (self.search.piece == self.search.piece[inside[0]])
        totals = community.graph.weights[own].sum(axis=0)
        rules = community.rules.size
        number = candidates(totals, community.low, community.high, target=rules.target, most=int(own.sum()) or 1)[0]
        if ((totals >= number * community.low) & (totals <= number * community.high)).all():
            return None
        whole = own.sum() == counted.sum()
        name, total = self._measure(measure), totals[measure]
        low, high = community.low[measure], community.high[measure]
        return Cause(
            "information" if whole else "decide",
            True,
            NOBODY,
            self.words(
                f"{total:,.0f} {name.lower()} fit no number of grids of {low:,.0f}-{high:,.0f}; "
                f"{number} is the number that misses the bounds by least",
                f"{name}合计 {total:,.0f}，按每格 {low:,.0f}-{high:,.0f} 无论几格都不合；取偏差最小的 {number} 格",
            ),
            self.words("accept it, or restate the bounds for this area kind", "确认即可，或为该类区域另定上下限"),
        )

    def _not_found(self, inside: Positions, asked: tuple[int, int, tuple[float, float]], side: str) -> Cause:
        _, measure, (value, limit) = asked
        name = self._measure(measure)
        if self.search.given:
            way = ("below", "低于") if side == "low" else ("above", "高于")
            return Cause(
                "decide",
                False,
                NOBODY,
                self.words(
                    f"this grid as given has {value:,.0f} {name.lower()}, {way[0]} {limit:,.0f}",
                    f"该网格现有{name} {value:,.0f}，{way[1]} {limit:,.0f}",
                ),
                self.words("move units to or from a neighbouring grid, or draw anew", "与相邻网格调整单元，或重新划分"),
            )
        return self._clash(inside, asked)

    def _clash(self, inside: Positions, asked: tuple[int, int, tuple[float, float]]) -> Cause:
        """The rules that were in each other's way, or only how hard was searched where these are not known."""
        _, measure, (value, limit) = asked
        name = self._measure(measure)
        proved = bool(self.search.impossible[inside[0]])
        units = np.flatnonzero(self.search.piece == self.search.piece[inside[0]])
        here = self.words(
            f"; this one has {value:,.0f} {name.lower()}, the limit is {limit:,.0f}",
            f"；本格{name} {value:,.0f}，限值 {limit:,.0f}",
        )
        known = told(self.community, self.search.clash(inside[0]), len(units), self.words)
        biggest = units[np.argsort(-self.community.graph.weights[units, measure], kind="stable")[:3]]
        if known is not None:
            named = known.units if len(known.units) else biggest
            return Cause("decide", True, named, known.reason + here, known.remedy)
        sure = ("there is no division", "不存在") if proved else ("no division was found", "未找到")
        return Cause(
            "decide",
            proved,
            biggest,
            self.words(
                f"{sure[0]} of these {len(units)} units into connected grids within every bound",
                f"这 {len(units)} 个划分单元{sure[1]}各项均达标的连片划分方案",
            )
            + here,
            self.words(
                "split the largest units (named here), widen the bounds, or accept it",
                "细分所列较大单元、放宽上下限，或予以确认",
            ),
        )
