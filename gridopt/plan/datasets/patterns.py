"""Footprints in patterns: rows of slabs and towers, blocks edged with shops, lots between lanes.

Each pattern fills an area and stays inside it; no two of its footprints touch. Lengths are metres, angles radians
from the east.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity

Shapes = NDArray[Any]


class Style(NamedTuple):
    """A row pattern: least and most width of a building, its depth, rows apart, gaps, outline, share built."""

    width: tuple[float, float]
    depth: float
    pitch: float
    gap: float
    outlines: tuple[str, ...] = ("bar",)
    built: float = 1.0


_NOTCH = 0.16
OUTLINES: dict[str, NDArray[np.float64]] = {
    "bar": np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2,
    "tower": np.array(
        [
            *((-0.5, -0.5), (-_NOTCH, -0.5), (-_NOTCH, -0.32), (_NOTCH, -0.32), (_NOTCH, -0.5), (0.5, -0.5)),
            *((0.5, 0.34), (0.3, 0.34), (0.3, 0.5), (-0.3, 0.5), (-0.3, 0.34), (-0.5, 0.34)),
        ]
    ),
    "ell": np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (0.14, 0.5), (0.14, -0.08), (-0.5, -0.08)]),
    "court": np.array(
        [(-0.5, -0.5), (-0.2, -0.5), (-0.2, 0.12), (0.2, 0.12), (0.2, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
    ),
}

STYLES: dict[str, Style] = {
    "towers": Style((25, 31), 17, 44, 19, ("tower",)),
    "slabs": Style((26, 42), 11, 23, 9),
    "rows": Style((9.5, 13), 10.5, 16, 2.2, ("bar", "bar", "ell"), 0.93),
    "sheds": Style((38, 84), 30, 46, 12, ("bar", "bar", "bar", "ell"), 0.86),
    "school": Style((44, 70), 15, 44, 16, ("bar", "bar", "court")),
    "teaching": Style((52, 78), 40, 70, 24, ("court", "ell", "bar"), 0.9),
    "dormitories": Style((48, 62), 14, 33, 14),
    "hospital": Style((40, 62), 24, 46, 16, ("bar", "court")),
    "offices": Style((32, 52), 18, 48, 18, ("bar", "ell"), 0.9),
    "mall": Style((58, 96), 52, 78, 16, ("bar", "ell")),
    "market": Style((60, 84), 24, 34, 9),
    "station": Style((84, 110), 22, 46, 12),
    "green": Style((12, 20), 12, 90, 60, ("bar",), 0.35),
    "shop_fronts": Style((16, 38), 12.5, 40, 1.6, ("bar",), 0.97),
}


def rows(area: Any, style: Style, angle: float, rng: np.random.Generator, *, spread: float = 1.0) -> Shapes:
    """Buildings in parallel rows, from the northernmost row and its west end on.

    Rows are ``style.pitch * spread`` apart; in each, widths and gaps are evened out over the free length.
    """
    local = affinity.rotate(area, -angle, origin=(0, 0), use_radians=True)
    west, south, east, north = local.bounds
    free = north - south - style.depth
    if area.is_empty or free < 0:
        return np.array([], dtype=object)
    n_rows = int(free // (style.pitch * spread)) + 1
    middles = (north + south) / 2 + style.pitch * spread * ((n_rows - 1) / 2 - np.arange(n_rows))
    upper, lower = (_cuts(local, middles + side * style.depth / 2, west, east) for side in (1, -1))
    boxes = []
    for middle, above, below in zip(middles, upper, lower, strict=True):
        for start, end in _common(above, below):
            boxes += [(x, middle, width) for x, width in _in_line(start, end, style, rng, spread)]
    if not boxes:
        return np.array([], dtype=object)
    shapes = _raised(np.array(boxes), style, angle, rng)
    kept = shapely.covers(area, shapes) & (rng.random(len(shapes)) < style.built)
    return np.asarray(shapes[kept])


def fitted_rows(area: Any, style: Style, angle: float, rng: np.random.Generator, *, wanted: int) -> Shapes:
    """Rows with as much room between them as leaves ``wanted`` buildings; a garden takes a small surplus."""
    shapes = rows(area, style, angle, rng)
    for spread in (1.9, 1.7, 1.55, 1.4, 1.28, 1.16, 1.08):
        loose = rows(area, style, angle, rng, spread=spread)
        if len(loose) >= wanted:
            shapes = loose
            break
    if not wanted < len(shapes) < 1.4 * wanted:
        # Land for many more is built up from its north, the rest waits.
        return shapes[:wanted]
    away = shapely.distance(shapely.centroid(shapes), shapely.centroid(area))
    return np.asarray(shapes[np.sort(np.argsort(-away, kind="stable")[:wanted])])


def fronts(area: Any, style: Style, angle: float, rng: np.random.Generator) -> tuple[Shapes, Any]:
    """Buildings along the four sides of a block, and the yard that they enclose."""
    placed: list[Any] = []
    free = area
    for turn in (0.0, np.pi / 2):
        local = affinity.rotate(area, -angle - turn, origin=(0, 0), use_radians=True)
        west, south, east, north = local.bounds
        # Streets are not quite parallel: each front follows the side of the block at its middle.
        side = shapely.LineString([((west + east) / 2, south - 1), ((west + east) / 2, north + 1)])
        low, high = side.intersection(local).bounds[1::2]
        for base in (low + 2.5, high - 2.5 - style.depth):
            band = shapely.box(west, base, east, base + style.depth + 0.02)
            strip = affinity.rotate(band, angle + turn, origin=(0, 0), use_radians=True).intersection(free)
            placed.append(rows(largest(strip), style, angle + turn, rng))
            free = free.difference(shapely.union_all(shapely.buffer(placed[-1], 4.0)))
    return np.concatenate(placed), largest(shapely.buffer(free, -7.0))


def lots(area: Any, rng: np.random.Generator, *, most: float = 330.0) -> Shapes:
    """Houses of an old quarter: the land halved again and again, each lot built up but for a yard."""
    pieces, open_pieces = [], list(shapely.get_parts(area))
    while open_pieces:
        piece = open_pieces.pop()
        if piece.area < most * rng.uniform(0.7, 1.3):
            pieces.append(piece)
        else:
            open_pieces += _halves(piece, rng)
    houses = np.array([_house(piece, rng) for piece in pieces])
    kept = (shapely.area(houses) > 28) & (rng.random(len(houses)) > 0.07)
    houses = houses[kept]
    centres = shapely.get_coordinates(shapely.centroid(houses))
    return np.asarray(houses[np.lexsort((centres[:, 0], -np.round(centres[:, 1], -1)))])


def bearing(area: Any, tilt: float) -> float:
    """The direction of the side of an area that runs nearest to ``tilt``."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(area))
    (x, y), *_ = corners[1:2] - corners[0:1]
    turn = (np.arctan2(y, x) - tilt + np.pi / 4) % (np.pi / 2) - np.pi / 4
    return float(tilt + (turn if abs(turn) < 0.2 else 0.0))


