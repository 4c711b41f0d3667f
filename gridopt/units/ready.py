"""Ready-made units: taken as they are, put into communities, and made one clean coverage."""

from __future__ import annotations

import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.errors import TableError, preview
from gridopt.people import MEASURES, People
from gridopt.units.cover import clean_coverage, refuse_overlaps
from gridopt.units.groups import groups_of
from gridopt.units.record import Record, joined

_log = logging.getLogger("gridopt")

ALMOST_WHOLE = 0.99
"""Share of a unit's area in its community below which it counts as straddling."""

BARE = 0.1
"""Share of a community's area without units above which it is said aloud."""

TEXTS = ("community_id", "keep_whole", "dedicated", "category", "locked_grid", "phase", "area_kind")


def ready_units(city: City, given: gpd.GeoDataFrame, record: Record) -> gpd.GeoDataFrame:
    """The units of a ready-made layer: each whole, in one community, in one clean coverage.

    Indexed by ``unit_id``, sorted as text, with the text columns of the contract and whatever counts
    the layer has. Raises `TableError` for ids that repeat, units outside every community, unknown
    community ids, communities without a unit and overlaps wider than slivers.
    """
    units = given.copy()
    units.index = pd.Index(units.index.astype("str"), name="unit_id")
    units = units.sort_index()
    _check_ids(units)
    for column in TEXTS:
        units[column] = units[column].fillna("").astype("str") if column in units else ""
    units = units.set_geometry(shapely.force_2d(units.geometry.to_numpy()), crs=city.crs)
    _check_shapes(units)
    units["community_id"] = _communities(city, units, record)
    units = units.set_geometry(clean_coverage(units.geometry, record, layer="units"))
    _record_parts(units, record)
    _record_distance(city, units, record)
    groups = groups_of(city, units)
    for column in ("keep_whole", "dedicated"):
        units[column] = units[column].where(units[column] != "", groups[column])
    kinds = city.communities["area_kind"].reindex(units["community_id"]).to_numpy()
    units["area_kind"] = units["area_kind"].where(units["area_kind"] != "", kinds)
    return units


def has_people(city: City, given: gpd.GeoDataFrame) -> bool:
    """Whether counts come with the units themselves, or in a population table by unit."""
    own = any(column in given and given[column].notna().any() for column in MEASURES)
    return own or _table_by_unit(city) is not None


def given_people(city: City, units: gpd.GeoDataFrame, record: Record) -> pd.DataFrame:
    """Households and residents as given, NaN where missing; ``people_known`` False there.

    A measure that no unit has follows from the other by the household size of the project file, recorded.
    """
    people = pd.DataFrame({name: units.get(name, np.nan) for name in MEASURES}, index=units.index).astype(float)
    table = _table_by_unit(city)
    if table is not None:
        unknown = table.index.difference(units.index)
        if len(unknown):
            raise TableError(
                f"population: {len(unknown)} rows name no unit: {preview(unknown)}. Check the id column against "
                "[layers.units].",
                zh=f"人口表：{len(unknown)} 行的编码不在划分单元图层中：{preview(unknown)}。请核对 id 列。",
            )
        people = people.fillna(table.reindex(columns=list(MEASURES), index=units.index).astype(float))
    size = People.from_table(city.settings.people)
    for measure, other in (MEASURES, MEASURES[::-1]):
        if people[measure].isna().all() and people[other].notna().any():
            people[measure] = size.counted_from(measure, people)
            record.add(
                "units",
                (f"no {measure}", f"缺少 {measure}"),
                n=len(units),
                action=(
                    f"derived from {other} at {size.household_size:g} people a household; confirm locally",
                    f"由 {other} 按户均 {size.household_size:g} 人推算，请按当地实际确认",
                ),
            )
    missing = people.isna().any(axis=1)
    if missing.any() and not _is_on_record(city, units.index[missing]):
        _record_missing(units, missing.to_numpy(), record)
    return people.assign(people_known=~missing)


def _table_by_unit(city: City) -> pd.DataFrame | None:
    table = city.layer("population")
    if table is None or "level" not in table or not (table["level"] == "units").any():
        return None
    rows: pd.DataFrame = table[table["level"] == "units"]
    return rows


def _check_ids(units: gpd.GeoDataFrame) -> None:
    repeated = units.index[units.index.duplicated()].unique()
    blank = int((units.index.str.strip() == "").sum())
    if len(repeated) or blank:
        raise TableError(
            f"units: {len(repeated)} ids occur more than once: {preview(repeated)}; {blank} are empty. "
            "Give each unit its own id.",
            zh=f"划分单元图层：{len(repeated)} 个编码重复：{preview(repeated)}；{blank} 个为空。请保证编码唯一。",
        )


def _check_shapes(units: gpd.GeoDataFrame) -> None:
    shapes = units.geometry.to_numpy()
    bad = (shapely.get_dimensions(shapes) != 2) | shapely.is_empty(shapes) | ~shapely.is_valid(shapes)
    if bad.any():
        ids = units.index[bad]
        raise TableError(
            f"units: {len(ids)} are no valid polygons: {preview(ids)}. Repair them (in QGIS: fix geometries).",
            zh=f"划分单元图层：{len(ids)} 个不是有效的面：{preview(ids)}。请修复几何（QGIS：修正几何图形）。",
        )


