"""Towers: a building with more households than a grid may hold is cut into stairwell slices on one footprint."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.units.cells import Carriers
from gridopt.units.edges import Floats
from gridopt.units.nearest import Shapes
from gridopt.units.record import Record

STAIRWELL = "stairwell"
"""The ``category`` of a unit that holds a slice of a tower (楼道单元)."""

LEAST_WIDTH = 8.0
"""Metres of a footprint's length that a stairwell takes at least."""

LEAST_SLICES = 4
"""Slices that the largest grid should be made of at least."""

PART = 0.02
"""Share of a tower's footprint below which a unit holds none of it."""


def sliced(carriers: Carriers, limits: Floats, highs: Floats) -> tuple[Carriers, NDArray[np.int64]]:
    """The carriers with towers cut into slices across their length, and the places of the towers.

    A footprint is a tower where its size, with what other footprints on the same ground add, is above ``highs``,
    the most that a grid may hold; its slices hold about ``limits`` each, but are not narrower than a stairwell
    unless a grid would then be made of too few. Points and raster cells cannot be cut.
    """
    towers = _towers(carriers, highs)
    if not len(towers):
        return carriers, towers
    kept = np.setdiff1d(np.arange(len(carriers.sizes)), towers)
    rest = carriers.take(kept)
    shapes, sizes, groups = [rest.shapes], [rest.sizes], [rest.groups]
    for tower in towers.tolist():
        size = float(carriers.sizes[tower])
        fewest = int(np.ceil(LEAST_SLICES * size / highs[tower]))
        slices = across(carriers.shapes[tower], int(np.ceil(size / limits[tower])), fewest)
        areas = shapely.area(slices)
        shapes.append(slices)
        sizes.append(size * areas / areas.sum())
        groups.append(np.full(len(slices), carriers.groups[tower]))
    n_slices = sum(map(len, shapes)) - len(kept)
    alone = rest.stacks.max(initial=-1) + 1 + np.arange(n_slices)
    stacks = np.append(rest.stacks, alone)
    return Carriers(np.concatenate(shapes), np.concatenate(sizes), np.concatenate(groups), stacks), towers


def _towers(carriers: Carriers, highs: Floats) -> NDArray[np.int64]:
    """Places of the footprints that no grid can hold, alone or with those that lie half on or under them."""
    flat = shapely.get_dimensions(carriers.shapes) == 2
    large = np.flatnonzero(flat & (carriers.sizes > highs / 2))
    if not len(large):
        return large
    one, other = shapely.STRtree(carriers.shapes).query(carriers.shapes[large], predicate="intersects")
    kept = flat[other] & (large[one] != other)
    one, other = one[kept], other[kept]
    ours, theirs = carriers.shapes[large[one]], carriers.shapes[other]
    shared = shapely.area(shapely.intersection(ours, theirs))
    stacked = shared > np.minimum(shapely.area(ours), shapely.area(theirs)) / 2
    together = carriers.sizes[large] + np.bincount(one[stacked], carriers.sizes[other[stacked]], len(large))
    return large[together > highs[large]]


def across(footprint: shapely.Geometry, wanted: int, fewest: int) -> Shapes:
    """A footprint cut into slices of equal width across its length."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(footprint))[:4]
    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(*sides.T)
    longest = int(np.argmax(np.round(lengths[:2], 3)))
    number = max(min(wanted, int(lengths[longest] // LEAST_WIDTH)), fewest)
    start, along, over = corners[longest], sides[longest] / number, sides[(longest + 1) % 4]
    steps = np.arange(number)[:, None]
    near, far = start + steps * along, start + (steps + 1) * along
    bands = shapely.polygons(np.stack([near, far, far + over, near + over], axis=1))
    slices = shapely.intersection(bands, footprint)
    return np.asarray(slices[shapely.area(slices) > 0], object)


def mark_stairwells(units: gpd.GeoDataFrame, towers: pd.Series, record: Record) -> gpd.GeoDataFrame:
    """The units with the slices of towers (shapes by building id) marked in ``category``, and the towers on record."""
    if not len(towers):
        return units
    unit, tower, _ = _shares(units.geometry.to_numpy(), towers.to_numpy())
    parts = np.bincount(tower, minlength=len(towers))
    slices = np.unique(unit[parts[tower] > 1])
    category = units["category"].to_numpy(object).copy()
    category[slices] = STAIRWELL
    record.add(
        "buildings",
        ("more households than a grid may hold", "户数超过一个网格的上限"),
        ids=towers.index[parts > 1],
        action=(
            f"cut by stairwell into {len(slices)} units on one footprint",
            f"按楼道单元竖向切分为 {len(slices)} 个单元",
        ),
    )
    return units.assign(category=pd.Series(category, units.index, dtype="str"))


def over_slices(
    values: pd.Series, unit_ids: pd.Series, buildings: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> pd.Series:
    """What each building brings, by unit: a building lies in one unit, but a tower's share in each of its slices.

    ``values`` and ``unit_ids`` are on the buildings' index; the result is indexed by ``unit_id``, sorted.
    """
    plain: pd.Series = values.set_axis(unit_ids.to_numpy()).sort_index(kind="stable")
    stairwells = units[units["category"] == STAIRWELL] if "category" in units else units[:0]
    if not len(stairwells):
        return plain
    inside = np.flatnonzero(unit_ids.isin(stairwells.index).to_numpy())
    shapes = buildings.geometry.to_numpy()[inside]
    unit, place, share = _shares(stairwells.geometry.to_numpy(), shapes)
    cut = np.bincount(place, minlength=len(inside)) > 1
    chosen = cut[place]
    unit, place, share = unit[chosen], place[chosen], share[chosen]
    share = share / np.bincount(place, share, len(inside))[place]
    parts = pd.Series(values.to_numpy(float)[inside[place]] * share, index=stairwells.index[unit])
    rest = np.delete(np.arange(len(values)), inside[cut])
    whole = pd.Series(values.to_numpy(float)[rest], index=unit_ids.to_numpy()[rest])
    together: pd.Series = pd.concat([whole, parts]).sort_index(kind="stable")
    return together


def _shares(units: Shapes, towers: Shapes) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(unit, tower, share of the tower's footprint in it) for each pair above `PART`, by tower and unit."""
    tower, unit = shapely.STRtree(units).query(towers, predicate="intersects")
    order = np.lexsort((unit, tower))
    tower, unit = tower[order], unit[order]
    areas = shapely.area(towers[tower])
    held = shapely.area(shapely.intersection(units[unit], towers[tower]))
    share = np.divide(held, areas, out=np.zeros(len(held)), where=areas > 0)
    kept = share > PART
    return unit[kept].astype(np.int64), tower[kept].astype(np.int64), share[kept]
