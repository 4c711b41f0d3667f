"""Which unit of one register is which unit of another: the crosswalk table (新旧代码对照表)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from gridopt.contracts import check_columns
from gridopt.divisions import ENDS
from gridopt.errors import TableError, preview
from gridopt.read.columns import texts
from gridopt.read.formats import open_layer
from gridopt.read.names import ALIKE, administrative, likeness
from gridopt.read.registers import read_register

COLUMNS = ["level", "old_code", "new_code", "old_name", "new_name", "change", "why"]
CHANGES = ("same", "renamed", "recoded", "retired", "added", "doubtful")
"""``same`` code and name; ``renamed`` under its code; ``recoded`` under another code; ``retired`` and ``added`` have no
partner; ``doubtful`` shows the likeliest partner, for a person to confirm as one of the others."""

FOLLOWED = ("same", "renamed", "recoded")
"""Changes that a person need not confirm first."""

WHY: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "same": ("same code, same name", "代码、名称均相同"),
        "alike": ("same code, alike name", "代码相同，名称相近"),
        "another": ("same code, but quite another name: the same unit?", "代码相同而名称不同：是否为同一单位？"),
        "township": ("the only one of this name in its township", "本乡镇（街道）内唯一同名"),
        "county": ("the only one of this name in its county", "本县（市、区）内唯一同名"),
        "city": ("the only one of this name in its city", "本市内唯一同名"),
        "neighbours": (
            "of several of this name the one whose neighbours moved alike",
            "有多个同名，按邻近单位的去向确定",
        ),
        "near": ("the name most alike under the same parent: the same unit?", "同一上级内名称最相近：是否为同一单位？"),
        "gone": ("no unit of this name", "没有同名单位"),
        "new": ("new code", "新代码"),
    }
)
"""The rule that decided a row -> how it is said."""

_BRACKETS = re.compile(r"[（(].*?[)）]")
Row = tuple[str, str, str, str, str, str, str]


def crosswalk(old: pd.DataFrame | str | Path, new: pd.DataFrame | str | Path, *, lang: str = "en") -> pd.DataFrame:
    """What became of every unit of an old table of division codes in a new one.

    Both are files or tables for `read_register`. One row a unit, columns `COLUMNS`, in order of old and new code;
    ``change`` is one of `CHANGES` and ``why`` the rule that decided, in words (``lang`` "en" or "zh").

    Names repeat across townships, so nothing is matched by name alone. A code that is in both tables is the same
    unit, unless its name is wholly another (doubtful). A code that vanished is sought among those that appeared, by
    the core of its name (李庄村委会 is 李庄社区居民委员会), first in its township, then its county, then its city;
    where a name stands for several, the township that its neighbours moved to decides; what is only alike is
    doubtful. Levels that only one of the tables lists are left out. The result may be corrected by hand before
    `carry` reads it. Raises a `TableError` for tables that are no registers.
    """
    before, after = read_register(old), read_register(new)
    levels = [level for level in ENDS if {level} <= set(before["level"]) & set(after["level"])]
    before, after = (table[table["level"].isin(levels)] for table in (before, after))
    rows = [_kept(code, before, after) for code in before.index.intersection(after.index)]
    for level in levels:
        gone = _names(before, before.index.difference(after.index), level)
        come = _names(after, after.index.difference(before.index), level)
        rows += _moved(level, gone, come)
    table = pd.DataFrame(rows, columns=COLUMNS, dtype="str")
    table["why"] = table["why"].map({why: words[lang == "zh"] for why, words in WHY.items()}).astype("str")
    return table.sort_values(["old_code", "new_code"], key=_last_if_empty).reset_index(drop=True)


def checked_crosswalk(table: pd.DataFrame) -> pd.DataFrame:
    """A crosswalk from `crosswalk`, corrected by hand or not, as text; a `TableError` for a table that is none."""
    check_columns(table, COLUMNS, "crosswalk")
    strange = sorted(set(table["change"]) - set(CHANGES))
    if strange:
        raise TableError(
            f"the crosswalk has unknown changes: {preview(strange)}. Write one of {', '.join(CHANGES)}.",
            zh=f"对照表的 change 列有未知的值：{preview(strange)}。应为 {'、'.join(CHANGES)} 之一。",
        )
    return table.assign(**{name: texts(table[name]) for name in COLUMNS})


def read_crosswalk(path: Path) -> pd.DataFrame:
    """A crosswalk from a file of any table format."""
    return checked_crosswalk(open_layer(path, None, path=str(path)).table)


def _last_if_empty(codes: pd.Series) -> pd.Series:
    return codes.where(codes != "", "~")


def _names(table: pd.DataFrame, codes: pd.Index, level: str) -> dict[str, str]:
    names = table["name"][codes]
    return {str(code): str(name) for code, name in names[table["level"][codes] == level].items()}


def _kept(code: str, before: pd.DataFrame, after: pd.DataFrame) -> Row:
    """A code of both tables."""
    old, new = str(before["name"][code]), str(after["name"][code])
    level = str(before["level"][code])
    if old == new:
        return (level, code, code, old, new, "same", "same")
    if core(old) == core(new) or likeness(core(old), core(new)) >= ALIKE:
        return (level, code, code, old, new, "renamed", "alike")
    return (level, code, code, old, new, "doubtful", "another")


def core(name: str) -> str:
    """A unit's name without remarks in brackets and the words for its committee."""
    bare = administrative(_BRACKETS.sub("", name))
    return (bare.core.removesuffix("村") or bare.core) if bare.kind == "village" else bare.core


