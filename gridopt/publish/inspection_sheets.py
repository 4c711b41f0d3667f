"""What a person must look at before drawing, as a workbook: rows to confirm, figures to check."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pandas as pd
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from gridopt.city import City
from gridopt.errors import GridoptError
from gridopt.publish.atomic import write_bytes
from gridopt.read.inspection import matches_of
from gridopt.read.matches import HEADINGS
from gridopt.read.plausibility import COLUMNS, outliers

SHEETS = {"matches": ("matches", "对应表"), "outliers": ("outliers", "可疑数值")}
_HEADINGS_ZH = {
    **{key: words[1] for key, words in HEADINGS.items()},
    **dict(zip(COLUMNS, "检查项 图层 编号 名称 数值 通常 可能原因".split(), strict=True)),
    "households": "户数",
    "residents": "人口",
    "dwellings": "套数",
}
_WIDEST = 60


def write_sheets(city: City, file: str | Path, *, lang: str | None = None) -> Path:
    """Write the rows joined by name and the figures that cannot well be true as one workbook (.xlsx).

    The sheet of matches has an empty column to confirm in; corrected, it is named in the project file:
    ``matches = "..."`` under ``[layers.population]``.

    Raises:
        GridoptError: the file's name does not end in .xlsx, or it cannot be written.
    """
    if Path(file).suffix.lower() != ".xlsx":
        raise GridoptError(
            f"{file}: the sheets are a workbook; let its name end in .xlsx.",
            zh=f"{file}：核对表为工作簿，文件名请以 .xlsx 结尾。",
        )
    lang = lang or city.settings.lang
    found = matches_of(city)
    matches = pd.DataFrame(columns=list(HEADINGS)) if found is None else found.table(lang)
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, table in (("matches", matches), ("outliers", outliers(city, lang))):
        _add_sheet(book, SHEETS[name][lang == "zh"], table, lang)
    written = io.BytesIO()
    book.save(written)
    return write_bytes(file, written.getvalue())


def _add_sheet(book: openpyxl.Workbook, title: str, table: pd.DataFrame, lang: str) -> None:
    sheet = book.create_sheet(title)
    names = [str(name) for name in table.columns]
    sheet.append([_HEADINGS_ZH.get(name, name) if lang == "zh" else name for name in names])
    for row in table.itertuples(index=False):
        sheet.append([None if pd.isna(value) or value == "" else value for value in row])
    for number, name in enumerate(names, 1):
        sheet.cell(1, number).font = Font(bold=True)
        longest = max((len(str(value)) for value in table[name]), default=0)
        sheet.column_dimensions[get_column_letter(number)].width = min(max(longest * 1.6, 12), _WIDEST)
        for cells in sheet.iter_rows(min_row=2, min_col=number, max_col=number):
            if isinstance(cells[0].value, str):
                # Text stays text: codes keep their digits, and no cell becomes a formula.
                cells[0].data_type, cells[0].number_format = "s", "@"
    sheet.freeze_panes = "A2"
