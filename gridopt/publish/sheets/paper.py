"""A sheet of paper to draw on: everything in millimetres from its lower left corner."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.collections import Collection, LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox, TransformedBbox

from gridopt.publish.figures import paths
from gridopt.publish.lettering import Lettering
from gridopt.publish.shapes import parts_of

PAPERS = {"A3": (297.0, 420.0), "A4": (210.0, 297.0)}
"""Short and long side in millimetres."""
MM_PER_INCH = 25.4
MM_PER_POINT = MM_PER_INCH / 72
LINE_SPACING = 1.25
"""Height of a line of text as a multiple of its letters' size."""
CAP_SHARE = 0.74
"""Height of capitals and figures as a share of the letters' size."""
HINTED = 1.02
"""Small letters of a picture stand on whole pixels, which makes a line up to this much longer."""
INK = "#000000"
_MEASURED_AT = 100.0
"""Points at which letters are measured once for all sizes."""
_NEVER_FIRST = "\N{FULLWIDTH COMMA}、。\N{FULLWIDTH SEMICOLON}\N{FULLWIDTH COLON}\N{FULLWIDTH RIGHT PARENTHESIS}》”"
_WORD = re.compile(rf"(?:[!-~\u00a0-\u024f]+|.)[{_NEVER_FIRST}]* ?", re.DOTALL)


@dataclass(frozen=True)
class Box:
    """A rectangle on the sheet, in millimetres."""

    west: float
    south: float
    east: float
    north: float

    @property
    def width(self) -> float:
        return self.east - self.west

    @property
    def height(self) -> float:
        return self.north - self.south

    @property
    def shape(self) -> shapely.Polygon:
        return shapely.box(self.west, self.south, self.east, self.north)

    def shrunk(self, by: float) -> Box:
        """The same rectangle with its sides moved inwards."""
        return Box(self.west + by, self.south + by, self.east - by, self.north - by)

    def shrunk_south(self, by: float) -> Box:
        """The same rectangle with its lower side moved up."""
        return Box(self.west, self.south + by, self.east, self.north)

    def cut_top(self, height: float, gap: float = 0.0) -> tuple[Box, Box]:
        """A strip of a height at the top, and what is left under it."""
        line = self.north - height
        return Box(self.west, line, self.east, self.north), Box(self.west, self.south, self.east, line - gap)

    def cut_east(self, width: float, gap: float = 0.0) -> tuple[Box, Box]:
        """A strip of a width in the east, and what is left beside it."""
        line = self.east - width
        return Box(line, self.south, self.east, self.north), Box(self.west, self.south, line - gap, self.north)


@dataclass(frozen=True)
class Type:
    """Letters of a size in points."""

    size: float
    weight: str = "normal"

    @property
    def line(self) -> float:
        """Height of one line in millimetres."""
        return self.size * MM_PER_POINT * LINE_SPACING


