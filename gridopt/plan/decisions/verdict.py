"""Every decision checked against the grids that were drawn: held, or said aloud."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import shapely

from gridopt.city import City
from gridopt.formula import spoken
from gridopt.plan.decisions.bind import Bound, Group, highs_of
from gridopt.plan.decisions.places import Places
from gridopt.plan.decisions.resolve import Decision
from gridopt.solvers.clash_words import Words
from gridopt.solvers.reasons import row_of
from gridopt.solvers.solution import SOLUTION_VIOLATIONS, Solution

RULE = "decisions"
INEXACT = 0.01
"""Share of a frozen grid's area that its units may leave its outline by before it is said."""

Row = dict[str, Any]


def with_verdicts(city: City, solution: Solution, bound: Bound) -> Solution:
    """The solution with a row in ``violations`` for each decision that does not hold, and for what follows from others.

    Class "decide": a decision that nothing in the city answers to any more, one that the drawing could not
    keep, and units that decisions tie into more than a grid may hold. Class "information": estates and
    institutions whose own rule a decision sets aside.
    """
    graph = solution.partition.graph
    known = _concerned(bound, graph.ids)
    if not known.settled.decisions:
        return solution
    labels = dict(zip(graph.ids, solution.partition.labels.tolist(), strict=True))
    check = _Check(city, known, solution, labels, Words(city.settings.lang))
    rows = [*check.gone(), *check.cut(), *check.inexact(), *check.broken(), *check.too_large(), *check.overruled()]
    if not rows:
        return solution
    tables = [solution.violations, pd.DataFrame(rows, columns=SOLUTION_VIOLATIONS)]
    listed = pd.concat([table for table in tables if len(table)], ignore_index=True)
    ordered = listed.sort_values("community_id", kind="stable", ignore_index=True)
    return dataclasses.replace(solution, violations=ordered)


def _concerned(bound: Bound, units: tuple[str, ...]) -> Bound:
    """The decisions that concern some of the city's units; all of them where these are all."""
    here = set(units)
    if len(here) == len(bound.settled.units):
        return bound
    apart = tuple(sides for sides in bound.apart if here >= {*sides.one, *sides.other})
    parted = [sides.decision for sides in apart]
    decisions = tuple(
        one for one in bound.settled.decisions if here & {*one.units, *one.others} or (one.lines and one in parted)
    )
    return dataclasses.replace(
        bound,
        settled=dataclasses.replace(bound.settled, decisions=decisions),
        groups=tuple(group for group in bound.groups if here >= set(group.units)),
        apart=apart,
        overruled=tuple(one for one in bound.overruled if here >= set(one[1])),
    )