def _communities(city: City, units: gpd.GeoDataFrame, record: Record) -> pd.Series:
    """The community of each unit: as given, else that of the largest overlap."""
    given = units["community_id"]
    unknown = units.index[(given != "") & ~given.isin(city.communities.index)]
    if (given == "").any():
        # Where two communities claim the same land, the largest overlap would only pick the lower id.
        refuse_overlaps(city.communities.geometry, "communities")
    found, shares = _largest_shares(units[given == ""], city.communities)
    outside = found.index[found == ""]
    if len(unknown) or len(outside):
        raise TableError(
            f"units: {len(unknown)} name a community that does not exist: {preview(unknown)}; {len(outside)} lie "
            f"outside every community: {preview(outside)}. Correct the ids, or remove what is outside the city.",
            zh=f"划分单元图层：{len(unknown)} 个所属村（社区）编码不存在：{preview(unknown)}；{len(outside)} 个"
            f"位于所有村（社区）之外：{preview(outside)}。请改正编码，或删除市外的单元。",
        )
    straddling = shares.index[shares < ALMOST_WHOLE]
    if len(straddling) and not _is_on_record(city, straddling):
        least = shares.min()
        record.add(
            "units",
            ("straddle a community's border", "跨越村（社区）界线"),
            ids=straddling,
            action=(
                f"whole to the community of largest overlap (least share {least:.3f})",
                f"整体归入重叠最大的村（社区）（最小占比 {least:.3f}）",
            ),
        )
    chosen: pd.Series = given.where(given != "", found.reindex(units.index))
    lacking = city.communities.index.difference(chosen)
    if len(lacking):
        raise TableError(
            f"units: {len(lacking)} communities have no unit: {preview(lacking)}. Add their units, or remove the "
            "communities.",
            zh=f"划分单元图层：{len(lacking)} 个村（社区）没有任何单元：{preview(lacking)}。"
            "请补充单元，或去掉这些村（社区）。",
        )
    return chosen


def _largest_shares(units: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> tuple[pd.Series, pd.Series]:
    """(community of largest overlap or "", share of the unit's area in it), ties to the lowest id."""
    ordered = communities.sort_index()
    shapes, parents = units.geometry.to_numpy(), ordered.geometry.to_numpy()
    shapely.prepare(parents)
    unit, parent = shapely.STRtree(parents).query(shapes, predicate="intersects")
    areas = shapely.area(shapely.intersection(shapes[unit], parents[parent]))
    names, share = np.full(len(shapes), "", object), np.zeros(len(shapes))
    order = np.lexsort((parent, -np.round(areas, 6), unit))
    order = order[areas[order] > 0]
    found, first = np.unique(unit[order], return_index=True)
    best: NDArray[np.int64] = order[first]
    names[found] = ordered.index.to_numpy()[parent[best]]
    share[found] = areas[best] / shapely.area(shapes[found])
    return pd.Series(names, index=units.index, dtype="str"), pd.Series(share, index=units.index)


def _record_parts(units: gpd.GeoDataFrame, record: Record) -> None:
    parts = shapely.get_num_geometries(units.geometry.to_numpy())
    if (parts > 1).any():
        record.add(
            "units",
            ("several parts", "由多个部分组成"),
            ids=units.index[parts > 1],
            action=("kept as one unit", "仍作为一个单元"),
        )


def _record_distance(city: City, units: gpd.GeoDataFrame, record: Record) -> None:
    """How far the communities, now the unions of their units, lie from the polygons given for them."""
    source = city.communities.geometry.sort_index()
    members = units.geometry.groupby(units["community_id"])
    union = pd.Series({name: shapely.coverage_union_all(shapes.to_numpy()) for name, shapes in members})
    ours = union.reindex(source.index).to_numpy()
    apart = shapely.area(shapely.symmetric_difference(source.to_numpy(), ours))
    if apart.sum() > 1e-6 * shapely.area(ours).sum():
        record.add(
            "communities",
            ("differ from the union of their units", "与所含划分单元的并集不一致"),
            ids=source.index[apart > 1e-6 * shapely.area(ours)],
            action=(
                f"taken as the union of their units; {apart.sum():,.0f} m2 differ",
                f"以划分单元的并集为准，相差 {apart.sum():,.0f} 平方米",
            ),
            area_before=shapely.area(source.to_numpy()).sum(),
            area_after=shapely.area(ours).sum(),
        )
    bare = 1 - shapely.area(shapely.intersection(source.to_numpy(), ours)) / shapely.area(source.to_numpy())
    _record_bare(pd.Series(bare, source.index), record)


def _record_bare(shares: pd.Series, record: Record) -> None:
    """Communities with much land that no unit covers: it can lie in no grid, so it is said aloud."""
    wide = shares[shares > BARE].sort_values(ascending=False, kind="stable")
    if not len(wide):
        return
    listed = preview(f"{community} ({share:.0%})" for community, share in wide.items())
    said = (
        f"units leave more than {BARE:.0%} of {len(wide)} communities bare: {listed}; that land is in no grid",
        f"划分单元未覆盖 {len(wide)} 个村（社区）超过 {BARE:.0%} 的面积：{listed}；这些土地不在任何网格内",
    )
    _log.warning(said[record.lang == "zh"])
    record.add("communities", said, ids=wide.index, action=("add the missing units", "请补充缺少的划分单元"))


def _is_on_record(city: City, ids: pd.Index) -> bool:
    """Whether reading has already recorded a fault of exactly these units."""
    rows = city.repairs[(city.repairs["layer"] == "units") & (city.repairs["n"] == len(ids))]
    return bool((rows["ids"] == joined(ids)).any())


def _record_missing(units: gpd.GeoDataFrame, missing: NDArray[np.bool_], record: Record) -> None:
    area = units.area.to_numpy()
    share = area[missing].sum() / area.sum()
    record.add(
        "units",
        ("counts missing", "缺少户数或人口"),
        ids=units.index[missing],
        action=(f"kept, weighing 0; {share:.1%} of the area", f"予以保留，计为 0；占面积 {share:.1%}"),
        area_before=area[missing].sum(),
        area_after=area[missing].sum(),
    )
