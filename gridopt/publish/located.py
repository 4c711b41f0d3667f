"""Rows of events or points with the grid they belong to, written in the format that the name's ending asks for."""

from __future__ import annotations

import io
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gridopt.errors import TableError
from gridopt.locate.report import Located
from gridopt.publish.atomic import beside, write_bytes
from gridopt.publish.tables import harmless

SHEETS = (".csv", ".xlsx")
FORMATS = (*SHEETS, ".gpkg", ".geojson")


def write_located(located: Located, path: str | Path, *, lang: str = "en") -> tuple[Path, Path]:
    """Write every row with the answers beside its own columns, and those that matched nothing in a table of their own.

    Codes are text cells; an own column that is called like an answer is kept as ``given_...``. The second file has the
    first's name with ``-unmatched``, and is a table (CSV for the formats of maps). Raises `TableError` for an ending
    that is not one of `FORMATS`.
    """
    target = Path(path)
    check_format(target)
    told = located.told(lang)
    told["distance_m"] = told["distance_m"].round(1)
    own = located.table.drop(columns="geometry", errors="ignore")
    own = own.rename(columns={name: f"given_{name}" for name in told.columns if name in own.columns})
    table = pd.concat([pd.DataFrame(own), told], axis=1)
    ending = target.suffix.lower()
    if ending in SHEETS:
        _write_sheet(table, target)
    else:
        _write_map(gpd.GeoDataFrame(table, geometry=_points(located)), target)
    lost = target.with_name(f"{target.stem}-unmatched{ending if ending in SHEETS else '.csv'}")
    is_lost = (located.rows["rule"] == "").to_numpy()
    _write_sheet(table[is_lost].drop(columns=["grid_code", "community_id", "post_id"]), lost)
    return target, lost


def _points(located: Located) -> gpd.GeoSeries:
    if located.points is not None:
        return located.points
    return gpd.GeoSeries([None] * len(located.table), index=located.table.index, crs="EPSG:4326")


def _write_sheet(table: pd.DataFrame, path: Path) -> None:
    """Text stays text: what a spreadsheet would run as a formula is kept from it."""
    if path.suffix.lower() == ".csv":
        mended = table.map(lambda cell: harmless(cell) if isinstance(cell, str) else cell).rename(columns=harmless)
        write_bytes(path, mended.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))
        return
    book, plain = io.BytesIO(), {"strings_to_formulas": False, "strings_to_urls": False}
    with pd.ExcelWriter(book, engine="xlsxwriter", engine_kwargs={"options": plain}) as workbook:
        table.to_excel(workbook, index=False)
    write_bytes(path, book.getvalue())


def _write_map(table: gpd.GeoDataFrame, path: Path) -> None:
    with beside(path) as partial:
        if path.suffix.lower() == ".gpkg":
            table.to_file(partial, layer="located", driver="GPKG")
        else:
            table.to_crs("EPSG:4326").to_file(partial, driver="GeoJSON", RFC7946="YES")


def check_format(path: Path) -> None:
    """Raise a `TableError` for an ending that cannot be written."""
    if path.suffix.lower() not in FORMATS:
        raise TableError(
            f'{path}: the ending "{path.suffix}" is not offered; choose one of {", ".join(FORMATS)}.',
            zh=f"{path}：不支持以“{path.suffix}”结尾的文件；可选：{'、'.join(FORMATS)}。",
        )
