"""Tables of division codes (区划代码表): read, and checked for what no register may hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gridopt.divisions import (
    DIGITS,
    ENDS,
    MERGED,
    MOSTLY,
    TOWNSHIPS,
    VILLAGES,
    full_code,
    is_sound,
    kind_of,
    level_of,
    parent_of,
)
from gridopt.errors import TableError, preview
from gridopt.read.columns import codes as code_texts
from gridopt.read.columns import texts
from gridopt.read.formats import open_layer
from gridopt.read.synonyms import likeness

COLUMNS = ["level", "name", "parent", "kind"]
_WRITTEN = {"code": ("code", "代码", "编码", "区划代码", "统计用区划代码"), "name": ("name", "名称")}


def read_register(table: pd.DataFrame | str | Path) -> pd.DataFrame:
    """A table of division codes, from a file or as a table with the columns ``code`` (or as index) and ``name``.

    Indexed by ``code`` (text of 12 digits; shorter codes of counties and townships are filled with zeros), sorted,
    with ``level`` (city, county, township, village), ``name``, ``parent`` (the code one level up) and ``kind``:
    street, town, township or town-like; residents, villagers, alike, virtual or merged; "" where the part lies in
    no range (GB/T 10114 and the rules of statistical codes). Raises one `TableError` that names every fault: codes
    that are no codes, that occur twice, whose parent is missing from a level that the table lists, or whose stated
    parent is not the head of the code.
    """
    what = str(table) if isinstance(table, str | Path) else "the code table"
    source = open_layer(Path(table), None, path=str(table)).table if isinstance(table, str | Path) else table
    given = source.reset_index() if source.index.name in _WRITTEN["code"] else source
    code, name = (_column(given, key, what) for key in ("code", "name"))
    written = code_texts(given[code]).str.strip()
    filled = written.where(~written.isin(["", "0"]), "").map(full_code)
    faults = _malformed(written, filled)
    register = pd.DataFrame({"level": filled.map(level_of), "name": texts(given[name]).to_numpy()}, index=given.index)
    register["parent"] = [parent_of(one) for one in filled]
    register["kind"] = [kind_of(one) for one in filled]
    stated = texts(given["parent"]).map(full_code) if "parent" in given else register["parent"]
    register.index = pd.Index(filled.to_numpy(), name="code", dtype="str")
    faults += _repeated(register) + _orphans(register) + _strayed(register, stated.to_numpy())
    if faults:
        raise TableError(
            f"{what} cannot be used: {'; '.join(en for en, _ in faults)}. Correct these rows.",
            zh=f"区划代码表（{what}）无法使用：{'；'.join(zh for _, zh in faults)}。请改正这些行。",
        )
    return register.astype(dict.fromkeys(COLUMNS, "str")).sort_index()[COLUMNS]


def orphans(codes: pd.Index) -> list[tuple[str, str]]:
    """What is wrong with the parents in a table of division codes, in English and Chinese; nothing for other codes.

    ``codes`` are a register's where nearly all have 12 digits, or the 4, 6 or 9 of a city, county or township; the
    few that have not, `oddities` names.
    """
    filled = divisions(codes)
    filled = filled[[is_sound(code) for code in filled]]
    return _orphans(pd.DataFrame({"level": map(level_of, filled), "parent": map(parent_of, filled)}, index=filled))


def strays(codes: pd.Index, stated: pd.Series) -> list[tuple[str, str]]:
    """What is wrong with the parents that a table of codes states, "" for none, in English and Chinese.

    A division's parent is the head of its code; any other code's must stand in the table. Parents that are told by
    their names are not looked at.
    """
    if not stated.str.fullmatch("[0-9A-Za-z-]+").any():
        return []
    filled = divisions(codes)
    if not len(filled):
        named = pd.Series(stated.to_numpy(), codes)
        lost = [f"{code} ({parent})" for code, parent in named.items() if parent and parent not in codes]
        return _fault(lost, "codes state a parent that is not in the table", "个代码所列上级不在表中")
    sound = np.flatnonzero([is_sound(code) for code in filled])
    given = [full_code(parent) if parent else "" for parent in stated.iloc[sound]]
    own = filled[sound]
    return _strayed(pd.DataFrame({"parent": [parent_of(code) for code in own]}, index=own), given)


def oddities(codes: pd.Index) -> dict[str, str]:
    """Codes of a table of division codes that cannot well be right, as written -> why; none for other codes.

    ``digits``: not 12 of them, nor the 4, 6 or 9 of a city, county or township. ``range``: the part of the township
    or community lies in no range of GB/T 10114 and the rules of statistical codes. Codes of grids, which go on from
    a community's, may stand in the same table.
    """
    filled = divisions(codes)
    known, found = set(filter(is_sound, filled)), {}
    for written, code in zip(map(str, codes if len(filled) else ()), filled, strict=True):
        if not is_sound(code):
            if code[:DIGITS] not in known:
                found[written] = "digits"
        elif level_of(code) in ("township", "village") and not kind_of(code):
            found[written] = "range"
    return found


def usual_codes(code: str, why: str) -> str:
    """What would be usual in place of an odd code: the numbers of digits, or the ranges of its part."""
    if why == "digits":
        return "/".join(map(str, ENDS.values()))
    ranges = TOWNSHIPS if level_of(full_code(code)) == "township" else (*VILLAGES, (*MERGED, "merged"))
    return ", ".join(f"{low:03}-{high:03}" for low, high, _ in ranges)


def divisions(codes: pd.Index) -> pd.Index:
    """The codes of a table filled up to 12 digits; empty where too few of them are codes of divisions."""
    filled = pd.Index([full_code(str(code)) for code in codes], dtype="str")
    sound = sum(map(is_sound, filled))
    return filled if sound and sound >= MOSTLY * len(filled) else filled[:0]


def _column(table: pd.DataFrame, key: str, what: str) -> str:
    names = [str(name) for name in table.columns]
    found = next((name for name in _WRITTEN[key] if name in names), None)
    if found is None and key == "name":
        found = next(iter(likeness("name", names).columns), None)
    if found is None:
        raise TableError(
            f"{what} has no column {key}; it has {preview(names, 20)}. Name the columns code and name.",
            zh=f"区划代码表（{what}）没有列 {key}；现有：{preview(names, 20)}。列名应为 code 和 name。",
        )
    return found


def _malformed(written: pd.Series, filled: pd.Series) -> list[tuple[str, str]]:
    sound = filled.str.fullmatch(r"[0-9]{12}", na=False).astype(bool)
    odd = [f'"{code}"' for code in written[~sound]]
    return _fault(odd, "codes have not 12 digits", "个代码不是 12 位数字")


def _repeated(register: pd.DataFrame) -> list[tuple[str, str]]:
    twice = register.index[register.index.duplicated()].unique()
    return _fault(sorted(twice), "codes occur more than once", "个代码重复")


def _orphans(register: pd.DataFrame) -> list[tuple[str, str]]:
    """Townships and villages without their parent; a county may stand without its city."""
    listed = set(register["level"]) - {"city"}
    above = {code: parent for code, parent in register["parent"].items() if parent and level_of(parent) in listed}
    lost = sorted(str(code) for code, parent in above.items() if parent not in register.index)
    return _fault(lost, "codes have no parent in the table", "个代码在表中没有上级")


def _strayed(register: pd.DataFrame, stated: object) -> list[tuple[str, str]]:
    pairs = zip(register.index, register["parent"], stated, strict=True)  # type: ignore[call-overload]
    odd = [f"{code} ({given})" for code, parent, given in pairs if parent and given and given != parent]
    return _fault(odd, "codes do not begin with their parent's", "个代码与所列上级不符")


def _fault(ids: list[str], english: str, chinese: str) -> list[tuple[str, str]]:
    return [(f"{len(ids)} {english}: {preview(ids)}", f"{len(ids)} {chinese}：{preview(ids)}")] if ids else []
