"""Layers that lie 300-1,000 m off in one direction, as GCJ-02 and BD-09 coordinates taken for WGS84 do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gridopt.coordinates import OFFSETS, from_offset, to_offset
from gridopt.read.findings import Findings
from gridopt.shifted import FEWEST, is_chinese, is_clearly_better, sample
from gridopt.terms import label

NEAR_BUILDING = 15.0
"""Metres from a building within which a point counts as standing at it."""

LEAST_GAIN = {"communities": 0.02, "buildings": 0.2}
"""What is compared with -> the share of the rows that must fit better once moved, for a word of it."""

LEAST_FIT = {"communities": 0.5, "buildings": 0.0}
"""The share that must fit once moved: a layer of which most lies elsewhere even then tells nothing."""

Points = NDArray[np.float64]


def flag_shift(
    table: pd.DataFrame, communities: gpd.GeoDataFrame, layers: Mapping[str, pd.DataFrame], findings: Findings
) -> None:
    """Note where a layer fits the buildings, or else the communities, far better with an offset undone or added.

    The offset undone says that the layer is in GCJ-02 or BD-09; the offset added, that what it is compared
    with is. Either is only said, with the line to write: the layer is read as it stands.
    """
    if not isinstance(table, gpd.GeoDataFrame) or findings.layer in ("units", "current_grids"):
        return
    points = _sample(table)
    city = pyproj.CRS(communities.crs)
    if len(points) < FEWEST or not _is_chinese(points, city):
        return
    reference, shapes, reach = _reference(table, communities, layers)
    tree = shapely.STRtree(shapes)
    fits = _share(tree, points, reach)
    best, moved = max(((_share(tree, there, reach), name) for name, there in _variants(points, city).items()))
    if best < LEAST_FIT[reference] or not is_clearly_better(fits, best, len(points), LEAST_GAIN[reference]):
        return
    step = np.median(_variants(points, city)[moved] - points, axis=0)
    kind, name = moved.split()
    metres, bearing = float(np.hypot(*step)), float(np.degrees(np.arctan2(step[0], step[1]))) % 360
    guilty = findings.layer if kind == "undone" else reference
    findings.repair(
        "shifted",
        n=len(table),
        values=[reference, metres, bearing, fits, best, guilty, name, label(f"layer.{reference}")],
    )


def _sample(table: gpd.GeoDataFrame) -> Points:
    shapes = table.sort_index().geometry
    shapes = shapes[~shapes.isna() & ~shapes.is_empty].to_numpy()
    return np.asarray(shapely.get_coordinates(shapely.point_on_surface(sample(shapes))), dtype=np.float64)


@lru_cache(maxsize=4)
def _changes(crs: pyproj.CRS) -> tuple[pyproj.Transformer, pyproj.Transformer]:
    """To degrees and back; made once, as a transformer takes longer to make than to move all points."""
    degrees = "EPSG:4326"
    forth = pyproj.Transformer.from_crs(crs, degrees, always_xy=True)
    return forth, pyproj.Transformer.from_crs(degrees, crs, always_xy=True)


def _is_chinese(points: Points, crs: pyproj.CRS) -> bool:
    return is_chinese(*_changes(crs)[0].transform(*points.mean(axis=0)))


def _reference(
    table: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, layers: Mapping[str, pd.DataFrame]
) -> tuple[str, NDArray[np.object_], float]:
    """What the layer is compared with: points with footprints where there are any, all else with the communities."""
    buildings = layers.get("buildings")
    if buildings is not None and (shapely.get_dimensions(table.geometry.to_numpy()) == 0).all():
        outlines = buildings["geometry"].to_numpy()
        drawn = outlines[shapely.get_dimensions(outlines) == 2]
        if len(drawn) >= FEWEST:
            return "buildings", drawn, NEAR_BUILDING
    return "communities", communities.geometry.to_numpy(), 0.0


def _share(tree: shapely.STRtree, points: Points, reach: float) -> float:
    """The share of points within a distance of any shape."""
    if reach:
        found = tree.query(shapely.points(points), predicate="dwithin", distance=reach)[0]
    else:
        found = tree.query(shapely.points(points), predicate="intersects")[0]
    return len(np.unique(found)) / len(points)


def _variants(points: Points, crs: pyproj.CRS) -> dict[str, Points]:
    """The points with each offset undone, and added."""
    forth, back = _changes(crs)
    x, y = (np.asarray(values) for values in forth.transform(points[:, 0], points[:, 1]))
    moves = {"undone": from_offset, "added": to_offset}
    return {
        f"{kind} {name}": np.column_stack(back.transform(*move(name, x, y)))
        for kind, move in moves.items()
        for name in OFFSETS
    }
