"""Last year's grids: parcels joined until each grid was large enough, before the newest estates stood.

They tile every community, and some no longer fit the rules: that is what the demo town has to show.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.coding.names import chinese_number
from gridopt.coding.scan import scan_order
from gridopt.plan.datasets.town import CRS, Land

LARGE_PARCEL = 520
"""Households above which a parcel was cut."""

SMALL_GRID = {"rural": 150, "hill": 150, "old_town": 260}
SMALL_TOWN_GRID = 290
"""Households below which a grid was joined to a neighbour."""

WIDE_BORDER = 20.0


def current_grids(land: Land, buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Polygons that tile every community, with ``id, name, grid_code, community_id``."""
    older = buildings[~buildings["is_new"]]
    places = shapely.centroid(older.geometry.to_numpy())
    households = older["households"].to_numpy(float)
    pieces = _pieces(land.parcels.geometry.to_numpy(), places, households)
    parcel = shapely.STRtree(land.parcels.geometry.to_numpy()).nearest(shapely.point_on_surface(pieces))
    owners = land.parcels["community_id"].to_numpy()[parcel]
    counts = np.bincount(shapely.STRtree(pieces).nearest(places), households, len(pieces)).astype(float)
    barriers = shapely.buffer(shapely.union_all([*land.rivers.geometry, *land.railways.geometry]), 0.5)
    tables = []
    for place in land.communities.itertuples():
        here = np.flatnonzero(owners == place.id)
        labels = _joined(pieces[here], counts[here], barriers, least=SMALL_GRID.get(place.area_kind, SMALL_TOWN_GRID))
        shapes = [shapely.coverage_union_all(pieces[here[labels == label]]) for label in np.unique(labels)]
        tables.append(_coded(np.array(shapes), place.id, place.name))
    table: pd.DataFrame = pd.concat(tables, ignore_index=True)
    table.insert(0, "id", [f"C{number:03d}" for number in range(1, len(table) + 1)])
    return gpd.GeoDataFrame(table, geometry="geometry", crs=CRS)


def _pieces(parcels: NDArray[Any], places: NDArray[Any], households: NDArray[np.float64]) -> NDArray[Any]:
    """The parcels, those with many people cut between their houses; a clean coverage."""
    holder = shapely.STRtree(parcels).nearest(places)
    cuts = [
        line
        for number in np.unique(holder)
        for line in _cuts(parcels[number], places[holder == number], households[holder == number])
    ]
    network = shapely.union_all(
        np.concatenate([shapely.boundary(parcels), np.array(cuts, dtype=object)]), grid_size=0.001
    )
    return np.asarray(shapely.normalize(shapely.get_parts(shapely.polygonize(shapely.get_parts(network)))))


def _cuts(area: Any, places: NDArray[Any], households: NDArray[np.float64]) -> list[Any]:
    """Lines across an area, each in the widest gap near its middle household, until no part is large."""
    if households.sum() <= LARGE_PARCEL or len(places) < 8:
        return []
    points = shapely.get_coordinates(places)
    spread = points - points.mean(axis=0)
    axis = np.linalg.svd(spread, full_matrices=False)[2][0]
    along = spread @ axis
    order = np.argsort(along, kind="stable")
    share = np.cumsum(households[order])[:-1] / households.sum()
    gaps = np.where((share > 0.3) & (share < 0.7), np.diff(along[order]), -1.0)
    at = int(np.argmax(gaps))
    if gaps[at] < 0:
        return []
    middle = points.mean(axis=0) + axis * along[order][at : at + 2].mean()
    across = np.array([-axis[1], axis[0]]) * 5_000
    chord = shapely.intersection(shapely.LineString([middle - across, middle + across]), area)
    low = np.isin(np.arange(len(along)), order[: at + 1])
    halves = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all([area.boundary, chord]))))
    side = shapely.STRtree(halves).nearest(places[low][:1])[0]
    parts = [(halves[side], low), (shapely.union_all(np.delete(halves, side)), ~low)]
    return [chord, *(line for part, inside in parts for line in _cuts(part, places[inside], households[inside]))]


def _joined(pieces: NDArray[Any], counts: NDArray[np.float64], barriers: Any, *, least: float) -> NDArray[np.int64]:
    """Labels of pieces: the smallest grid joins the neighbour with fewest people until none is small.

    Neighbours across the river or the railway do not count.
    """
    labels = np.arange(len(pieces))
    one, other = shapely.STRtree(pieces).query(pieces, predicate="intersects")
    metres = shapely.length(shapely.difference(shapely.intersection(pieces[one], pieces[other]), barriers))
    beside = (one != other) & (metres > WIDE_BORDER)
    one, other = one[beside], other[beside]
    sizes = counts.copy()
    settled = np.zeros(len(pieces), dtype=bool)
    while True:
        open_labels = np.flatnonzero((sizes < least) & ~settled & np.isin(np.arange(len(sizes)), labels))
        if not len(open_labels):
            return labels
        smallest = open_labels[np.argmin(sizes[open_labels])]
        near = np.unique(labels[other[labels[one] == smallest]])
        near = near[near != smallest]
        if not len(near):
            settled[smallest] = True
            continue
        target = near[np.argmin(sizes[near])]
        sizes[target] += sizes[smallest]
        labels[labels == smallest] = target


def _coded(shapes: NDArray[Any], community_id: str, community: str) -> gpd.GeoDataFrame:
    """One community's grids in scan order, with name and code."""
    labels = shapely.get_coordinates(shapely.point_on_surface(shapes))
    order = scan_order(labels, shapely.area(shapes), np.arange(len(shapes)))
    numbers = range(1, len(shapes) + 1)
    columns = {
        "name": [f"{community}第{chinese_number(number)}网格" for number in numbers],
        "grid_code": [f"{community_id}{number:03d}" for number in numbers],
        "community_id": community_id,
    }
    return gpd.GeoDataFrame(columns, geometry=shapes[order], crs=CRS)
