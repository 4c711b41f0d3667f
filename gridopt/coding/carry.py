"""Grids carried from one edition of the division codes to another, with what could not be carried named."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar, overload

import geopandas as gpd
import pandas as pd

from gridopt.city import City
from gridopt.coding.crosswalk import FOLLOWED, checked_crosswalk
from gridopt.coding.parents import template_of
from gridopt.coding.recode import encode
from gridopt.contracts import check_columns
from gridopt.grids.matters import with_matters
from gridopt.grids.plan import Plan
from gridopt.read.names import administrative

Table = TypeVar("Table", bound=pd.DataFrame)


@dataclass(frozen=True)
class _Moves:
    """Old code -> new code and (old name, new name) of what can be carried; old code -> why of what cannot."""

    codes: Mapping[str, str]
    names: Mapping[str, tuple[str, str]]
    left: Mapping[str, tuple[str, str]]


@overload
def carry(grids: Plan, table: pd.DataFrame, *, edition: str | None = None, valid_from: str | None = None) -> Plan: ...
@overload
def carry(
    grids: gpd.GeoDataFrame, table: pd.DataFrame, *, edition: str | None = None, valid_from: str | None = None
) -> gpd.GeoDataFrame: ...
def carry(
    grids: Plan | gpd.GeoDataFrame,
    table: pd.DataFrame,
    *,
    edition: str | None = None,
    valid_from: str | None = None,
) -> Plan | gpd.GeoDataFrame:
    """The same grids under the codes of another edition; ``table`` comes from `crosswalk`, corrected by hand or not.

    Communities that the table calls same, renamed or recoded take their new code, township, county and name; every
    grid keeps its sequence number behind it. No border moves. Of a Plan, ``plan.codes`` (新旧网格对照表) keeps each
    old code with its end (``valid_from`` of the new one) and its successor, so that it is never given again, and
    ``violations`` names to decide each community that could not be carried: retired, doubtful, merged with another
    one, or not in the table; its codes stay. ``edition`` becomes the city's edition. A bare table of grids needs
    ``grid_code`` (column or index) and ``community_id``, and comes back with ``old_code`` and ``left``: "" for a grid
    that was carried, else why not. Raises a `TableError` for a table that is no crosswalk.
    """
    moves = _moves(table)
    if isinstance(grids, Plan):
        return _carried_plan(grids, moves, edition, valid_from)
    return _carried_table(grids, moves)


def _moves(table: pd.DataFrame) -> _Moves:
    table = checked_crosswalk(table)
    lowest = table[(table["level"] == "village") & (table["old_code"] != "")]
    sure = lowest[lowest["change"].isin(FOLLOWED) & (lowest["new_code"] != "")]
    shared = {code for code, n in Counter(sure["new_code"]).items() if n > 1}
    split = {code for code, n in Counter(sure["old_code"]).items() if n > 1}
    codes, names, left = {}, {}, {}
    for old, new, *named in sure[["old_code", "new_code", "old_name", "new_name"]].itertuples(index=False):
        if new in shared or old in split:
            left[old] = _MERGED if new in shared else _SPLIT
        else:
            codes[old], names[old] = new, (named[0], named[1])
    for old, change in lowest[["old_code", "change"]].itertuples(index=False):
        if old not in codes and old not in left:
            left[old] = _RETIRED if change == "retired" else _DOUBTFUL
    return _Moves(codes, names, left)


def _carried_plan(plan: Plan, moves: _Moves, edition: str | None, valid_from: str | None) -> Plan:
    before = template_of(plan.city, plan.code_template)
    held = {str(one): before.parent(str(one)) for one in plan.city.communities.index}
    new = {one: moves.codes.get(code, code) for one, code in held.items()}
    ids = {one: new[one] if held[one] == one else one for one in held}
    city = _carried_city(plan.city, ids, {one: moves.names.get(code) for one, code in held.items()})
    parents = {ids[one]: code for one, code in new.items() if ids[one] != code}
    code = {key: value for key, value in city.settings.code.items() if key not in ("parents", "merged")}
    settings = dataclasses.replace(city.settings, code={**code, **({"parents": parents} if parents else {})})
    city = city.replace(settings=settings, edition=edition or city.edition, valid_from=valid_from or city.valid_from)
    moved = plan.grids["community_id"].map(new) != plan.grids["community_id"].map(held)
    started = plan.grids["valid_from"].astype(object).where(~moved | (valid_from is None), valid_from)
    facts = city.communities[["community", "township_id", "county_id"]]
    renamed = plan.replace(
        city=city,
        grids=_placed(plan.grids.assign(valid_from=started), ids, facts),
        units=_named(plan.units, ids),
        buildings=_named(plan.buildings, ids),
        communities=_placed(plan.communities.rename(index=ids), {}, facts).sort_index(),
        violations=_named(plan.violations, ids),
        details={**plan.details, **_details(plan, ids)},
    )
    template = template_of(city, plan.code_template)
    in_force = {
        code: template.code(ids[owner], int(seq))
        for code, owner, seq in zip(plan.grids.index, plan.grids["community_id"], plan.grids["seq"], strict=True)
    }
    coded = encode(renamed, plan.code_template, in_force=in_force)
    left = {ids[one]: moves.left.get(code, _UNKNOWN) for one, code in held.items() if code not in moves.codes}
    given_up = _given_up(plan, in_force, valid_from)
    return coded.replace(
        codes=pd.concat([coded.codes, given_up], ignore_index=True) if len(given_up) else coded.codes,
        violations=_with_left(coded, left),
    )


def _carried_city(city: City, ids: Mapping[str, str], names: Mapping[str, tuple[str, str] | None]) -> City:
    """The city with its communities under their new ids, parents and names, in every layer that names them."""
    communities = city.communities.copy()
    for column, cut in (("township_id", 3), ("county_id", 6)):
        by_code = communities[column] == communities.index.str[:-cut]
        new = [ids[str(one)][:-cut] for one in communities.index]
        communities[column] = communities[column].where(~by_code, pd.Series(new, communities.index, dtype="str"))
    called = [
        _new_name(str(name), names[str(one)])
        for one, name in zip(communities.index, communities["community"], strict=True)
    ]
    communities["community"] = pd.Series(called, communities.index, dtype="str")
    layers = {name: _named(table, ids) for name, table in city.layers.items()}
    return city.replace(communities=communities.rename(index=ids).sort_index(), layers=layers)


def _new_name(name: str, named: tuple[str, str] | None) -> str:
    """The community's name as the layer writes names: the new one, if it was the old one's and that has changed."""
    if named is None or administrative(named[1]).is_same(administrative(name)) or named[0] == named[1]:
        return name
    short = re.sub(r"村*(?:村民委员会|村委会)$", "村", named[1])
    return re.sub(r"(?:居民委员会|居委会)$", "", short)


def _named(table: Table, ids: Mapping[str, str]) -> Table:
    """A table with its communities under their new ids, whether a column names them or the index."""
    if table.index.name == "community_id" or (len(table) and table.index.isin(list(ids)).all()):
        table = table.rename(index=dict(ids))
    if "community_id" not in table:
        return table
    return table.assign(community_id=table["community_id"].map(lambda one: ids.get(one, one)).astype("str"))


def _placed(table: Table, ids: Mapping[str, str], facts: pd.DataFrame) -> Table:
    """A table of grids or communities with the names and parents that its communities have now."""
    named = _named(table, ids) if ids else table
    owners = named["community_id"] if "community_id" in named else named.index.to_series()
    return named.assign(**{str(column): owners.map(facts[column]).astype("str") for column in facts})


def _details(plan: Plan, ids: Mapping[str, str]) -> dict[str, object]:
    """Facts by community for the record, under the new ids."""
    moved: dict[str, object] = {}
    for key in ("parts", "drawn"):
        facts = plan.details.get(key)
        if isinstance(facts, pd.DataFrame):
            moved[key] = facts.rename(index=dict(ids))
        elif isinstance(facts, Mapping):
            moved[key] = {ids.get(one, one): told for one, told in facts.items()}
    if plan.details.get("time_limited"):
        moved["time_limited"] = tuple(ids.get(one, one) for one in plan.details["time_limited"])
    return moved


def _given_up(plan: Plan, successors: Mapping[str, str], end: str | None) -> pd.DataFrame:
    """The codes that grids had before, each with the one that follows it."""
    changed = [code for code in plan.grids.index if successors[code] != code]
    return pd.DataFrame(
        {
            "grid_code": changed,
            "valid_from": plan.grids["valid_from"].reindex(changed).to_numpy(object),
            "valid_to": end,
            "successor": [successors[code] for code in changed],
        },
        dtype=object,
    )


def _with_left(plan: Plan, left: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """The plan's violations with a row for each community that could not be carried."""
    zh = plan.city.settings.lang == "zh"
    rows = []
    for one, why in sorted(left.items()):
        grids = plan.grids.index[plan.grids["community_id"] == one]
        rows.append(
            {
                "class": "decide",
                "rule": "codes",
                "community_id": one,
                "grid_codes": ";".join(sorted(grids)),
                "value": float(len(grids)),
                "reason": why[zh],
                "remedy": _REMEDY[zh],
            }
        )
    return with_matters(plan.violations, rows)