def boxes_at(centres: NDArray[np.float64], sizes: NDArray[np.float64], angles: NDArray[np.float64]) -> Shapes:
    """Rectangles of given centre, width and depth, and angle; one row each."""
    return _placed(np.broadcast_to(OUTLINES["bar"], (len(centres), 4, 2)), centres, sizes, angles)


def _placed(outlines: Any, centres: Any, sizes: Any, angles: Any) -> Shapes:
    """(n, m, 2) outlines of unit size scaled, turned and moved to their places."""
    x, y = np.moveaxis(outlines * sizes[:, None, :], -1, 0)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    turned = np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)
    return np.asarray(shapely.polygons(np.round(turned + centres[:, None, :], 3)))


def _raised(boxes: NDArray[np.float64], style: Style, angle: float, rng: np.random.Generator) -> Shapes:
    """Boxes (x, y, width) of the turned frame as footprints on the ground, each in one of the style's outlines."""
    cos, sin = np.cos(angle), np.sin(angle)
    centres = np.column_stack([cos * boxes[:, 0] - sin * boxes[:, 1], sin * boxes[:, 0] + cos * boxes[:, 1]])
    sizes = np.column_stack([boxes[:, 2], np.full(len(boxes), style.depth)])
    kinds = rng.integers(len(style.outlines), size=len(boxes))
    shapes = np.empty(len(boxes), dtype=object)
    for kind, name in enumerate(style.outlines):
        chosen = kinds == kind
        outline = np.broadcast_to(OUTLINES[name], (int(chosen.sum()), *OUTLINES[name].shape))
        shapes[chosen] = _placed(outline, centres[chosen], sizes[chosen], np.full(int(chosen.sum()), angle))
    return shapes


