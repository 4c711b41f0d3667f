"""What a project file may say of a layer's columns: those it has, and those that likely carry what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from gridopt.errors import TableError, preview
from gridopt.read.formats import open_layer
from gridopt.read.synonyms import SYNONYMS, likeness, surest

MOST = 20
"""Columns that a message lists."""

Words = tuple[str, str]


def columns_there(names: Sequence[str]) -> Words:
    """The columns of a layer, in English and Chinese."""
    return f"the layer has: {preview(names, MOST)}", f"现有列：{preview(names, MOST)}"


def likely_column(key: str, names: Sequence[str], written: str = "") -> str | None:
    """The column that likely carries a key: one of its known names, else one spelt much like what was written."""
    known = likeness(key, names).columns if key in SYNONYMS else ()
    close = get_close_matches(written.lower(), [name.lower() for name in names], 1) if written else []
    spelt = next((name for name in names if [name.lower()] == close), None)
    return spelt or (known[0] if known else surest(key, names) if key in SYNONYMS else None)


def likely_lines(keys: Iterable[tuple[str, str]], names: Sequence[str]) -> Words:
    """The lines to write for keys (with what was written for them) that a column likely carries; "" for none."""
    lines = [f'{key} = "{column}"' for key, written in keys if (column := likely_column(key, names, written))]
    return (f"; perhaps {', '.join(lines)}", f"；可能是 {'、'.join(lines)}") if lines else ("", "")


def offered(file: Path, layer: str | None, key: str) -> Words:
    """What a layer offers for a key that the project file lacks: its columns and the likely one, "" if unreadable."""
    try:
        table = open_layer(file, layer).table
    except TableError:
        return "", ""
    names = [str(name) for name in table.columns if name != "geometry"]
    unique = [name for name in names if _may_be_id(table[name])]
    there, there_zh = columns_there(names)
    line, line_zh = likely_lines([(key, "")], unique if key == "id" else names)
    if key == "id" and not line and unique:
        line, line_zh = f"; without repetition: {preview(unique)}", f"；其中不重复的列：{preview(unique)}"
    return f"; {there}{line}", f"；{there_zh}{line_zh}"


def _may_be_id(values: pd.Series) -> bool:
    return bool(values.is_unique and values.notna().all())
