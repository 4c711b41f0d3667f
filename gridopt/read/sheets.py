"""Tables from spreadsheets: CSV in any Chinese encoding, XLSX and XLS; every cell stays as it was typed."""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from gridopt.errors import TableError
from gridopt.read.contents import Place, kind_of
from gridopt.read.encodings import decode
from gridopt.read.headers import Merge, Rows, Sheet, table_of_rows

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook


_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_NO_RESULT = re.compile(
    rb'<c r="([A-Z]+[0-9]+)"(?![^>]*t="str")[^>]*><f(?:[^>]*/>|[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>'
)
"""A cell with a formula and no value; where the value is an empty text, that is its result."""


def read_csv(file: Place) -> tuple[Sheet, str]:
    """A CSV's table and its encoding.

    Commas, tabs, semicolons and bars are told apart by the file itself; all cells are text, so that
    codes keep their leading zeros.
    """
    text, encoding = decode(file.read_bytes())
    lines = [line for line in text.split("\n")[:50] if line.strip()]
    separator = max(",\t;|", key=lambda mark: sum(line.count(mark) for line in lines))
    rows: Rows = [list(row) for row in csv.reader(io.StringIO(text.replace("\0", "")), delimiter=separator)]
    return table_of_rows(rows), encoding


def sheet_names(file: Place) -> list[str]:
    """The sheets of a workbook that hold anything, hidden or not."""
    book = _workbook(file)
    names = [name for name in book.sheet_names if book.get_sheet_by_name(name).height]
    return names or list(book.sheet_names)


def read_sheet(file: Place, sheet: str) -> Sheet:
    """One sheet's table."""
    found = _workbook(file).get_sheet_by_name(sheet)
    rows = [[_cell(value) for value in row] for row in found.to_python(skip_empty_area=False)]
    return replace(table_of_rows(rows, _merges(found)), unsolved=_unsolved(file, sheet))


def _unsolved(file: Place, sheet: str) -> tuple[str, ...]:
    """The cells of a sheet whose formula has no result: programs write them so, and Excel shows one all the same."""
    if kind_of(file) != ".xlsx":
        return ()
    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as parts:
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= set(parts.namelist()):
            return ()
        sheets = ElementTree.fromstring(parts.read("xl/workbook.xml")).iterfind(f".//{_MAIN}sheet")
        own = next((one.get(_LINK) for one in sheets if one.get("name") == sheet), None)
        links = ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))
        targets = {link.get("Id"): str(link.get("Target")) for link in links}
        at = targets.get(own, "").removeprefix("/xl/")
        if f"xl/{at}" not in parts.namelist():
            return ()
        return tuple(cell.decode() for cell in _NO_RESULT.findall(parts.read(f"xl/{at}")))


def _workbook(file: Place) -> CalamineWorkbook:
    import python_calamine

    try:
        return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(file.read_bytes()))
    except (python_calamine.CalamineError, OSError) as error:
        kind = kind_of(file)[1:].upper()
        raise TableError(
            f"{file.name} is not a readable {kind} workbook ({error}). Save it again as .xlsx, without a password.",
            zh=f"{file.name} 不是可读取的 {kind} 工作簿（{error}）。请去掉密码，另存为 .xlsx。",
        ) from error


def _merges(sheet: CalamineSheet) -> list[Merge]:
    return [(*first, *last) for first, last in sheet.merged_cell_ranges or ()]


def _cell(value: object) -> object:
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.timedelta):
        return str(value)
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else value
