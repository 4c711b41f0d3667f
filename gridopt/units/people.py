"""People into units: given counts kept, control totals apportioned to buildings and conserved."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.errors import TableError, preview
from gridopt.homes import is_home
from gridopt.people import MEASURES, People
from gridopt.units.counts import floor_areas
from gridopt.units.nearest import canonical
from gridopt.units.record import Record

Floats = NDArray[np.float64]


def people_in_units(
    units: gpd.GeoDataFrame, totals: pd.DataFrame, weights: pd.Series | pd.DataFrame, record: Record
) -> pd.DataFrame:
    """Households and residents of each unit: control totals shared out by weight and conserved.

    ``totals`` has one row a community, ``weights`` one value a carrier (building, raster cell or unit)
    with the unit it lies in as index, or a column of them for each measure. Whole totals give whole
    numbers, along the Hilbert curve (`apportion`). A community whose carriers weigh nothing is shared out by
    area, recorded.
    """
    each = weights if isinstance(weights, pd.DataFrame) else pd.DataFrame(dict.fromkeys(MEASURES, weights))
    held = each[list(MEASURES)].groupby(level=0).sum().reindex(units.index, fill_value=0.0)
    parents = units["community_id"]
    bearing = held.groupby(parents).sum().gt(0).all(axis=1)
    bare = bearing.index[~bearing]
    if len(bare):
        record.add(
            "population",
            ("no building or raster cell to hold the people", "无建筑或栅格可承载人口"),
            ids=bare,
            action=("shared out by area of units", "按划分单元面积分摊"),
        )
        held = held.mask(parents.isin(bare), units.area, axis=0)
    return _shared(held.iloc[canonical(units.geometry.to_numpy())], parents, totals).reindex(units.index)


def _shared(weights: pd.DataFrame, parents: pd.Series, totals: pd.DataFrame) -> pd.DataFrame:
    """Totals of communities shared out by weight over their units, in the order of rows."""
    each, shares = weights.to_numpy(float), np.zeros(weights.shape)
    code, communities = pd.factorize(parents.reindex(weights.index).to_numpy(str))
    amounts = totals.reindex(communities)[list(MEASURES)].to_numpy(float)
    inside = np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1])
    for column in range(len(MEASURES)):
        for total, places in zip(amounts[:, column].tolist(), inside, strict=True):
            shares[places, column] = apportion(total, each[places, column])
    return pd.DataFrame(shares, weights.index, weights.columns)


def apportion(total: float, weights: Floats) -> Floats:
    """A total shared out by weight and conserved; a whole total in whole numbers, in the order of the weights.

    Whole shares are differences of the rounded running sum (systematic sampling, Madow 1949): each is its exact
    share rounded up or down, and any run of neighbours in the order keeps its own total to less than one. Give
    weights along a space-filling curve, and no neighbourhood is favoured where many are alike.
    """
    running = np.cumsum(weights)
    if total != round(total):
        return np.asarray(total * weights / running[-1], np.float64)
    reached = np.floor(np.round(total * (running / running[-1]), 9) + 0.5)
    return np.asarray(np.diff(reached, prepend=0.0), np.float64)


def uncounted_beyond(buildings: pd.DataFrame, beyond: pd.Index) -> pd.Series:
    """Which buildings are among those ``beyond`` the border, where people are a neighbour's unless counted there."""
    counted = buildings.reindex(columns=list(MEASURES)).notna().any(axis=1)
    outside: pd.Series = ~counted & buildings.index.isin(beyond)
    return outside


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
    the household size of the project file, recorded. ``home_communities`` is the community of each building.
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
        raise _without_totals(missing, _uncounted(city, home_communities, missing))
    return completed(totals, People.from_table(city.settings.people), record)


def _without_totals(missing: pd.Index, uncounted: pd.Series) -> TableError:
    """The error for communities of unknown people; ``uncounted`` homes are all that some of them lack."""
    partly = uncounted.unique()
    said = said_zh = ""
    if len(partly):
        said = (
            f"In {len(partly)} of them some homes are counted and {len(uncounted)} are not: "
            f"{preview(uncounted.index)}. Count these too, or give them a use that nobody lives in. Else give"
        )
        said_zh = (
            f"其中 {len(partly)} 个只有部分住宅楼栋有户数或人口，另有 {len(uncounted)} 栋缺少："
            f"{preview(uncounted.index)}。请补全，或把非住宅楼栋的 use 填为非居住用途；否则"
        )
    return TableError(
        f"population: no households and no residents for {len(missing)} communities: {preview(missing)}. "
        f"{said or 'Give'} control totals in [layers.population] or as columns of [layers.communities].",
        zh=f"人口：{len(missing)} 个村（社区）缺少户数和人口控制数：{preview(missing)}。"
        f"{said_zh}请在 [layers.population] 或 [layers.communities] 的列中给出控制数。",
    )


def _uncounted(city: City, home_communities: pd.Series, missing: pd.Index) -> pd.Series:
    """The homes without any count, with the community of each, in ``missing`` communities that count others."""
    buildings = city.layer("buildings")
    measures = [name for name in MEASURES if buildings is not None and name in buildings]
    if not measures:
        return home_communities[:0]
    ordered = buildings.reindex(home_communities.index)
    counted = ordered[measures].notna().any(axis=1)
    lived_in = is_home(ordered["use"]) if "use" in ordered else pd.Series(True, index=ordered.index)
    partly = home_communities[counted & home_communities.isin(missing)].unique()
    wanted: pd.Series = home_communities[lived_in & ~counted & home_communities.isin(partly)]
    return wanted.sort_index()


def completed(totals: pd.DataFrame, people: People, record: Record) -> pd.DataFrame:
    """Totals of communities or blocks with the one measure that is missing derived from the other, recorded."""
    for measure, other in (MEASURES, MEASURES[::-1]):
        missing = totals[measure].isna()
        if missing.any():
            totals = totals.assign(**{measure: totals[measure].fillna(people.counted_from(measure, totals).round())})
            record.add(
                "population",
                (f"no control total of {measure}", f"缺少{_ZH[measure]}控制数"),
                ids=totals.index[missing],
                action=(
                    f"derived from {other} at {people.household_size:g} people a household; confirm locally",
                    f"由{_ZH[other]}按户均 {people.household_size:g} 人推算，请按当地实际确认",
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
    """What the raster counts in each community: nobody where none of its cells does."""
    cells = city.layer("population_cells")
    if cells is None or not len(cells):
        return None
    people = raster_weights(cells, communities.to_frame("geometry"))
    sums = people.groupby(level=0).sum().round(9)
    return pd.DataFrame({"residents": sums.reindex(communities.index, fill_value=0.0)})
