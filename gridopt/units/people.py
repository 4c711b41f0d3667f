"""People into units: given counts kept, control totals apportioned to buildings and conserved."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.errors import TableError, preview
from gridopt.units.counts import floor_areas
from gridopt.units.record import Record

Floats = NDArray[np.float64]

HOUSEHOLD_SIZE = 2.6
"""People in a household, where only one of the two is known. Confirm locally."""

MEASURES = ("households", "residents")

NOT_HOMES = frozenset(
    "barn bank bunker bus_station carport cathedral chapel church civic clinic college commercial cowshed factory "
    "farm_auxiliary fire_station garage garages gas government grandstand greenhouse hangar hospital hotel industrial "
    "institution kindergarten kiosk library market museum mosque office parking pavilion public railway religious "
    "retail roof ruins school service shed shop shrine silo sports_centre sports_hall stable stadium station storage "
    "storage_tank sty supermarket synagogue temple theatre toilets train_station transformer_tower transportation "
    "university warehouse".split()
)
"""Values of ``use`` (OpenStreetMap's ``building=*`` among them) that nobody lives in."""

NOT_HOMES_ZH = tuple(
    "商业 商场 商铺 市场 超市 办公 写字楼 工业 厂房 工厂 仓储 仓库 学校 教学 教育 幼儿园 医院 医疗 卫生 公共 行政 政府 "
    "文化 体育 宗教 寺 教堂 交通 车站 车库 停车 市政 设施 酒店 旅馆 养殖 温室 农业 变电 公厕 "
    "商業 辦公 工業 廠房 倉儲 倉庫 學校 醫院 宗教".split()
)
LIVED_IN_ZH = ("住", "宿舍", "公寓")


def people_in_units(
    units: gpd.GeoDataFrame, totals: pd.DataFrame, weights: pd.Series | pd.DataFrame, record: Record
) -> pd.DataFrame:
    """Households and residents of each unit: control totals shared out by weight and conserved.

    ``totals`` has one row a community, ``weights`` one value a carrier (building, raster cell or unit)
    with the unit it lies in as index, or a column of them for each measure. Whole totals give whole
    numbers (largest remainder). A community whose carriers weigh nothing is shared out by area, recorded.
    """
    each = weights if isinstance(weights, pd.DataFrame) else pd.DataFrame(dict.fromkeys(MEASURES, weights))
    carriers = each.rename_axis("unit_id").reset_index()
    carriers = carriers[carriers["unit_id"].isin(units.index)]
    carriers["community_id"] = units["community_id"].reindex(carriers["unit_id"]).to_numpy()
    bearing = carriers.groupby("community_id")[list(MEASURES)].sum().gt(0).all(axis=1)
    bare = np.setdiff1d(units["community_id"].unique(), bearing.index[bearing])
    if len(bare):
        record.add(
            "population",
            ("no building or raster cell to hold the people", "无建筑或栅格可承载人口"),
            ids=bare,
            action=("shared out by area of units", "按划分单元面积分摊"),
        )
        land = units[units["community_id"].isin(bare)]
        by_area = pd.DataFrame(
            {"unit_id": land.index, "community_id": land["community_id"], **dict.fromkeys(MEASURES, land.area)}
        )
        carriers = pd.concat([carriers[~carriers["community_id"].isin(bare)], by_area], ignore_index=True)
    return _shared(carriers, totals).reindex(units.index, fill_value=0.0)


def _shared(carriers: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Totals of communities shared out to carriers by weight, summed by unit."""
    weights = carriers[list(MEASURES)].to_numpy(float)
    shares = np.zeros((len(carriers), len(MEASURES)))
    code, communities = pd.factorize(carriers["community_id"].to_numpy(str), sort=True)
    amounts = totals.reindex(communities)[list(MEASURES)].to_numpy(float)
    order = np.argsort(code, kind="stable")
    for community, places in enumerate(np.split(order, np.cumsum(np.bincount(code))[:-1])):
        for column in range(len(MEASURES)):
            shares[places, column] = apportion(amounts[community, column], weights[places, column])
    return pd.DataFrame(shares, columns=list(MEASURES)).groupby(carriers["unit_id"].to_numpy()).sum()


def apportion(total: float, weights: Floats) -> Floats:
    """A total shared out by weight and conserved; a whole total in whole numbers.

    Largest remainder (Hare): every share is rounded down, what is left goes to the largest
    remainders, the first of equals.
    """
    quotas = total * weights / weights.sum()
    if total != round(total):
        return np.asarray(quotas, np.float64)
    shares = np.floor(quotas + 1e-9)
    left = round(total - shares.sum())
    shares[np.argsort(-np.round(quotas - shares, 9), kind="stable")[:left]] += 1
    return np.asarray(shares, np.float64)


def weights_by_measure(buildings: pd.DataFrame) -> pd.DataFrame:
    """`home_weights` for each measure: a building's own count of it goes before its other counts."""
    return pd.DataFrame({measure: home_weights(buildings, measure) for measure in MEASURES})


def home_weights(buildings: pd.DataFrame, measure: str = "households") -> pd.Series:
    """How many people a building may hold, against the others: the measure itself, else the other, else dwellings.

    Where no building has a count, it is floor area.

    Buildings that nobody lives in (by ``use``) weigh 0. Where a count is missing for a few, it is
    estimated from floor area at the rate of those where it is known.
    """
    area = floor_areas(buildings).astype(float)
    lived_in = is_home(buildings["use"]) if "use" in buildings else pd.Series(True, index=buildings.index)
    area = area.where(lived_in, 0.0)
    for column in (measure, *(other for other in MEASURES if other != measure), "dwellings"):
        if column not in buildings or not (buildings[column] > 0).any():
            continue
        counts = buildings[column].astype(float)
        known = counts.notna() & (area > 0)
        rate = counts[known].sum() / area[known].sum() if known.any() else 0.0
        return counts.fillna(area * rate)
    return area if (area > 0).any() else lived_in.astype(float)


def is_home(use: pd.Series) -> pd.Series:
    """Whether people may live in a building of this use; unknown uses count as homes."""
    text = use.fillna("").astype("str").str.strip().str.lower()
    named = text.isin(NOT_HOMES) | text.str.contains("|".join(NOT_HOMES_ZH), regex=True)
    return ~(named & ~text.str.contains("|".join(LIVED_IN_ZH), regex=True))


def raster_weights(cells: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> pd.Series:
    """People of raster cells in each unit by exact shares of area; one value for each (cell, unit) that meet."""
    boxes, polygons = cells.geometry.to_numpy(), units.geometry.to_numpy()
    cell, unit = shapely.STRtree(polygons).query(boxes, predicate="intersects")
    share = np.ones(len(cell))
    cut = np.bincount(cell, minlength=len(boxes))[cell] > 1
    cut |= ~shapely.covers(polygons[unit], boxes[cell])
    shared = shapely.area(shapely.intersection(boxes[cell[cut]], polygons[unit[cut]]))
    share[cut] = shared / shapely.area(boxes[cell[cut]])
    return pd.Series(share * cells["residents"].to_numpy(float)[cell], index=units.index[unit], name="weight")


def control_totals(city: City, communities: gpd.GeoSeries, home_communities: pd.Series, record: Record) -> pd.DataFrame:
    """Households and residents of every community, whole where they were given whole.

    Taken, community by community, from the population table, the communities layer, the counts of
    buildings, the population raster. Where only one of the two measures is known the other follows by
    a household size of 2.6, recorded. ``home_communities`` is the community of each building.
    """
    totals = pd.DataFrame(np.nan, index=communities.index, columns=list(MEASURES))
    for source in (
        _of_table(city),
        city.communities,
        _of_buildings(city, home_communities),
        _of_raster(city, communities),
    ):
        if source is None:
            continue
        for measure in MEASURES:
            if measure in source:
                totals[measure] = totals[measure].fillna(source[measure].reindex(totals.index).astype(float))
    missing = totals.index[totals.isna().all(axis=1)]
    if len(missing):
        raise TableError(
            f"population: no households and no residents for {len(missing)} communities: {preview(missing)}. "
            "Give control totals in [layers.population] or as columns of [layers.communities].",
            zh=f"人口：{len(missing)} 个村（社区）缺少户数和人口控制数：{preview(missing)}。"
            "请在 [layers.population] 或 [layers.communities] 的列中给出。",
        )
    return _completed(totals, record)


def _completed(totals: pd.DataFrame, record: Record) -> pd.DataFrame:
    """Totals with the one measure that is missing derived from the other."""
    for measure, other, factor in (
        ("households", "residents", 1 / HOUSEHOLD_SIZE),
        ("residents", "households", HOUSEHOLD_SIZE),
    ):
        missing = totals[measure].isna()
        if missing.any():
            totals = totals.assign(**{measure: totals[measure].fillna((totals[other] * factor).round())})
            record.add(
                "population",
                (f"no control total of {measure}", f"缺少{_ZH[measure]}控制数"),
                ids=totals.index[missing],
                action=(
                    f"derived from {other} at {HOUSEHOLD_SIZE} people a household; confirm locally",
                    f"由{_ZH[other]}按户均 {HOUSEHOLD_SIZE} 人推算，请按当地实际确认",
                ),
            )
    return totals


_ZH = {"households": "户数", "residents": "人口"}


def _of_table(city: City) -> pd.DataFrame | None:
    table = city.layer("population")
    if table is None:
        return None
    rows: pd.DataFrame = table[table["level"] == "community"] if "level" in table else table
    unknown = rows.index.difference(city.communities.index)
    if len(unknown):
        raise TableError(
            f"population: {len(unknown)} rows name no community: {preview(unknown)}. "
            "Check the id column against [layers.communities].",
            zh=f"人口表：{len(unknown)} 行的编码不在村（社区）图层中：{preview(unknown)}。请核对 id 列。",
        )
    return rows


def _of_buildings(city: City, home_communities: pd.Series) -> pd.DataFrame | None:
    """Sums of buildings' own counts where every home in the community has one."""
    buildings = city.layer("buildings")
    if buildings is None:
        return None
    sums = {}
    for measure in MEASURES:
        if measure not in buildings:
            continue
        counts = buildings[measure]
        if "use" in buildings:
            counts = counts.where(is_home(buildings["use"]) | counts.notna(), 0.0)
        sums[measure] = counts.groupby(home_communities).sum(min_count=1, skipna=False)
    return pd.DataFrame(sums) if sums else None


def _of_raster(city: City, communities: gpd.GeoSeries) -> pd.DataFrame | None:
    cells = city.layer("population_cells")
    if cells is None or not len(cells):
        return None
    people = raster_weights(cells, communities.to_frame("geometry"))
    return pd.DataFrame({"residents": people.groupby(level=0).sum().round(9)})
