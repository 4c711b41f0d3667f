"""``tables.xlsx`` and the CSV files: the plan for people who work in spreadsheets."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from gridopt.grids import Plan
from gridopt.publish.sheet_rows import Rows
from gridopt.read.plan_folder import LISTS, SHEETS
from gridopt.terms import TERMS, label, labels

TITLES = {
    "grids": ("网格划分一览表", "Grids"),
    "posts": ("岗位", "Posts"),
    "buildings": ("楼栋归属", "Buildings by grid"),
    "violations": ("需说明事项", "Matters to explain"),
}
_TOTALS = ("households", "residents", "buildings", "area_m2")
_WIDTHS = {"scope": 40, "bounds_text": 40, "reason": 48, "remedy": 40, "name": 26, "community": 16, "township": 16} | {
    "grid_code": 21,
    "grid_codes": 30,
    "unit_ids": 30,
    "building_id": 18,
    "community_id": 16,
    "township_id": 14,
    "post_id": 20,
    "grid": 26,
}
_WORDS = frozenset("kind class rule proof relaxed role status area_kind unmet".split())
_OWN_WORDS = frozenset({"employment", "use"})
"""Columns whose words have terms of their own, ``use.market``: a market is also a place with another name."""
_HEADINGS: Mapping[tuple[str, str], str] = {("buildings", "grid"): "grid_name", ("buildings", "name"): "building_name"}
_FORMATS = {"area_m2": "#,##0", "walk_mean_m": "0", "households": "#,##0", "residents": "#,##0", "buildings": "#,##0"}
_MOST_ROWS = 20_000
"""Rows of a sheet: one of more is slow to write and to open. More buildings are in their CSV file alone."""
_A4 = 9
_STILL = datetime(2000, 1, 1)
_RUN = ("=", "+", "@", "\t", "\r")
"""What a formula begins with."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_HEAD = PatternFill("solid", fgColor="DCE6F1")
_SUBTOTAL = PatternFill("solid", fgColor="F2F2F2")
_THIN = Border(*[Side("thin", color="BFBFBF")] * 4)


@dataclass(frozen=True)
class _Row:
    values: Sequence[Any]
    is_total: bool = False


def workbook(plan: Plan, layers: Mapping[str, Any], lang: str) -> bytes:
    """The workbook as bytes, the same for the same plan: four sheets, codes and ids as text cells.

    A sheet has a title row and a header row (both frozen and printed on every page), then one row a
    grid, post, building or matter to explain; grids have subtotals by township and a total.
    """
    tables = {
        "grids": _grid_rows(plan, layers["grids"], lang),
        "posts": _plain_rows(layers["posts"], "posts", lang),
        "buildings": _plain_rows(_housed(layers), "buildings", lang),
        "violations": _plain_rows(layers["violations"], "violations", lang),
    }
    book = openpyxl.Workbook(write_only=True)
    rows = {
        f"xl/worksheets/sheet{number}.xml": _write_sheet(book, (name, _title(plan, name, lang)), given, lang)
        for number, (name, given) in enumerate(tables.items(), 1)
    }
    book.properties.creator = "gridopt"
    book.properties.created = book.properties.modified = _STILL
    written = io.BytesIO()
    book.save(written)
    return still(written.getvalue(), rows)


def _title(plan: Plan, name: str, lang: str) -> str:
    heading = TITLES[name][lang == "en"]
    statuses = sorted(set(plan.grids["status"]))
    stated = [label(one, lang) for one in statuses]
    city = plan.city.name
    return f"{city}{heading}（{'、'.join(stated)}）" if lang == "zh" else f"{city} · {heading} ({', '.join(stated)})"


def _grid_rows(plan: Plan, grids: pd.DataFrame, lang: str) -> Iterator[_Row]:
    """Grids township by township, each followed by its subtotal, and the total last."""
    columns = SHEETS["grids"]
    names = plan.city.communities
    called = names.groupby("township_id")["township"].first().to_dict() if "township" in names else {}
    for township_id, group in grids.groupby("township_id", sort=True):
        township = str(called.get(township_id) or township_id)
        for row in group.assign(township=township)[columns].itertuples(index=False):
            yield _Row(_worded(columns, row, lang))
        yield _total(columns, group, f"{township} {'小计' if lang == 'zh' else 'subtotal'}")
    yield _total(columns, grids, "合计" if lang == "zh" else "total")


def _total(columns: Sequence[str], grids: pd.DataFrame, heading: str) -> _Row:
    sums = {name: grids[name].sum() for name in _TOTALS}
    return _Row([heading, *[sums.get(name) for name in columns[1:]]], is_total=True)