def _carried_table(grids: gpd.GeoDataFrame, moves: _Moves) -> gpd.GeoDataFrame:
    is_index = "grid_code" not in grids and grids.index.name == "grid_code"
    table = grids.reset_index() if is_index else grids
    check_columns(table, ["grid_code", "community_id"], "grids")
    codes, left = [], []
    for code, owner in zip(table["grid_code"].astype(str), table["community_id"].astype(str), strict=True):
        new = moves.codes.get(owner)
        is_built = owner in code
        codes.append(code.replace(owner, new, 1) if new is not None and is_built else code)
        why = "" if new is not None and is_built else moves.left.get(owner, _UNKNOWN if new is None else _OTHER_FORM)[0]
        left.append(why)
    carried = [why == "" for why in left]
    owners = [moves.codes[one] if is_one else one for one, is_one in zip(table["community_id"], carried, strict=True)]
    moved = table.assign(old_code=table["grid_code"], grid_code=codes, community_id=owners, left=left)
    return moved.set_index("grid_code") if is_index else moved


_RETIRED = ("its code was retired and no unit of its name is in the new edition", "其代码已撤销，新版中没有同名单位")
_DOUBTFUL = ("which unit it is in the new edition is doubtful", "在新版中对应哪一个单位尚不确定")
_MERGED = ("it was merged with another community", "已与其他村（社区）合并")
_SPLIT = ("it was split in several communities", "已分为多个村（社区）")
_UNKNOWN = ("its code is not in the old edition of the crosswalk", "其代码不在对照表的旧版中")
_OTHER_FORM = ("its code does not hold its community's", "网格编码不含所属村（社区）代码")
_REMEDY = (
    "write its new code and the change into the crosswalk and carry again, or draw the community anew",
    "请在对照表中填写新代码与变动情况后重新转换，或重新划分该村（社区）",
)
