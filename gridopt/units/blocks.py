"""Blocks: the land between barriers, estates and community borders, with water shared out to its banks."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi, cKDTree

from gridopt.city import City
from gridopt.units.borders import barrier_shapes
from gridopt.units.cover import dissolve, noded
from gridopt.units.edges import Floats, Integers, Pieces, shared_lengths, shared_pieces
from gridopt.units.merge import absorb, components

Shapes = NDArray[np.object_]

SLIVER_WIDTH = 10.0
"""Mean width in metres (twice the area over the perimeter) below which land without buildings is no block."""

SLIVER_AREA = 300.0
"""Square metres below which land without buildings is no block."""

SPECK = 1.0
"""Square metres below which a piece of land is never a unit."""

ACROSS_BARRIER = 0.01
"""What a metre of border along a barrier counts, against 1, when a sliver looks for a neighbour."""

_AROUND = np.array([(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)], np.float64)

OUTLINE_LAYERS = ("estates", "dedicated", "groups")


@dataclass(frozen=True, eq=False)
class Blocks:
    """Polygons that tile the communities, and the position of the community of each."""

    shapes: Shapes
    communities: Integers


def make_blocks(city: City, land: gpd.GeoSeries, places: Shapes) -> Blocks:
    """The blocks of all communities: connected polygons that tile ``land`` (one row a community, sorted).

    Cut by the lines of walls and seams, and by the outlines of estates, groups and dedicated
    institutions. Water (a barrier polygon) is no block: it is shared out to its nearest bank, so a river
    is cut along its middle. Slivers without a building (``places``) join the neighbour they border
    most, rather not across a barrier.
    """
    lines, _, water = barrier_shapes(city, ("wall", "seam"))
    water_area = shapely.union_all(water)
    outlines = np.concatenate([_outlines(city, layer) for layer in OUTLINE_LAYERS])
    cuts = _inside(np.concatenate([lines, outlines]), land, water_area)
    faces = _faces(land, cuts, water_area)
    wet = _holds(water_area, faces.shapes)
    dry = Blocks(faces.shapes[~wet], faces.communities[~wet])
    labels = _without_slivers(dry, _inside(lines, land, water_area), places)
    atoms, owners = _shared_out(faces, wet, labels)
    return _assembled(atoms, owners)


def connected(atoms: Blocks, owners: Integers, sizes: Floats | None = None, *, least: float = np.inf) -> Integers:
    """Labels, from owners 1 .., in which every label is connected: parts that lie apart from the rest of
    their owner join the neighbour they border most, unless their size (area if not given) is at least ``least``.

    Owner 0 is nobody's land: all of it joins a neighbour.
    """
    left, right, metres = shared_lengths(atoms.shapes, atoms.communities)
    pairs = np.column_stack([left, right])
    parts = components(owners, pairs)
    areas: Floats = np.bincount(parts, shapely.area(atoms.shapes)).astype(np.float64)
    extent = areas if sizes is None else np.bincount(parts, sizes)
    owner = np.zeros(len(areas), np.int64)
    owner[parts] = owners
    main = np.zeros(len(areas), bool)
    ranked = np.lexsort((areas, extent, owner))
    main[ranked[np.append(owner[ranked][1:] != owner[ranked][:-1], True)]] = True
    loose = (owner == 0) | (~main & (extent < least)) | (areas < SPECK)
    joined = parts[pairs]
    between = joined[:, 0] != joined[:, 1]
    return absorb(loose, areas, joined[between], metres[between])[parts]


def matched(blocks: Blocks) -> tuple[Blocks, Integers]:
    """The blocks with every vertex of a shared line in both rings, and the places of those that have land."""
    shapes = noded(blocks.shapes)
    kept = np.flatnonzero(~shapely.is_empty(shapes))
    return Blocks(shapes[kept], blocks.communities[kept]), kept


def canonical(shapes: Shapes) -> Integers:
    """An order of polygons that depends on nothing but their shapes: Hilbert key, then WKB."""
    if not len(shapes):
        return np.empty(0, np.int64)
    keys = gpd.GeoSeries(shapes).hilbert_distance().to_numpy()
    return np.lexsort((shapely.to_wkb(shapely.normalize(shapes)), keys)).astype(np.int64)


def _outlines(city: City, layer: str) -> Shapes:
    table = city.layer(layer)
    if table is None or not len(table):
        return np.empty(0, object)
    rings = shapely.normalize(shapely.boundary(shapely.force_2d(table.geometry.to_numpy())))
    return np.asarray(rings[np.argsort(shapely.to_wkb(rings), kind="stable")], object)


def _inside(lines: Shapes, land: gpd.GeoSeries, water: shapely.Geometry) -> Shapes:
    """The lines that meet the land, without their parts in the water."""
    met = np.unique(shapely.STRtree(lines).query(land.to_numpy(), predicate="intersects")[1])
    chosen = lines[met]
    if not water.is_empty:
        shapely.prepare(water)
        wet = shapely.intersects(water, chosen)
        chosen[wet] = shapely.difference(chosen[wet], water)
    return np.asarray(chosen[~shapely.is_empty(chosen)], object)


def _faces(land: gpd.GeoSeries, cuts: Shapes, water: shapely.Geometry) -> Blocks:
    """The faces of all lines together, in canonical order, each with its community."""
    rings = shapely.boundary(np.append(land.to_numpy(), water))
    shapes = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(np.append(rings, cuts)))))
    shapes = shapes[canonical(shapes)]
    face, community = shapely.STRtree(land.to_numpy()).query(shapely.point_on_surface(shapes), predicate="intersects")
    inside, first = np.unique(face, return_index=True)
    return Blocks(shapes[inside], community[first].astype(np.int64))


def _holds(area: shapely.Geometry, shapes: Shapes) -> NDArray[np.bool_]:
    shapely.prepare(area)
    return np.asarray(shapely.intersects(area, shapely.point_on_surface(shapes)), bool)


def _without_slivers(faces: Blocks, lines: Shapes, places: Shapes) -> Integers:
    """Labels of faces, slivers merged into neighbours."""
    areas = shapely.area(faces.shapes)
    narrow = 2 * areas < SLIVER_WIDTH * shapely.length(faces.shapes)
    built = np.zeros(len(areas), bool)
    built[shapely.STRtree(faces.shapes).query(places, predicate="intersects")[1]] = True
    pieces = shared_pieces(faces.shapes, faces.communities)
    middles = shapely.points((pieces.starts + pieces.ends) / 2)
    on_barrier = np.zeros(len(middles), bool)
    on_barrier[shapely.STRtree(lines).query(middles, predicate="dwithin", distance=0.05)[0]] = True
    scores = pieces.metres * np.where(on_barrier, ACROSS_BARRIER, 1.0)
    return absorb(
        (narrow | (areas < SLIVER_AREA)) & ~built, areas, np.column_stack([pieces.left, pieces.right]), scores
    )


def _shared_out(faces: Blocks, wet: NDArray[np.bool_], labels: Integers) -> tuple[Blocks, Integers]:
    """(pieces of land and water, owner of each): owner 0 for water without a bank, else label + 1."""
    owners = np.zeros(len(faces.shapes), np.int64)
    owners[~wet] = labels + 1
    pieces = shared_pieces(faces.shapes, faces.communities)
    shapes, communities, owned = [faces.shapes[~wet]], [faces.communities[~wet]], [owners[~wet]]
    for face in np.flatnonzero(wet):
        on_left = pieces.left == face
        touching = on_left | (pieces.right == face)
        banks = pieces.take(touching)
        across = owners[np.where(on_left[touching], banks.right, banks.left)]
        parts, owner = _nearest_bank(faces.shapes[face], banks.take(across > 0), across[across > 0])
        shapes.append(parts)
        communities.append(np.full(len(parts), faces.communities[face]))
        owned.append(owner)
    return Blocks(np.concatenate(shapes), np.concatenate(communities)), np.concatenate(owned)


def _nearest_bank(water: shapely.Geometry, banks: Pieces, owners: Integers) -> tuple[Shapes, Integers]:
    """A piece of water cut among its banks, each part with the owner of the nearest one."""
    named = np.unique(owners)
    if len(named) < 2:
        return np.array([water], object), named if len(named) else np.zeros(1, np.int64)
    width = 2 * water.area / water.length
    step = float(np.clip(width / 4, 2.0, 25.0))
    times = np.maximum(np.ceil(banks.metres / step), 1).astype(np.int64)
    piece = np.repeat(np.arange(len(times)), times)
    place = np.arange(len(piece)) - np.repeat(np.cumsum(times) - times, times)
    run = banks.ends - banks.starts
    points = banks.starts[piece] + run[piece] * ((place + 0.5) / times[piece])[:, None]
    return nearest_parts(water, points, owners[piece])


def nearest_parts(area: shapely.Geometry, points: Floats, owners: Integers) -> tuple[Shapes, Integers]:
    """A polygon cut into the parts nearest to the points of each owner: (faces that tile it, owner of each)."""
    faces = divided(area, frontiers(area, points, owners))
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    return faces, owners[cKDTree(points).query(inner)[1]]


def frontiers(area: shapely.Geometry, points: Floats, owners: Integers) -> Shapes:
    """Lines as far from the points of one owner as from those of another: their Voronoi edges.

    They reach beyond the polygon. Of points within 1 cm of each other the first counts.
    """
    corner = points.min(axis=0)
    cells = np.rint((points - corner) * 100).astype(np.int64)
    first = np.unique(cells[:, 0] * 2**31 + cells[:, 1], return_index=True)[1]
    whose = np.append(owners[first], np.full(len(_AROUND), -1))
    bounds = np.array(area.bounds).reshape(2, 2)
    reach = 10 * float(np.ptp(np.concatenate([points, bounds]), axis=0).max())
    diagram = Voronoi(np.concatenate([points[first] - corner, _AROUND * reach]))
    pairs = whose[diagram.ridge_points]
    between = np.flatnonzero((pairs[:, 0] != pairs[:, 1]) & (pairs.min(axis=1) >= 0))
    edges = np.array([diagram.ridge_vertices[edge] for edge in between], np.int64).reshape(-1, 2)
    ends = diagram.vertices[edges] + corner
    return np.asarray(shapely.linestrings(ends[(edges >= 0).all(axis=1)]), object)


def divided(area: shapely.Geometry, lines: Shapes) -> Shapes:
    """The faces that lines cut a polygon into, in canonical order."""
    network = shapely.union_all(np.append(lines, shapely.boundary(area)))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(network)))
    faces = faces[_holds(area, faces)]
    return np.asarray(faces[canonical(faces)], object)


def _assembled(atoms: Blocks, owners: Integers) -> Blocks:
    """Blocks from pieces that carry the same owner, loose ones merged, in canonical order."""
    clean, kept = matched(atoms)
    labels = connected(clean, owners[kept])
    shapes = dissolve(clean.shapes, labels)
    communities = np.zeros(len(shapes), np.int64)
    communities[labels] = clean.communities
    order = canonical(shapes)
    return Blocks(shapes[order], communities[order])