@dataclass(frozen=True, eq=False)
class _Check:
    """A drawing held against the decisions; ``labels`` is the grid number of every unit."""

    city: City
    bound: Bound
    solution: Solution
    labels: Mapping[str, int]
    words: Words

    def gone(self) -> Iterator[Row]:
        """Rows that name what nothing in the city is called."""
        places = Places(self.city, self.bound.settled.units)
        for one in self.bound.settled.decisions:
            if not one.missing:
                continue
            listed = ", ".join(one.missing)
            near = [name for word in one.missing if (name := places.nearest(word))]
            said = self._said(one)
            reason = self.words(
                f"{said}: nothing in this city is called {listed}" + (f" (nearest: {', '.join(near)})" if near else ""),
                f"{said}：本市没有名为 {listed} 的对象" + (f"（最接近的是 {'、'.join(near)}）" if near else ""),
            )
            remedy = self.words(
                "correct the name, or withdraw the row if it is gone", "请改正名称；如已不存在，请撤回该行"
            )
            yield self._row("decide", one.units, (0, 1), (reason, remedy))

    def cut(self) -> Iterator[Row]:
        """Frozen grids that reached into another community: no grid may."""
        for one in self.bound.settled.decisions:
            if one.outside:
                n = len(one.outside)
                reason = self.words(
                    f"{self._said(one)}: {n} of its units lie in another community and are drawn there",
                    f"{self._said(one)}：其中 {n} 个单元位于另一社区，在该社区内划分",
                )
                remedy = self.words(
                    "none needed, or give these units to the community (belongs)", "无需处理，或以“归属”将其划入该社区"
                )
                yield self._row("information", one.outside, (n, 0), (reason, remedy), proved=True)

    def inexact(self) -> Iterator[Row]:
        """Frozen grids whose units leave their outline: units are never cut after they are made."""
        current = self.city.current_grids
        for one in self.bound.settled.decisions:
            if one.kind != "frozen" or one.grid is None or not one.units or "described" in current:
                continue
            shape = current.geometry.set_axis(current.index.astype(str)).to_crs(self.city.crs)[one.grid.current]
            units = self.bound.settled.units.loc[[*one.units, *one.outside]]
            apart = float(shapely.area(shapely.symmetric_difference(shape, shapely.union_all(units.geometry))))
            if apart > INEXACT * float(shapely.area(shape)):
                reason = self.words(
                    f"{self._said(one)}: its units leave its outline by {apart:,.0f} m2",
                    f"{self._said(one)}：所含单元与原边界相差 {apart:,.0f} 平方米",
                )
                remedy = self.words(
                    "none needed; to keep the very outline, cut the units layer along it",
                    "无需处理；如须保持原边界，请将划分单元沿其切开",
                )
                yield self._row("information", one.units, (apart, 0), (reason, remedy), proved=True)

    def broken(self) -> Iterator[Row]:
        """Rows that the drawing does not keep."""
        homes = {unit: group for group in self.bound.groups for unit in group.units}
        for one in self.bound.settled.decisions:
            wrong = self._parted(one) if one.kind in ("apart", "border") else self._scattered(one, homes)
            if wrong is None:
                continue
            figures, why = wrong
            reason = f"{self._said(one)}{self.words(': ', '：')}{why}"
            remedy = self.words(
                "withdraw the row or another that stands in its way, or widen the bounds of size",
                "撤回该行或与其相左的行，或放宽规模界限",
            )
            units = (*one.units, *one.others) or self._sharing(one)
            yield self._row("decide", units, figures, (reason, remedy))

    def too_large(self) -> Iterator[Row]:
        """Groups of units tied by decisions that are above a limit by themselves."""
        graph = self.solution.partition.graph
        place = {unit: i for i, unit in enumerate(graph.ids)}
        for group in self.bound.groups:
            units = [place[unit] for unit in group.units]
            highs = highs_of(self.city.rules.at(self.bound.bindings.kinds[units[0]]).size, graph.measures)
            totals = graph.weights[units].sum(axis=0)
            for measure, total, limit in zip(graph.measures, totals.tolist(), highs.tolist(), strict=True):
                if total <= limit or not group.rows or len(units) == 1 or self.bound.bindings.locked[units[0]]:
                    continue
                listed, what = ", ".join(map(str, group.rows)), spoken(measure, self.words.lang)
                ties = f"rows {listed} tie" if len(group.rows) > 1 else f"row {listed} ties"
                reason = self.words(
                    f"{ties} {total:,.0f} {what.lower()} into one grid; the limit is {limit:,.0f}",
                    f"第 {listed} 行使同一网格至少有{what} {total:,.0f}，上限为 {limit:,.0f}",
                )
                remedy = self.words(
                    "withdraw one of the rows, raise the limit, or accept it", "撤回其中一行、提高上限，或予以确认"
                )
                yield self._row("decide", group.units, (total, limit), (reason, remedy), proved=True)

    def overruled(self) -> Iterator[Row]:
        """Estates and institutions whose own rule a decision sets aside."""
        for name, units in self.bound.overruled:
            called = self.bound.bindings.name_of(name)
            reason = self.words(
                f"decisions or locked grids overrule that {called} stays by itself or whole",
                f"{called} 本应单独成格或整体保留，因人工决定或锁定网格而未按此处理",
            )
            grids = len({self.labels[unit] for unit in units})
            yield self._row(
                "information", units, (grids, 1), (reason, self.words("none needed", "无需处理")), proved=True
            )

    def _parted(self, one: Decision) -> tuple[tuple[int, int], str] | None:
        pairs = [sides for sides in self.bound.apart if sides.decision is one]
        if one.lines and not pairs:
            return (0, 1), self.words("no two units meet along this line", "没有划分单元以此线为界")
        shared = {grid for sides in pairs for grid in self._grids(sides.one) & self._grids(sides.other)}
        if not shared:
            return None
        return (len(shared), 0), self.words(
            f"{len(shared)} grids hold units of both sides", f"有 {len(shared)} 个网格同时含有两侧单元"
        )

    def _sharing(self, one: Decision) -> tuple[str, ...]:
        """Units that a line should part and that share a grid."""
        sides = [sides for sides in self.bound.apart if sides.decision is one]
        return tuple(
            unit for two in sides if self._grids(two.one) & self._grids(two.other) for unit in (*two.one, *two.other)
        )

    def _scattered(self, one: Decision, homes: Mapping[str, Group]) -> tuple[tuple[int, int], str] | None:
        units = (*one.units, *one.others)
        if not units or one.community:
            return None
        group = homes.get(units[0])
        home = _commonest(self.labels[unit] for unit in (group.units if group else units))
        grids = self._grids(units)
        if grids != {home}:
            return (len(grids), 1), self.words(
                f"its units lie in {len(grids | {home})} grids", f"所涉单元分属 {len(grids | {home})} 个网格"
            )
        if one.kind == "frozen":
            others = sum(1 for label in self.labels.values() if label == home) - len(one.units)
            if others:
                return (others, 0), self.words(
                    f"{others} other units share its grid", f"该网格另含 {others} 个其他单元"
                )
        return None

    def _grids(self, units: Iterable[str]) -> set[int]:
        return {self.labels[unit] for unit in units}

    def _said(self, one: Decision) -> str:
        return one.said(self.words.lang)

    def _row(
        self,
        kind: str,
        units: tuple[str, ...],
        figures: tuple[float, float],
        texts: tuple[str, str],
        *,
        proved: bool = False,
    ) -> Row:
        listed = sorted(set(units))
        owner = str(self.bound.settled.units["community_id"].get(listed[0], "")) if listed else ""
        row = row_of((kind, RULE, ""), sorted(self._grids(listed)), ";".join(listed), figures)
        proof = "proved" if proved else row["proof"]
        return {**row, "community_id": owner, "reason": texts[0], "remedy": texts[1], "proof": proof}


def _commonest(labels: Iterable[int]) -> int:
    counts = Counter(labels)
    return min(counts, key=lambda one: (-counts[one], one))


def numbering(bound: Bound) -> dict[str, dict[str, Any]]:
    """What decisions say of codes and names, for `gridopt.coding.encode`: by the first unit of the grid."""
    return {
        "numbers": {group.units[0]: group.number for group in bound.groups if group.number},
        "names": {group.units[0]: group.name for group in bound.groups if group.name},
    }


def concerned(bound: Bound) -> dict[int, tuple[str, ...]]:
    """The units that each row of the decisions table speaks of, sorted; those beside its line, for a border."""
    units: dict[int, set[str]] = {}
    for one in bound.settled.decisions:
        units.setdefault(one.row, set()).update(one.units, one.others)
    for sides in bound.apart:
        if sides.decision is not None:
            units.setdefault(sides.decision.row, set()).update(sides.one, sides.other)
    return {row: tuple(sorted(own)) for row, own in sorted(units.items())}
