"""Many points against many polygons: which holds each, which is nearest to each; the first of equals."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Shapes = NDArray[np.object_]

NOWHERE = -1

CELLS = 16
"""Cells of the lattice to each polygon."""

PAIRS = 4_000_000
"""Pairs of a polygon and a point near it that are looked at in one go, which bounds the memory."""

EDGES = 16
"""Edges of a ring that are measured together."""


def home_ids(shapes: pd.Series, polygons: gpd.GeoDataFrame) -> pd.Series:
    """The id of the polygon that holds a point inside each shape, the lowest of several, "" for none."""
    ordered = polygons.sort_index()
    ids = np.append(ordered.index.astype(str).to_numpy(object), "")
    return pd.Series(ids[homes(shapes.to_numpy(), ordered.geometry.to_numpy())], index=shapes.index, dtype="str")


def estate_ids(
    buildings: gpd.GeoDataFrame, estates: gpd.GeoDataFrame | None, communities: gpd.GeoDataFrame
) -> pd.Series:
    """The estate of each building, "" for none: by layer, else ``community/name`` by what the building names."""
    if estates is not None:
        return home_ids(buildings.geometry, estates)
    around = home_ids(buildings.geometry, communities)
    named: pd.Series = (around + "/" + buildings["estate"].astype("str")).where(buildings["estate"] != "", "")
    return named


def homes(shapes: Shapes, polygons: Shapes) -> Integers:
    """Position of the first polygon that holds a point inside each shape, `NOWHERE` for none."""
    points = shapely.point_on_surface(shapes)
    xy = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    placed = np.isfinite(xy).all(axis=1)
    found = np.full(len(xy), NOWHERE, np.int64)
    found[placed] = holders(polygons, xy[placed])
    return found


def holders(shapes: Shapes, xy: Floats) -> Integers:
    """Position of the first polygon that covers each point, `NOWHERE` for none.

    ``xy`` is (n, 2). Points are sorted into a lattice, so that a polygon meets only those of its own box, and is
    prepared once for all of them.
    """
    found = np.full(len(xy), NOWHERE, np.int64)
    parts, owners = shapely.get_parts(shapes, return_index=True)
    if not len(parts) or not len(xy):
        return found
    shapely.prepare(parts)
    bounds = shapely.bounds(parts)
    # From the last polygon to the first, so that the first has the last word.
    for part, point in _near(bounds, xy):
        x, y = xy[point].T
        west, south, east, north = bounds[part].T
        inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        held = np.flatnonzero(inside)[shapely.intersects_xy(parts[part[inside]], x[inside], y[inside])]
        found[point[held]] = owners[part[held]]
    return found


def _near(bounds: Floats, xy: Floats) -> Iterator[tuple[Integers, Integers]]:
    """Pairs of a part and a point in the cells that the part's box touches, parts in descending order."""
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    n_cells = max(1, int(np.sqrt(len(bounds) * CELLS)))
    width = np.where(high > low, high - low, 1.0) / n_cells

    def cell(places: Floats) -> Integers:
        return np.asarray(np.clip((places - low) / width, 0, n_cells - 1), np.int64)

    column, row = cell(xy).T
    key = row * n_cells + column
    order = np.argsort(key, kind="stable")
    starts = np.searchsorted(key[order], np.arange(n_cells * n_cells + 1))
    (west, south), (east, north) = cell(bounds[:, :2]).T, cell(bounds[:, 2:]).T
    # One run of points to each row of cells of a part, as the points of a row lie side by side.
    part, step = _spread((north - south + 1)[::-1])
    part = len(bounds) - 1 - part
    rows = (south[part] + step) * n_cells
    first, last = starts[rows + west[part]], starts[rows + east[part] + 1]
    lengths = last - first
    ends = np.cumsum(lengths)
    cuts = np.searchsorted(ends, np.arange(PAIRS, ends[-1] + PAIRS, PAIRS), side="right")
    for begin, end in zip(np.append(0, cuts)[:-1], cuts, strict=True):
        run, step = _spread(lengths[begin:end])
        yield part[begin:end][run], order[first[begin:end][run] + step]


def _spread(lengths: Integers) -> tuple[Integers, Integers]:
    """For runs of these lengths, laid end to end: the run of each place, and how far into the run it is."""
    run = np.repeat(np.arange(len(lengths)), lengths)
    return run, np.arange(len(run)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def nearest(shapes: Shapes, points: Shapes) -> tuple[Integers, Floats]:
    """Position of the polygon nearest to each point outside all of them, the first of equals, and its distance.

    The tree holds short pieces of the rings: a box around sixteen edges tells more than one around a grid.
    """
    pieces, owners = _pieces(shapes)
    x, y = shapely.get_coordinates(points).T
    order = np.lexsort((y, x // max(np.ptp(x) / np.sqrt(len(points)), 1.0))) if len(points) else np.arange(0)
    (place, piece), distances = shapely.STRtree(pieces).query_nearest(points[order], return_distance=True)
    place = order[place]
    metres = np.full(len(points), np.nan)
    metres[place] = distances
    found = np.full(len(points), np.iinfo(np.int64).max)
    np.minimum.at(found, place, owners[piece])
    return found, metres


def _pieces(shapes: Shapes) -> tuple[Shapes, Integers]:
    """The rings of polygons as lines of at most `EDGES` edges, and the polygon of each."""
    parts, of_part = shapely.get_parts(shapes, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    counts = np.bincount(ring, minlength=len(rings))
    starts = np.cumsum(counts) - counts
    of_piece, step = _spread((counts - 2) // EDGES + 1)
    begin = step * EDGES
    piece, along = _spread(np.minimum(EDGES + 1, counts[of_piece] - begin))
    lines = shapely.linestrings(corners[(starts[of_piece] + begin)[piece] + along], indices=piece)
    return lines, of_part[of_ring[of_piece]]
