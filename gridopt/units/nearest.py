"""Land cut by who is nearest: Voronoi frontiers between owners, and the faces they leave."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Delaunay, cKDTree

from gridopt.units.edges import Floats, Integers

Shapes = NDArray[np.object_]

_AROUND = np.array([(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)], np.float64)


def nearest_parts(area: shapely.Geometry, points: Floats, owners: Integers) -> tuple[Shapes, Integers]:
    """A polygon cut into the parts nearest to the points of each owner: (faces that tile it, owner of each)."""
    faces = divided(area, frontiers(area, points, owners))
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    return faces, owners[cKDTree(points).query(inner)[1]]


def frontiers(area: shapely.Geometry, points: Floats, owners: Integers) -> Shapes:
    """Lines as far from the points of one owner as from those of another: Voronoi edges, the duals
    of Delaunay edges between two owners.

    They reach beyond the polygon. Of points within 1 cm of each other the first counts.
    """
    corner = points.min(axis=0)
    cells = np.rint((points - corner) * 100).astype(np.int64)
    first = np.unique(cells[:, 0] * 2**31 + cells[:, 1], return_index=True)[1]
    whose = np.append(owners[first], np.full(len(_AROUND), -1))
    bounds = np.array(area.bounds).reshape(2, 2)
    reach = 10 * float(np.ptp(np.concatenate([points, bounds]), axis=0).max())
    sites = np.concatenate([points[first] - corner, _AROUND * reach])
    diagram = Delaunay(sites)
    centres = np.round(_circumcentres(sites[diagram.simplices]), 6) + corner
    triangle, side = np.nonzero(diagram.neighbors > np.arange(len(centres))[:, None])
    edge = diagram.simplices[triangle[:, None], (side[:, None] + [1, 2]) % 3]
    pairs = whose[edge]
    ends = np.stack([centres[triangle], centres[diagram.neighbors[triangle, side]]], axis=1)
    kept = (pairs[:, 0] != pairs[:, 1]) & (pairs.min(axis=1) >= 0) & np.isfinite(ends).all(axis=(1, 2))
    kept &= (ends[:, 0] != ends[:, 1]).any(axis=1)
    return np.asarray(shapely.linestrings(ends[kept]), object)


def _circumcentres(triangles: Floats) -> Floats:
    """Centre of the circle through the corners of each triangle, (n, 3, 2) to (n, 2)."""
    base = triangles[:, 0]
    one, two = triangles[:, 1] - base, triangles[:, 2] - base
    twice = 2 * (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
    squares = (one**2).sum(axis=1), (two**2).sum(axis=1)
    across = two[:, 1] * squares[0] - one[:, 1] * squares[1]
    along = one[:, 0] * squares[1] - two[:, 0] * squares[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(base + np.stack([across, along], axis=1) / twice[:, None], np.float64)


def divided(area: shapely.Geometry, lines: Shapes) -> Shapes:
    """The faces that lines cut a polygon into, in canonical order."""
    network = shapely.union_all(np.append(lines, shapely.boundary(area)))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(network)))
    faces = faces[holds(area, faces)]
    return np.asarray(faces[canonical(faces)], object)


def divided_all(areas: Shapes, lines: Sequence[Shapes]) -> tuple[Shapes, Integers]:
    """`divided` for many polygons at once: (faces, the place of the polygon that each is part of, ascending)."""
    own = np.repeat(np.arange(len(areas)), [len(some) for some in lines])
    drawn = np.concatenate([*lines, shapely.boundary(areas)])
    place = np.concatenate([own, np.arange(len(areas))])
    order = np.argsort(place, kind="stable")
    networks = shapely.geometrycollections(drawn[order], indices=place[order])
    noded = shapely.union_all(networks[:, None], axis=1)
    faces, place = shapely.get_parts(shapely.polygonize(noded[:, None], axis=1), return_index=True)
    shapely.prepare(areas)
    inside = shapely.intersects(areas[place], shapely.point_on_surface(faces))
    faces, place = faces[inside], place[inside]
    order = canonical(faces)
    order = order[np.argsort(place[order], kind="stable")]
    return np.asarray(faces[order], object), np.asarray(place[order], np.int64)


def holds(area: shapely.Geometry, shapes: Shapes) -> NDArray[np.bool_]:
    """Which polygons have their inner point in an area."""
    shapely.prepare(area)
    return np.asarray(shapely.intersects(area, shapely.point_on_surface(shapes)), bool)


def canonical(shapes: Shapes) -> Integers:
    """An order of polygons that depends on nothing but their shapes: Hilbert key, then WKB."""
    if not len(shapes):
        return np.empty(0, np.int64)
    keys = gpd.GeoSeries(shapes).hilbert_distance().to_numpy()
    return np.lexsort((shapely.to_wkb(shapely.normalize(shapes)), keys)).astype(np.int64)
