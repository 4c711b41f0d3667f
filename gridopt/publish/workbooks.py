"""Workbooks as bytes: text stays text, and the same sheets give the same bytes whenever they are made."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

MOST_TEXT = 32_767
"""Characters that a cell holds."""

HEAD = {"bold": True, "bg_color": "#DCE6F1", "border": 1, "border_color": "#BFBFBF"}
"""The look of a header cell."""

_STILL = datetime(2000, 1, 1)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_AS_THEY_ARE = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
_A4 = 9


class Workbook:
    """A workbook that is being written."""

    def __init__(self) -> None:
        self._written = io.BytesIO()
        self._book = xlsxwriter.Workbook(self._written, {"in_memory": True, **_AS_THEY_ARE})
        self._book.set_properties({"author": "gridopt", "created": _STILL})
        self._looks: dict[tuple[tuple[str, Any], ...], Any] = {}

    def sheet(self, title: str, widths: Sequence[float], *, frozen: tuple[int, int]) -> Sheet:
        """A further sheet with the widths of its columns; rows and columns up to ``frozen`` stay in sight."""
        sheet = self._book.add_worksheet(title)
        sheet.freeze_panes(*frozen)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        return Sheet(self, sheet)

    def look(self, **properties: Any) -> Any:
        """A look of cells (XlsxWriter's names), made once however often it is asked for."""
        key = tuple(sorted(properties.items()))
        if key not in self._looks:
            self._looks[key] = self._book.add_format(properties)
        return self._looks[key]

    def finished(self) -> bytes:
        """The bytes of the whole workbook."""
        self._book.close()
        return self._written.getvalue()


class Sheet:
    """A sheet that is written row by row."""

    def __init__(self, book: Workbook, sheet: Any) -> None:
        self.book, self.raw, self.n_rows = book, sheet, 0

    def add(self, values: Sequence[Any], looks: Sequence[Any]) -> None:
        """The next row; text stays text, so that no code is rounded and no formula run, and what is missing is blank.

        ``looks`` has one look for each value.
        """
        for column, (value, look) in enumerate(zip(values, looks, strict=True)):
            place = (self.n_rows, column)
            if isinstance(value, str):
                self.raw.write_string(*place, without_controls(value)[:MOST_TEXT], look)
            elif value is None or pd.isna(value):
                self.raw.write_blank(*place, None, look)
            elif isinstance(value, bool | np.bool_):
                self.raw.write_boolean(*place, bool(value), look)
            else:
                self.raw.write_number(*place, value, look)
        self.n_rows += 1

    def add_plain(self, values: Sequence[Any], **look: Any) -> None:
        """The next row without borders; a spreadsheet keeps what is text as text when it is edited, too."""
        text, other = self.book.look(**look, num_format="@"), self.book.look(**look)
        self.add(values, [text if isinstance(value, str) else other for value in values])

    def print_wide(self, *, head: int) -> None:
        """Print on A4 across, as wide as one page, the first ``head`` rows on every page."""
        self.raw.repeat_rows(0, head - 1)
        self.raw.set_landscape()
        self.raw.set_paper(_A4)
        self.raw.fit_to_pages(1, 0)


def without_controls(text: str) -> str:
    """Text without the control characters that a workbook cannot hold."""
    return _UNPRINTABLE.sub("", text)
