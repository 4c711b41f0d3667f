"""Building cells: dense blocks cut between buildings into units of a few dozen households."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gridopt.holders import homes
from gridopt.units.blocks import Blocks, connected
from gridopt.units.cover import dissolve
from gridopt.units.edges import Floats, Integers
from gridopt.units.nearest import Shapes, canonical, divided, divided_all, frontiers

SPACING = 12.0
"""Metres between the points of an outline that stand for a building."""

CLOSE_SPACING = 3.0
"""Metres between them where another building stands close by: farther apart, a cut would zigzag through both."""

CLOSE = 4.0
"""Metres between two footprints up to which they stand close by."""

SETBACK = 0.3
"""Metres that footprints are drawn in, so that a cut runs along the wall two buildings share."""

NEIGHBOURHOOD = 60.0
"""Metres around a building that always go with it."""

OPEN_LAND = 20_000.0
"""Square metres from which open land in a dense block is a unit of its own."""

OUTLINE_SHARE = 0.25
"""Share of a block's outline that must stay with its buildings when open land is cut off."""

EDGE_SHARE = 0.15
"""Share of the outline of open land that must lie on the outline of its block."""

NEAR_OUTLINE = 0.01

LEAST_SHARE = 0.02
"""Share of the mean size of a block's cells below which a cell, or a part of one, joins a neighbour."""

AT_ONCE = 500
"""Blocks that are cut together: many calls of a few faces each would cost more than the geometry."""

_NO_OPEN_LAND = (np.empty(0, object), shapely.Polygon())

SMOOTH = 3.0
"""Metres (square root of the area of a triangle) below which a corner of a cut is left out."""


@dataclass(frozen=True, eq=False)
class Carriers:
    """Where people are: footprints, points or raster cells, the size each adds to its unit, its hamlet and its stack.

    ``groups`` numbers the hamlets, -1 for none; ``stacks`` what is never cut apart: footprints on common ground.
    """

    shapes: Shapes
    sizes: Floats
    groups: Integers
    stacks: Integers

    def take(self, chosen: Integers) -> Carriers:
        """The chosen carriers only."""
        return Carriers(self.shapes[chosen], self.sizes[chosen], self.groups[chosen], self.stacks[chosen])


def cut_dense(blocks: Blocks, carriers: Carriers, limits: Floats) -> Blocks:
    """The blocks, those above their limit or of several hamlets cut into cells of neighbouring buildings.

    ``limits`` is the largest size of a unit in each block. Cells are the land nearest to the
    buildings of one cluster (recursive inertial bisection by size, inside each hamlet), so that no cut
    crosses a footprint that stands free and a hamlet has the land around it; every unit is one
    connected polygon. Carriers outside every block count for none.
    """
    block_of = homes(carriers.shapes, blocks.shapes)
    inside = np.flatnonzero(block_of >= 0)
    sizes = np.asarray(np.bincount(block_of[inside], carriers.sizes[inside], len(blocks.shapes)), np.float64)
    dense = np.flatnonzero((sizes > limits) | _mixed(block_of, carriers.groups, len(sizes)))
    place_of = np.full(len(sizes), -1, np.int64)
    place_of[dense] = np.arange(len(dense))
    place = np.where(block_of >= 0, place_of[block_of], -1)
    order = canonical(carriers.shapes)
    order = order[np.argsort(place[order], kind="stable")]
    whole = np.setdiff1d(np.arange(len(sizes)), dense)
    shapes, origin = [blocks.shapes[whole]], [whole]
    for first in range(0, len(dense), AT_ONCE):
        chosen = dense[first : first + AT_ONCE]
        low, high = np.searchsorted(place[order], [first, first + len(chosen)])
        members = order[low:high]
        parts, of_block = _cells(blocks.shapes[chosen], carriers.take(members), place[members] - first, limits[chosen])
        shapes.append(parts)
        origin.append(chosen[of_block])
    return Blocks(np.concatenate(shapes), blocks.communities[np.concatenate(origin)])


