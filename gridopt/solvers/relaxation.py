"""Which rules give way, in which order and how far, where no plan obeys them all.

The rules are given up stage by stage: with each stage one more rule may give way, the one named next in
``rules.relax.order``. So a rule is never missed while those before it suffice, and of two drawings the better
one misses the rule that gives way last by less, then the one before it, and so on to the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridopt.rules import LAST_RELAXED, RELAXATIONS, Rules
from gridopt.solvers.community import Community

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Ints = NDArray[np.int32]

OF_A_GRID = (*RELAXATIONS, "size.also", "governance.enclosed", "decisions")
"""The rules that a grid meets or misses by itself; the others say what the ground is like."""

PER_BOUND = 10**9
"""Misses are whole numbers of this part of their bound, so that they add up without rounding."""


def giving_way(rules: Rules) -> tuple[str, ...]:
    """The rules that may give way, the first to do so first: as ordered, then those the order leaves out.

    What holds up to a point holds beyond it: where ``size.high`` never gives way, ``size.high.unlimited`` does not.
    """
    never = never_relaxed(rules)
    return tuple(name for name in dict.fromkeys((*rules.relax.order, *RELAXATIONS, *LAST_RELAXED)) if name not in never)


def never_relaxed(rules: Rules) -> frozenset[str]:
    """The rules that may not give way at all."""
    beyond = {"size.high.unlimited"} if "size.high" in rules.relax.never else set()
    return frozenset({*rules.relax.never, *beyond})


def whole_up_to(rules: Rules) -> float:
    """How far above the upper bound, as a factor, a kept-whole group goes before it is split.

    ``stretch`` in the default order, where groups are split before sizes are unlimited; 1 where they are split
    before the upper bound gives way, infinity where they never are.
    """
    order = giving_way(rules)
    if "governance.keep_whole" not in order:
        return np.inf
    earlier = order[: order.index("governance.keep_whole")]
    if "size.high" not in earlier:
        return 1.0
    return np.inf if "size.high.unlimited" in earlier else rules.size.stretch


@dataclass(frozen=True, eq=False)
class Stage:
    """What may give way at one point of the relaxation.

    ``soft`` names the rules that may, the first to give way first. ``low`` and ``high`` (m,) are the bounds that
    hold even so: none below where the lower bound is soft, the stretched one or none above where the upper is.
    """

    soft: tuple[str, ...]
    low: Floats
    high: Floats

    @property
    def splits(self) -> bool:
        """Whether kept-whole groups may fall apart."""
        return "governance.keep_whole" in self.soft

    def within(self, community: Community, missed: int) -> Stage:
        """The stage for drawings that miss the rule which gives way last here by at most so many of `PER_BOUND` in all.

        No grid of theirs misses it by more, so that fewer sets of units need to be looked at.
        """
        low, high, share = self.low.copy(), self.high.copy(), missed / PER_BOUND + 1e-9
        if self.soft[-1] == "size.low":
            low[0] = community.low[0] * (1.0 - share)
        elif self.soft[-1] == "size.high":
            high[0] = min(high[0], community.high[0] * (1.0 + share))
        elif self.soft[-1] == "size.high.unlimited" and "size.high" in self.soft:
            high[0] = community.high[0] * (community.rules.size.stretch + share)
        return Stage(self.soft, low, high)


def bearing(community: Community, *, grouped: bool) -> list[str]:
    """The rules of `OF_A_GRID` that ask for anything here; ``grouped`` says whether there are groups to keep whole."""
    further = bool((community.low[1:] > 0).any() or np.isfinite(community.high[1:]).any())
    asks = {"governance.keep_whole": grouped, "size.also": further}
    return [name for name in OF_A_GRID if asks.get(name, name not in community.conditions.not_asked)]


def stages(community: Community, *, grouped: bool) -> list[Stage]:
    """The stages of one community's relaxation; in the last everything is soft, what may never give way too.

    A drawing of that last stage obeys nothing but connectedness: it says by how much the rules that must not give
    way are missed. Rules that ask for nothing here have no stage.
    """
    rules = bearing(community, grouped=grouped)
    order = [name for name in giving_way(community.rules) if name in rules]
    firm = [name for name in rules if name not in order]
    points = [order[: i + 1] for i in range(len(order))]
    return [_stage(community, tuple(soft)) for soft in (*points, *([[*order, *firm]] if firm else []))]


def _stage(community: Community, soft: tuple[str, ...]) -> Stage:
    low, high = community.low.copy(), community.high.copy()
    if "size.low" in soft:
        low[0] = 0.0
    if "size.high" in soft:
        high[0] = np.inf if "size.high.unlimited" in soft else high[0] * community.rules.size.stretch
    if "size.also" in soft:
        low[1:], high[1:] = 0.0, np.inf
    return Stage(soft, low, high)


def stage_without(community: Community, dropped: Sequence[str]) -> Stage:
    """The stage at which exactly some rules do not hold, the upper bound without limit."""
    beyond = ("size.high.unlimited",) if "size.high" in dropped else ()
    return _stage(community, (*dropped, *beyond))


def misses(
    community: Community, sums: Floats, partial: Counts, soft: tuple[str, ...], *, further: Mapping[str, Floats]
) -> Counts:
    """How far grids miss each rule, in parts of `PER_BOUND`: (grids, rules), the rule that gives way last first.

    sums (grids, m) of the measures; partial (grids,) counts the kept-whole groups of which a grid holds a part only;
    further (grids,) is what `Conditions.misses` says of them.
    """
    low, high = community.low, community.high
    short = np.maximum(low - sums, 0.0) / np.where(low > 0, low, 1.0)
    unit = np.where(np.isfinite(high) & (high > 0), high, 1.0)
    excess = np.maximum(sums - high, 0.0) / unit
    within = community.rules.size.stretch - 1.0
    by_rule = {
        "size.low": short[:, 0],
        "size.high": np.minimum(excess[:, 0], within),
        "size.high.unlimited": np.maximum(excess[:, 0] - within, 0.0),
        "size.also": short[:, 1:].sum(axis=1) + excess[:, 1:].sum(axis=1),
        "governance.keep_whole": partial.astype(np.float64),
        **further,
    }
    columns = [np.rint(PER_BOUND * by_rule[name]).astype(np.int64) for name in reversed(soft)]
    return np.column_stack(columns)


def missed_by_number(community: Community, totals: Floats, n_grids: int) -> set[str]:
    """The rules that so many grids must miss, whatever the drawing: totals (m,) alone do not fit them."""
    low, high = totals < n_grids * community.low - 1e-9, totals > n_grids * community.high + 1e-9
    further = {"size.also"} if (low | high)[1:].any() else set()
    return further | ({"size.low"} if low[0] else set()) | ({"size.high"} if high[0] else set())
