"""A roster that comes beside a plan: this month's people, from any table."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd
import pyproj

from gridopt.read.findings import Findings
from gridopt.read.formats import open_layer
from gridopt.read.layers import Layer, read_layer
from gridopt.read.project import LayerSpec
from gridopt.read.synonyms import likeness

_log = logging.getLogger("gridopt")

_MENDED = ("%s: %s (%d): %s.", "%s：%s（%d）：%s。")


def read_roster(path: str | Path, crs: pyproj.CRS, *, lang: str = "en") -> pd.DataFrame:
    """The people of a table: ``role``, ``employment``, ``base``, ``capacity`` and what else a roster may say.

    Columns go by their known names in English and Chinese, ids too (a repeated one is a fault). What was mended, such
    as rows that stand there twice, and what was not read, is told in a warning. Raises `TableError` where the file is
    missing or no table.
    """
    file = Path(path)
    names = [str(name) for name in open_layer(file, path=str(path)).table.columns]
    ids = likeness("id", names).columns or tuple(name for name in names if name in ("工号", "人员编号"))
    columns = {"id": ids[0]} if len(ids) == 1 else {}
    layer = read_layer(LayerSpec("roster", str(path), file, columns=columns), crs)
    findings = Findings("roster")
    note_roster(layer, findings)
    for row in (repair.row(lang) for repair in (*layer.repairs, *findings.repairs)):
        _log.warning(_MENDED[lang == "zh"], path, row["fault"], row["n"], row["action"])
    return layer.table


def note_roster(layer: Layer, findings: Findings) -> None:
    """Put on record what a roster leaves open: capacities, bases, and columns that nothing is read from."""
    if "capacity" in layer.given:
        findings.repair("capacity", layer.table.index[layer.table["capacity"].isna()])
    if (layer.table["base"] == "").all():
        findings.repair("no_bases", n=len(layer.table))
    unread = [name for name in layer.source_columns if name not in layer.columns.values()]
    findings.repair("columns_unread", n=len(unread), values=[", ".join(unread)])