def _moved(level: str, gone: Mapping[str, str], come: Mapping[str, str]) -> list[Row]:
    """Codes that vanished and codes that appeared, paired by name from the nearest place to the farthest."""
    pairs: dict[str, tuple[str, str]] = {}
    for scope in sorted({end for end in ENDS.values() if end < ENDS[level]}, reverse=True):
        rest = {code: core(name) for code, name in gone.items() if code not in pairs}
        free = {code: core(name) for code, name in come.items() if code not in {new for new, _ in pairs.values()}}
        pairs |= _paired(rest, free, scope, pairs)
    rows: list[Row] = [
        (level, code, new, gone[code], come[new], "recoded", why) for code, (new, why) in sorted(pairs.items())
    ]
    rest = {code: name for code, name in gone.items() if code not in pairs}
    free = {code: name for code, name in come.items() if code not in {new for new, _ in pairs.values()}}
    shown = set()
    for code, name in sorted(rest.items()):
        near = _nearest(code, name, free, ENDS[level])
        if near:
            shown.add(near)
            rows.append((level, code, near, name, come[near], "doubtful", "near"))
        else:
            rows.append((level, code, "", name, "", "retired", "gone"))
    rows += [(level, "", code, "", name, "added", "new") for code, name in sorted(free.items()) if code not in shown]
    return rows


def _paired(
    rest: Mapping[str, str], free: Mapping[str, str], scope: int, before: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    """Pairs of one core inside the first ``scope`` digits: the only ones, then those that go where others went."""
    where = {9: "township", 6: "county", 4: "city"}[scope]
    left: dict[tuple[str, str], list[str]] = defaultdict(list)
    right: dict[tuple[str, str], list[str]] = defaultdict(list)
    for names, held in ((rest, left), (free, right)):
        for code, name in sorted(names.items()):
            held[code[:scope], name].append(code)
    found = {
        olds[0]: (right[key][0], where) for key, olds in left.items() if len(olds) == 1 and len(right.get(key, ())) == 1
    }
    moves = Counter((old[:9], new[:9]) for old, (new, _) in [*before.items(), *found.items()])
    for key, olds in left.items():
        news = right.get(key, [])
        if len(olds) * len(news) > 1:
            found |= _with_neighbours(olds, news, moves)
    return found


def _with_neighbours(
    olds: list[str], news: list[str], moves: Mapping[tuple[str, str], int]
) -> dict[str, tuple[str, str]]:
    """Of several of one name, the pair whose townships share the most moves, while one pair has more than others."""
    found: dict[str, tuple[str, str]] = {}
    olds, news = list(olds), list(news)
    while olds and news:
        ranked = sorted(((moves.get((old[:9], new[:9]), 0), old, new) for old in olds for new in news), reverse=True)
        best = ranked[0]
        rivals = [one for one in ranked[1:] if one[0] == best[0] and (one[1] == best[1] or one[2] == best[2])]
        if not best[0] or rivals:
            break
        found[best[1]] = (best[2], "neighbours")
        olds.remove(best[1])
        news.remove(best[2])
    return found


def _nearest(code: str, name: str, free: Mapping[str, str], end: int) -> str:
    """The new unit under the same parent whose name is most alike, "" where none is alike."""
    scope = {12: 9, 9: 6, 6: 4, 4: 2}[end]
    inside = _inside(free, code[:scope])
    ranked = sorted(((-likeness(core(name), core(other)), new) for new, other in inside), key=lambda one: one)
    return ranked[0][1] if ranked and -ranked[0][0] >= ALIKE else ""


def _inside(units: Mapping[str, str], head: str) -> Iterable[tuple[str, str]]:
    return [(code, name) for code, name in units.items() if code.startswith(head)]
