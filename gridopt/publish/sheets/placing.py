"""Labels placed one after the other where nothing stands yet: greedy, so the most important come first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from gridopt.publish.sheets.paper import Type

Floats = NDArray[np.float64]
Measure = Callable[[str, Type], tuple[float, float]]

GAP = 0.35
"""Millimetres that stay free around every label."""
MOST_POINTS = 60
"""Places inside an area that are tried for its label."""


@dataclass(frozen=True)
class Form:
    """One way to write a label."""

    text: str
    kind: Type


@dataclass(frozen=True, eq=False)
class Wish:
    """A label: its forms, the first that fits is taken, and the places it may take, best first.

    ``places`` is (n, 3): x, y of the label's middle in millimetres and its angle in degrees. Where
    ``inside`` is given, the label lies within it; of the forms and free places those are best that cover the
    fewest of the shapes to ``spare``.
    """

    forms: Sequence[Form]
    places: Floats
    inside: shapely.Geometry | None = None
    style: str = ""
    spare: NDArray[np.object_] | None = None


@dataclass(frozen=True, eq=False)
class Placed:
    """A label where it stands; ``points_to`` is the end of a line that leads from it to what it names."""

    form: Form
    x: float
    y: float
    angle: float
    style: str
    points_to: tuple[float, float] | None = None

    def moved(self, x: float, y: float) -> Placed:
        """The same label elsewhere."""
        end = self.points_to and (self.points_to[0] + x, self.points_to[1] + y)
        return replace(self, x=self.x + x, y=self.y + y, points_to=end)


@dataclass(eq=False)
class Taken:
    """What stands on a sheet: labels, symbols, and the rim around them all."""

    frame: shapely.Geometry
    shapes: list[shapely.Geometry] = field(default_factory=list)
    bounds: list[Floats] = field(default_factory=list)

    def add(self, shape: shapely.Geometry) -> None:
        """Keep a place free from now on."""
        self.shapes.append(shape)
        self.bounds.append(np.array(shape.bounds))

    def is_free(self, boxes: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Whether each box is inside the frame and touches nothing."""
        free: NDArray[np.bool_] = shapely.contains_properly(self.frame, boxes)
        if not self.shapes:
            return free
        seen, stands = shapely.bounds(boxes)[:, None, :], np.array(self.bounds)[None]
        near = (seen[..., 0] < stands[..., 2]) & (seen[..., 2] > stands[..., 0])
        near &= (seen[..., 1] < stands[..., 3]) & (seen[..., 3] > stands[..., 1])
        box, other = np.nonzero(near & free[:, None])
        if len(box):
            hit = shapely.intersects(boxes[box], np.array(self.shapes, dtype=object)[other])
            free[box[hit]] = False
        return free


def place(wish: Wish, taken: Taken, measure: Measure) -> Placed | None:
    """The first form at the first place that is free, which is then taken; None where there is none.

    Where there is something to spare, the form and place that cover the fewest of it.
    """
    if not len(wish.places):
        return None
    tree, fewest, chosen = shapely.STRtree([] if wish.spare is None else wish.spare), np.inf, None
    for form in wish.forms:
        boxes = label_boxes(wish.places, *measure(form.text, form.kind))
        free = taken.is_free(boxes)
        if wish.inside is not None and free.any():
            free[free] = shapely.covers(wish.inside, boxes[free])
        covered = np.bincount(tree.query(boxes, predicate="intersects")[0], minlength=len(boxes))
        best = int(np.argmin(np.where(free, covered, np.inf)))
        if free[best] and covered[best] < fewest:
            fewest, chosen = int(covered[best]), (form, best, boxes[best])
        if fewest == 0:
            break
    if chosen is None:
        return None
    form, best, box = chosen
    taken.add(box)
    x, y, angle = wish.places[best].tolist()
    return Placed(form, x, y, angle, wish.style)


def label_boxes(places: Floats, width: float, height: float) -> NDArray[np.object_]:
    """The rectangle that a text of a size covers at each place, with the gap around it."""
    half = np.array([width, height]) / 2 + GAP
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    angles = np.radians(places[:, 2])
    turn = np.array([[np.cos(angles), np.sin(angles)], [-np.sin(angles), np.cos(angles)]]).transpose(2, 0, 1)
    boxes: NDArray[np.object_] = shapely.polygons(corners @ turn + places[:, None, :2])
    return boxes


def inside_points(area: shapely.Geometry, first: Floats | None = None) -> Floats:
    """Places inside an area, the roomiest first, as rows of `Wish.places`; ``first`` is a place to begin with."""
    if area.is_empty:
        return np.empty((0, 3))
    west, south, east, north = area.bounds
    step = max(np.sqrt(max(area.area, 1e-6)) / 9, 0.5)
    xs, ys = (np.arange(low + step / 2, high, step) for low, high in ((west, east), (south, north)))
    lattice = shapely.points(*(axis.ravel() for axis in np.meshgrid(xs, ys)))
    own = np.concatenate([lattice[shapely.contains(area, lattice)], [shapely.point_on_surface(area)]])
    room = np.round(shapely.distance(own, shapely.boundary(area)), 1)
    at = shapely.get_coordinates(own)
    order = np.lexsort((np.round(at[:, 0], 3), -np.round(at[:, 1], 3), -room))[:MOST_POINTS]
    ordered = at[order] if first is None else np.concatenate([first.reshape(1, 2), at[order]])
    return np.column_stack([ordered, np.zeros(len(ordered))])


def around(at: Floats, distance: float) -> Floats:
    """Eight places around a point: east first, then the other sides and the corners."""
    ways = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, 1], [-1, -1], [1, -1]], float)
    return np.column_stack([at + ways * distance, np.zeros(len(ways))])


def along(line: shapely.Geometry, length: float) -> Floats:
    """Places for a text of a length along a line, where the line is straight enough, from the middle outwards."""
    if line.length < length * 1.1:
        return np.empty((0, 3))
    steps = np.arange(length / 2, line.length - length / 2 + 1e-9, max(length / 3, line.length / 40))
    starts = shapely.get_coordinates(shapely.line_interpolate_point(line, steps - length / 2))
    ends = shapely.get_coordinates(shapely.line_interpolate_point(line, steps + length / 2))
    middles = shapely.get_coordinates(shapely.line_interpolate_point(line, steps))
    run = ends - starts
    straight = np.hypot(*run.T) > 0.96 * length
    angles = (np.degrees(np.arctan2(run[:, 1], run[:, 0])) + 90.001) % 180 - 90.001
    order = np.argsort(np.round(np.abs(steps - line.length / 2), 3), kind="stable")
    order = order[straight[order]]
    places: Floats = np.column_stack([middles, np.round(angles, 3)])[order]
    return places
