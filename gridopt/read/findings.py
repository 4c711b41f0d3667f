"""What reading a layer found: the faults that stop it, and the repairs that are put on record."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gridopt.contracts import REPAIRS
from gridopt.errors import TableError
from gridopt.read.candidates import Unplaced
from gridopt.read.remarks import KINDS

IDS_LISTED = 50
PLACES_LISTED = 2_000
"""Faults of one row of the record that are shown on a map, in the order of their ids."""

NO_FAULTS = ("kinds_by_density", "kinds_by_rule")
"""Rows that tell what was settled for sound rows of a layer: these are not shown as faults on a map."""

Place = tuple[str, shapely.Geometry]
"""What a fault on a map is called, and where it is, in the city's CRS."""


_ROW = re.compile(r"\brow (\d+)\b")


def row_name(number: object) -> str:
    """What a row without an id is called: by the number that people see beside it."""
    return f"row {number}"


def _in(lang: str, text: str) -> str:
    """A text with its `row_name`s in the language."""
    return _ROW.sub(r"第\1行", text) if lang == "zh" else text


def _rank(name: str) -> tuple[int, str]:
    """Rows by their number, after them ids as they are written."""
    row = _ROW.fullmatch(str(name))
    return (int(row[1]), "") if row else (sys.maxsize, name)


@dataclass(frozen=True)
class Repair:
    """One row of the repairs table before it is put into words; areas in square metres."""

    layer: str
    kind: str
    ids: tuple[str, ...]
    n: int
    area_before: float = float("nan")
    area_after: float = float("nan")
    values: tuple[object, ...] = ()
    places: tuple[Place, ...] = ()

    def row(self, lang: str) -> dict[str, object]:
        """The repair in words, with the columns of `contracts.REPAIRS`."""
        english, done, chinese, done_zh = KINDS[self.kind]
        fault, action = (chinese, done_zh) if lang == "zh" else (english, done)
        return {
            "layer": self.layer,
            "fault": fault.format(*self.values),
            "ids": _in(lang, ";".join(self.ids[:IDS_LISTED])),
            "n": self.n,
            "action": action.format(*self.values),
            "area_before": self.area_before,
            "area_after": self.area_after,
        }


class UnplacedError(TableError):
    """A layer without a CRS, with what a picture of its likely places is drawn from."""

    def __init__(self, message: str, *, zh: str, unplaced: Unplaced) -> None:
        super().__init__(message, zh=zh)
        self.unplaced = unplaced


@dataclass
class Findings:
    """The faults and repairs of one layer while it is being read.

    ``unplaced`` is set for a layer without a CRS.
    """

    layer: str
    faults: list[tuple[str, str]] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)
    unplaced: Unplaced | None = None

    def fault(self, english: str, chinese: str) -> None:
        """Note a fault that makes the layer unusable."""
        self.faults.append((english, chinese))

    def repair(
        self,
        kind: str,
        ids: Iterable[str] = (),
        *,
        n: int | None = None,
        areas: tuple[float, float] = (float("nan"), float("nan")),
        values: Sequence[object] = (),
        places: Iterable[Place] = (),
    ) -> None:
        """Note a repair; nothing is noted where it touches no row.

        ``places`` shows the fault on a map where its ids cannot: rows that were kept out, or land
        between rows. Without it the rows named by ``ids`` are shown as the layer has them.
        """
        listed = tuple(sorted(ids, key=_rank))
        count = len(listed) if n is None else n
        if count:
            before, after = (float(np.round(area, 3)) for area in areas)
            shown = tuple(sorted(places, key=lambda place: place[0])[:PLACES_LISTED])
            self.repairs.append(Repair(self.layer, kind, listed, count, before, after, tuple(values), shown))

    def close(self) -> None:
        """Raise one `TableError` that lists every fault, if there is any."""
        if self.faults:
            where = f"[layers.{self.layer}]"
            english = f"{where}: " + "; ".join(said for said, _ in self.faults) + "."
            chinese = _in("zh", f"{where}：" + "；".join(said for _, said in self.faults) + "。")
            if self.unplaced is not None:
                raise UnplacedError(english, zh=chinese, unplaced=self.unplaced)
            raise TableError(english, zh=chinese)


def repairs_table(repairs: Iterable[Repair], lang: str) -> pd.DataFrame:
    """Repairs in words, one row each, in the order they were made."""
    table = pd.DataFrame([repair.row(lang) for repair in repairs], columns=REPAIRS)
    text = dict.fromkeys(("layer", "fault", "ids", "action"), "str")
    return table.astype({**text, "n": "int64", "area_before": "float64", "area_after": "float64"})


def places_table(repairs: Sequence[Repair], layers: Mapping[str, pd.DataFrame], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Where each fault lies: ``repair`` (its row in the record), ``layer``, ``id``, and its shape on the map."""
    rows: list[tuple[int, str, str, shapely.Geometry]] = []
    for number, repair in enumerate(repairs):
        rows += [(number, repair.layer, *place) for place in repair.places or _as_read(repair, layers)]
    table = pd.DataFrame(rows, columns=["repair", "layer", "id", "geometry"])
    typed = table.astype({"repair": "int64", "layer": "str", "id": "str"})
    return gpd.GeoDataFrame(typed, geometry="geometry", crs=crs)


def _as_read(repair: Repair, layers: Mapping[str, pd.DataFrame]) -> list[Place]:
    """The rows that a repair names, as the layer holds them now."""
    table = layers.get(repair.layer)
    if table is None or "geometry" not in table or not repair.ids or repair.kind in NO_FAULTS:
        return []
    known = table["geometry"].reindex(pd.Index(repair.ids[:PLACES_LISTED], dtype="str")).dropna()
    return [(str(name), shape) for name, shape in known.items() if not shape.is_empty]
