"""What a person must look at before drawing, as a workbook: rows to confirm, figures to check."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gridopt.city import City
from gridopt.errors import GridoptError
from gridopt.publish.atomic import write_bytes
from gridopt.publish.workbooks import Workbook
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
    book = Workbook()
    for name, table in (("matches", matches), ("outliers", outliers(city, lang))):
        _add_sheet(book, SHEETS[name][lang == "zh"], table, lang)
    return write_bytes(file, book.finished())


def _add_sheet(book: Workbook, title: str, table: pd.DataFrame, lang: str) -> None:
    names = [str(name) for name in table.columns]
    longest = [max((len(str(value)) for value in table[name]), default=0) for name in names]
    sheet = book.sheet(title, [min(max(length * 1.6, 12), _WIDEST) for length in longest], frozen=(1, 0))
    sheet.add_plain([_HEADINGS_ZH.get(name, name) if lang == "zh" else name for name in names], bold=True)
    for row in table.itertuples(index=False):
        sheet.add_plain([None if value == "" else value for value in row])
