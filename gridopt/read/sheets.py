"""Tables from spreadsheets: CSV in any Chinese encoding, XLSX; every cell stays as it was typed."""

from __future__ import annotations

import csv
import datetime
import io
import warnings
import zipfile
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from gridopt.errors import TableError
from gridopt.read.contents import Place
from gridopt.read.encodings import decode

Rows = list[list[object]]


def read_csv(file: Place) -> tuple[pd.DataFrame, str, int]:
    """A CSV's table, its encoding, and how many title rows stood above the header.

    Commas, tabs, semicolons and bars are told apart by the file itself; all cells are text, so that
    codes keep their leading zeros.
    """
    text, encoding = decode(file.read_bytes())
    lines = [line for line in text.split("\n")[:50] if line.strip()]
    separator = max(",\t;|", key=lambda mark: sum(line.count(mark) for line in lines))
    rows: Rows = [list(row) for row in csv.reader(io.StringIO(text.replace("\0", "")), delimiter=separator)]
    table, skipped = table_of_rows(rows)
    return table, encoding, skipped


def sheet_names(file: Place) -> list[str]:
    """The sheets of a workbook."""
    return list(_workbook(file))


def read_sheet(file: Place, sheet: str) -> tuple[pd.DataFrame, int]:
    """One sheet's table, and how many title rows stood above the header."""
    return table_of_rows(_workbook(file)[sheet])


def _workbook(file: Place) -> dict[str, Rows]:
    import openpyxl

    with warnings.catch_warnings():
        # openpyxl warns of styles and validations it drops; cell values are all that is read here.
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(io.BytesIO(file.read_bytes()), read_only=True, data_only=True)
        except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
            raise TableError(
                f"{file.name} is not a readable XLSX workbook ({error}). Save it again as .xlsx.",
                zh=f"{file.name} 不是可读取的 XLSX 工作簿（{error}）。请另存为 .xlsx。",
            ) from error
        try:
            return {name: [[_cell(value) for value in row] for row in book[name].values] for name in book.sheetnames}
        finally:
            book.close()


def _cell(value: object) -> object:
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else value


def table_of_rows(rows: Rows) -> tuple[pd.DataFrame, int]:
    """A table from raw rows, indexed by their numbers in the sheet (from 1), and the title rows above its header.

    The header is the first row with more than half as many cells as rows usually have.
    """
    plain = [[_blank_to_none(cell) for cell in row] for row in rows]
    numbers = [number for number, row in enumerate(plain, 1) if any(cell is not None for cell in row)]
    filled = [plain[number - 1] for number in numbers]
    if not filled:
        return pd.DataFrame(), 0
    counts = Counter(_count(row) for row in filled[:200])
    usual = max(counts, key=lambda count: (counts[count], count))
    header_at = next(i for i, row in enumerate(filled) if 2 * _count(row) > usual)
    header = _unique([str(cell).strip() if cell is not None else "" for cell in filled[header_at]])
    body = [[*row, *[None] * len(header)][: len(header)] for row in filled[header_at + 1 :]]
    table = pd.DataFrame(body, columns=header, index=pd.Index(numbers[header_at + 1 :], dtype="int64"), dtype=object)
    return table[[name for name in header if name]], header_at


def _blank_to_none(cell: object) -> object:
    return None if cell is None or (isinstance(cell, str) and not cell.strip()) else cell


def _count(row: Sequence[object]) -> int:
    return sum(cell is not None for cell in row)


def _unique(names: Sequence[str]) -> list[str]:
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        seen[name] += bool(name)
        result.append(f"{name}_{seen[name]}" if seen[name] > 1 else name)
    return result
