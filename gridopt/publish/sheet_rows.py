"""Rows of a worksheet as XML: openpyxl makes the rest of a workbook, but is slow at hundreds of thousands of cells."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from openpyxl.utils import get_column_letter

_PROPERTIES, _END = b"</sheetPr>", b"</sheetData>"


@dataclass(frozen=True)
class Rows:
    """Rows that follow those of a worksheet that openpyxl wrote, as XML, and the cell in its last row and column."""

    xml: str
    last: str

    @classmethod
    def of(cls, rows: Iterable[Sequence[tuple[Any, int]]], *, after: int, n_columns: int) -> Rows:
        """From the (value, number of its style) of each cell; ``after`` is the number of rows before them."""
        letters = [get_column_letter(place) for place in range(1, n_columns + 1)]
        lines = []
        for number, row in enumerate(rows, after + 1):
            cells = [_cell(f"{letter}{number}", *cell) for letter, cell in zip(letters, row, strict=False)]
            lines.append(f'<row r="{number}">{"".join(cells)}</row>')
        return cls("".join(lines), f"{letters[-1]}{after + len(lines)}")

    def added_to(self, sheet: bytes) -> bytes:
        """The XML of a worksheet with these rows last, and its size, which spares a reader to count cells first."""
        size = f'<dimension ref="A1:{self.last}" />'.encode()
        return sheet.replace(_PROPERTIES, _PROPERTIES + size, 1).replace(_END, self.xml.encode() + _END)


def _cell(place: str, value: Any, style: int) -> str:
    """One cell: text inline, so that no code is rounded and no formula run; nothing for what is missing."""
    head = f'<c r="{place}" s="{style}" t='
    if isinstance(value, str):
        if not value:
            return f'{head}"inlineStr" />'
        space = ' xml:space="preserve"' if value.strip() not in ("", value) else ""
        return f'{head}"inlineStr"><is><t{space}>{html.escape(value, quote=False)}</t></is></c>'
    if value is None or pd.isna(value):
        return f'{head}"n" />'
    if isinstance(value, bool | np.bool_):
        return f'{head}"b"><v>{int(value)}</v></c>'
    return f'{head}"n"><v>{value:.16g}</v></c>'
