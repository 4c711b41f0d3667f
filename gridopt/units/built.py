"""Built units: blocks between barriers, dense ones cut between buildings, named in scan order."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.units.blocks import Blocks
from gridopt.units.cells import Carriers
from gridopt.units.counts import place_buildings
from gridopt.units.cover import clean_coverage
from gridopt.units.edges import Floats, Integers
from gridopt.units.groups import Homes, groups_of
from gridopt.units.hamlets import hamlets_of
from gridopt.units.nearest import Shapes
from gridopt.units.people import control_totals, home_weights, uncounted_beyond
from gridopt.units.record import Record
from gridopt.units.stacks import stacked
from gridopt.units.tiles import tiled
from gridopt.units.towers import mark_stairwells, sliced

UNITS_IN_A_GRID = 12
"""Units that the largest grid should have at least, so that its border has room to move."""

POINTS_IN_A_UNIT = 9.0
"""Points that stand for the people of a unit where no building and no raster cell does."""

LEAST_UNIT = 20.0
"""Households below which a unit is not cut any further."""


def built_units(city: City, record: Record, *, workers: int | None = 1) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """(units, control totals): units built from barriers and buildings that tile every community.

    Units are connected polygons with the text columns of the contract, named ``community-0001`` in
    scan order. Raises `TableError` for communities that overlap or have no control totals.
    """
    communities = city.communities.sort_index()
    land = clean_coverage(communities.geometry, record, layer="communities")
    homes, totals = _homes(city, land, record)
    highs = _highs(city, communities)
    limits = np.maximum(highs / UNITS_IN_A_GRID, LEAST_UNIT)
    homes = _with_bare_land(homes, land, totals[_measure(city)], limits)
    place = communities.index.get_indexer(pd.Index(homes.communities, dtype="str"))
    footprints, stacks = stacked(homes.shapes, homes.sizes, limits[place])
    carriers = Carriers(footprints, homes.sizes, homes.numbers, stacks)
    sliced_carriers, towers = sliced(carriers, limits[place], highs[place])
    tiles = tiled(city, land.to_numpy(), homes.shapes, sliced_carriers, limits, workers=workers)
    units = _named(tiles, land)
    groups = groups_of(city, units, Homes(homes.shapes, homes.hamlets))
    kinds = communities["area_kind"].reindex(units["community_id"]).to_numpy()
    units = units.assign(
        keep_whole=groups["keep_whole"], dedicated=groups["dedicated"], category="", locked_grid="", area_kind=kinds
    )
    return mark_stairwells(units, pd.Series(homes.shapes, homes.ids).iloc[towers], record), totals


@dataclass(frozen=True, eq=False)
class _Found:
    """Buildings (or raster cells) inside the communities: id, shape, people, community and hamlet of each."""

    ids: pd.Index
    shapes: Shapes
    sizes: Floats
    communities: NDArray[np.object_]
    hamlets: NDArray[np.object_]

    @property
    def numbers(self) -> Integers:
        """The hamlets as numbers, -1 for none."""
        return np.asarray(
            np.unique(self.hamlets.astype(str), return_inverse=True)[1] - int((self.hamlets == "").any()), np.int64
        )


def _homes(city: City, land: gpd.GeoSeries, record: Record) -> tuple[_Found, pd.DataFrame]:
    """Who holds how many people, estimated from the totals of the communities, and these totals."""
    buildings, cells = city.layer("buildings"), city.layer("population_cells")
    hamlets: pd.Series | None = None
    if buildings is not None and len(buildings):
        buildings = buildings.sort_index()
        places = place_buildings(buildings, land.to_frame("geometry"))
        homes = places.unit_ids
        totals = control_totals(city, land, homes, record)
        shapes = shapely.force_2d(buildings.geometry.to_numpy())
        weights = home_weights(buildings).mask(uncounted_beyond(buildings, places.beyond), 0.0)
    else:
        table = cells if cells is not None else gpd.GeoDataFrame({"residents": [], "geometry": []}, geometry="geometry")
        homes = place_buildings(table, land.to_frame("geometry")).unit_ids
        totals = control_totals(city, land, homes, record)
        shapes, weights = shapely.centroid(table.geometry.to_numpy()), table["residents"].astype(float)
    share = weights / weights.groupby(homes).transform("sum").where(lambda total: total > 0, 1.0)
    sizes = (share * homes.map(totals[_measure(city)]).astype(float)).fillna(0.0)
    if buildings is not None and len(buildings):
        hamlets = hamlets_of(city, buildings, homes, sizes, record)
    told = np.full(len(homes), "", object) if hamlets is None else hamlets.to_numpy(object)
    inside = (homes != "").to_numpy()
    found = _Found(
        homes.index[inside], shapes[inside], sizes.to_numpy(float)[inside], homes.to_numpy(object)[inside], told[inside]
    )
    return found, totals


def _measure(city: City) -> str:
    """The measure that units are cut by: the size measure where that is a control total, else households."""
    return "residents" if city.rules.size.measure == "residents" else "households"


def _with_bare_land(homes: _Found, land: gpd.GeoSeries, totals: pd.Series, limits: Floats) -> _Found:
    """The homes, and evenly spread points where nothing tells where a community's people live.

    Points are so many that units of ``limits`` have a few each; without them such a community is one unit.
    """
    held = pd.Series(homes.sizes).groupby(homes.communities).sum()
    told = totals.reindex(land.index).to_numpy(float)
    bare = np.flatnonzero((held.reindex(land.index, fill_value=0.0).to_numpy(float) <= 0) & (told > limits))
    points = [_spread(land.iloc[place], told[place] / limits[place] * POINTS_IN_A_UNIT) for place in bare.tolist()]
    numbers = np.array([len(one) for one in points], np.int64)
    if not numbers.sum():
        return homes
    each = np.repeat(told[bare] / np.maximum(numbers, 1), numbers)
    names = np.repeat(land.index.to_numpy(object)[bare], numbers)
    return _Found(
        homes.ids.append(pd.Index([f"point-{i}" for i in range(len(each))])),
        np.concatenate([homes.shapes, *points]),
        np.concatenate([homes.sizes, each]),
        np.concatenate([homes.communities, names]),
        np.concatenate([homes.hamlets, np.full(len(each), "", object)]),
    )


def _spread(shape: shapely.Geometry, number: float) -> Shapes:
    """About so many points on a square lattice inside a polygon."""
    side = float(np.sqrt(shape.area / number))
    west, south, east, north = (int(np.floor(bound / side)) for bound in shape.bounds)
    x, y = np.meshgrid(np.arange(west, east + 1) + 0.5, np.arange(south, north + 1) + 0.5)
    points = shapely.points(x.ravel() * side, y.ravel() * side)
    shapely.prepare(shape)
    return np.asarray(points[shapely.contains_properly(shape, points)], object)


def _highs(city: City, communities: gpd.GeoDataFrame) -> Floats:
    """The most that a grid of each community may hold, in the size measure."""
    return np.asarray([city.rules.at(kind).size.high for kind in communities["area_kind"]], np.float64)


def _named(blocks: Blocks, land: gpd.GeoSeries) -> gpd.GeoDataFrame:
    """The units table, indexed by ids in scan order inside each community."""
    rank = np.zeros(len(blocks.shapes), np.int64)
    for community in np.unique(blocks.communities):
        members = np.flatnonzero(blocks.communities == community)
        rank[members[scan_order(blocks.shapes[members])]] = np.arange(1, len(members) + 1)
    parents = land.index.to_numpy()[blocks.communities]
    ids = [f"{parent}-{number:04d}" for parent, number in zip(parents, rank, strict=True)]
    index = pd.Index(ids, name="unit_id", dtype="str")
    shapes = shapely.normalize(blocks.shapes)
    table = {"community_id": pd.Series(parents, index=index, dtype="str")}
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, index=index), crs=land.crs).sort_index()


def scan_order(shapes: Shapes) -> Integers:
    """Polygons as read on a map: rows from north to south, each from west to east.

    A row starts at the northernmost polygon left and takes all within half the square root of the
    median area south of it.
    """
    points = shapely.get_coordinates(shapely.point_on_surface(shapes))
    tolerance = 0.5 * float(np.sqrt(np.median(shapely.area(shapes))))
    north = np.argsort(-points[:, 1], kind="stable")
    rows = np.zeros(len(north), np.int64)
    start, number = points[north[0], 1], 0
    for place in north:
        if points[place, 1] < start - tolerance:
            start, number = points[place, 1], number + 1
        rows[place] = number
    return np.lexsort((points[:, 0], rows)).astype(np.int64)