def bisect(points: Floats, sizes: Floats, n_parts: int) -> Integers:
    """A label for each point, 0 .. n_parts - 1: recursive inertial bisection into parts of like size.

    Every part has at least one point; with fewer points than parts each point is its own.
    """
    labels = np.zeros(len(points), np.int64)
    weights = sizes + max(float(sizes.sum()), 1.0) * 1e-6
    waiting = [(np.arange(len(points)), 0, min(n_parts, len(points)))]
    while waiting:
        members, first, parts = waiting.pop()
        labels[members] = first
        if parts < 2:
            continue
        ordered = members[_along_main_axis(points[members], weights[members])]
        half = parts // 2
        share = np.cumsum(weights[ordered]) / weights[ordered].sum()
        cut = int(np.clip(np.searchsorted(share, half / parts) + 1, half, len(ordered) - (parts - half)))
        if cut > half and abs(share[cut - 2] - half / parts) < abs(share[cut - 1] - half / parts):
            cut -= 1
        waiting += [(np.sort(ordered[:cut]), first, half), (np.sort(ordered[cut:]), first + half, parts - half)]
    return labels


def _along_main_axis(points: Floats, weights: Floats) -> Integers:
    centred = points - np.average(points, axis=0, weights=weights)
    spread = (centred * weights[:, None]).T @ centred
    angle = 0.5 * np.arctan2(2 * spread[0, 1], spread[0, 0] - spread[1, 1])
    along = np.round(centred @ np.array([np.cos(angle), np.sin(angle)]), 6)
    return np.lexsort((points[:, 1], points[:, 0], along))


def _mixed(block_of: Integers, groups: Integers, n_blocks: int) -> NDArray[np.bool_]:
    """Which blocks have buildings of several hamlets."""
    named = np.flatnonzero((groups >= 0) & (block_of >= 0))
    least, most = np.full(n_blocks, np.iinfo(np.int64).max), np.full(n_blocks, -1, np.int64)
    np.minimum.at(least, block_of[named], groups[named])
    np.maximum.at(most, block_of[named], groups[named])
    return least < most


@dataclass(frozen=True, eq=False)
class _Cuts:
    """How one block is to be cut: a label (buildings,) of each building's cell, and what the mean cell holds, by label;

    the lines of the cuts, the trees of points along the buildings (with the building of each), the land left open.
    """

    labels: Integers
    means: Floats
    lines: Shapes
    tree: cKDTree
    building: Integers
    vacant: shapely.Geometry

    def owners(self, points: Floats) -> Integers:
        """The cell of the nearest building of each point."""
        return np.asarray(self.labels[self.building[self.tree.query(points)[1]]])


