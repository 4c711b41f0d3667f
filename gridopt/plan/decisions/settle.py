"""Decisions laid on the units before anything is drawn: which community a unit belongs to, which grids are locked."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd

from gridopt.city import City
from gridopt.errors import RuleError
from gridopt.plan.decisions.places import Places
from gridopt.plan.decisions.resolve import Decision, resolve


@dataclass(frozen=True, eq=False)
class Settled:
    """The units as the decisions have them, and the decisions, each resolved; none where the city has no table.

    ``hearts`` are, for each current grid that a decision names, its units from the centre of its people
    outwards. A unit that a decision gives to another community is in that community, and the units of a
    frozen grid have its id as their ``locked_grid``.
    """

    units: gpd.GeoDataFrame
    decisions: tuple[Decision, ...] = ()
    hearts: dict[str, list[str]] = field(default_factory=dict)


def settle(city: City, units: gpd.GeoDataFrame) -> Settled:
    """The decisions of a city, resolved on its units.

    Raises:
        RuleError: rows that do not say clearly what they mean, that give a unit to two communities or
            two locked grids, or that leave a community without a unit; all by row number.
    """
    table = city.layer("decisions")
    if table is None or not len(table):
        return Settled(units)
    places = Places(city, units)
    decisions = resolve(places, table)
    moves = [one for one in decisions if one.kind == "belongs" and one.community]
    if moves:
        units = _moved(city, units, moves)
        places = Places(city, units)
        rest = table[~table["row"].isin([one.row for one in moves])]
        decisions = tuple(sorted([*moves, *resolve(places, rest)], key=lambda one: one.row))
    units = _locked(units, [one for one in decisions if one.kind == "frozen" and one.units])
    named = sorted({one.grid.current for one in decisions if one.grid is not None and one.grid.current})
    return Settled(units, decisions, {grid: places.heart(grid) for grid in named})


def _moved(city: City, units: gpd.GeoDataFrame, moves: list[Decision]) -> gpd.GeoDataFrame:
    """The units with their communities as decided, under the area kind of the community they join."""
    chosen: dict[str, Decision] = {}
    clashes = []
    for decision in moves:
        for unit in decision.units:
            other = chosen.setdefault(unit, decision)
            if other.community != decision.community:
                clashes.append((other, decision, unit))
    if clashes:
        raise RuleError(
            f"[layers.decisions]: {_listed(clashes, 'en')}. Withdraw one of each.",
            zh=f"[layers.decisions]：{_listed(clashes, 'zh')}。请各撤回一行。",
        )
    owners = units["community_id"].to_dict() | {unit: one.community for unit, one in chosen.items()}
    bereft = sorted(set(units["community_id"]) - set(owners.values()))
    if bereft:
        rows = sorted({one.row for unit, one in chosen.items() if units.at[unit, "community_id"] in bereft})
        listed = ", ".join(map(str, rows))
        raise RuleError(
            f"[layers.decisions]: rows {listed} leave {', '.join(bereft)} without a unit. Withdraw one, or remove "
            "that community.",
            zh=f"[layers.decisions]：第 {listed} 行使 {'、'.join(bereft)} 没有任何划分单元。"
            "请撤回其一，或删去该村（社区）。",
        )
    kinds = city.communities["area_kind"]
    was, now = units["community_id"], units.index.map(owners)
    follows = (was.to_numpy() != now) & (units["area_kind"].to_numpy() == kinds.reindex(was).to_numpy())
    area_kinds = units["area_kind"].where(~follows, kinds.reindex(now).to_numpy())
    moved = units.assign(community_id=now.astype("str"), area_kind=area_kinds)
    moved.attrs = dict(units.attrs)
    return moved


def _listed(clashes: list[tuple[Decision, Decision, str]], lang: str) -> str:
    if lang == "zh":
        return "；".join(f"{one.said(lang)}与{two.said(lang)}把 {unit} 划给两个社区" for one, two, unit in clashes)
    return "; ".join(f"{one.said()} and {two.said()} give {unit} to two communities" for one, two, unit in clashes)


def _locked(units: gpd.GeoDataFrame, frozen: list[Decision]) -> gpd.GeoDataFrame:
    """The units of frozen grids under the id of their grid."""
    if not frozen:
        return units
    names = {unit: locked_name(one) for one in frozen for unit in one.units}
    given = units["locked_grid"].to_dict()
    clashes = [(one, unit) for one in frozen for unit in one.units if given[unit] not in ("", locked_name(one))]
    if clashes:
        one, unit = clashes[0]
        raise RuleError(
            f"[layers.decisions]: {one.said()} freezes {len(clashes)} units that the units layer locks to another "
            f"grid: {unit} to {given[unit]}. Correct the column locked_grid, or withdraw the row.",
            zh=f"[layers.decisions]：{one.said('zh')}所含 {len(clashes)} 个单元已在划分单元图层中指定给其他网格："
            f"{unit} 属 {given[unit]}。请改正 locked_grid 列，或撤回该行。",
        )
    locked = units.assign(locked_grid=[names.get(unit, given[unit]) for unit in units.index])
    locked.attrs = dict(units.attrs)
    return locked


def locked_name(frozen: Decision) -> str:
    """What a frozen grid is called in the units table: its id, which is its code where it has one."""
    return "" if frozen.grid is None else frozen.grid.current
