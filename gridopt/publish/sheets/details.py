"""Enlarged maps of hamlets and dense blocks: where building numbers find no room on a community's map."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from string import ascii_uppercase

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.publish.sheets.atlas import Atlas
from gridopt.publish.sheets.drawing import Scene
from gridopt.publish.sheets.labels import Lettered, lettered_detail, pointed
from gridopt.publish.sheets.paper import Box, Type, text_box
from gridopt.publish.sheets.placing import Floats, Form, Taken, Wish, inside_points, place
from gridopt.publish.sheets.view import View

SCALES = (5000, 4000, 3000, 2500, 2000, 1500, 1250, 1000, 750, 500, 400, 300, 250)
APART, FAR_APART = 60.0, 25.0
"""Metres from one building to the next, seen from one side, that part two hamlets; millimetres on the map for few."""
MOST_LEFT, PATIENCE = 0.04, 2
"""Share of an enlarged map's numbers that may go on to a still larger one, where further scales do not help."""
PAD, STRIP, GAP = 7.0, 5.5, 3.0
"""Millimetres around the buildings of an enlarged map, of the strip with its name above it, and between two."""
LEAST_WIDTH, LEAST_HEIGHT = 62.0, 30.0
OVERLAP, RIM = 5.0, 0.4
"""Millimetres that an enlarged map shows beyond its frame on the community's map, and that its own letters keep off."""
DENSE, MANY = 0.3, 8
"""Share and count of missing numbers at which a hamlet's numbers all stand on an enlarged map, none on the other."""
TAGS = (Type(10, "bold"), Type(8, "bold"), Type(6.5, "bold"))
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Enlarged:
    """A part of a community at a larger scale, and the buildings whose numbers it is drawn for and shows."""

    scene: Scene
    lettered: Lettered
    shown: frozenset[str]

    def outline(self) -> shapely.Geometry:
        """The land where it is framed on the community's map, in metres: a little less than it shows."""
        return shapely.buffer(self.scene.view.land, -OVERLAP / self.scene.view.mm_per_metre, join_style="mitre")

    @property
    def numbered(self) -> frozenset[str]:
        """Every building whose number stands here."""
        return frozenset(self.lettered.numbers).difference(self.lettered.left)

    def at(self, atlas: Atlas, west: float, north: float) -> Enlarged:
        """The same with its frame's upper left corner elsewhere on the sheet."""
        view, community_id = self.scene.view, str(self.scene.grids["community_id"].iloc[0])
        frame = Box(west, north - view.frame.height, west + view.frame.width, north)
        moved = self.lettered.moved(frame.west - view.frame.west, frame.south - view.frame.south)
        return Enlarged(Scene.of(atlas, community_id, View(frame, view.denominator, view.middle)), moved, self.shown)


@dataclass(frozen=True, eq=False)
class Detail:
    """An enlarged map with its name, its page (0 is the first), and the strip that says both name and scale."""

    name: str
    page: int
    strip: Box
    map: Enlarged


@dataclass(eq=False)
class Room:
    """What is left of a page for frames: they stand in rows from its upper left corner."""

    page: int
    below: Box
    beside: Box = field(default=Box(0, 0, 0, 0))

    def take(self, width: float, height: float) -> Box | None:
        """The place of a frame, taken from what is left; None where it does not fit."""
        if width > self.beside.width + 1e-6 or height > self.beside.height + 1e-6:
            if width > self.below.width + 1e-6 or height > self.below.height + 1e-6:
                return None
            self.beside, self.below = self.below.cut_top(height, GAP)
        taken = Box(self.beside.west, self.beside.north - height, self.beside.west + width, self.beside.north)
        self.beside = Box(taken.east + GAP, self.beside.south, self.beside.east, self.beside.north)
        return taken


