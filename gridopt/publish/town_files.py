"""Source layers as files: GeoPackage, CSV, GeoTIFF and text, each written beside its place and read back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import rasterio
from numpy.typing import NDArray
from rasterio import Affine

from gridopt.errors import GridoptError
from gridopt.publish.atomic import beside, write_bytes
from gridopt.publish.geopackage import write_geopackage


def write_layers(path: Path, layers: Mapping[str, pd.DataFrame]) -> Path:
    """Tables as the layers of one GeoPackage, in their order; the same bytes for the same content.

    Raises `GridoptError` if a layer does not read back with all its rows: the old file then stays.
    """
    with beside(path) as partial:
        write_geopackage(layers, partial)
        written = {name: pyogrio.read_info(partial, layer=name)["features"] for name in layers}
        short = [name for name, table in layers.items() if written[name] != len(table)]
        if short:
            raise _incomplete(path.name, ", ".join(short))
    return path


def write_csv(path: Path, table: pd.DataFrame) -> Path:
    """A table without its index as UTF-8 with a byte-order mark, so that spreadsheets show Chinese."""
    return write_bytes(path, table.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))


def write_text(path: Path, text: str) -> Path:
    """Text as UTF-8."""
    return write_bytes(path, text.encode())


def write_raster(path: Path, values: NDArray[Any], *, corner: tuple[float, float], cell: float, crs: str) -> Path:
    """A one-band GeoTIFF of square cells, rows from north to south; ``corner`` is (west, north)."""
    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            height=values.shape[0],
            width=values.shape[1],
            count=1,
            dtype=values.dtype.name,
            crs=crs,
            transform=Affine(cell, 0.0, corner[0], 0.0, -cell, corner[1]),
            compress="deflate",
        ) as raster:
            raster.write(values, 1)
        content = bytes(memory.read())
    with rasterio.MemoryFile(content) as memory, memory.open() as raster:
        if not np.array_equal(raster.read(1), values):
            raise _incomplete(path.name, "band 1")
    return write_bytes(path, content)


def _incomplete(name: str, what: str) -> GridoptError:
    return GridoptError(
        f"{name}: {what} did not read back as written: the disk may be full. Nothing was replaced.",
        zh=f"{name}：{what} 写出后核对不符，磁盘可能已满。原有文件未改动。",
    )
