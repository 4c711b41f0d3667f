"""A roster that comes beside a plan: this month's people, from any table."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd
import pyproj

from gridopt.read.formats import open_layer
from gridopt.read.layers import read_layer
from gridopt.read.project import LayerSpec
from gridopt.read.synonyms import likeness

_log = logging.getLogger("gridopt")

_MENDED = ("%s: %s (%d): %s.", "%s：%s（%d）：%s。")


def read_roster(path: str | Path, crs: pyproj.CRS, *, lang: str = "en") -> pd.DataFrame:
    """The people of a table: ``role``, ``employment``, ``base``, ``capacity`` and what else a roster may say.

    Columns go by their known names in English and Chinese, ids too (a repeated one is a fault). What was mended, such
    as rows that stand there twice, is told in a warning. Raises `TableError` where the file is missing or no table.
    """
    file = Path(path)
    names = [str(name) for name in open_layer(file, path=str(path)).table.columns]
    ids = likeness("id", names).columns or tuple(name for name in names if name in ("工号", "人员编号"))
    columns = {"id": ids[0]} if len(ids) == 1 else {}
    layer = read_layer(LayerSpec("roster", str(path), file, columns=columns), crs)
    for row in (repair.row(lang) for repair in layer.repairs):
        _log.warning(_MENDED[lang == "zh"], path, row["fault"], row["n"], row["action"])
    return layer.table