@dataclass(frozen=True, eq=False)
class Page:
    """One sheet of paper with the letters that are written on it."""

    figure: Figure
    axes: Axes
    letters: Lettering
    box: Box
    window: Box | None = None
    """Areas and lines end where this ends."""

    @classmethod
    def blank(cls, paper: str, *, landscape: bool, letters: Lettering) -> Page:
        """An empty sheet of ``"A3"`` or ``"A4"``."""
        box = sheet_box(paper, landscape=landscape)
        figure = Figure(figsize=(box.width / MM_PER_INCH, box.height / MM_PER_INCH), facecolor="white")
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, box.width)
        axes.set_ylim(0, box.height)
        axes.set_axis_off()
        return cls(figure, axes, letters, box)

    def within(self, window: Box) -> Page:
        """The same paper, on which areas and lines end at a frame."""
        return replace(self, window=window)

    def write(self, at: tuple[float, float], text: str, kind: Type, **style: Any) -> None:
        """Text as it stands (a dollar sign is no formula); ``halo=True`` keeps it legible on any ground.

        ``at`` is the middle of the letters' height unless ``va`` says otherwise: not that of their box, which
        a comma would move.
        """
        if "va" not in style and "\n" in text:
            style["va"] = "center"
        if "va" not in style:
            at, style["va"] = (at[0], at[1] - CAP_SHARE / 2 * kind.size * MM_PER_POINT), "baseline"
        halo = [withStroke(linewidth=1.6, foreground="white")] if style.pop("halo", False) else []
        usual = {"ha": "left", "color": INK, "path_effects": halo, "linespacing": 1.1, "zorder": 2}
        font = self.letters.font(kind.size, kind.weight)
        self.axes.text(*at, text, font=font, rotation_mode="anchor", **{**usual, **style}).set_parse_math(False)

    def polygons(self, shapes: Iterable[shapely.Geometry], **style: Any) -> None:
        """Areas, one compound path a shape; what is drawn later lies above."""
        areas = [shapely.multipolygons(parts) for parts in (parts_of(one, "Polygon") for one in shapes) if parts]
        if areas:
            self._add(PathCollection(paths(np.array(areas, dtype=object)), **{"zorder": 1, **style}))

    def lines(self, shapes: Iterable[shapely.Geometry], **style: Any) -> None:
        """Lines, and the outlines of areas."""
        drawn = [shapely.get_coordinates(line) for shape in shapes for line in lines_of(shape)]
        if drawn:
            self._add(LineCollection(drawn, **{"colors": INK, "zorder": 1, **style}))

    def _add(self, collection: Collection) -> None:
        self.axes.add_collection(collection)
        if self.window is not None:
            window = Bbox.from_extents(self.window.west, self.window.south, self.window.east, self.window.north)
            collection.set_clip_box(TransformedBbox(window, self.axes.transData))

    def frame(self, box: Box, width: float = 0.6) -> None:
        """A rectangle without a fill."""
        self.lines([shapely.boundary(box.shape)], linewidths=width, capstyle="projecting")


def sheet_box(paper: str, *, landscape: bool) -> Box:
    """A whole sheet."""
    short, long = PAPERS[paper]
    return Box(0, 0, long, short) if landscape else Box(0, 0, short, long)


def lines_of(shape: shapely.Geometry) -> list[shapely.Geometry]:
    """The simple lines of a geometry, the rings of its polygons too."""
    rings = [ring for part in parts_of(shape, "Polygon") for ring in (part.exterior, *part.interiors)]
    return [*parts_of(shape, "LineString"), *rings]


def text_width(text: str, kind: Type, letters: Lettering) -> float:
    """Width in millimetres of a text of one line."""
    advances = sum(_advance(sign, kind.weight, letters) for sign in text)
    return HINTED * advances * kind.size / _MEASURED_AT


def text_box(text: str, kind: Type, letters: Lettering) -> tuple[float, float]:
    """Width and height in millimetres of a text of one or several lines."""
    lines = text.split("\n")
    return max(text_width(line, kind, letters) for line in lines), kind.line * len(lines)


@lru_cache(maxsize=1)
def _ruler() -> RendererAgg:
    return RendererAgg(1, 1, 72 * 4)  # type: ignore[no-untyped-call]


@lru_cache(maxsize=20_000)
def _advance(sign: str, weight: str, letters: Lettering) -> float:
    font = letters.font(_MEASURED_AT, weight)
    one, five = (
        float(_ruler().get_text_width_height_descent(sign * times, font, False)[0])  # type: ignore[no-untyped-call]
        for times in (1, 5)
    )
    return (five - one) / 4 / (72 * 4) * MM_PER_INCH


def wrapped(text: str, width: float, kind: Type, letters: Lettering) -> list[str]:
    """The lines of a text no wider than ``width`` millimetres; Chinese breaks anywhere, words stay whole."""
    lines, line, room = [], "", width
    for word in _broken(_WORD.findall(text), width, kind, letters):
        needs = text_width(word.rstrip(), kind, letters)
        if line and needs > room:
            lines.append(line.rstrip())
            line, room = "", width
        line, room = line + word, room - text_width(word, kind, letters)
    return [*lines, line.rstrip()] if line else lines or [""]


def _broken(words: Sequence[str], width: float, kind: Type, letters: Lettering) -> list[str]:
    """The words, those wider than a line letter by letter."""
    return [piece for word in words for piece in ([word] if text_width(word, kind, letters) <= width else [*word])]


def shortened(text: str, width: float, kind: Type, letters: Lettering) -> str:
    """A text that keeps to one line of a width, cut with an ellipsis where it must be."""
    if text_width(text, kind, letters) <= width:
        return text
    kept = text
    while kept and text_width(f"{kept}…", kind, letters) > width:
        kept = kept[:-1]
    return f"{kept}…" if kept else ""
