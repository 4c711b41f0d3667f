"""The posts that a plan calls for: slots of like posts by role and grids, with the arithmetic in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridopt.formula import parse, spoken
from gridopt.grids.plan import Plan
from gridopt.staffing.neighbours import Neighbourhood, sectors
from gridopt.staffing.roles import Role, StaffRules

WORKERS = "worker"
"""The role whose posts share out the workload of their grid."""

PARENTS = {"community": "community_id", "township": "township_id"}


@dataclass(frozen=True)
class Slot:
    """``n`` like posts of one role for some grids (positions in code order), and why there are so many.

    ``number`` tells slots of one role and parent apart; ``load`` is the work of one post, as a plan counts it.
    """

    role: Role
    grids: tuple[int, ...]
    n: int
    reason: str
    load: float
    number: int = 0


def slots(plan: Plan, rules: StaffRules, neighbours: Neighbourhood) -> list[Slot]:
    """Every slot by township, first grid and role: those without a post are left out."""
    grids = plan.grids.sort_index()
    lang = plan.city.settings.lang
    found: list[Slot] = []
    for role in rules.table:
        if role.span == "sector":
            found += _sector_slots(grids, role, neighbours, lang)
        else:
            found += _grid_slots(grids, role, lang)
    found = _with_loads(found, grids["workload"].fillna(0.0).to_numpy(np.float64))
    rank = {role.key: place for place, role in enumerate(rules.table)}
    townships = grids["township_id"].astype(str).tolist()
    return sorted(found, key=lambda slot: (townships[slot.grids[0]], slot.grids[0], rank[slot.role.key]))


def _grid_slots(grids: pd.DataFrame, role: Role, lang: str) -> Iterator[Slot]:
    values = parse(role.of).values(grids)
    peopled = (grids["households"] > 0) | (grids["residents"] > 0) | (grids["kind"] == "dedicated")
    for position, (value, is_peopled) in enumerate(zip(values.tolist(), peopled.tolist(), strict=True)):
        by_ratio = math.floor(value / role.one_per + 0.5) if role.one_per and is_peopled else 0
        n = max(role.each, by_ratio, role.least if is_peopled else 0)
        if n:
            yield Slot(role, (position,), n, _reason(role, value, by_ratio, lang), 0.0)


def _sector_slots(grids: pd.DataFrame, role: Role, neighbours: Neighbourhood, lang: str) -> Iterator[Slot]:
    """One post a sector: as few sectors as the limit allows, more where the ratio asks for more."""
    values = parse(role.of).values(grids)
    parents = grids[PARENTS.get(role.within, "township_id")].astype(str).to_numpy()
    for parent in np.unique(parents):
        members = np.flatnonzero(parents == parent)
        by_ratio = math.floor(values[members].sum() / role.one_per + 0.5) if role.one_per else 0
        groups = sectors(neighbours, members, role.grids, by_ratio)
        for number, group in enumerate(groups, 1):
            reason = _sector_reason(role, (len(members), len(groups), len(group)), lang)
            yield Slot(role, tuple(group.tolist()), 1, reason, 0.0, number)


def _with_loads(found: list[Slot], work: Any) -> list[Slot]:
    """Workers share out the work of their grid by their share of a full post; others answer for all of it."""
    shares = np.zeros(len(work))
    for slot in found:
        if slot.role.role == WORKERS:
            shares[list(slot.grids)] += slot.n * slot.role.fte
    loads = []
    for slot in found:
        own = list(slot.grids)
        if slot.role.role == WORKERS:
            total = np.divide(work[own] * slot.role.fte, shares[own], out=np.zeros(len(own)), where=shares[own] > 0)
        else:
            total = work[own]
        loads.append(Slot(slot.role, slot.grids, slot.n, slot.reason, float(total.sum()), slot.number))
    return loads


def _reason(role: Role, value: float, by_ratio: int, lang: str) -> str:
    if not role.one_per:
        return f"每个网格设{role.each or role.least}名{role.label(lang)}" if lang == "zh" else _each(role)
    per, quotient = f"{role.one_per:g}", f"{value / role.one_per:.2f}"
    raised = max(role.each, role.least) > by_ratio
    least = max(role.each, role.least)
    if lang == "zh":
        homes = role.of == "households"
        counted, unit = (f"{value:g}户", "户") if homes else (f"{spoken(role.of, lang)} {value:g}", "")
        text = f"{counted} ÷ 每人{per}{unit} = {quotient}，四舍五入为{by_ratio}名"
        return f"{text}；每个网格至少{least}名" if raised else text
    who = "worker" if role.role == WORKERS else "post"
    text = f"{value:g} {spoken(role.of, lang)} / {per} a {who} = {quotient}, rounded to {by_ratio}"
    return f"{text}; at least {least} a grid" if raised else text


def _each(role: Role) -> str:
    return f"{role.each or role.least} {role.role} a grid"


def _sector_reason(role: Role, numbers: tuple[int, int, int], lang: str) -> str:
    n_grids, n_posts, own = numbers
    if lang == "zh":
        where = "本村（社区）" if role.within == "community" else "本乡镇（街道）"
        name = "指导员" if role.key == "adviser" else role.label(lang)
        return f"{where}{n_grids}个网格，每名{name}至多联系{role.grids}个，设{n_posts}名；本岗联系相邻的{own}个"
    where = "community" if role.within == "community" else "township"
    return f"{n_grids} grids in the {where}, up to {role.grids} each: {n_posts} needed, this one for {own} neighbours"
