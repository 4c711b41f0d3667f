"""Where everything stands on a sheet: map, table, legend, and room for opinions and seals."""

from __future__ import annotations

from dataclasses import dataclass

from gridopt.publish.sheets.paper import Box, Type, sheet_box

MARGIN = {"A3": 10.0, "A4": 8.0}
PANEL = {("A3", True): 132.0, ("A3", False): 122.0, ("A4", True): 100.0, ("A4", False): 88.0}
"""Width of the panel beside or under the map, by paper and whether it lies on its long side."""
LOWER = {"A3": 152.0, "A4": 112.0}
"""Height of what stands under the map of an upright sheet."""
OPINION = {"A3": 48.0, "A4": 42.0}
COMMENT = {"A3": 34.0, "A4": 24.0}
TITLE, SUBTITLE, NOTE, BOX_TITLE = Type(18, "bold"), Type(8.5), Type(6.5), Type(8, "bold")
HEAD_HEIGHT, FOOT_HEIGHT, GAP = 22.0, 5.0, 3.0
NOTE_LINES = 2
NOTE_ROOM = NOTE_LINES * NOTE.line + 1
"""Height of the notes under the table of the first page."""
LEGEND_ROW, LEGEND_SAMPLE = 5.0, 8.0


@dataclass(frozen=True)
class Layout:
    """Where everything stands on the first page, and the table on the pages after it."""

    landscape: bool
    head: Box
    foot: Box
    map: Box
    table: Box
    legend: Box
    comment: Box
    opinions: Box
    further: Box


def layout_of(paper: str, *, landscape: bool, legend_rows: int) -> Layout:
    """The parts of a sheet."""
    page = sheet_box(paper, landscape=landscape).shrunk(MARGIN[paper])
    head, body = page.cut_top(HEAD_HEIGHT, GAP / 2)
    foot = Box(body.west, body.south, body.east, body.south + FOOT_HEIGHT)
    body = Box(body.west, foot.north + 1, body.east, body.north)
    width = PANEL[paper, landscape]
    if landscape:
        panel, plot = body.cut_east(width, GAP)
    else:
        plot, lower = body.cut_top(body.height - LOWER[paper], GAP)
        panel, table = lower.cut_east(width, GAP)
    legend, comment, opinions, rest = _panel(panel, paper, LEGEND_ROW * legend_rows + 2, upright=not landscape)
    return Layout(landscape, head, foot, plot, rest if landscape else table, legend, comment, opinions, body)


def _panel(panel: Box, paper: str, legend_height: float, *, upright: bool) -> tuple[Box, Box, Box, Box]:
    """Legend, comment box and opinions at the foot of a panel, and the room above them."""
    opinions = Box(panel.west, panel.south, panel.east, panel.south + OPINION[paper])
    if upright:
        legend, rest = panel.cut_top(legend_height, GAP)
        comment = Box(panel.west, opinions.north + GAP, panel.east, rest.north)
        return legend, comment, opinions, rest
    comment = Box(panel.west, opinions.north + GAP, panel.east, opinions.north + GAP + COMMENT[paper])
    legend = Box(panel.west, comment.north + GAP, panel.east, comment.north + GAP + legend_height)
    return legend, comment, opinions, Box(panel.west, legend.north + GAP, panel.east, panel.north)
