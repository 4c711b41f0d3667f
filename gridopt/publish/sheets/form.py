"""The form on which changes come back: the decisions table as a workbook, its rows begun and left to be filled."""

from __future__ import annotations

import io
from collections.abc import Iterator

import openpyxl
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from gridopt.publish.sheets.atlas import Atlas
from gridopt.publish.tables import still, without_controls
from gridopt.read.decisions import HEADERS, KINDS

HEADINGS_ZH = dict(zip(HEADERS, "决定 对象 目标 社区 决定人 日期 理由".split(), strict=True))
GIVEN = {"grid_code": ("grid code", "网格编码"), "grid": ("grid name", "现网格"), "scope": ("holds now", "现范围")}
"""Columns that tell what a row is about; they stand after the others and are no part of the decisions."""
WIDTHS = {"kind": 10, "object": 26, "target": 22, "community": 16, "who": 10, "date": 12, "reason": 26} | {
    "grid_code": 21,
    "grid": 22,
    "scope": 60,
}
FREE_ROWS = 3
"""Rows of each community beyond one a grid."""
EXPLAINED = {
    "belongs": ("the object goes to the grid named as target", "对象划入目标网格"),
    "together": ("object and target in one grid", "对象与目标划入同一网格"),
    "apart": ("object and target in two grids", "对象与目标不在同一网格"),
    "frozen": ("the grid stays as it is", "网格保持不变，不填目标"),
    "border": ("the named line parts grids", "以所列道路、河流为界"),
    "name": ("the object's grid is called so", "对象所在网格以目标命名"),
    "code": ("the object's grid has this code", "对象所在网格以目标为编码"),
}
"""What each kind means; all of it together is a message of at most 255 letters beside the cell."""
_THIN = Border(*[Side("thin", color="BFBFBF")] * 4)
_HEAD, _KNOWN = PatternFill("solid", fgColor="DCE6F1"), PatternFill("solid", fgColor="F2F2F2")


def decisions_form(atlas: Atlas) -> bytes:
    """The workbook as bytes, the same for the same plan.

    One row a grid and some free ones a community, with the community filled in and the kinds to choose
    from a list. It is read as ``[layers.decisions]``; rows without a decision are passed over.
    """
    book = openpyxl.Workbook()
    sheet = book.active
    is_zh = atlas.lang == "zh"
    sheet.title = "decisions" if not is_zh else "意见"
    columns = [*HEADERS, *GIVEN]
    headings = [HEADINGS_ZH.get(name, name) if is_zh else name for name in HEADERS]
    sheet.append([*headings, *(words[is_zh] for words in GIVEN.values())])
    for row in _rows(atlas):
        sheet.append([without_controls(row[name]) if name in row else None for name in columns])
    _dress(sheet, columns)
    kinds = {_kind(kind, atlas.lang): EXPLAINED[kind][is_zh] for kind in KINDS}
    choice = DataValidation(type="list", formula1=f'"{",".join(kinds)}"', allow_blank=True, showInputMessage=True)
    choice.prompt = "\n".join(f"{kind}: {words}" for kind, words in kinds.items())
    sheet.add_data_validation(choice)
    choice.add(f"A2:A{sheet.max_row + 200}")
    book.properties.creator = "gridopt"
    written = io.BytesIO()
    book.save(written)
    return still(written.getvalue())


def _kind(kind: str, lang: str) -> str:
    """The word for a kind that the reader knows."""
    words = KINDS[kind].split()
    return next(word for word in words if not word.isascii()) if lang == "zh" else words[0]


def _rows(atlas: Atlas) -> Iterator[dict[str, str]]:
    for community_id, name in atlas.communities["community"].items():
        community = {"community": str(name or community_id)}
        for code, grid in atlas.grids(str(community_id)).iterrows():
            yield community | {"grid_code": str(code), "grid": str(grid["name"]), "scope": str(grid["scope"])}
        yield from [community] * FREE_ROWS


def _dress(sheet: openpyxl.worksheet.worksheet.Worksheet, columns: list[str]) -> None:
    for place, name in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = WIDTHS[name]
        sheet.cell(1, place).font, sheet.cell(1, place).fill = Font(bold=True), _HEAD
        for (cell,) in sheet.iter_rows(min_col=place, max_col=place):
            cell.border, cell.number_format = _THIN, "@"
            cell.alignment = Alignment(vertical="top", wrap_text=name == "scope")
            if isinstance(cell.value, str):
                cell.data_type = "s"
            if name in GIVEN and cell.row > 1:
                cell.fill = _KNOWN
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)