def _cells(shapes: Shapes, carriers: Carriers, block: Integers, limits: Floats) -> tuple[Shapes, Integers]:
    """(connected parts, each nearest to one cluster of buildings; the block of each), for many blocks at once.

    ``block`` is the position of the block of each carrier, ascending.
    """
    cuts = _cuts(shapes, carriers, block, limits)
    faces, place = divided_all(shapes, [cut.lines for cut in cuts])
    inner = shapely.point_on_surface(faces)
    points, ends = shapely.get_coordinates(inner), np.searchsorted(place, np.arange(len(shapes) + 1))
    starts = np.cumsum([0, *(len(cut.means) + 1 for cut in cuts)])
    owners, vacant = np.empty(len(faces), np.int64), np.zeros(len(faces), bool)
    for cut, first, low, high in zip(cuts, starts[:-1].tolist(), ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        owners[low:high] = first + cut.owners(points[low:high])
        if not cut.vacant.is_empty:
            vacant[low:high] = shapely.intersects(cut.vacant, inner[low:high])
    owners[vacant] = starts[place[vacant] + 1] - 1
    people = np.where(vacant, np.inf, _sums(carriers.shapes, carriers.sizes, faces))
    # A small hamlet is not a small part: each is measured by its own cells.
    means = np.concatenate([np.append(cut.means, 1.0) for cut in cuts])
    labels = connected(Blocks(faces, place), owners + 1, people / means[owners], least=LEAST_SHARE)
    parts, of_part = dissolve(faces, labels), np.empty(int(labels.max()) + 1, np.int64)
    of_part[labels] = place
    ends = np.searchsorted(of_part, np.arange(len(shapes) + 1))
    smooth = [
        shapely.coverage_simplify(parts[low:high], SMOOTH, simplify_boundary=False) for low, high in pairwise(ends)
    ]
    return np.concatenate(smooth), of_part


def _cuts(shapes: Shapes, carriers: Carriers, block: Integers, limits: Floats) -> list[_Cuts]:
    """The cuts of every block."""
    centres = shapely.get_coordinates(shapely.point_on_surface(carriers.shapes))
    points, building = _outline_points(carriers.shapes)
    ends = np.searchsorted(block, np.arange(len(shapes) + 1))
    point_ends = np.searchsorted(building, ends)
    cuts = []
    for number, (low, high) in enumerate(pairwise(ends.tolist())):
        own = slice(point_ends[number], point_ends[number + 1])
        inside = carriers.take(np.arange(low, high))
        cuts.append(_cut(shapes[number], inside, centres[low:high], (points[own], building[own] - low), limits[number]))
    return cuts


def _cut(
    block: shapely.Geometry, carriers: Carriers, centres: Floats, outlines: tuple[Floats, Integers], limit: float
) -> _Cuts:
    labels = _clusters(carriers, centres, limit)
    points, building = outlines
    nearest = cKDTree(points)
    in_hamlets = bool((carriers.groups >= 0).any())
    # The land around hamlets is theirs, however wide.
    arcs, vacant = _open_land(block, carriers.shapes, nearest) if not in_hamlets else _NO_OPEN_LAND
    lines = frontiers(block, points, labels[building])
    lines = np.append(lines if vacant.is_empty else shapely.difference(lines, vacant), arcs)
    return _Cuts(labels, _mean_cells(carriers, labels, limit), lines, nearest, building, vacant)


def _clusters(carriers: Carriers, points: Floats, limit: float) -> Integers:
    """A label for each carrier of a block, 0 ..: clusters of about ``limit`` at most, none of two hamlets."""
    labels, first = np.zeros(len(points), np.int64), 0
    for group in np.unique(carriers.groups):
        members = np.flatnonzero(carriers.groups == group)
        _, stack = np.unique(carriers.stacks[members], return_inverse=True)
        sizes: Floats = np.bincount(stack, carriers.sizes[members]).astype(np.float64)
        middles = np.column_stack([np.bincount(stack, axis) / np.bincount(stack) for axis in points[members].T])
        labels[members] = first + bisect(middles, sizes, max(int(np.ceil(sizes.sum() / limit)), 1))[stack]
        first = int(labels[members].max()) + 1
    return labels


def _mean_cells(carriers: Carriers, labels: Integers, limit: float) -> Floats:
    """What the cells of the same hamlet should hold on average, for each cell; 1 where nobody lives."""
    _, place = np.unique(carriers.groups, return_inverse=True)
    sums = np.bincount(place, carriers.sizes)
    means = np.where(sums > 0, sums / np.maximum(np.ceil(sums / limit), 1), 1.0)
    of_cell = np.empty(int(labels.max()) + 1)
    of_cell[labels] = means[place]
    return of_cell


def _open_land(block: shapely.Geometry, shapes: Shapes, buildings: cKDTree) -> tuple[Shapes, shapely.Geometry]:
    """(outline of the buildings' surroundings, wide land beyond that is cut off rather than sliced up).

    Such land is a park, a river or fields. It is cut off only where the rest of the block stays in one
    piece with enough of its outline: it would else be the only link between hamlets.
    """
    if block.area < OPEN_LAND or not _is_wide(block, buildings):
        return np.empty(0, object), shapely.Polygon()
    around = shapely.union_all(shapely.buffer(shapes, 2 * NEIGHBOURHOOD, quad_segs=2))
    arcs = np.array([shapely.boundary(shapely.buffer(around, -NEIGHBOURHOOD, quad_segs=4))], object)
    faces = divided(block, arcs)
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    far = (buildings.query(inner)[0] > NEIGHBOURHOOD) & (shapely.area(faces) >= OPEN_LAND)
    far[far] = _at_the_edge(faces[far], block)
    vacant = np.zeros(len(faces), bool)
    for face in np.argsort(-shapely.area(faces), kind="stable"):
        rest = ~vacant
        rest[face] = False
        vacant[face] = far[face] and _stays_whole(shapely.coverage_union_all(faces[rest]), block)
    beyond = shapely.coverage_union_all(faces[vacant])
    shapely.prepare(beyond)
    return arcs, beyond


def _at_the_edge(faces: Shapes, block: shapely.Geometry) -> NDArray[np.bool_]:
    """Which faces lie along the outline of their block, rather than like a hole in the middle of its buildings."""
    outline = shapely.buffer(shapely.boundary(block), NEAR_OUTLINE)
    along = shapely.length(shapely.intersection(shapely.boundary(faces), outline))
    return np.asarray(along >= EDGE_SHARE * shapely.length(faces), bool)


def _is_wide(block: shapely.Geometry, buildings: cKDTree) -> bool:
    """Whether a lattice of points finds about `OPEN_LAND` in a block far from its buildings."""
    left, bottom, right, top = block.bounds
    spacing = float(np.sqrt(OPEN_LAND) / 4)
    lattice = np.stack(np.meshgrid(np.arange(left, right, spacing), np.arange(bottom, top, spacing)), axis=-1)
    points = lattice.reshape(-1, 2)
    far = points[buildings.query(points)[0] > NEIGHBOURHOOD]
    shapely.prepare(block)
    return bool(shapely.contains_xy(block, far).sum() * spacing**2 > OPEN_LAND / 2)


def _stays_whole(rest: shapely.Geometry, block: shapely.Geometry) -> bool:
    """Whether what is left of a block is one piece that holds a quarter of the block's outline."""
    if rest.is_empty or shapely.get_num_geometries(rest) > 1:
        return False
    beyond = shapely.difference(rest.boundary, block.boundary.buffer(NEAR_OUTLINE))
    return bool(rest.boundary.length - beyond.length >= OUTLINE_SHARE * block.boundary.length)


def _sums(shapes: Shapes, sizes: Floats, faces: Shapes) -> Floats:
    """The sizes of buildings summed by the face that holds a point of each."""
    face = homes(shapes, faces)
    return np.asarray(np.bincount(face[face >= 0], sizes[face >= 0], len(faces)), np.float64)


def _outline_points(shapes: Shapes) -> tuple[Floats, Integers]:
    """(points, building): points along drawn-in outlines; one inner point where nothing is left of them."""
    drawn_in = shapely.buffer(shapes, -SETBACK, join_style="mitre")
    drawn_in = shapely.segmentize(drawn_in, np.where(_close(shapes), CLOSE_SPACING, SPACING))
    gone = shapely.is_empty(drawn_in)
    drawn_in[gone] = shapely.point_on_surface(shapes[gone])
    points, building = shapely.get_coordinates(drawn_in, return_index=True)
    return points, building.astype(np.int64)


def _close(shapes: Shapes) -> NDArray[np.bool_]:
    """Which footprints have another close by."""
    west, south, east, north = shapely.bounds(shapes).T
    around = shapely.box(west - CLOSE, south - CLOSE, east + CLOSE, north + CLOSE)
    one, other = shapely.STRtree(shapes).query(around)
    one, other = one[one < other], other[one < other]
    met = shapely.dwithin(shapes[one], shapes[other], CLOSE)
    close = np.zeros(len(shapes), bool)
    close[one[met]] = close[other[met]] = True
    return close
