"""What must not have changed since a plan was drawn, if only some of its communities are drawn again."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridopt.city import City
from gridopt.coding.parents import template_of
from gridopt.errors import RuleError, preview
from gridopt.grids.plan import Plan
from gridopt.publish.geopackage import normalised
from gridopt.publish.record import plain
from gridopt.read.plan_folder import single_parts

NEAR = 1e-6
"""How far numbers (by themselves or as a share) and coordinates (metres) may be apart and count as the same."""


def communities_named(city: City, wanted: Sequence[str]) -> list[str]:
    """The ids of communities given by id or name, sorted. Raises `RuleError` for all that are unknown or ambiguous."""
    names = city.communities["community"].astype(str)
    found, faults = set(), []
    for one in wanted:
        hits = [one] if one in names.index else names.index[names == one].tolist()
        if len(hits) == 1:
            found.add(str(hits[0]))
        elif hits:
            faults.append(
                (f'{len(hits)} communities are called "{one}" ({preview(hits)}): give the id',
                 f"有 {len(hits)} 个村（社区）名为“{one}”（{preview(hits)}）：请给出编码")
            )  # fmt: skip
        else:
            near = preview(difflib.get_close_matches(one, [*names.index, *names], 3, 0.5)) or preview(names.index, 3)
            faults.append(
                (f'there is no community "{one}" (nearest: {near})', f"没有村（社区）“{one}”（相近的有：{near}）")
            )
    if faults or not found:
        raise RuleError(
            "; ".join(en for en, _ in faults) + "." if faults else "name at least one community.",
            zh="；".join(zh for _, zh in faults) + "。" if faults else "请至少给出一个村（社区）。",
        )
    return sorted(found)


def check_places(city: City, plan: Plan) -> None:
    """Raise `RuleError` where the plan has other communities than the city, or another CRS or code template."""
    other = sorted(city.communities.index.symmetric_difference(plan.communities.index))
    if other:
        raise RuleError(
            f"the plan and the city differ in {len(other)} communities: {preview(other)}. Draw the whole city.",
            zh=f"方案与城市有 {len(other)} 个村（社区）不同：{preview(other)}。请重新划分全市。",
        )
    chosen = template_of(city).name
    pairs = ((city.crs.to_string(), plan.city.crs.to_string()), (chosen, plan.code_template))
    for now, before in pairs:
        if now != before:
            raise RuleError(
                f"the plan was drawn with {before}, the project now says {now}. Draw the whole city.",
                zh=f"方案采用 {before}，项目现为 {now}。请重新划分全市。",
            )


def check_rules(city: City, plan: Plan, chosen: Sequence[str]) -> None:
    """Raise `RuleError` that names every rule or setting that other communities were drawn by and that has changed."""
    others = plan.communities[~plan.communities.index.isin(chosen)]
    changed = []
    for kind in sorted(others["area_kind"].unique()):
        now, before = (_told(one.rules.at(kind).to_dict(), chosen) for one in (city, plan.city))
        changed += [f"rules.{name} ({kind})" for name in _differing(now, before)]
    for name in ("staff", "tiers", "workload"):
        now, before = (_told({name: dict(getattr(one.settings, name))}, ()) for one in (city, plan.city))
        changed += [f"rules.{one}" for one in _differing(now, before)]
    if changed:
        raise RuleError(
            f"{len(changed)} rules that the other communities were drawn by have changed: {preview(changed)}. "
            "Draw the whole city, or put them back.",
            zh=f"其余村（社区）所依据的规则有 {len(changed)} 项已改变：{preview(changed)}。"
            "请重新划分全市，或改回原值。",
        )


def check_others(plan: Plan, fresh: Plan, chosen: Sequence[str]) -> None:
    """Raise `RuleError` that names every other community whose units, borders, grids or buildings have changed."""
    changed = {
        name: sorted(_changed(_others(plan, name, chosen), _others(fresh, name, chosen)))
        for name in ("units", "borders", "buildings", "grids")
    }
    if any(changed.values()):
        names = sorted(set().union(*changed.values()))
        called = [f"{plan.communities['community'].get(one, '')} ({one})" for one in names]
        layers = ", ".join(layer for layer, ids in changed.items() if ids)
        raise RuleError(
            f"the layers now give {len(names)} other communities other {layers} than the plan has: {preview(called)}. "
            "Name them too, or draw the whole city.",
            zh=f"图层已变，另有 {len(names)} 个村（社区）的 {layers} 与方案不同：{preview(called)}。"
            "请一并指定，或重新划分全市。",
        )


def _told(table: Mapping[str, Any], chosen: Sequence[str], where: str = "") -> dict[str, Any]:
    """Every value by its dotted name, as a record would write it; numbers of grids of the chosen left out."""
    told: dict[str, Any] = {}
    for name, value in table.items():
        dotted = f"{where}{name}"
        if isinstance(value, Mapping):
            told |= _told(value, chosen, f"{dotted}.")
        elif dotted not in {f"size.count.{one}" for one in chosen}:
            told[dotted] = plain(value)
    return told


def _differing(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in {*now, *before} if now.get(name) != before.get(name))


def _others(plan: Plan, name: str, chosen: Sequence[str]) -> Any:
    """The rows of one table that belong to other communities, each with its ``community_id`` and one index."""
    table = getattr(plan, name)
    if name == "borders":
        owners = table["unit_a"].map(plan.units["community_id"])
        table = table.assign(community_id=owners).set_index(["unit_a", "unit_b", "kind"])
    return table[~table["community_id"].isin(chosen)].sort_index()


def _changed(before: Any, after: Any) -> set[str]:
    """Communities with rows that are in one table only, or that differ in a column of both."""
    lone = before.index.symmetric_difference(after.index)
    rows = pd.concat([table.loc[table.index.isin(lone), "community_id"] for table in (before, after)])
    shared = before.index.intersection(after.index)
    old, new = before.loc[shared], after.loc[shared]
    differs = np.zeros(len(shared), bool)
    for column in before.columns.intersection(after.columns):
        differs |= ~_same(old[column], new[column])
    return {str(one) for one in (*rows, *old.loc[differs, "community_id"])}


def _same(before: Any, after: Any) -> Any:
    """Row by row, whether two columns say the same."""
    if before.name == "geometry":
        shapes = [normalised(single_parts(column)).to_numpy() for column in (before, after)]
        return shapely.equals_exact(shapes[0], shapes[1], tolerance=NEAR)
    if pd.api.types.is_numeric_dtype(before.dtype) and pd.api.types.is_numeric_dtype(after.dtype):
        pair = (before.to_numpy(np.float64), after.to_numpy(np.float64))
        return np.isclose(*pair, rtol=NEAR, atol=NEAR, equal_nan=True)
    texts = [column.astype(object).where(column.notna(), "").astype(str).to_numpy() for column in (before, after)]
    return texts[0] == texts[1]
