"""Where a spreadsheet's table begins: titles above it, headers of several rows, merged cells."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

Rows = list[list[object]]
Merge = tuple[int, int, int, int]
"""A merged block of cells: first row, first column, last row, last column, from 0."""

UNITS_OF_MEASURE = frozenset(
    (
        "户 戶 人 口 万人 萬人 万户 套 栋 棟 幢 层 層 个 個 家 亩 畝 公顷 公頃 平方米 平方公里 平方千米 米 公里 "
        "% ㎡ m2 km2 ha"
    ).split()
)
"""Words that fill a row of units of measure under a header."""

_NUMBER = re.compile(r"[+-]?[\d,]+\.?\d*%?")
_STEMS = "甲乙丙丁戊己庚辛"
_NOTE = re.compile(
    r"[*※(]*\s*(?:备\s*注|注释?|附注|備\s*註|註|说\s*明|說明|\w{0,4}来源|\w{0,4}來源|[填制统审复][报表核计]\w{0,2}"
    r"|(?:单位)?负责人|经办人|联系\w{1,2}|notes?|remarks?|sources?|prepared by)\s*\d*\s*:|(?:数据)?截[至止]",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table as it stands in a spreadsheet, indexed by the row numbers that the sheet shows.

    ``title_rows`` stood above the header, which took ``header_rows``; ``notes`` are the numbers of the rows
    below the table ("注：…", "填表人：…"). ``shared`` names, column by column, the positions of the rows whose
    number belongs to a merged cell that began further up or to the left; ``unsolved`` are cells whose formula was
    never calculated ("C2").
    """

    table: pd.DataFrame
    title_rows: int = 0
    header_rows: int = 1
    shared: dict[str, list[int]] = field(default_factory=dict)
    notes: tuple[int, ...] = ()
    unsolved: tuple[str, ...] = ()


def table_of_rows(rows: Rows, merges: Sequence[Merge] = ()) -> Sheet:
    """The table in raw rows.

    The header begins at the first row with more than half as many cells as rows usually have, or at a row
    above it that names columns which that row leaves empty. It goes on while a merged cell reaches down,
    while the next row names the columns left empty above numbers, or while it only gives units of measure.
    The names of a column's header rows are joined with "/". A row that only numbers the columns is passed
    over. Merged cells are filled across and down.
    """
    width = max((len(row) for row in rows), default=0)
    plain = [[*(_blank_to_none(cell) for cell in row), *[None] * (width - len(row))] for row in rows]
    at = [number for number, row in enumerate(plain) if any(cell is not None for cell in row)]
    if not at:
        return Sheet(pd.DataFrame())
    start, end = _header_rows([plain[number] for number in at], at, merges)
    body = at[end:]
    if body and _only_numbers_columns(plain[body[0]]):
        body = body[1:]
    body, notes = _parted_from_notes(body, plain)
    filled, spread = _filled(plain, merges)
    header = _names([plain[number] for number in at[start:end]], [filled[number] for number in at[start:end]])
    table = pd.DataFrame(
        [filled[number] for number in body],
        columns=header,
        index=pd.Index([number + 1 for number in body], dtype="int64"),
        dtype=object,
    )
    position = {number: i for i, number in enumerate(body)}
    shared: dict[str, list[int]] = {}
    for row, column in spread:
        if row in position and header[column] and _is_number(filled[row][column]):
            shared.setdefault(header[column], []).append(position[row])
    return Sheet(table[[name for name in header if name]], start, end - start, shared, notes)


def _parted_from_notes(body: list[int], plain: Rows) -> tuple[list[int], tuple[int, ...]]:
    """The rows of a table, and the numbers of those below it, from a row that begins like a note.

    A row further down that is as full as the table's first shows that the table goes on.
    """
    first = len(body)
    for at in range(len(body) - 1, 0, -1):
        row = plain[body[at]]
        if _begins_like_a_note(row):
            first = at
        elif 2 * _count(row) > _count(plain[body[0]]):
            break
    return body[:first], tuple(number + 1 for number in body[first:])


def _begins_like_a_note(row: Sequence[object]) -> bool:
    first = next((cell for cell in row if cell is not None), None)
    return isinstance(first, str) and bool(_NOTE.match(unicodedata.normalize("NFKC", first).strip()))


def _header_rows(filled: Rows, at: Sequence[int], merges: Sequence[Merge]) -> tuple[int, int]:
    """First row of the header and the row after its last, counted over rows that are not empty."""
    own = [_count(row) + _reached_from_above(number, merges) for number, row in zip(at[:200], filled, strict=False)]
    counts = Counter(own)
    usual = max(counts, key=lambda count: (counts[count], count))
    start = next(i for i, count in enumerate(own) if 2 * count > usual)
    while start + 1 < len(filled) and _tells_of_the_table(filled[start], filled[start + 1]):
        start += 1
    end = start + 1
    while start and _names_what_is_left_empty(filled[start - 1], _across(filled[start], at[start], merges)):
        start -= 1
    while end < len(filled) and _goes_on(filled, end, at, merges):
        end += 1
    return start, end


