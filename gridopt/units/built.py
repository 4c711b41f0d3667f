"""Built units: blocks between barriers, dense ones cut between buildings, named in scan order."""

from __future__ import annotations

from dataclasses import dataclass, fields

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.units.bare import POINTS_IN_A_UNIT, spread
from gridopt.units.blocks import Blocks
from gridopt.units.by_block import blocks_of, people_of_blocks
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

    def joined(self, other: _Found) -> _Found:
        """These and those."""
        pairs = ((getattr(self, one.name), getattr(other, one.name)) for one in fields(self))
        ids, *rest = pairs
        return _Found(ids[0].append(ids[1]), *(np.concatenate(pair) for pair in rest))


def _homes(city: City, land: gpd.GeoSeries, record: Record) -> tuple[_Found, pd.DataFrame]:
    """Who holds how many people, estimated from the totals of the communities or blocks, and those of communities."""
    blocks = blocks_of(city)
    if blocks is not None:
        return _homes_in_blocks(city, land, blocks, record)
    buildings, cells = city.layer("buildings"), city.layer("population_cells")
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
    if buildings is None or not len(buildings):
        return _found(homes, shapes, sizes), totals
    return _found(homes, shapes, sizes, hamlets_of(city, buildings, homes, sizes, record)), totals


def _homes_in_blocks(
    city: City, land: gpd.GeoSeries, blocks: gpd.GeoDataFrame, record: Record
) -> tuple[_Found, pd.DataFrame]:
    """`_homes` where people are known by block: all buildings, and the points of blocks without homes."""
    buildings = city.layer("buildings")
    buildings = buildings.sort_index() if buildings is not None and len(buildings) else None
    places = None if buildings is None else place_buildings(buildings, land.to_frame("geometry"))
    # What is noted of blocks is noted once, where their people are put into units.
    people = people_of_blocks(city, blocks, buildings, places, Record(record.lang))
    held, spots = people.held(), people.carriers[~people.carriers["is_home"].astype(bool)]
    homes = place_buildings(spots, land.to_frame("geometry")).unit_ids
    found = _found(homes, spots.geometry.to_numpy(), held.loc[spots.index, _measure(city)])
    if buildings is not None and places is not None:
        homes = pd.concat([places.unit_ids, homes])
        sizes = held[_measure(city)].reindex(buildings.index, fill_value=0.0)
        hamlets = hamlets_of(city, buildings, places.unit_ids, sizes, record)
        shapes = shapely.force_2d(buildings.geometry.to_numpy())
        found = _found(places.unit_ids, shapes, sizes, hamlets).joined(found)
    return found, held.groupby(homes.reindex(held.index)).sum().reindex(land.index, fill_value=0.0)


def _found(homes: pd.Series, shapes: Shapes, sizes: pd.Series, hamlets: pd.Series | None = None) -> _Found:
    """Those of the homes that lie in a community."""
    told = np.full(len(homes), "", object) if hamlets is None else hamlets.to_numpy(object)
    inside = (homes != "").to_numpy()
    return _Found(
        homes.index[inside], shapes[inside], sizes.to_numpy(float)[inside], homes.to_numpy(object)[inside], told[inside]
    )


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
    points = [spread(land.iloc[place], told[place] / limits[place] * POINTS_IN_A_UNIT) for place in bare.tolist()]
    numbers = np.array([len(one) for one in points], np.int64)
    if not numbers.sum():
        return homes
    each = np.repeat(told[bare] / np.maximum(numbers, 1), numbers)
    names = np.repeat(land.index.to_numpy(object)[bare], numbers)
    index = pd.Index([f"point-{i}" for i in range(len(each))])
    return homes.joined(_Found(index, np.concatenate(points), each, names, np.full(len(each), "", object)))


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
