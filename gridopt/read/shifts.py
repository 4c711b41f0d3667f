"""Layers that lie 300-1,000 m off in one direction, as GCJ-02 and BD-09 coordinates taken for WGS84 do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Move:
    """An offset undone or added: the share of points that fit after it, how far it goes in metres, and whither.

    Undone, it says that the points are in the offset coordinates; added, that what they are compared with is.
    """

    name: str
    is_undone: bool
    fits: float
    metres: float
    bearing: float


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
    fits, move = _share(tree, points, reach), _best_move(points, tree, reach, city)
    if move.fits < LEAST_FIT[reference] or not is_clearly_better(fits, move.fits, len(points), LEAST_GAIN[reference]):
        return
    guilty = findings.layer if move.is_undone else reference
    figures = [move.metres, move.bearing, fits, move.fits, guilty, move.name, label(f"layer.{reference}")]
    findings.repair("shifted", n=len(table), values=[reference, *figures])


def likely_offset(table: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> Move | None:
    """The move that brings most of a layer, of which nothing lies in any community, into them; None where none does."""
    points, city = _sample(table), pyproj.CRS(communities.crs)
    if not _is_chinese(points, city):
        return None
    move = _best_move(points, shapely.STRtree(communities.geometry.to_numpy()), 0.0, city)
    return move if move.fits >= LEAST_FIT["communities"] else None


def _best_move(points: Points, tree: shapely.STRtree, reach: float, crs: pyproj.CRS) -> Move:
    """The offset, undone or added, after which most points lie within a distance of any shape."""
    variants = _variants(points, crs)
    fits, moved = max((_share(tree, there, reach), name) for name, there in variants.items())
    east, north = np.median(variants[moved] - points, axis=0)
    kind, name = moved.split()
    return Move(
        name, kind == "undone", fits, float(np.hypot(east, north)), float(np.degrees(np.arctan2(east, north))) % 360
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