def _reached_from_above(row: int, merges: Sequence[Merge]) -> int:
    """How many merged cells of one column that begin above a row reach into it."""
    return sum(top < row <= bottom and left == right for top, left, bottom, right in merges)


def _tells_of_the_table(row: Sequence[object], below: Sequence[object]) -> bool:
    """Whether a row is no header but says who filled the table in, and when ("填报单位：…")."""
    return _has_colon(row) and _count(below) > _count(row) and not any(_is_number(cell) for cell in below)


def _names_what_is_left_empty(above: Sequence[object], row: Sequence[object]) -> bool:
    pairs = list(zip(above, row, strict=True))
    is_title = _count(above) < 2 or _has_colon(above)
    return not is_title and any(one is not None and two is None for one, two in pairs)


def _across(row: Sequence[object], number: int, merges: Sequence[Merge]) -> list[object]:
    """A row with the merged cells that begin in it reaching across."""
    reached = list(row)
    for top, left, _, right in merges:
        if top == number and left < len(reached):
            reached[left : right + 1] = [reached[left]] * (min(right, len(reached) - 1) - left + 1)
    return reached


def _has_colon(row: Sequence[object]) -> bool:
    return any(isinstance(cell, str) and re.search("[:：]", cell) for cell in row)


def _goes_on(filled: Rows, end: int, at: Sequence[int], merges: Sequence[Merge]) -> bool:
    """Whether the row at ``end`` still belongs to the header."""
    row, above = filled[end], filled[end - 1]
    if any(_is_number(cell) for cell in row):
        return False
    if any(top <= at[end - 1] and bottom >= at[end] for top, _, bottom, _ in merges):
        return True
    cells = [str(cell).strip("()（） ") for cell in row if cell is not None]
    if len(cells) > 1 and all(cell in UNITS_OF_MEASURE for cell in cells):
        return True
    new = [i for i, (cell, over) in enumerate(zip(row, above, strict=True)) if cell is not None and over is None]
    return bool(new) and all(_mostly_numbers([below[i] for below in filled[end + 1 : end + 200]]) for i in new)


def _mostly_numbers(cells: Sequence[object]) -> bool:
    given = [cell for cell in cells if cell is not None]
    return bool(given) and 2 * sum(_is_number(cell) for cell in given) > len(given)


def _is_number(cell: object) -> bool:
    if isinstance(cell, str):
        return bool(_NUMBER.match(unicodedata.normalize("NFKC", cell).strip()))
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _only_numbers_columns(row: Sequence[object]) -> bool:
    """Whether a row only numbers the columns, as forms do: 甲 乙 1 2 3, or 1 2 3 4."""
    cells = [str(int(cell)) if isinstance(cell, float) else str(cell).strip() for cell in row if cell is not None]
    stems = [cell for cell in cells if len(cell) == 1 and cell in _STEMS]
    numbers = [cell.strip("()（）") for cell in cells if cell not in stems]
    counted = numbers == [str(i) for i in range(1, len(numbers) + 1)]
    return counted and len(cells) > 2 and (bool(stems) or len(cells) > 3)


def _filled(plain: Rows, merges: Sequence[Merge]) -> tuple[Rows, list[tuple[int, int]]]:
    """The rows with the value of a merged block in each of its cells, and the cells filled so."""
    rows, spread = [list(row) for row in plain], []
    for top, left, bottom, right in merges:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        for row in range(top, min(bottom + 1, len(rows))):
            for column in range(left, min(right + 1, len(rows[row]))):
                if (row, column) != (top, left) and rows[row][column] is None:
                    rows[row][column] = rows[top][left]
                    spread.append((row, column))
    return rows, spread


def _names(raw: Rows, filled: Rows) -> list[str]:
    """One name a column; where merges are not told, a name reaches over the empty cells to its right."""
    reached = [list(row) for row in filled]
    for above, below in zip(reached[:-1], raw[1:], strict=True):
        for column in range(1, len(above)):
            if above[column] is None and below[column] is not None and raw[0][column] is None:
                above[column] = above[column - 1]
    parts = [[_plain(row[column]) for row in reached] for column in range(len(filled[0]))]
    return _unique(["/".join(dict.fromkeys(part for part in column if part)) for column in parts])


def _plain(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else " ".join(str(cell).replace("\ufeff", "").split())


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
