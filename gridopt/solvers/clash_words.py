"""Rules that no drawing meets together, said in a sentence: which, where, by how much, and what would be enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridopt.formula import spoken
from gridopt.solvers.community import Community
from gridopt.solvers.irreducible import Clash, Neck

Positions = NDArray[np.int64]

_DEMANDS = {
    "size.also": ("the further bounds (size.also)", "其他上下限（size.also）"),
    "governance.enclosed": ("no grid inside another", "不得有网格位于另一网格之内"),
    "decisions": ("the pairs that decisions keep together or apart", "人工决定的同格与分格"),
}
_WAYS = {
    "size.low": ("least size {:,.0f}", "下限降至 {:,.0f}"),
    "size.high": ("greatest size {:,.0f}", "上限升至 {:,.0f}"),
    "size.also": ("the further bounds {:.2f} times as wide", "其他上限放宽至 {:.2f} 倍"),
    "proximity.max_walk": ("a walk of {:,.0f} m", "步行放宽至 {:,.0f} 米"),
    "governance.enclosed": ("{:,.0f} grids inside others", "允许 {:,.0f} 个网格位于另一网格之内"),
    "decisions": ("{:,.0f} pairs of the decisions withdrawn", "撤回人工决定中的 {:,.0f} 对"),
}


@dataclass(frozen=True)
class Words:
    """Reason and remedy in the language of the plan."""

    lang: str = "en"

    def __call__(self, en: str, zh: str) -> str:
        return zh if self.lang == "zh" else en

    def listed(self, parts: list[str], en: str, zh: str) -> str:
        """Parts of a sentence one after the other, the last joined by a word."""
        comma, last = ("，", zh) if self.lang == "zh" else (", ", en)
        return parts[0] if len(parts) == 1 else comma.join(parts[:-1]) + last + parts[-1]


@dataclass(frozen=True, eq=False)
class Told:
    """A clash in words: the reason, what would be enough, and the units that are named (positions)."""

    reason: str
    remedy: str
    units: Positions


def told(community: Community, clash: Clash, n_units: int, words: Words) -> Told | None:
    """A clash of the rules of a community in a piece of ``n_units`` units; None where nothing is known."""
    if not clash.rules:
        return None
    place = {name: i for i, name in enumerate(community.graph.ids)}
    remedy = _remedy(community, clash, words, place)
    if clash.neck is not None:
        return _through(community, clash.neck, remedy, words, place)
    rules = words.listed([_demand(community, name, words) for name in clash.rules], " and ", "，")
    reason = words(
        f"there is no division of these {n_units} units into connected grids with {rules}",
        f"这 {n_units} 个划分单元没有同时满足下列要求的连片划分方案：{rules}",
    )
    return Told(reason, remedy, np.array(sorted(place[one] for one in clash.split), np.int64))


def out_of_reach(community: Community, clash: Clash, words: Words) -> str:
    """Why some walk is too long in every division: more places need a grid of their own than there may be grids."""
    named, limit = ", ".join([*dict.fromkeys(clash.apart)][:3]), community.rules.proximity.max_walk or 0.0
    return words(
        f"{len(clash.apart)} units ({named} …) need a grid each: no post can be within {limit:,.0f} m of two of them; "
        f"sizes allow {clash.most} at most",
        f"{len(clash.apart)} 个划分单元（{named} …）须各成一格：任何驻点都不可能与其中两个均相距 {limit:,.0f} 米以内；"
        f"而按规模至多可分 {clash.most} 格",
    )


def _through(community: Community, neck: Neck, remedy: str, words: Words, place: dict[str, int]) -> Told:
    """What must lie in one grid because only one unit joins it to the rest."""
    measure = spoken(community.graph.measures[0], words.lang)
    hanging = ", ".join(neck.hanging[:3]) + (" …" if len(neck.hanging) > 3 else "")
    group = community.bindings.groups[place[neck.unit]]
    whole = words(" (kept whole)", "（整体保留）")
    through = community.bindings.name_of(group) + whole if group else neck.unit
    low, high = community.low[0], community.high[0]
    reason = words(
        f"{hanging} can only be reached through {through}: below {low:,.0f} without it, together {neck.size:,.0f} "
        f"{measure.lower()} against {high:,.0f}",
        f"{hanging} 只能经 {through} 连通：不含它则不足 {low:,.0f}，"
        f"合在一起有{measure} {neck.size:,.0f}，超过 {high:,.0f}",
    )
    named = (neck.unit, *neck.hanging)
    return Told(reason, remedy, np.array(sorted(place[one] for one in named), np.int64))


def _demand(community: Community, rule: str, words: Words) -> str:
    """What a rule asks of every grid."""
    measure = spoken(community.graph.measures[0], words.lang)
    low, high = community.low[0], community.high[0]
    if rule == "size.low":
        return words(f"at least {low:,.0f} {measure.lower()}", f"每格{measure}不少于 {low:,.0f}")
    if rule == "size.high":
        return words(f"at most {high:,.0f} {measure.lower()}", f"每格{measure}不超过 {high:,.0f}")
    if rule == "governance.keep_whole":
        return words("every kept-whole group in one grid", "整体保留的小区不拆分")
    if rule == "proximity.max_walk":
        limit = community.rules.proximity.max_walk or 0.0
        return words(f"no walk above {limit:,.0f} m", f"步行不超过 {limit:,.0f} 米")
    return words(*_DEMANDS[rule])


def _remedy(community: Community, clash: Clash, words: Words, place: dict[str, int]) -> str:
    """What would be enough by itself, as far as that is known."""
    ways = [_way(community, rule, value, clash, words, place) for rule, value in clash.enough]
    general = words("split the largest units, widen the bounds, or accept it", "细分较大单元、放宽上下限，或予以确认")
    if not ways:
        return general
    enough = words.listed(ways, ", or ", "，或")
    return words(
        f"one of these is enough: {enough}; or split the largest units", f"任选其一即可：{enough}；或细分较大单元"
    )


def _way(
    community: Community, rule: str, value: float, clash: Clash, words: Words, place: dict[str, int]
) -> str:  # fmt: skip
    if rule == "governance.keep_whole":
        names = sorted({community.bindings.groups[place[one]] for one in clash.split} - {""})
        called = words.listed([community.bindings.name_of(name) for name in names] or ["?"], " and ", "和")
        return words(f"{called} split", f"拆分{called}")
    return words(*(way.format(value) for way in _WAYS[rule]))
