"""Points with the grid they lie in, written in the format that the name's ending asks for."""

from __future__ import annotations

import io
from pathlib import Path

import geopandas as gpd
import pandas as pd

from gridopt.errors import TableError
from gridopt.publish.atomic import beside, write_bytes

FORMATS = (".csv", ".xlsx", ".gpkg", ".geojson")


def write_located(points: gpd.GeoDataFrame, found: pd.DataFrame, path: str | Path) -> Path:
    """Write the points' own columns with ``grid_code, nearest_code, distance_m`` beside them.

    Codes are text cells. Raises `TableError` for an ending that is not one of `FORMATS`.
    """
    target = Path(path)
    check_format(target)
    own = points.drop(columns=[name for name in found.columns if name in points.columns])
    table = own.join(found)
    ending = target.suffix.lower()
    if ending == ".csv":
        plain = pd.DataFrame(table.drop(columns=table.geometry.name))
        return write_bytes(target, plain.to_csv(index=False).encode("utf-8-sig"))
    if ending == ".xlsx":
        book = io.BytesIO()
        pd.DataFrame(table.drop(columns=table.geometry.name)).to_excel(book, index=False)
        return write_bytes(target, book.getvalue())
    with beside(target) as partial:
        if ending == ".gpkg":
            table.to_file(partial, layer="located", driver="GPKG")
        else:
            table.to_crs("EPSG:4326").to_file(partial, driver="GeoJSON", RFC7946="YES")
    return target


def check_format(path: Path) -> None:
    """Raise a `TableError` for an ending that cannot be written."""
    if path.suffix.lower() not in FORMATS:
        raise TableError(
            f'{path}: the ending "{path.suffix}" is not offered; choose one of {", ".join(FORMATS)}.',
            zh=f"{path}：不支持以“{path.suffix}”结尾的文件；可选：{'、'.join(FORMATS)}。",
        )
