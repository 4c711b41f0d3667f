"""Posts of grids that are declared: facilities of one tier, each in the unit where it stands."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from gridopt.city import City
from gridopt.errors import TableError, preview
from gridopt.units.counts import place_buildings

Fault = tuple[str, str]


def with_posts(city: City, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The units with a column ``post``, the id of the declared post that stands in each, "" for none.

    Posts are the facilities of the tier that ``rules.proximity.posts`` names for an area kind; units that bear
    posts already keep them. Without such a rule the table is returned as it is. Raises one `TableError` for a tier
    that no facility has, posts outside every unit, and two posts in one unit.
    """
    kinds = sorted(city.communities["area_kind"].unique())
    tiers = {kind: tier for kind in kinds if (tier := city.rules.at(kind).proximity.posts)}
    if not tiers:
        return units.drop(columns="post") if "post" in units else units
    if "post" in units and (units["post"].fillna("") != "").any():
        return units.assign(post=units["post"].fillna("").astype("str"))
    facilities = city.layer("facilities")
    known = [] if facilities is None else sorted(facilities["tier"].unique())
    _refuse([_unknown(tier, known) for tier in sorted({*tiers.values()} - {*known})])
    posts = facilities[facilities["tier"].isin(list(tiers.values()))].sort_index()
    homes = place_buildings(posts, units).unit_ids
    wanted = homes.map(units["area_kind"]).map(tiers).fillna("").to_numpy() == posts["tier"].to_numpy()
    held = homes[wanted & (homes != "").to_numpy()]
    twice = held[held.duplicated(keep=False)]
    shared = [f"{unit}: {preview(rows.index)}" for unit, rows in twice.groupby(twice)]
    _refuse([*_outside(homes.index[homes == ""]), *_shared(shared)])
    table = pd.Series(held.index.astype("str"), index=held.to_numpy(), dtype="str")
    return units.assign(post=table.reindex(units.index).fillna("").astype("str"))


def _unknown(tier: str, known: list[str]) -> Fault:
    there = preview(known)
    return (
        f'rules.proximity.posts = "{tier}" is no tier in [layers.facilities] (there are: {there or "none"}); '
        "correct the tier, or add the posts to the layer",
        f'rules.proximity.posts = "{tier}" 不是任何设施的层级（[layers.facilities] 现有层级：{there or "无"}）；'
        "请改正层级，或在图层中补充网格站点",
    )


def _outside(ids: pd.Index) -> list[Fault]:
    if not len(ids):
        return []
    return [
        (
            f"{len(ids)} posts stand outside every unit: {preview(ids)}; correct their coordinates, or leave them out",
            f"{len(ids)} 个网格站点位于所有划分单元之外：{preview(ids)}；请改正坐标，或将其删去",
        )
    ]


def _shared(units: list[str]) -> list[Fault]:
    if not units:
        return []
    return [
        (
            f"{len(units)} units hold several posts, and a unit is never split: {preview(units)}; keep one each",
            f"{len(units)} 个划分单元内有多个网格站点，而单元不再拆分：{preview(units)}；每个单元请只保留一个",
        )
    ]


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise TableError(
            "facilities: " + "; ".join(english for english, _ in faults) + ".",
            zh="设施图层：" + "；".join(chinese for _, chinese in faults) + "。",
        )
