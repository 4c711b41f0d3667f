"""Borders between units: who is whose neighbour, by how many metres, along or across what."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.contracts import BORDERS
from gridopt.units.edges import NEAR, Floats, Integers, Pieces, shared_pieces
from gridopt.workers import side_by_side

BARRIER_LAYERS = ("roads", "rivers", "railways", "walls")

ALONG = 12.0
"""Metres from a barrier's edge within which a border still runs along it."""

PARALLEL = np.cos(np.radians(30))
"""A border runs along a barrier where their directions differ by less than 30 degrees."""

CROSSING_REACH = 30.0
"""Metres from a wall within which a crossing opens it."""

STEP = 25.0
"""Borders are judged in pieces of at most this many metres."""

AT_ONCE = 20_000
"""Pieces that are judged together. They mostly come from west to east, so a run has few barriers near it."""

_KINDS = np.array(["open", "seam", "wall", "crossing"])
_SEAM, _WALL, _CROSSING = 1, 2, 3


def make_borders(city: City, units: gpd.GeoDataFrame, *, workers: int | None = 1) -> pd.DataFrame:
    """Shared borders of the units of each community, in metres by kind.

    Returns ``unit_a, unit_b, metres, kind``, sorted: one row for each kind (open, wall, crossing,
    seam) that a pair has, whose metres add up to what the pair shares. Pairs that touch at corners
    (below 0.01 m) or across a community's border are left out. A border counts as a wall or seam
    where it runs parallel to one within 12 m of its edge, as a crossing where such a wall has a
    crossing within 30 m. ``workers`` processes judge some of the border each.
    """
    ordered = units.sort_index()
    pieces = shared_pieces(ordered.geometry.to_numpy(), pd.factorize(ordered["community_id"])[0].astype(np.int64))
    pieces = _cut(pieces)
    kinds = _kinds(city, pieces, workers)
    pair = pieces.left * len(ordered) + pieces.right
    table = pd.DataFrame({"pair": pair, "kind": _KINDS[kinds], "metres": pieces.metres})
    table = table[table.groupby("pair")["metres"].transform("sum") >= NEAR]
    table = pd.DataFrame(table.groupby(["pair", "kind"], as_index=False)["metres"].sum())
    ids = ordered.index.to_numpy()
    left, right = ids[table["pair"] // max(len(ids), 1)], ids[table["pair"] % max(len(ids), 1)]
    return table.assign(unit_a=pd.Series(left, dtype="str"), unit_b=pd.Series(right, dtype="str"))[BORDERS]


def neighbours_across(units: gpd.GeoDataFrame, lines: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Pairs of neighbours of one community whose border runs along the lines for the most part, sorted by id.

    Along means as in `make_borders`; lines may be polygons (water), and have a ``width`` in metres.
    """
    ordered = units.sort_index()
    pieces = shared_pieces(ordered.geometry.to_numpy(), pd.factorize(ordered["community_id"])[0].astype(np.int64))
    pieces = _cut(pieces)
    along, _ = _Barriers.of(*_parts(lines)).along(pieces)
    table = pd.DataFrame({"left": pieces.left, "right": pieces.right, "metres": pieces.metres})
    sums = table.assign(along=table["metres"].where(along, 0.0)).groupby(["left", "right"]).sum()
    chosen = sums.index[(sums["along"] > sums["metres"] / 2) & (sums["metres"] >= NEAR)]
    ids = ordered.index.to_numpy()
    return [(str(ids[left]), str(ids[right])) for left, right in chosen]


def _cut(pieces: Pieces) -> Pieces:
    """The same borders in pieces of at most `STEP` metres."""
    times = np.maximum(np.ceil(pieces.metres / STEP), 1).astype(np.int64)
    piece = np.repeat(np.arange(len(times)), times)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(times) - times, times)
    run = (pieces.ends - pieces.starts)[piece] / times[piece, None]
    starts = pieces.starts[piece] + run * step[:, None]
    return Pieces(pieces.left[piece], pieces.right[piece], starts, starts + run)


def _kinds(city: City, pieces: Pieces, workers: int | None) -> Integers:
    """The kind of each piece, as a place in ``_KINDS``; a wall beats a seam."""
    seams, walls = (_Barriers.of(*barrier_shapes(city, (name,))) for name in ("seam", "wall"))
    crossings = city.layer("crossings")
    places = np.empty(0, object) if crossings is None else crossings.geometry.to_numpy()

    def judged(first: int) -> Integers:
        own = pieces.take(np.arange(first, min(first + AT_ONCE, len(pieces.left))))
        kinds = np.where(seams.along(own)[0], _SEAM, 0)
        along, depth = walls.along(own)
        kinds[along] = _WALL
        closed = np.flatnonzero(along)
        kinds[closed[_near(_lines(own.take(closed)), places, CROSSING_REACH + depth[closed])]] = _CROSSING
        return kinds

    runs = range(0, max(len(pieces.left), 1), AT_ONCE)
    return np.concatenate(list(side_by_side(judged, runs, workers=workers)))


@dataclass(frozen=True, eq=False)
class _Barriers:
    """Barriers of one class: segments with the reach of each, and surfaces (water, wide tracks)."""

    starts: Floats
    ends: Floats
    reach: Floats
    surfaces: NDArray[np.object_]

    @classmethod
    def of(cls, lines: NDArray[np.object_], half_widths: Floats, surfaces: NDArray[np.object_]) -> _Barriers:
        outlines = shapely.boundary(surfaces)
        shapes = np.concatenate([lines, outlines])
        widths = np.concatenate([half_widths, np.zeros(len(outlines))])
        parts, owner = shapely.get_parts(shapes, return_index=True)
        points, part = shapely.get_coordinates(parts, return_index=True)
        joined = part[1:] == part[:-1]
        reach = ALONG + widths[owner[part[:-1][joined]]] if len(points) else np.empty(0)
        return cls(points[:-1][joined], points[1:][joined], reach, surfaces)

    def along(self, pieces: Pieces) -> tuple[NDArray[np.bool_], Floats]:
        """Which pieces run along a barrier, and how deep inside a surface each lies."""
        found = np.zeros(len(pieces.left), bool)
        depth = np.zeros(len(found))
        if len(self.starts) and len(found):
            places = (pieces.starts + pieces.ends) / 2
            middles = shapely.points(places)
            tree = shapely.STRtree(middles)
            near = self._around(places)
            segments = shapely.linestrings(np.stack([self.starts[near], self.ends[near]], axis=1))
            segment, piece = tree.query(segments, predicate="dwithin", distance=self.reach[near])
            ours, theirs = (pieces.ends - pieces.starts)[piece], (self.ends - self.starts)[near[segment]]
            lengths = np.hypot(*ours.T) * np.hypot(*theirs.T)
            found[piece[np.abs((ours * theirs).sum(axis=1)) >= PARALLEL * lengths]] = True
            surface, piece = tree.query(self.surfaces, predicate="contains")
            found[piece] = True
            depth[piece] = shapely.distance(shapely.boundary(self.surfaces[surface]), middles[piece])
        return found, depth

    def _around(self, places: Floats) -> Integers:
        """The segments whose box comes within their reach of the box around some places."""
        reach = self.reach[:, None]
        low, high = np.minimum(self.starts, self.ends) - reach, np.maximum(self.starts, self.ends) + reach
        return np.flatnonzero((low <= places.max(axis=0)).all(axis=1) & (high >= places.min(axis=0)).all(axis=1))


def barrier_shapes(city: City, names: tuple[str, ...]) -> tuple[NDArray[np.object_], Floats, NDArray[np.object_]]:
    """Barriers of the named classes: lines, half their widths (0 where unknown), and surfaces.

    Sorted by shape, so that the order of rows in the layers does not matter.
    """
    lines, widths, surfaces = [np.empty(0, object)], [np.empty(0)], [np.empty(0, object)]
    for layer in BARRIER_LAYERS:
        table = city.layer(layer)
        if table is None or not len(table):
            continue
        chosen = table[table["barrier"].isin(names)] if "barrier" in table else table
        for listed, found in zip((lines, widths, surfaces), _parts(chosen), strict=True):
            listed.append(found)
    shapes, half_widths = np.concatenate(lines), np.concatenate(widths)
    shapes, areas = shapely.normalize(shapes), shapely.normalize(np.concatenate(surfaces))
    order = np.lexsort((half_widths, shapely.to_wkb(shapes))) if len(shapes) else np.empty(0, np.int64)
    return shapes[order], half_widths[order], areas[np.argsort(shapely.to_wkb(areas), kind="stable")]


def _parts(table: gpd.GeoDataFrame) -> tuple[NDArray[np.object_], Floats, NDArray[np.object_]]:
    """The lines of a layer, half their widths (0 where unknown), and its surfaces, all in single parts."""
    parts, owner = shapely.get_parts(shapely.force_2d(table.geometry.to_numpy()), return_index=True)
    half = table["width"].fillna(0).to_numpy(float) / 2 if "width" in table else np.zeros(len(table))
    dimension = shapely.get_dimensions(parts)
    return parts[dimension == 1], half[owner[dimension == 1]], parts[dimension == 2]


def _lines(pieces: Pieces) -> NDArray[np.object_]:
    if not len(pieces.left):
        return np.empty(0, object)
    return np.asarray(shapely.linestrings(np.stack([pieces.starts, pieces.ends], axis=1)), object)


def _near(lines: NDArray[np.object_], places: NDArray[np.object_], reach: Floats) -> Integers:
    """Positions of the lines that have a place within their reach."""
    if not len(lines) or not len(places):
        return np.empty(0, np.int64)
    return np.unique(shapely.STRtree(places).query(lines, predicate="dwithin", distance=reach)[0]).astype(np.int64)
