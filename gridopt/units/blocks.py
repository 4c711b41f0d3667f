"""Blocks: the land between barriers, estates and community borders, with water shared out to its banks."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.holders import homes
from gridopt.units.borders import barrier_shapes
from gridopt.units.cover import dissolve, noded
from gridopt.units.edges import Floats, Integers, Pieces, shared_lengths, shared_pieces
from gridopt.units.found import Found
from gridopt.units.hamlets import drawn_areas
from gridopt.units.merge import absorb, components
from gridopt.units.nearest import Shapes, canonical, holds, nearest_parts

SLIVER_WIDTH = 10.0
"""Mean width in metres (twice the area over the perimeter) below which land without buildings is no block."""

SLIVER_AREA = 300.0
"""Square metres below which land without buildings is no block."""

SPECK = 100.0
"""Square metres below which a piece of land is never a unit."""

ON_RING = 1e-4
"""Metres within which an edge lies on a ring."""

ACROSS_BARRIER = 0.01
"""What a metre of border along a barrier counts, against 1, when a sliver looks for a neighbour."""

SPARSE = 1e-4
"""Buildings per square metre (one a hectare) below which land beside hamlets is theirs to farm."""

OUTLINE_LAYERS = ("estates", "dedicated", "groups")


@dataclass(frozen=True, eq=False)
class Blocks:
    """Polygons that tile the communities, and the position of the community of each."""

    shapes: Shapes
    communities: Integers


@dataclass(frozen=True, eq=False)
class Cuts:
    """What land is cut by: barriers, outlines of estates and the like, water, and the areas drawn for hamlets."""

    lines: Found
    outlines: Found
    water: Found
    hamlets: Found

    @classmethod
    def of(cls, city: City) -> Cuts:
        """The lines of walls and seams, and the outlines of estates, groups, institutions and frozen grids."""
        lines, _, water = barrier_shapes(city, ("wall", "seam"))
        outlines = np.concatenate([*(_outlines(city.layer(name)) for name in OUTLINE_LAYERS), _frozen_outlines(city)])
        drawn = drawn_areas(city.layer("groups"))
        hamlets = np.empty(0, object) if drawn is None else drawn.geometry.to_numpy()
        return cls(*(Found.of(shapes) for shapes in (lines, outlines, water, hamlets)))


def make_blocks(cuts: Cuts, land: Shapes, places: Shapes) -> Blocks:
    """The blocks of some communities: connected polygons that tile ``land`` (one polygon a community).

    Water (a barrier polygon) is no block: it is shared out to its nearest bank, so a river is cut along its
    middle; so are the fields between hamlets. Slivers without a building (``places``) join the neighbour they
    border most, rather not across a barrier.
    """
    water, lines = shapely.union_all(cuts.water.meeting(land)), cuts.lines.meeting(land)
    faces = _faces(land, np.concatenate([lines, cuts.outlines.meeting(land)]), water)
    wet = holds(water, faces.shapes)
    dry = Blocks(faces.shapes[~wet], faces.communities[~wet])
    labels = _without_slivers(dry, lines, places)
    atoms, owners = _shared_out(faces, wet, labels + 1)
    return _with_their_fields(_assembled(atoms, owners), cuts.hamlets.meeting(land), places)


def connected(atoms: Blocks, owners: Integers, sizes: Floats | None = None, *, least: float = 0.0) -> Integers:
    """Labels, from owners 1 .., in which every label is connected.

    Without ``sizes`` the largest part of each owner stands, and parts that lie apart from it join the
    neighbour they border most; with ``sizes`` every part stands whose size is at least ``least``.
    Specks, and land of owner 0, which is nobody's, always join a neighbour.
    """
    left, right, metres = shared_lengths(atoms.shapes, atoms.communities)
    pairs = np.column_stack([left, right])
    parts = components(owners, pairs)
    areas: Floats = np.bincount(parts, shapely.area(atoms.shapes)).astype(np.float64)
    owner = np.zeros(len(areas), np.int64)
    owner[parts] = owners
    if sizes is None:
        ranked = np.lexsort((areas, owner))
        loose = np.ones(len(areas), bool)
        loose[ranked[np.append(owner[ranked][1:] != owner[ranked][:-1], True)]] = False
    else:
        loose = np.bincount(parts, sizes) < least
    joined = parts[pairs]
    between = joined[:, 0] != joined[:, 1]
    small = loose | (owner == 0) | (areas < SPECK)
    return absorb(small, areas, joined[between], metres[between])[parts]


def matched(blocks: Blocks) -> tuple[Blocks, Integers]:
    """The blocks with every vertex of a shared line in both rings, and the places of those that have land."""
    shapes = noded(blocks.shapes)
    kept = np.flatnonzero(~shapely.is_empty(shapes))
    return Blocks(shapes[kept], blocks.communities[kept]), kept


def _frozen_outlines(city: City) -> Shapes:
    """The outlines of the current grids that a decision freezes."""
    current = city.current_grids
    # Grids told in words have the footprints of their buildings for a shape, along which nothing may be cut.
    has_outlines = current is not None and "frozen" in current and "described" not in current
    return _outlines(current[current["frozen"]] if has_outlines else None)


def _outlines(table: gpd.GeoDataFrame | None) -> Shapes:
    table = drawn_areas(table)
    if table is None:
        return np.empty(0, object)
    rings = shapely.normalize(shapely.boundary(shapely.force_2d(table.geometry.to_numpy())))
    return np.asarray(rings[np.argsort(shapely.to_wkb(rings), kind="stable")], object)


def _faces(land: Shapes, cuts: Shapes, water: shapely.Geometry) -> Blocks:
    """The faces of all lines together, in canonical order, each with its community."""
    rings = shapely.boundary(np.append(land, water))
    edges = shapely.get_parts(shapely.union_all(np.append(rings, cuts)))
    shapes = shapely.get_parts(shapely.polygonize(edges[~_afloat(edges, water, rings)]))
    shapes = shapes[canonical(shapes)]
    community = homes(shapes, land)
    return Blocks(shapes[community >= 0], community[community >= 0])


def _afloat(edges: Shapes, water: shapely.Geometry, rings: Shapes) -> NDArray[np.bool_]:
    """Which edges cross the water, but for those on a ring.

    Lines cut off at the bank beforehand would end beside it by rounding, and leave the land on their two sides one.
    """
    middles = shapely.line_interpolate_point(edges, 0.5, normalized=True)
    shapely.prepare(water)
    afloat = np.asarray(shapely.intersects(water, middles), bool)
    wet = np.flatnonzero(afloat)
    afloat[wet[shapely.STRtree(middles[wet]).query(rings, "dwithin", distance=ON_RING)[1]]] = False
    return afloat


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


def _with_their_fields(blocks: Blocks, areas: Shapes, places: Shapes) -> Blocks:
    """The blocks, with thinly built land between hamlets shared out to the nearest (自然村 with the land it farms)."""
    if not len(areas):
        return blocks
    hamlets = holds(shapely.union_all(areas), blocks.shapes)
    built = np.bincount(
        shapely.STRtree(blocks.shapes).query(shapely.point_on_surface(places), predicate="intersects")[1],
        minlength=len(hamlets),
    )
    left, right, _ = shared_lengths(blocks.shapes, blocks.communities)
    beside = np.bincount(np.concatenate([left[hamlets[right]], right[hamlets[left]]]), minlength=len(hamlets))
    fields = ~hamlets & (beside > 1) & (built < SPARSE * shapely.area(blocks.shapes))
    if not fields.any():
        return blocks
    numbers = np.arange(1, len(hamlets) + 1)
    atoms, owners = _shared_out(blocks, fields, numbers[~fields] * hamlets[~fields])
    rest = owners == 0
    owners[rest] = len(numbers) + np.arange(1, int(rest.sum()) + 1)
    return _assembled(atoms, owners)


def _shared_out(faces: Blocks, wet: NDArray[np.bool_], banks_owners: Integers) -> tuple[Blocks, Integers]:
    """(pieces of all faces, owner of each): the wet ones cut among the owners on their banks, 0 where none is."""
    owners = np.zeros(len(faces.shapes), np.int64)
    owners[~wet] = banks_owners
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


def _assembled(atoms: Blocks, owners: Integers) -> Blocks:
    """Blocks from pieces that carry the same owner, loose ones merged, in canonical order."""
    clean, kept = matched(atoms)
    labels = connected(clean, owners[kept])
    shapes = dissolve(clean.shapes, labels)
    communities = np.zeros(len(shapes), np.int64)
    communities[labels] = clean.communities
    order = canonical(shapes)
    return Blocks(shapes[order], communities[order])
