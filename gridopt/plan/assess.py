"""Measuring a given drawing: today's grids, or a plan corrected by hand. Nothing is moved."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from gridopt.city import City
from gridopt.errors import TableError
from gridopt.graph import UnitGraph
from gridopt.grids.matters import with_matters
from gridopt.grids.plan import Plan
from gridopt.plan.draw import Ground, build, prepare
from gridopt.plan.in_force import coded
from gridopt.plan.matching import Match, by_code, match_polygons, match_units
from gridopt.solvers.community import Bindings
from gridopt.solvers.solution import Solution
from gridopt.solvers.solve import measure


def assess(
    city: City, units: gpd.GeoDataFrame | pd.Series | None = None, *, grids: gpd.GeoDataFrame | None = None
) -> Plan:
    """A full Plan from a given assignment, by the ruler of `draw`: nothing is moved.

    Give ``units``, a table (or Series) of ``grid_code`` indexed by unit id, or ``grids``, polygons that are
    matched by people, then by area; without either the city's current grids are measured. Codes in force
    that fit the template are kept. Units that lie in no given grid are measured with the nearest one and
    listed, as are units that a border cuts and grids that cross a community. Raises `TableError`.
    """
    if units is not None and grids is not None:
        raise TableError("give either units or grids, not both.", zh="units 与 grids 只能给其一。")
    return assessed_on(prepare(city), units, grids)


def assessed_on(
    ground: Ground, units: gpd.GeoDataFrame | pd.Series | None = None, grids: gpd.GeoDataFrame | None = None
) -> Plan:
    """`assess` on ground that is prepared already."""
    city, made = ground.city, ground.units
    if units is not None:
        match = match_units(made, units)
    else:
        given = city.current_grids if grids is None else grids
        if given is None:
            raise TableError(
                "there is no drawing to assess: give units or grids, or name [layers.current_grids].",
                zh="没有可核对的划分：请给出 units 或 grids，或在项目文件中写明 [layers.current_grids]。",
            )
        match = match_polygons(city, made, by_code(given))
    sides = made["community_id"].str.cat(match.drawn, sep="|")
    labels = np.unique(sides.to_numpy(str), return_inverse=True)[1].astype(np.int32)

    def weigh(graph: UnitGraph, bindings: Bindings) -> Solution:
        return measure(graph, city.rules, labels, bindings=bindings, lang=city.settings.lang)

    plan = build(ground, weigh)
    own = match.drawn.groupby(plan.units["grid_code"]).first()
    plan = coded(plan, {str(grid): str(given) for grid, given in own.items()})
    return plan.replace(source="assess", effort="none", violations=_with_match(plan, match))


def _with_match(plan: Plan, match: Match) -> pd.DataFrame:
    """The plan's violations with what the match could not settle."""
    zh = plan.city.settings.lang == "zh"
    rows = []
    for unit in match.blank:
        rows.append(_row(plan, [unit], ("decide", "blank"), _BLANK[zh]))
    for unit in match.split:
        rows.append(_row(plan, [unit], ("information", "split_unit"), _SPLIT[zh]))
    for name in match.crossing:
        units = match.drawn.index[match.drawn == name].tolist()
        rows.append(_row(plan, units, ("decide", "community"), tuple(t.format(name=name) for t in _CROSSING[zh])))
    return with_matters(plan.violations, rows)


def _row(plan: Plan, units: list[str], kind: tuple[str, str], words: tuple[str, ...]) -> dict[str, object]:
    inside = plan.units.loc[units]
    return {
        "class": kind[0],
        "rule": kind[1],
        "community_id": inside["community_id"].iloc[0],
        "grid_codes": ";".join(sorted(inside["grid_code"].unique())),
        "unit_ids": ";".join(units),
        "value": float(inside["residents"].fillna(0).sum()),
        "reason": words[0],
        "remedy": words[1],
    }


_BLANK = {
    False: ("this unit lies in no grid of the given drawing; it is measured with the nearest one", "give it a grid"),
    True: ("该单元不在给定划分的任何网格内，暂按最近的网格计算", "为其指定网格"),
}
_SPLIT = {
    False: ("a border of the given drawing cuts this unit; it is counted where most of its people are", "none needed"),
    True: ("给定划分的边界穿过该单元，按人口较多的一侧计算", "无需处理"),
}
_CROSSING = {
    False: ("grid {name} of the given drawing lies in several communities; each side is counted by itself",
            "cut it along the community's boundary"),
    True: ("给定网格 {name} 跨越村（社区），各侧分别计算", "沿村（社区）界线拆分"),
}  # fmt: skip