def _housed(layers: Mapping[str, Any]) -> pd.DataFrame:
    """Buildings sorted by grid, with the grid's name."""
    buildings, grids = layers["buildings"], layers["grids"]
    named = pd.DataFrame(buildings).assign(grid=buildings["grid_code"].map(grids.set_index("grid_code")["name"]))
    return named.sort_values(["grid_code", "estate", "building_id"], kind="stable")


def _plain_rows(table: pd.DataFrame, name: str, lang: str) -> Iterator[_Row]:
    columns = SHEETS[name]
    shown = 0 if name == "buildings" and len(table) > _MOST_ROWS else _MOST_ROWS
    for row in table.head(shown)[columns].itertuples(index=False):
        yield _Row(_worded(columns, row, lang))
    if len(table) > shown:
        rest = len(table) - shown
        yield _Row(
            [f"另有 {rest} 行，见 {name}.csv" if lang == "zh" else f"{rest} more rows in {name}.csv"], is_total=True
        )


def _worded(columns: Sequence[str], row: Sequence[Any], lang: str) -> list[Any]:
    """A row with its code words in the reader's language."""
    return [
        _word(name, value, lang) if isinstance(value, str) else value for name, value in zip(columns, row, strict=True)
    ]


def _word(column: str, value: str, lang: str) -> str:
    if column in _OWN_WORDS:
        return label(f"{column}.{value}", lang) if f"{column}.{value}" in TERMS else value
    return labels(value, lang) if column in _WORDS else value


def _write_sheet(book: Any, named: tuple[str, str], rows: Iterator[_Row], lang: str) -> Rows:
    """A sheet with its heads; returns the rows that belong below."""
    name, title = named
    columns = SHEETS[name]
    sheet = book.create_sheet(TITLES[name][lang == "en"])
    sheet.freeze_panes = "A3"
    sheet.print_title_rows = "1:2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)
    for place, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = _WIDTHS.get(column, 12)
    sheet.append([_styled(sheet, title, font=Font(bold=True, size=14))])
    sheet.append([_header(sheet, _HEADINGS.get((name, column), column), lang) for column in columns])
    styles: dict[tuple[str, bool, bool], int] = {}
    cells = (_cells(sheet, row, columns, styles) for row in rows)
    return Rows.of(cells, after=2, n_columns=len(columns))


def _cells(
    sheet: Any, row: _Row, columns: Sequence[str], styles: dict[tuple[str, bool, bool], int]
) -> list[tuple[Any, int]]:
    """The cells of a row, which may end early; ``styles`` holds the number of each (column, is total, is text)."""
    cells = []
    for value, column in zip(row.values, columns, strict=False):
        key = column, row.is_total, isinstance(value, str)
        if key not in styles:
            styles[key] = _styled(sheet, None, **_style(*key)).style_id
        cells.append((without_controls(value) if key[2] else value, styles[key]))
    return cells


def _header(sheet: Any, column: str, lang: str) -> Any:
    alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    return _styled(sheet, label(column, lang), font=Font(bold=True), fill=_HEAD, border=_THIN, alignment=alignment)


def _styled(sheet: Any, value: Any, **style: Any) -> Any:
    cell = WriteOnlyCell(sheet, value)
    for name, one in style.items():
        setattr(cell, name, one)
    return cell


def _style(column: str, is_total: bool, is_text: bool) -> dict[str, Any]:
    style = {"border": _THIN, "number_format": "@" if is_text else _FORMATS.get(column, "General")}
    if is_text:
        style["alignment"] = Alignment(vertical="top", wrap_text=_WIDTHS.get(column, 0) >= 30)
    return style | ({"font": Font(bold=True), "fill": _SUBTOTAL} if is_total else {})


def still(book: bytes, rows: Mapping[str, Rows] = MappingProxyType({})) -> bytes:
    """The same workbook with every date in its archive set to one fixed moment, and further rows by worksheet."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "docProps/core.xml":
                stamp = _STILL.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, content)
            if name in rows:
                content = rows[name].added_to(content)
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, content)
    return written.getvalue()


def lists(layers: Mapping[str, Any]) -> dict[str, bytes]:
    """The CSV files by name, UTF-8 with a BOM so that spreadsheets read Chinese."""
    files = {}
    for name, columns in LISTS.items():
        table = pd.DataFrame(layers[name.removesuffix(".csv")])[list(columns)]
        texts = [column for column in columns if pd.api.types.is_string_dtype(table[column])]
        table[texts] = table[texts].apply(_harmless_column)
        files[name] = table.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")
    return files


def harmless(text: str) -> str:
    """Text that a spreadsheet would run as a formula, behind an apostrophe."""
    return f"'{text}" if text.startswith(_RUN) else text


def _harmless_column(texts: pd.Series[str]) -> pd.Series[str]:
    return texts.mask(texts.str.startswith(_RUN, na=False), "'" + texts)


def without_controls(text: str) -> str:
    """Text without the control characters that a workbook cannot hold."""
    return _UNPRINTABLE.sub("", text)