def details_of(atlas: Atlas, scene: Scene, wanted: Collection[str], rooms: Sequence[Box], blank: Box) -> list[Detail]:
    """The enlarged maps that show the numbers of the buildings ``wanted``, those that one can show.

    ``rooms`` is what is left of each page of the ``scene``'s sheet, ``blank`` the whole of a further one.
    """
    found = _enlarged(atlas, scene, wanted, (blank.width, blank.height - STRIP))
    high = sorted(found, key=lambda one: (-round(one.scene.view.frame.height, 3), one.outline().wkb))
    pages, placed = [Room(page, box) for page, box in enumerate(rooms)], []
    for one in high:
        frame = one.scene.view.frame
        page, box = _room(pages, blank, frame.width, frame.height + STRIP)
        placed.append((page, box, one))
    placed.sort(key=lambda one: (one[0], -one[1].north, one[1].west))
    return [
        Detail(_letter(number), page, strip, one.at(atlas, box.west, below.north))
        for number, (page, box, one) in enumerate(placed)
        for strip, below in [box.cut_top(STRIP)]
    ]


def with_tags(lettered: Lettered, atlas: Atlas, scene: Scene, taken: Taken, details: Sequence[Detail]) -> Lettered:
    """The letters of a community's map and, beside them, the name of each frame that is drawn larger elsewhere."""
    measure = partial(text_box, letters=atlas.letters)
    lettered.take(taken, atlas.letters)
    tags = []
    for detail in details:
        outline = scene.view.project(np.array([detail.map.outline()], dtype=object))[0]
        forms = [Form(detail.name, kind) for kind in TAGS]
        tags.append(place(Wish(forms, _tag_places(outline), None, "detail"), taken, measure))
    return Lettered((*lettered.names, *filter(None, tags)), lettered.numbers)


def _tag_places(outline: shapely.Geometry) -> Floats:
    """Within the corners of a frame, then along it outside and inside, then anywhere in it."""
    corners = shapely.get_coordinates(outline)[:4]
    rims = [
        shapely.get_coordinates(shapely.segmentize(outline.buffer(by, join_style="mitre"), 3.0)) for by in (2.6, -2.6)
    ]
    at = np.concatenate([corners - np.sign(corners - corners.mean(axis=0)) * 2.6, *rims])
    return np.concatenate([np.column_stack([at, np.zeros(len(at))]), inside_points(outline)])


def _room(pages: list[Room], blank: Box, width: float, height: float) -> tuple[int, Box]:
    """The first page with a place for a frame, and the place; a further page where none has."""
    for room in pages:
        box = room.take(width, height)
        if box is not None:
            return room.page, box
    pages.append(Room(len(pages), blank))
    return _room(pages, blank, width, height)


def _letter(number: int) -> str:
    """A, B, ..., Z, AA, AB, ..."""
    more, last = divmod(number, len(ascii_uppercase))
    return (_letter(more - 1) if more else "") + ascii_uppercase[last]


def crowded(atlas: Atlas, scene: Scene, left: Collection[str]) -> frozenset[str]:
    """All numbered buildings of the hamlets where many numbers of a map found no room: they are drawn larger."""
    points, is_left = _points(scene.buildings), scene.buildings.index.isin(list(left))
    is_numbered = is_left | (atlas.numbers.loc[scene.buildings.index] != "").to_numpy()
    chosen = np.zeros(len(points), dtype=bool)
    for rows in hamlets(points, np.flatnonzero(is_left), APART):
        low, high = points[rows].min(axis=0), points[rows].max(axis=0)
        inside = is_numbered & ((points >= low) & (points <= high)).all(axis=1)
        if len(rows) >= max(DENSE * inside.sum(), MANY):
            chosen |= inside
    return frozenset(scene.buildings.index[chosen].astype(str))


def _points(buildings: gpd.GeoDataFrame) -> Floats:
    points: Floats = shapely.get_coordinates(shapely.point_on_surface(buildings.geometry.to_numpy()))
    return points


