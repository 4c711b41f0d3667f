"""What lies on the ground and who lives there: every layer but the communities, in its contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.coordinates import EXCHANGE
from gridopt.errors import preview
from gridopt.read.barriers import with_barriers
from gridopt.read.blocks import block_totals
from gridopt.read.communities import area_kinds, check_kinds
from gridopt.read.findings import Findings
from gridopt.read.footprints import WORTH_NAMING, shared_ground
from gridopt.read.layers import Layer
from gridopt.read.proposals import columns_there
from gridopt.read.registers import orphans, strays
from gridopt.read.repair import kinds_of, repeated_footprints
from gridopt.read.roster import note_roster
from gridopt.read.shifts import Move, likely_offset
from gridopt.rules import Rules

STOREY = 3.0
"""Metres of height a floor, where only the height of a building is known."""

POINT_FOOTPRINT = 100.0
"""Square metres a floor that a building given as a point is taken to have."""

_OTHER_LEVELS = (
    ', or say what the rows count: level = "units", "buildings", "estates", or "blocks" for polygons',
    '，或写明各行的统计对象：level = "units"、"buildings"、"estates"，面状街区用 "blocks"',
)

_MUST_MEET = ("units", "buildings")
"""Layers that are of another place where nothing of them lies in a community. Of the others, a railway or a clinic
beside the city may be all there is, which is put on record."""

Finisher = Callable[[Layer, gpd.GeoDataFrame, Findings], pd.DataFrame]


def finish(layer: Layer, communities: gpd.GeoDataFrame, rules: Rules, findings: Findings) -> pd.DataFrame:
    """A layer in its contract, checked against the communities it lies in.

    Faults and repairs go to ``findings``; the caller raises them.
    """
    if findings.layer in ("roads", "rivers", "railways", "walls"):
        result: pd.DataFrame = with_barriers(gpd.GeoDataFrame(layer.table), rules.governance.barriers, findings)
    else:
        result = FINISHERS.get(findings.layer, _as_it_is)(layer, communities, findings)
    if isinstance(result, gpd.GeoDataFrame):
        _check_overlap(result, communities, findings)
    return result


def _as_it_is(layer: Layer, _: gpd.GeoDataFrame, __: Findings) -> pd.DataFrame:
    return layer.table


def _check_overlap(table: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, findings: Findings) -> None:
    shapes = table.geometry[~table.geometry.isna()]
    if not len(shapes):
        return
    land = communities.geometry.to_numpy()
    rows = np.unique(shapely.STRtree(shapes.to_numpy()).query(land, predicate="intersects")[1])
    if not len(rows):
        here, there = _box(shapes.total_bounds), _box(communities.total_bounds)
        if _fits_exchanged(shapes, communities):
            findings.fault(
                f"nothing in the layer lies in any community, but it would with x and y exchanged. {EXCHANGE[0]}",
                f"图层与村（社区）没有任何重叠，但互换 x、y 后吻合。{EXCHANGE[1]}",
            )
            return
        move = likely_offset(table[~table.geometry.isna()], communities)
        if move is not None:
            findings.fault(*_seems_shifted(move, findings.layer))
            return
        boxes = shapely.box(*shapes.total_bounds), shapely.box(*communities.total_bounds)
        if findings.layer not in _MUST_MEET and shapely.intersects(*boxes):
            findings.repair("beside", shapes.index)
            return
        findings.fault(
            f"nothing in the layer lies in any community: it covers {here}, the communities {there} (metres in "
            'the city\'s CRS); it is another place, or its CRS is not the one it says: declare crs = "EPSG:..."',
            f"图层与村（社区）没有任何重叠：图层范围 {here}，村（社区）范围 {there}（城市坐标系，米）；"
            '可能是其他地方的数据，或坐标系有误：请声明 crs = "EPSG:..."',
        )
    elif findings.layer == "units" and len(rows) < len(shapes):
        outside = shapes.index.delete(rows)
        findings.fault(
            f"{len(outside)} units lie outside every community: {preview(outside)}; "
            "remove them or extend the communities",
            f"{len(outside)} 个划分单元不在任何村（社区）内：{preview(outside)}；请删除或补全村（社区）范围",
        )


def _seems_shifted(move: Move, layer: str) -> tuple[str, str]:
    """What to say of a layer that lies in the communities only after a move."""
    guilty = layer if move.is_undone else "communities"
    return (
        f"nothing in the layer lies in any community; {move.fits:.0%} of it would, moved {move.metres:.0f} m towards "
        f"{move.bearing:.0f} degrees: [layers.{guilty}] seems to be in {move.name}; if that is so, write "
        f'crs = "{move.name}" under [layers.{guilty}]',
        f"图层与村（社区）没有任何重叠；向方位角 {move.bearing:.0f}° 移动 {move.metres:.0f} m 后吻合 {move.fits:.0%}："
        f'[layers.{guilty}] 疑为 {move.name} 坐标；如确为该坐标，请在 [layers.{guilty}] 下写明 crs = "{move.name}"',
    )


def _fits_exchanged(shapes: gpd.GeoSeries, communities: gpd.GeoDataFrame) -> bool:
    """Whether a layer would come to lie over the communities with x and y, or longitude and latitude, exchanged."""
    there = shapely.box(*communities.total_bounds)
    in_degrees = shapes.to_crs(4326)
    exchanged = shapely.transform(in_degrees.to_numpy(), lambda points: points[:, ::-1])
    turned = gpd.GeoSeries(exchanged, crs=4326).to_crs(communities.crs)
    return any(
        np.isfinite(bounds).all() and bool(shapely.intersects(shapely.box(*bounds), there))
        for bounds in (shapes.total_bounds[[1, 0, 3, 2]], turned.total_bounds)
    )


def _box(bounds: np.ndarray) -> str:
    west, south, east, north = bounds
    return f"{west:.0f}~{east:.0f} E, {south:.0f}~{north:.0f} N"


def _units(layer: Layer, communities: gpd.GeoDataFrame, findings: Findings) -> pd.DataFrame:
    table: pd.DataFrame = layer.table.rename(columns={"community": "community_id"})
    if "grid_code" not in layer.given:
        table = table.drop(columns="grid_code")
    _check_community(table["community_id"], communities, findings, fatal=True)
    table = table.assign(area_kind=area_kinds(table["area_kind"]))
    check_kinds(table["area_kind"], findings)
    area = shapely.area(table["geometry"].to_numpy())
    for column in ("households", "residents"):
        missing = table[column].isna().to_numpy()
        if column in layer.given and missing.any():
            shares = (missing.mean(), float(area[missing].sum() / area.sum()))
            findings.repair("missing_counts", table.index[missing], values=[column, *shares])
    return table


def _check_community(ids: pd.Series, communities: gpd.GeoDataFrame, findings: Findings, *, fatal: bool) -> None:
    strange = ids[(ids != "") & ~ids.isin(communities.index)]
    if len(strange) and fatal:
        listed = preview(row if row == community else f"{row} ({community})" for row, community in strange.items())
        other, other_zh = _OTHER_LEVELS if findings.layer == "population" else ("", "")
        findings.fault(
            f"{len(strange)} rows name a community that is not in the community layer: {listed}; "
            f"correct the column{other}",
            f"{len(strange)} 行所属村（社区）不在村（社区）图层中：{listed}；请改正该列{other_zh}",
        )
    elif len(strange):
        findings.repair("unknown_community", strange.index)


def _buildings(layer: Layer, _: gpd.GeoDataFrame, findings: Findings) -> pd.DataFrame:
    table = layer.table
    same = repeated_footprints(gpd.GeoDataFrame(table))
    findings.repair("same_after_repair", table.index[same])
    points = kinds_of(table["geometry"].to_numpy()) == "point"
    stated = (table["floor_area"] > 0).to_numpy()
    findings.repair("no_footprint", table.index[points & ~stated], values=[POINT_FOOTPRINT])
    floors = _floors(table, stated, findings)
    footprint = np.where(points, POINT_FOOTPRINT, shapely.area(table["geometry"].to_numpy()))
    ground = footprint - _counted_elsewhere(table, floors.to_numpy(float), same, findings)
    measured = np.where(same, 0.0, np.maximum(ground, 0.0) * floors)
    table = table.assign(floor_area=np.where(stated, table["floor_area"], measured))
    return table[[*(name for name in table.columns if name != "geometry"), "geometry"]]


def _floors(table: pd.DataFrame, stated: NDArray[np.bool_], findings: Findings) -> pd.Series:
    """Floors of each building, from its height where only that is known, else as many as half of the others have.

    That they are missing matters only where the floor area is not ``stated``.
    """
    by_height = pd.Series(np.maximum(np.round(table["height"] / STOREY), 1), table.index)
    floors: pd.Series = table["floors"].where(table["floors"] > 0).fillna(by_height)
    missing = floors.isna()
    usual = 1.0 if missing.all() else float(floors.median())
    if missing.any() and not missing.all():
        findings.repair("floors_missing", table.index[missing & ~stated], values=[usual])
    return floors.fillna(usual)


def _counted_elsewhere(
    table: pd.DataFrame, floors: NDArray[np.float64], same: NDArray[np.bool_], findings: Findings
) -> NDArray[np.float64]:
    """Square metres of each footprint that lie under another building and are counted there."""
    single = np.flatnonzero(~same)
    shapes = table["geometry"].to_numpy()[single]
    shared = shared_ground(shapes, floors[single])
    named = shared.named
    losers = np.unique(shared.losers[named])
    area = float(shapely.area(shapes[losers]).sum())
    findings.repair(
        "overlapping_footprints",
        table.index[single[losers]],
        areas=(area, area - float(shared.lost[losers].sum())),
        values=[WORTH_NAMING, len(named), float(shared.areas[named].sum())],
    )
    lost = np.zeros(len(table))
    lost[single] = shared.lost
    return lost


def _population(layer: Layer, communities: gpd.GeoDataFrame, findings: Findings) -> pd.DataFrame:
    table, level = layer.table, layer.level
    if not {"households", "residents", "dwellings"} & set(layer.given):
        there, there_zh = columns_there([name for name in layer.source_columns if name not in layer.columns.values()])
        findings.fault(
            f'the table gives neither households nor residents; name a column: residents = "..."; {there}',
            f'表中既无户数也无人口；请指明列：residents = "..."；{there_zh}',
        )
    if level == "community" and "id" in layer.given:
        table = _without_stated_totals(table, communities)
        if _are_names(table.index, communities):
            column = layer.columns["id"]
            findings.fault(
                f'column "{column}" holds the names of communities, not their ids: write name = "{column}" in place of '
                f'id = "{column}"',
                f'列“{column}”是村（社区）的名称而非编码：请写 name = "{column}"，不写 id = "{column}"',
            )
            return table
        _check_community(table.index.to_series(), communities, findings, fatal=True)
        absent = communities.index.difference(table.index)
        if len(absent):
            findings.fault(
                f"{len(absent)} communities have no control total: {preview(absent)}; add their rows",
                f"{len(absent)} 个村（社区）没有控制总数：{preview(absent)}；请补充",
            )
    if level == "blocks" and not findings.faults:
        table = block_totals(gpd.GeoDataFrame(table), communities, findings)
    given = [name for name in ("dwellings", "area") if name not in layer.given]
    return table.drop(columns=given).assign(level=level)


def _are_names(ids: pd.Index, communities: gpd.GeoDataFrame) -> bool:
    """Whether ids that no community has are the names of communities, most of them."""
    strange = ids.difference(communities.index)
    return len(strange) > 0 and 2 * int(strange.isin(communities["community"]).sum()) > len(ids)


def _without_stated_totals(table: pd.DataFrame, communities: gpd.GeoDataFrame) -> pd.DataFrame:
    """The rows of communities; those of townships and counties are totals, kept in ``attrs["stated"]`` for checking.

    Their ids are those of townships and counties, or the same filled up with zeros.
    """
    width = int(communities.index.str.len().max())
    levels: dict[str, tuple[str, str]] = {}
    for level in ("county", "township"):
        for place in communities[f"{level}_id"].unique():
            levels |= {place: (level, place), str(place).ljust(width, "0"): (level, place)}
    above = [i for i in table.index if i in levels and i not in communities.index and levels[i][1]]
    stated = [
        (*levels[i], measure, float(table.loc[i, measure]))
        for i in above
        for measure in ("households", "residents")
        if not np.isnan(table.loc[i, measure])
    ]
    rest = table.drop(index=above)
    rest.attrs["stated"] = stated
    return rest


def _facilities(layer: Layer, _: gpd.GeoDataFrame, findings: Findings) -> pd.DataFrame:
    without = layer.table.index[layer.table["tier"] == ""]
    if len(without):
        findings.fault(
            f'{len(without)} facilities have no tier: {preview(without)}; name its column: tier = "..."',
            f'{len(without)} 个设施没有层级：{preview(without)}；请指明列：tier = "..."',
        )
    return layer.table


def _events(layer: Layer, communities: gpd.GeoDataFrame, findings: Findings) -> pd.DataFrame:
    table = layer.table.rename(columns={"community": "community_id"})
    table = _with_named_communities(table, communities, findings)
    _check_community(table["community_id"], communities, findings, fatal=False)
    known = table["community_id"].isin(communities.index)
    # A name in place of a code still tells those who look for grids by name.
    written = table["community_id"].where(~known, "")
    table = table.assign(community_id=table["community_id"].where(known, ""), n=table["number"].fillna(1.0))
    table = table.assign(written=written) if (written != "").any() else table
    if not isinstance(table, gpd.GeoDataFrame) and not known.any():
        findings.fault(
            "the events have neither points nor a community of this city; name the columns: "
            'community = "...", or x = "..." and y = "..."',
            '事件既无点位，也无本市的村（社区）编码；请指明列：community = "..."，或 x = "..."、y = "..."',
        )
    rest = [name for name in table.columns if name not in ("number", "geometry")]
    return table[[*rest, *(["geometry"] if isinstance(table, gpd.GeoDataFrame) else [])]]


def _with_named_communities(table: pd.DataFrame, communities: gpd.GeoDataFrame, findings: Findings) -> pd.DataFrame:
    """The rows with the id of a community that they call by its name, alone or behind its township's."""
    names = communities["community"].astype(str)
    called = pd.Series(communities.index, names)
    if "township" in communities:
        called = pd.concat([called, pd.Series(communities.index, communities["township"].astype(str) + names)])
    called = called[~called.index.duplicated(keep=False) & (called.index != "")]
    by_name = ~table["community_id"].isin(communities.index) & table["community_id"].isin(called.index)
    findings.repair("named_community", table.index[by_name])
    return table.assign(community_id=table["community_id"].mask(by_name, table["community_id"].map(called)))


