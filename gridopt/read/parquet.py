"""GeoParquet: read as it stands, shapes that cannot be built by what is well formed of them."""

from __future__ import annotations

import io
import json
from typing import IO, Any

import geopandas as gpd
import shapely

from gridopt.errors import TableError
from gridopt.read.contents import Place
from gridopt.read.malformed import well_formed
from gridopt.read.vectors import unreadable


def read_parquet(place: Place, written: str) -> gpd.GeoDataFrame:
    """The layer of a GeoParquet file; ``written`` is how the user wrote its name.

    Raises:
        TableError: the package that reads it is not installed, or the file is none or damaged.
    """
    try:
        table = _read(place)
    except ImportError as error:
        raise TableError(
            f"{written}: GeoParquet needs the package pyarrow. Run: pip install pyarrow, or save it as GeoPackage.",
            zh=f"{written}：读取 GeoParquet 需要 pyarrow。请运行 pip install pyarrow，或另存为 GeoPackage。",
        ) from error
    except (ValueError, OSError, shapely.errors.ShapelyError) as error:
        raise unreadable(written, error) from error
    return table if table.geometry.name == "geometry" else table.rename_geometry("geometry")


def _read(place: Place) -> gpd.GeoDataFrame:
    with place.open("rb") as stream:
        try:
            return gpd.read_parquet(stream)
        except shapely.errors.ShapelyError:
            stream.seek(0)
            return gpd.read_parquet(_buildable(stream))


def _buildable(content: IO[bytes]) -> io.BytesIO:
    """The same file with malformed shapes as `well_formed` leaves them."""
    import pyarrow as arrow  # type: ignore[import-untyped]
    from pyarrow import parquet

    table: Any = parquet.read_table(content)
    name = json.loads(table.schema.metadata[b"geo"])["primary_column"]
    place = table.schema.get_field_index(name)
    mended = [_mended(cell) for cell in table.column(place).to_pylist()]
    table = table.set_column(place, table.schema.field(place), arrow.array(mended, table.schema.field(place).type))
    rewritten = io.BytesIO()
    parquet.write_table(table, rewritten)
    return rewritten


def _mended(wkb: bytes | None) -> bytes | None:
    if wkb is None or shapely.from_wkb(wkb, on_invalid="ignore") is not None:
        return wkb
    mended: bytes = shapely.to_wkb(well_formed(wkb), flavor="iso")
    return mended