def _cuts(area: Any, heights: NDArray[np.float64], west: float, east: float) -> list[list[tuple[float, float]]]:
    """Where level lines lie inside an area: (start, end) pairs for each height."""
    ends = np.stack([np.full(len(heights), west - 1), heights, np.full(len(heights), east + 1), heights], axis=-1)
    inside = shapely.intersection(shapely.linestrings(ends.reshape(-1, 2, 2)), area)
    return [[(part.bounds[0], part.bounds[2]) for part in shapely.get_parts(cut)] for cut in inside]


def _common(above: list[tuple[float, float]], below: list[tuple[float, float]]) -> list[tuple[float, float]]:
    pairs = [(max(a, c), min(b, d)) for a, b in above for c, d in below]
    return sorted(pair for pair in pairs if pair[0] < pair[1])


def _in_line(
    start: float, end: float, style: Style, rng: np.random.Generator, spread: float
) -> list[tuple[float, float]]:
    """(middle, width) of the buildings that share a free length."""
    least, most = style.width
    length, gap = end - start - 0.2, style.gap * spread
    n_built = int((length + gap) // (rng.uniform(least, most) + gap))
    if n_built == 0:
        n_built = int(length >= least)
    if n_built == 0:
        return []
    weights = rng.uniform(0.85, 1.15, n_built) if style.gap < 5 else np.ones(n_built)
    usable = min(length - gap * (n_built - 1), most * n_built)
    widths = usable * weights / weights.sum()
    between = (length - widths.sum()) / (n_built - 1) if n_built > 1 else 0.0
    # A short row of wide-set buildings stands together rather than at the two ends of its land.
    between = min(between, 3 * gap + 6)
    first = start + 0.1 + (length - widths.sum() - between * (n_built - 1)) / 2
    lefts = first + np.concatenate([[0.0], np.cumsum(widths + between)[:-1]])
    return [(float(left + width / 2), float(width)) for left, width in zip(lefts, widths, strict=True)]


def _halves(piece: Any, rng: np.random.Generator) -> list[Any]:
    """A piece cut across its longer side, not quite in the middle and not quite square."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(piece))[:4]
    sides = corners[1:3] - corners[:2]
    longest = int(np.argmax(np.hypot(*sides.T)))
    along, across = 3 * sides[longest], 3 * sides[1 - longest]
    middle = corners.mean(axis=0) + along * rng.uniform(-0.035, 0.035)
    cut = across + along * rng.uniform(-0.03, 0.03)
    half = shapely.Polygon([middle - cut, middle + cut, middle + cut + along, middle - cut + along])
    parts = shapely.get_parts(np.array([piece.intersection(half), piece.difference(half)]))
    return [part for part in parts if part.area > 20]


def _house(lot: Any, rng: np.random.Generator) -> Any:
    """The built part of a lot: set back a little, with a yard on one side."""
    ground = shapely.simplify(shapely.buffer(lot, -rng.uniform(0.5, 1.3), join_style="mitre"), 0.6)
    if ground.is_empty:
        return ground
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(ground))[:4]
    side, depth = int(rng.integers(4)), rng.uniform(0.12, 0.42)
    start, end, beyond = corners[side - 1], corners[side], corners[(side + 1) % 4]
    inward = (beyond - end) * depth
    outward = 0.01 * (end - beyond)
    yard = shapely.Polygon([start + outward, end + outward, end + inward, start + inward])
    return largest(shapely.set_precision(ground.difference(yard), 0.001))


def largest(shape: Any) -> Any:
    """The largest polygon of a shape, empty if it has none."""
    parts = shapely.get_parts(shape)
    parts = parts[shapely.get_dimensions(parts) == 2]
    return parts[int(np.argmax(shapely.area(parts)))] if len(parts) else shapely.Polygon()
