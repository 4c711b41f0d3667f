"""The ruler: what is measured on grids, arrays and geometries in, one value a grid out.

Labels run 0 .. k - 1 with every label used; results are in label order. Lengths are metres when the
coordinates are.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

NECK_SHARE = 0.9
"""How much of a grid must hang together for its neck to be called wide enough."""
NECK_STEPS = 6
"""Bisection steps of the neck: it is found to within a 50th of the square root of the grid's area."""


def border_metres(labels: ArrayLike, edges: ArrayLike, *, metres: ArrayLike) -> Floats:
    """Metres of border that each grid has with other grids, from the borders between units.

    labels (n,), edges (e, 2) positions of two units, metres (e,) their shared border.
    """
    label, pairs, lengths = _as_edges(labels, edges, metres)
    sides = label[pairs]
    lengths = np.where(sides[:, 0] != sides[:, 1], lengths, 0.0)
    n_grids = _count(label)
    both = np.bincount(sides[:, 0], lengths, n_grids) + np.bincount(sides[:, 1], lengths, n_grids)
    return np.asarray(both, np.float64)


def border_share(labels: ArrayLike, edges: ArrayLike, *, metres: ArrayLike, chosen: ArrayLike) -> Floats:
    """Share of each grid's border with other grids that lies on the ``chosen`` edges (booleans); 0 without border."""
    lengths = np.asarray(metres, np.float64)
    total = border_metres(labels, edges, metres=lengths)
    part = border_metres(labels, edges, metres=np.where(np.asarray(chosen, bool), lengths, 0.0))
    return np.divide(part, total, out=np.zeros_like(total), where=total > 0)


def centre_units(labels: ArrayLike, weights: ArrayLike, *, xy: ArrayLike) -> Ints:
    """Position of each grid's centre: the unit nearest the weighted centroid, the first of equals.

    labels (n,), weights (n,), xy (n, 2). A grid without any weight takes the plain centroid of its units.
    """
    label, weight, points = _as_points(labels, weights, xy)
    n_grids = _count(label)
    empty = np.bincount(label, weight, n_grids) <= 0
    mass = np.where(empty[label], 1.0, weight)
    total = np.bincount(label, mass, n_grids)
    # Centred first: squares of full map coordinates would lose the millimetres that decide ties.
    local = points - points.mean(axis=0) if len(points) else points
    centroid = np.column_stack([np.bincount(label, mass * local[:, j], n_grids) / total for j in (0, 1)])
    distance = np.round(_lengths(local - centroid[label]), 6)
    order = np.lexsort((np.arange(len(label)), distance, label))
    first = np.unique(label[order], return_index=True)[1]
    return np.asarray(order[first], np.int64)


def sole_posts(labels: ArrayLike, posts: ArrayLike) -> Ints:
    """The unit of the one declared post of each grid, (k,); -1 for a grid with none or several.

    labels (n,); posts are the units that hold one.
    """
    label, units = np.asarray(labels, np.int64), np.asarray(posts, np.int64)
    n_grids = _count(label)
    found = np.full(n_grids, -1, np.int64)
    found[label[units]] = units
    return np.where(np.bincount(label[units], minlength=n_grids) == 1, found, -1)


