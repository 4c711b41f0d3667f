"""The target that brings a city to a number of grids: what a staff budget allows, turned into a rule."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.errors import RuleError, preview
from gridopt.plan.draw import Ground, prepare
from gridopt.rules import Rules, Size
from gridopt.solvers.community import Community, community_of
from gridopt.solvers.counts import number_of
from gridopt.solvers.pieces import Piece, take_apart

Floats = NDArray[np.float64]
Span = tuple[int, float, float]
"""A number of grids, and the lowest and highest target that give it."""

ROUND_STEPS = tuple(step * 10.0**power for power in range(1, -7, -1) for step in (5, 2.5, 1))
"""A target is a multiple of the first of these that has one in range: 350 sooner than 347.2."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """The target that comes nearest to a number of grids, and what it gives with ``count = "auto"``.

    ``target`` is that of the city, or of the area kind asked for; ``n_grids`` the number it gives where ``asked``
    was wished for. ``below`` and ``above`` are the nearest (target, number) on either side where no target meets
    the number, else None. ``rules`` are the city's with the targets put in force. ``townships``, by township id:
    ``n_grids`` with these targets, ``n_grids_now`` with the present ones, both before drawing.
    """

    target: float
    n_grids: int
    asked: int
    below: tuple[float, int] | None
    above: tuple[float, int] | None
    rules: Rules
    townships: pd.DataFrame

    @property
    def is_exact(self) -> bool:
        """Whether the number asked for is met."""
        return self.n_grids == self.asked

    def __repr__(self) -> str:
        if self.is_exact:
            return f"<Calibration: target {self.target:g} gives the {self.asked:,} grids asked for>"
        sides = " and ".join(f"{side[1]:,} at {side[0]:g}" for side in (self.below, self.above) if side)
        return f"<Calibration: no target gives {self.asked:,} grids; nearest {sides}>"


def calibrate(
    city: City,
    units: gpd.GeoDataFrame | None = None,
    *,
    count: int,
    area_kind: str | None = None,
    township: str | None = None,
) -> Calibration:
    """Find the ``size.target`` that gives so many grids in all, by an exact scan.

    Targets that area kinds restate move in proportion with the city's own, each within its bounds; with
    ``area_kind`` that kind's alone moves. With ``township`` the grids of that township alone count. Nothing is
    drawn: each connected part of a community has the admissible number of grids nearest to total / target, which
    changes only where total / target passes the middle between two numbers; so no number that a target can give
    is missed. Where a part has no plan with its number, `draw` takes another one and lists it. Raises `RuleError`
    for an area kind or township that does not exist, and a count below 1.
    """
    _check(city, count, area_kind, township)
    rules = dataclasses.replace(city.rules, size=dataclasses.replace(city.rules.size, count="auto"))
    parts = _parts(prepare(city.replace(rules=rules), units), area_kind, township)
    present = rules.at(area_kind or "").size
    targets = {
        number: _round_between(low, high, present.target)
        for number, low, high in _nearest(_spans(parts, present), count)
    }
    chosen = min(targets, key=lambda number: (abs(number - count), number))
    sides = {number: (_within(present, target), number) for number, target in targets.items() if number != count}
    return Calibration(
        target=_within(present, targets[chosen]),
        n_grids=chosen,
        asked=count,
        below=next((side for number, side in sides.items() if number < count), None),
        above=next((side for number, side in sides.items() if number > count), None),
        rules=_with_targets(rules, targets[chosen] / present.target, area_kind),
        townships=_by_township(parts, targets[chosen] / present.target),
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """A part of a community that is drawn by itself; ``moves`` where its target is one of those that are sought."""

    township: str
    community: Community
    piece: Piece
    moves: bool

    def number(self, factor: float) -> int:
        """Grids with the target times a factor."""
        size = self.community.rules.size
        target = _within(size, size.target * (factor if self.moves else 1.0))
        return number_of(self.community, self.piece, aim=target)

    def steps(self) -> list[float]:
        """The factors at and above which there is one grid less, one for each number it can have but the least."""
        total = float(self.community.graph.weights[self.piece.units, 0].sum())
        few, many = self.number(np.inf), self.number(0.0)
        return [total / (k + 0.5) / self.community.rules.size.target for k in range(few, many)]


def _within(size: Size, target: float) -> float:
    """A target no lower and no higher than the bounds of a grid."""
    return float(min(max(target, size.low, 1e-9), size.high))


def _parts(ground: Ground, area_kind: str | None, township: str | None) -> list[_Part]:
    """The parts of every community that counts."""
    city, graph = ground.city, ground.graph
    townships = city.communities["township_id"].astype(str).to_dict()
    kinds = city.communities["area_kind"].astype(str).to_dict()
    parts = []
    for parent, name in enumerate(graph.parent_ids):
        if township not in (None, townships[name]):
            continue
        community = community_of(graph, city.rules, ground.bindings, parent)
        moves = area_kind in (None, kinds[name])
        parts += [_Part(townships[name], community, piece, moves) for piece in take_apart(community)]
    return parts


def _spans(parts: Sequence[_Part], size: Size) -> list[Span]:
    """Every number that a target can give, the greatest first; ``size`` is the rule whose target is sought."""
    steps = np.sort([step for part in parts for step in part.steps()]) * size.target
    most = sum(part.number(0.0) for part in parts)
    ends = [min([size.low, *(steps[:1] * 0.9)]), *steps, max([size.high, *(steps[-1:] * 1.1)])]
    return [
        (most - passed, float(low), float(high))
        for passed, (low, high) in enumerate(itertools.pairwise(ends))
        if high - low > 1e-9 * high or not len(steps)
    ]


def _nearest(spans: Sequence[Span], count: int) -> list[Span]:
    """The span of the number asked for, else those of the nearest smaller and greater numbers that there are."""
    exact = [span for span in spans if span[0] == count]
    below = [span for span in spans if span[0] < count][:1]
    above = [span for span in spans if span[0] > count][-1:]
    return exact or [*below, *above]


def _round_between(low: float, high: float, present: float) -> float:
    """The target in force if it lies inside, else the roundest number there, nearest to the middle."""
    if low < present < high:
        return present
    middle = (low + high) / 2
    for step in ROUND_STEPS:
        near = round(round(middle / step) * step, 9)
        if low < near < high:
            return near
    return middle


def _with_targets(rules: Rules, factor: float, area_kind: str | None) -> Rules:
    """The rules with their targets times a factor, or that of one area kind alone."""
    area = {kind: {part: dict(values) for part, values in parts.items()} for kind, parts in rules.area.items()}
    for kind in [one for one in area if "size" in area[one]] if area_kind is None else [area_kind]:
        size = rules.at(kind).size
        area.setdefault(kind, {}).setdefault("size", {})["target"] = _within(size, size.target * factor)
    size = rules.size
    if area_kind is None:
        size = dataclasses.replace(size, target=_within(size, size.target * factor))
    return dataclasses.replace(rules, size=size, area=area)


def _by_township(parts: Sequence[_Part], factor: float) -> pd.DataFrame:
    rows = [(part.township, part.number(factor), part.number(1.0)) for part in parts]
    table = pd.DataFrame(rows, columns=["township_id", "n_grids", "n_grids_now"])
    return table.groupby("township_id").sum()


def _check(city: City, count: int, area_kind: str | None, township: str | None) -> None:
    kinds, townships = sorted(set(city.communities["area_kind"])), sorted(set(city.communities["township_id"]))
    for what, what_zh, given, known in (
        ("area kind", "区域类型", area_kind, kinds),
        ("township", "乡镇（街道）", township, townships),
    ):
        if given is not None and given not in known:
            raise RuleError(
                f'calibrate: no community has the {what} "{given}"; there are {preview(known, 20)}. Name one of these.',
                zh=f"calibrate：没有村（社区）属于{what_zh}“{given}”；现有：{preview(known, 20)}。请改用其中之一。",
            )
    if count < 1:
        raise RuleError(
            f"calibrate: count = {count}; ask for at least 1 grid.", zh=f"calibrate：count = {count}；至少应为 1 格。"
        )