def _roster(layer: Layer, _: gpd.GeoDataFrame, findings: Findings) -> pd.DataFrame:
    without = layer.table.index[layer.table["role"] == ""]
    if len(without):
        findings.fault(
            f'{len(without)} people have no role: {preview(without)}; name its column: role = "..."',
            f'{len(without)} 人没有角色：{preview(without)}；请指明列：role = "..."',
        )
    note_roster(layer, findings)
    return layer.table


def _current_grids(layer: Layer, _: gpd.GeoDataFrame, __: Findings) -> pd.DataFrame:
    table = layer.table if not isinstance(layer.table, gpd.GeoDataFrame) else layer.table.drop(columns="scope")
    coded = table["grid_code"] != ""
    if "id" not in layer.given and coded.all() and table["grid_code"].is_unique:
        table = table.set_axis(pd.Index(table["grid_code"], name=table.index.name)).sort_index()
    return table if "community" in layer.given else table.drop(columns="community")


def _codes(layer: Layer, _: gpd.GeoDataFrame, findings: Findings) -> pd.DataFrame:
    for fault in orphans(layer.table.index):
        findings.fault(*(f"{text}{end}" for text, end in zip(fault, _ADD_PARENTS, strict=True)))
    for fault in strays(layer.table.index, layer.table["parent"]):
        findings.fault(*(f"{text}{end}" for text, end in zip(fault, _CORRECT, strict=True)))
    return layer.table.drop(columns="parent")


_CORRECT = ("; correct the codes or their parents", "；请改正代码或其上级")
_ADD_PARENTS = ("; add the rows of these townships or counties, or correct the codes", "；请补充上级的行，或改正代码")

FINISHERS: Mapping[str, Finisher] = {
    "units": _units,
    "buildings": _buildings,
    "population": _population,
    "facilities": _facilities,
    "events": _events,
    "roster": _roster,
    "current_grids": _current_grids,
    "codes": _codes,
}
"""Layer -> what is done to it beyond its columns and geometry."""
