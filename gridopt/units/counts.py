"""Buildings and events into units: each once."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.units.record import Record
from gridopt.units.towers import over_slices

Integers = NDArray[np.int64]

NEARBY = 100.0
"""Metres from the nearest unit within which a building outside all units still joins it."""

DRAWN = 5.0
"""Metres by which borders and buildings may be drawn apart; a building farther beyond is across the street."""

_LEFT_OUT = (
    "[layers.buildings] %d of %d buildings stand outside every unit and are left out: the layer reaches farther",
    "[layers.buildings] %d 幢楼栋（共 %d 幢）位于所有划分单元之外，未纳入方案：该图层超出本市范围",
)

_log = logging.getLogger("gridopt")

FEW, MANY = 10, 0.1
"""Buildings beyond the border that are taken in whatever their number, and the share of those inside from which more
are a neighbour's: the layer reaches beyond the city then, and its border is no mistake of drawing."""

EQUAL = 1e-9
"""Share of the larger overlap below which two overlaps are the same."""


def assign_buildings(buildings: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> pd.Series:
    """The unit of each building: a text Series ``unit_id`` on the buildings' index.

    Footprints go to the community of largest overlap (where ``units`` have a ``community_id``) and there to
    the unit of largest overlap, points to the unit that holds them; ties and borders to the lowest unit id. A
    building outside every unit joins the nearest within 100 m, else it is ""; so it is where too many stand beyond.
    """
    return place_buildings(buildings, units).unit_ids


@dataclass(frozen=True, eq=False)
class Places:
    """Where each building lies: its unit ("" outside), the ids of those taken in from nearby, and those of them

    that stand more than `DRAWN` beyond every unit; ``others`` are those that were left out, being so many.
    """

    unit_ids: pd.Series
    nearby: pd.Index
    beyond: pd.Index
    others: pd.Index

    @property
    def outside(self) -> pd.Index:
        """Ids of the buildings that belong to no unit."""
        return self.unit_ids.index[self.unit_ids == ""]

    def report(self, record: Record) -> None:
        """Write what was taken in and what was left out into the record."""
        if len(self.nearby):
            record.add(
                "buildings",
                ("outside every unit", "位于所有划分单元之外"),
                ids=self.nearby,
                action=(f"joined to the nearest unit within {NEARBY:g} m", f"归入 {NEARBY:g} 米内最近的划分单元"),
            )
        far = self.outside.difference(self.others)
        if len(far):
            record.add(
                "buildings",
                (f"farther than {NEARBY:g} m from every unit", f"距所有划分单元超过 {NEARBY:g} 米"),
                ids=far,
                action=("left out of the plan", "未纳入方案"),
            )
        if len(self.others):
            record.add(
                "buildings",
                (
                    f"outside every unit by {DRAWN:g} to {NEARBY:g} m, too many to be slips of drawing",
                    f"位于所有划分单元之外 {DRAWN:g}~{NEARBY:g} 米，数量过多，不似绘制误差",
                ),
                ids=self.others,
                action=("left out of the plan, as a neighbour's", "视为邻近地区的楼栋，未纳入方案"),
            )
            said = _LEFT_OUT[record.lang == "zh"]
            _log.warning(said, len(self.outside), len(self.unit_ids))


def place_buildings(buildings: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> Places:
    """`assign_buildings`, with the buildings that lie outside told apart."""
    ordered = units.sort_index()
    shapes, polygons = buildings.geometry.to_numpy(), ordered.geometry.to_numpy()
    owners = pd.factorize(ordered["community_id"])[0] if "community_id" in ordered else np.zeros(len(ordered))
    chosen = _largest_overlap(shapes, polygons, owners.astype(np.int64))
    stray = np.flatnonzero(chosen < 0)
    tree = shapely.STRtree(polygons)
    (building, unit), metres = tree.query_nearest(shapes[stray], max_distance=NEARBY, return_distance=True)
    order = np.lexsort((unit, building))
    first = order[np.unique(building[order], return_index=True)[1]] if len(order) else order
    far, near = metres[first] > DRAWN, stray[building[first]]
    taken = ~far if far.sum() > max(FEW, MANY * (len(shapes) - len(stray))) else np.ones(len(far), bool)
    chosen[near[taken]] = unit[first[taken]]
    names = np.append(ordered.index.to_numpy(), "")
    unit_ids = pd.Series(names[chosen], index=buildings.index, name="unit_id", dtype="str")
    nearby, beyond, others = (buildings.index[near[these]] for these in (taken, taken & far, ~taken))
    return Places(unit_ids, nearby, beyond, others)


def _largest_overlap(shapes: NDArray[np.object_], polygons: NDArray[np.object_], owners: Integers) -> Integers:
    """Position of the polygon that holds most of each shape, the first of equals, -1 for none.

    Of the polygons only those of the owner count (one number a polygon) that together hold most of the shape: a
    footprint over a border stays with its community, however finely that is cut.
    """
    # Polygons ask for shapes, not shapes for polygons: who asks is prepared, and has many to be compared with.
    polygon, shape = shapely.STRtree(shapes).query(polygons, predicate="intersects")
    order = np.lexsort((polygon, shape))
    shape, polygon = shape[order], polygon[order]
    shared = np.zeros(len(shape))
    contested = (np.bincount(shape, minlength=len(shapes)) > 1)[shape] & (shapely.get_dimensions(shapes) == 2)[shape]
    shared[contested] = shapely.area(shapely.intersection(shapes[shape[contested]], polygons[polygon[contested]]))
    sides, side = np.unique(shape * (int(owners.max(initial=0)) + 1) + owners[polygon], return_inverse=True)
    of_owner = np.bincount(side, shared, len(sides))
    most = np.zeros(len(shapes))
    np.maximum.at(most, shape, of_owner[side])
    shared = np.where(of_owner[side] >= most[shape] * (1 - EQUAL), shared, -1.0)
    largest = np.zeros(len(shapes))
    np.maximum.at(largest, shape, shared)
    best = np.flatnonzero(shared >= largest[shape] * (1 - EQUAL))
    best = best[np.lexsort((polygon[best], shape[best]))]
    found, first = np.unique(shape[best], return_index=True)
    chosen = np.full(len(shapes), -1, np.int64)
    chosen[found] = polygon[best[first]]
    return chosen


def add_counts(
    units: gpd.GeoDataFrame, buildings: pd.DataFrame | None, placed: pd.Series | None, events: pd.DataFrame | None
) -> gpd.GeoDataFrame:
    """The units with ``buildings``, ``floor_area`` and ``events`` counted in each."""
    counts = pd.Series(0, index=units.index)
    floor_area = pd.Series(0.0, index=units.index)
    if buildings is not None and placed is not None and len(buildings):
        counts = placed.value_counts().reindex(units.index, fill_value=0)
        held = over_slices(floor_areas(buildings), placed, gpd.GeoDataFrame(buildings), units)
        floor_area = held.groupby(level=0).sum().reindex(units.index, fill_value=0.0)
    return units.assign(
        buildings=counts.to_numpy(np.int64),
        floor_area=floor_area.to_numpy(float),
        events=_events(units, events),
    )


def floor_areas(buildings: pd.DataFrame) -> pd.Series:
    """Floor area of each building in m2; where not known, its footprint."""
    footprints = pd.Series(shapely.area(buildings["geometry"].to_numpy()), index=buildings.index)
    return buildings["floor_area"].fillna(footprints) if "floor_area" in buildings else footprints


def _events(units: gpd.GeoDataFrame, events: pd.DataFrame | None) -> NDArray[np.float64]:
    """Events in each unit; events without a place are in none."""
    if events is None:
        return np.zeros(len(units))
    placed = events[have_place(events)]
    return events_in(units, placed, placed["n"].fillna(1).to_numpy(float) if "n" in placed else np.ones(len(placed)))


def have_place(events: pd.DataFrame) -> NDArray[np.bool_]:
    """Which events are points on the map; the others are counts by community."""
    if "geometry" not in events or not len(events):
        return np.zeros(len(events), bool)
    return np.asarray(~(events["geometry"].isna() | shapely.is_empty(events["geometry"].to_numpy())), bool)


def events_in(units: gpd.GeoDataFrame, placed: pd.DataFrame, each: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of ``each`` event's figure in each unit; events outside every unit are in none."""
    total = np.zeros(len(units))
    if not len(placed):
        return total
    chosen = _largest_overlap(placed["geometry"].to_numpy(), units.geometry.to_numpy(), np.zeros(len(units), np.int64))
    np.add.at(total, chosen[chosen >= 0], each[chosen >= 0])
    return total
