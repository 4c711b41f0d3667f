"""Tables on a sheet: rows laid out by the height they need, as many as a box holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gridopt.publish.lettering import Lettering
from gridopt.publish.sheets.paper import INK, Box, Page, Type, shortened, text_box, wrapped
from gridopt.publish.sheets.tones import Tone, fill

HEAD = Type(6.5, "bold")
CELL = Type(7.0)
STRONG = Type(7.0, "bold")
DETAIL = Type(6.0)
ROW = 4.6
"""Height of a row's cells in millimetres."""
PAD, CLOSE = 0.8, 0.3
SMALLEST = 4.5
"""Points of the smallest letters in a cell."""
SWATCH = 5.0


@dataclass(frozen=True)
class Column:
    """A heading, its share of the width, and whether its cells are numbers and stand flush right."""

    heading: str
    share: float
    is_number: bool = False


@dataclass(frozen=True)
class Row:
    """The cells of a row, the lines of text under them, and the tone shown in front."""

    cells: Sequence[str]
    details: Sequence[str] = ()
    tone: Tone | None = None
    is_total: bool = False


@dataclass(frozen=True)
class Grid:
    """A table: columns, rows, and whether a swatch of tone stands before each row."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    has_swatches: bool = False

    def head_height(self) -> float:
        lines = max(column.heading.count("\n") + 1 for column in self.columns)
        return lines * HEAD.line * 0.95 + 2 * PAD

    def edges(self, box: Box) -> list[float]:
        """Where columns begin and end, the swatch's apart."""
        west = box.west + (SWATCH if self.has_swatches else 0.0)
        total = sum(column.share for column in self.columns)
        edges = [west]
        for column in self.columns:
            edges.append(edges[-1] + column.share / total * (box.east - west))
        return edges


def detail_lines(row: Row, box: Box, table: Grid, letters: Lettering) -> list[str]:
    """The lines under a row's cells, broken to the width of the box."""
    width = box.width - (SWATCH if table.has_swatches else 0.0) - 2 * PAD
    return [line for text in row.details for line in wrapped(text, width, DETAIL, letters)]


def row_height(row: Row, box: Box, table: Grid, letters: Lettering) -> float:
    """Height that a row needs in millimetres."""
    lines = detail_lines(row, box, table, letters)
    return ROW + (len(lines) * DETAIL.line + PAD if lines else 0.0)


def height_of(table: Grid, rows: Sequence[Row], box: Box, letters: Lettering) -> float:
    """Height in millimetres of the heading and these rows."""
    return table.head_height() + sum(row_height(row, box, table, letters) for row in rows)


def fitting(table: Grid, rows: Sequence[Row], box: Box, letters: Lettering) -> int:
    """How many of the rows a box holds under the heading; at least one, so that every table ends."""
    room = box.height - table.head_height()
    for count, row in enumerate(rows):
        room -= row_height(row, box, table, letters)
        if room < 0:
            return max(count, 1)
    return len(rows)


def pages_of(table: Grid, first: Box, further: Box, letters: Lettering) -> list[Sequence[Row]]:
    """The rows page by page: what ``first`` holds, then as much as ``further`` holds on each page after it."""
    pages: list[Sequence[Row]] = []
    left = list(table.rows)
    while left or not pages:
        count = fitting(table, left, further if pages else first, letters)
        pages.append(left[:count])
        left = left[count:]
    return pages


def draw_table(page: Page, table: Grid, rows: Sequence[Row], box: Box) -> float:
    """Draw rows from the top of a box; the line on which the table ends."""
    head, below = box.cut_top(table.head_height())
    page.polygons([head.shape], facecolors="#e6e6e6", edgecolors="none")
    edges = table.edges(box)
    for column, west, east in zip(table.columns, edges, edges[1:], strict=False):
        kind = _fitting_type(column.heading, east - west - 2 * CLOSE, HEAD, page.letters)
        page.write(((west + east) / 2, (head.south + head.north) / 2), column.heading, kind, ha="center")
    line = below.north
    for row in rows:
        strip = Box(box.west, line - row_height(row, box, table, page.letters), box.east, line)
        _draw_row(page, table, row, strip)
        line = strip.south
    page.frame(Box(box.west, line, box.east, box.north), 0.9)
    return line


def _draw_row(page: Page, table: Grid, row: Row, strip: Box) -> None:
    if row.tone is not None:
        fill(page, Box(strip.west, strip.south, strip.west + SWATCH, strip.north).shape, row.tone)
    page.frame(strip, 0.4)
    kind = STRONG if row.is_total else CELL
    edges = table.edges(strip)
    middle = strip.north - ROW / 2
    for column, text, west, east in zip(table.columns, row.cells, edges, edges[1:], strict=False):
        own = _fitting_type(text, east - west - 2 * PAD, kind, page.letters)
        shown = shortened(text, east - west - 2 * PAD, own, page.letters)
        at, side = (east - PAD, "right") if column.is_number else (west + PAD, "left")
        page.write((at, middle), shown, own, ha=side, color=INK)
    for number, text in enumerate(detail_lines(row, strip, table, page.letters)):
        page.write((edges[0] + PAD, strip.north - ROW - (number + 0.5) * DETAIL.line), text, DETAIL)


def _fitting_type(text: str, width: float, kind: Type, letters: Lettering) -> Type:
    """The letters of a cell, smaller where it would not fit: a code that is cut is none."""
    needed = text_box(text, kind, letters)[0]
    return Type(max(round(kind.size * width / needed - 0.05, 1), SMALLEST), kind.weight) if needed > width else kind