def _enlarged(atlas: Atlas, scene: Scene, wanted: Collection[str], most: tuple[float, float]) -> Iterator[Enlarged]:
    """Each hamlet at the smallest scale that shows its numbers, in parts where its frame would be too large.

    The few numbers without room at that scale go on to a larger one, and are given up only at the largest.
    """
    points, ids = _points(scene.buildings), scene.buildings.index.astype(str)
    first, seen = sum(scale >= scene.view.denominator for scale in SCALES), set[str]()
    far_apart = max(FAR_APART / scene.view.mm_per_metre, APART)
    rows_wanted = np.flatnonzero(ids.isin(list(wanted)))
    waiting = [(rows, first, PATIENCE) for rows in hamlets(points, rows_wanted, far_apart)]
    while waiting:
        rows, step, patience = waiting.pop()
        rows = rows[~ids[rows].isin(list(seen))]
        if step == len(SCALES) or not len(rows):
            continue
        if not _fits(points[rows], SCALES[step], most):
            waiting += [(some, step, patience) for some in parted(points, rows)]
            continue
        tried, own = _tried(atlas, scene, points[rows], SCALES[step]), set(ids[rows])
        n_left = len(own.intersection(tried.lettered.left))
        if n_left > (0 if patience else MOST_LEFT * len(rows)) and step + 1 < len(SCALES):
            waiting.append((rows, step + 1, patience - (n_left <= MOST_LEFT * len(rows))))
            continue
        lettered = pointed(atlas, tried.scene, _free(tried.scene, tried.lettered, atlas), tried.lettered)
        found = Enlarged(tried.scene, lettered, frozenset(own.difference(lettered.left)))
        if found.shown:
            yield found
        seen |= found.numbered
        waiting += [
            (some, step + 1, PATIENCE) for some in hamlets(points, rows[~ids[rows].isin(list(seen))], far_apart)
        ]


def _fits(points: Floats, denominator: int, most: tuple[float, float]) -> bool:
    sides = np.ptp(points, axis=0) * 1000 / denominator + 2 * PAD
    return bool((sides <= most).all())


def _tried(atlas: Atlas, scene: Scene, points: Floats, denominator: int) -> Enlarged:
    """The land around points at a scale, lettered, its frame at the origin."""
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = ((high - low) * 1000 / denominator + 2 * PAD).tolist()
    frame = Box(0, 0, max(width, LEAST_WIDTH), max(height, LEAST_HEIGHT))
    x, y = ((low + high) / 2).tolist()
    seen = Scene.of(atlas, str(scene.grids["community_id"].iloc[0]), View(frame, denominator, (x, y)))
    return Enlarged(seen, lettered_detail(atlas, seen, Taken(frame.shrunk(RIM).shape)), frozenset())


def _free(scene: Scene, lettered: Lettered, atlas: Atlas) -> Taken:
    """The ground that the letters of an enlarged map leave."""
    taken = Taken(scene.view.frame.shrunk(RIM).shape)
    lettered.take(taken, atlas.letters)
    return taken


def hamlets(points: Floats, rows: Rows, far_apart: float) -> list[Rows]:
    """Groups of points that straight lines part with over `APART` metres between them, few with over ``far_apart``."""
    waiting, found = [rows] * bool(len(rows)), []
    while waiting:
        some = waiting.pop()
        axis, gap = _widest_gap(points[some])
        if gap > (APART if len(some) > MANY else far_apart):
            waiting += parted(points, some, axis)
        else:
            found.append(some)
    return found


def _widest_gap(points: Floats) -> tuple[int, float]:
    """The axis across which the widest gap between neighbouring points lies, and the gap in metres."""
    gaps = np.diff(np.sort(points, axis=0), axis=0).max(axis=0, initial=0.0)
    axis = int(np.argmax(gaps))
    return axis, float(gaps[axis])


def parted(points: Floats, rows: Rows, axis: int | None = None) -> list[Rows]:
    """Points in two groups: at the widest gap of an axis; unless given, of the longer side, near its middle."""
    across = int(np.argmax(np.ptp(points[rows], axis=0))) if axis is None else axis
    order = rows[np.lexsort((rows, points[rows, across]))]
    gaps = np.diff(points[order, across])
    quarter = 0 if axis is not None else len(gaps) // 4
    cut = quarter + int(np.argmax(gaps[quarter : len(gaps) - quarter])) + 1
    return [order[:cut], order[cut:]]
