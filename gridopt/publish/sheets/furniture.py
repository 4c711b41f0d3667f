"""What stands on a sheet beside map and table: north arrow, scale bar, legend, and boxes to be filled by hand."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import shapely

from gridopt.publish.sheets.atlas import Atlas
from gridopt.publish.sheets.drawing import PAST, PAST_DASHES, PAST_LINE, SOFT, WATER, WATER_EDGE
from gridopt.publish.sheets.layout import BOX_TITLE, GAP, LEGEND_ROW, LEGEND_SAMPLE, NOTE, Layout
from gridopt.publish.sheets.paper import INK, Box, Page, Type, text_width, wrapped
from gridopt.publish.sheets.view import View
from gridopt.publish.sheets.words import say

LINES_SHOWN = ("community_border", "grid_border")
SAMPLES = ("current_grids", "roads", "rivers", "railways", "walls", "crossings", "buildings_shown")


def north_box(frame: Box) -> Box:
    """The room of the arrow to the north: the upper right corner."""
    return Box(frame.east - 13, frame.north - 19, frame.east - 2, frame.north - 2)


def scale_box(view: View) -> Box:
    """The room of the scale bar: the lower right corner."""
    frame = view.frame
    length = _bar(view) * view.mm_per_metre
    return Box(frame.east - length - 16, frame.south + 2, frame.east - 2, frame.south + 14)


def _bar(view: View) -> float:
    """Metres that the scale bar is long."""
    return view.round_length(0.2 * view.frame.width)


def draw_north(page: Page, frame: Box, lang: str) -> None:
    """An arrow to the north."""
    box = north_box(frame)
    middle = (box.west + box.east) / 2
    page.polygons([box.shape], facecolors="#ffffffe0", edgecolors="none")
    left = shapely.polygons([(middle, box.south + 1), (middle - 3, box.south), (middle, box.north - 5)])
    right = shapely.polygons([(middle, box.south + 1), (middle + 3, box.south), (middle, box.north - 5)])
    page.polygons([left], facecolors=INK, edgecolors=INK, linewidths=0.6)
    page.polygons([right], facecolors="white", edgecolors=INK, linewidths=0.6)
    page.write((middle, box.north - 2.6), say("north", lang), Type(9, "bold"), ha="center")


def draw_scale(page: Page, view: View) -> None:
    """A bar of a round length with the scale."""
    box, metres = scale_box(view), _bar(view)
    length = metres * view.mm_per_metre
    page.polygons([box.shape], facecolors="#ffffffe0", edgecolors="none")
    west, south = box.west + 7, box.south + 2
    for part in range(4):
        piece = Box(west + part * length / 4, south, west + (part + 1) * length / 4, south + 1.6)
        page.polygons([piece.shape], facecolors=(INK, "white")[part % 2], edgecolors=INK, linewidths=0.6)
    for share in (0, 0.5, 1):
        text = f"{metres * share:g}" + (" m" if share == 1 else "")
        page.write((west + share * length, south + 3.2), text, NOTE, ha="center")
    scale = say("scale", "en", n=f"{view.denominator:,}")
    page.write((west + length / 2, south + 7.4), scale, Type(8, "bold"), ha="center")


def draw_strip(page: Page, view: View, strip: Box, name: str) -> None:
    """Over an enlarged map its name and scale, and a short bar of a round length."""
    y, metres = strip.south + 2.0, view.round_length(0.25 * strip.width)
    page.write((strip.west, y), name, BOX_TITLE)
    after = strip.west + text_width(name, BOX_TITLE, page.letters) + 2.5
    page.write((after, y), say("scale", "en", n=f"{view.denominator:,}"), NOTE)
    told = f"{metres:g} m"
    east = strip.east - text_width(told, NOTE, page.letters) - 1
    page.write((strip.east, y), told, NOTE, ha="right")
    page.lines(
        [shapely.linestrings([(east - metres * view.mm_per_metre, y), (east, y)])], linewidths=2.0, capstyle="butt"
    )


def legend_rows(atlas: Atlas, width: float) -> int:
    """Lines of the legend where everything is shown that the city has."""
    names = [name for name in SAMPLES if atlas.plan.city.layer(name) is not None or name == "buildings_shown"]
    return -(-(len(names) + 2) // _legend_columns(atlas, width))


def _legend_columns(atlas: Atlas, width: float) -> int:
    widest = max(text_width(say(name, atlas.lang), NOTE, atlas.letters) for name in (*LINES_SHOWN, *SAMPLES))
    return max(int((width - 1.5) // (widest + LEGEND_SAMPLE + 3.5)), 1)


def draw_legend(page: Page, atlas: Atlas, drawn: Collection[str], box: Box) -> None:
    """A sample of every line and symbol on the map."""
    page.frame(box, 0.5)
    columns = _legend_columns(atlas, box.width)
    for place, name in enumerate([*LINES_SHOWN, *(name for name in SAMPLES if name in drawn)]):
        x = box.west + 1.5 + place % columns * (box.width - 1.5) / columns
        y = box.north - 1 - (place // columns + 0.5) * LEGEND_ROW
        _sample(page, name, Box(x, y - 1.2, x + LEGEND_SAMPLE, y + 1.2))
        page.write((x + LEGEND_SAMPLE + 1.2, y), say(name, atlas.lang), NOTE)


def _sample(page: Page, name: str, box: Box) -> None:
    middle = (box.south + box.north) / 2
    line = [shapely.linestrings([(box.west, middle), (box.east, middle)])]
    lozenge = shapely.points((box.west + box.east) / 2, middle).buffer(0.9, quad_segs=1)
    areas = {
        "rivers": ([box.shape], WATER, WATER_EDGE),
        "crossings": ([lozenge], "white", INK),
        "buildings_shown": ([box.shrunk(0.3).shape], "white", "#4a4a4a"),
    }
    lines: dict[str, list[tuple[str, float, Any]]] = {
        "community_border": [(INK, 3.2, "-")],
        "grid_border": [(INK, 1.9, "-")],
        "current_grids": [(PAST, PAST_LINE, PAST_DASHES)],
        "roads": [("#8a8a8a", 3.2, "-"), ("white", 2.4, "-")],
        "railways": [("#3c3c3c", 2.4, "-"), ("white", 1.4, (0, (4, 4)))],
        "walls": [(SOFT, 0.6, (0, (4, 1.2)))],
    }
    if name in areas:
        shapes, body, edge = areas[name]
        page.polygons(shapes, facecolors=body, edgecolors=edge, linewidths=0.7)
    for colour, width, dashes in lines.get(name, []):
        page.lines(line, colors=colour, linewidths=width, linestyles=dashes, capstyle="butt")


def draw_boxes(page: Page, layout: Layout, lang: str) -> None:
    """Room for changes asked for, and for the opinions of community and township with their seals."""
    box = layout.comment
    page.frame(box, 0.9)
    page.write((box.west + 2, box.north - 3.5), say("comment", lang), BOX_TITLE)
    half = (layout.opinions.width - GAP) / 2
    township, _ = layout.opinions.cut_east(half)
    community = Box(layout.opinions.west, township.south, layout.opinions.west + half, township.north)
    for name, one in (("of_community", community), ("of_township", township)):
        page.frame(one, 0.9)
        for place, text in enumerate(wrapped(say(name, lang), one.width - 4, BOX_TITLE, page.letters)):
            page.write((one.west + 2, one.north - 3.5 - place * BOX_TITLE.line), text, BOX_TITLE)
        page.write((one.west + 2, one.south + 9), say("signed", lang), NOTE)
        page.write((one.east - 2, one.south + 9), say("seal", lang), NOTE, ha="right")
        page.write((one.east - 2, one.south + 4), say("day", lang), NOTE, ha="right")