def walks(
    labels: ArrayLike, weights: ArrayLike, *, xy: ArrayLike, metres: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Weighted mean and longest walk from a grid's centre (`centre_units`) to its units, in metres.

    Walks are straight unless ``metres`` (n,) says how far it is to each unit. Only units with weight count; both
    are 0 where a grid has none, or a single unit.
    """
    label, weight, points = _as_points(labels, weights, xy)
    n_grids = _count(label)
    straight = points - points[centre_units(label, weight, xy=points)][label]
    distance = _lengths(straight) if metres is None else np.asarray(metres, np.float64)
    total = np.bincount(label, weight, n_grids)
    paid = np.bincount(label, weight * distance, n_grids)
    mean = np.divide(paid, total, out=np.zeros(n_grids), where=total > 0)
    longest = np.zeros(n_grids)
    np.maximum.at(longest, label, np.where(weight > 0, distance, 0.0))
    return mean, longest


def polsby_popper(shapes: ArrayLike) -> Floats:
    """4 pi area / perimeter squared: 1 for a disc, near 0 for a thread (Polsby and Popper 1991)."""
    polygons = np.asarray(shapes, dtype=object)
    perimeter = shapely.length(polygons)
    circle = np.square(perimeter) / (4 * np.pi)
    return np.asarray(np.divide(shapely.area(polygons), circle, out=np.zeros(len(polygons)), where=circle > 0))


def neck_widths(shapes: ArrayLike) -> Floats:
    """The narrowest width that holds each polygon together, in metres; 0 for one of several parts.

    It is the largest w for which the polygon, shrunk by w/2 all round, keeps nine tenths of itself in one
    piece. What a piece stands for is its area grown back by w/2: area + perimeter * r + 4 * r**2 with
    r = w/2 (Steiner's formula with square corners, exact for a rectangle, whose neck is its shorter
    side). So a lobe of a tenth or more that hangs by a thread makes the neck that thread's width, and a
    lesser spur does not count.
    """
    polygons = np.asarray(shapes, dtype=object)
    side = np.sqrt(shapely.area(polygons))
    whole = (shapely.get_num_geometries(polygons) == 1) & (side > 0)
    # A hundredth of the side off the outline changes no neck worth the name, and halves the work.
    outline = shapely.simplify(polygons, side / 100)
    low, high = np.zeros(len(polygons)), np.where(whole, 2 * side / np.sqrt(np.pi), 0.0)
    for _ in range(NECK_STEPS):
        middle = (low + high) / 2
        holds = np.zeros(len(polygons), bool)
        holds[whole] = _largest_piece(outline[whole], middle[whole] / 2) >= NECK_SHARE * side[whole] ** 2
        low, high = np.where(holds, middle, low), np.where(holds, high, middle)
    return low


def label_points(shapes: ArrayLike) -> Floats:
    """A point well inside each polygon, (n, 2): the centre of its largest inscribed circle."""
    polygons = np.asarray(shapes, dtype=object)
    side = np.sqrt(shapely.area(polygons))
    radii = shapely.maximum_inscribed_circle(polygons, tolerance=np.maximum(side / 50, 1e-3))
    points = shapely.get_point(radii, 0)
    outside = ~shapely.intersects(polygons, points)
    points[outside] = shapely.point_on_surface(polygons[outside])
    return np.column_stack([shapely.get_x(points), shapely.get_y(points)])


def _largest_piece(outlines: Shapes, shrink: Floats) -> Floats:
    """Area that the largest piece of each shrunk outline stands for when grown back."""
    pieces, owner = shapely.get_parts(shapely.buffer(outlines, -shrink, quad_segs=2), return_index=True)
    radius = shrink[owner]
    holes = shapely.get_num_interior_rings(pieces)
    stands_for = shapely.area(pieces) + shapely.length(pieces) * radius + 4 * radius**2 * (1 - holes)
    largest = np.zeros(len(outlines))
    np.maximum.at(largest, owner, np.where(shapely.is_empty(pieces), 0.0, stands_for))
    return largest


def _as_edges(labels: ArrayLike, edges: ArrayLike, metres: ArrayLike) -> tuple[Ints, Ints, Floats]:
    pairs = np.asarray(edges, np.int64).reshape(-1, 2)
    return np.asarray(labels, np.int64), pairs, np.asarray(metres, np.float64)


def _as_points(labels: ArrayLike, weights: ArrayLike, xy: ArrayLike) -> tuple[Ints, Floats, Floats]:
    label = np.asarray(labels, np.int64)
    return label, np.asarray(weights, np.float64), np.asarray(xy, np.float64).reshape(-1, 2)


def _count(labels: Ints) -> int:
    return int(labels.max()) + 1 if len(labels) else 0


def _lengths(vectors: Floats) -> Floats:
    return np.asarray(np.hypot(vectors[:, 0], vectors[:, 1]), np.float64)
