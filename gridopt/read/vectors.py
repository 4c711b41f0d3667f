"""Layers that GDAL reads: opened without following other files, text decoded, faults named in plain words."""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain, count
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from gridopt.errors import GridoptError, TableError
from gridopt.read.contents import Place, is_sequence, kind_of
from gridopt.read.encodings import SAMPLE, dbf_encoding
from gridopt.read.malformed import with_malformed_empty

_KML_DISPLAY = (
    "timestamp begin end altitudeMode tessellate extrude visibility drawOrder icon snippet gx_media_links"
).split()
"""Columns in which KML says how a feature is shown, not what it is."""

_CAUSES = {
    ".shx": (
        "its .shx is missing: .shp, .shx, .dbf and .prj belong together",
        "缺少 .shx：.shp、.shx、.dbf、.prj 须放在一起",
    ),
    "malformed": ("it is damaged or cut off", "文件已损坏或不完整"),
    "locked": ("another program is writing to it; close it there", "正被其他程序写入；请先在该程序中关闭"),
    "gpkg_contents": ("it is a database, but no GeoPackage", "是数据库，但不是 GeoPackage"),
    "GeoJSON": ("it is damaged or cut off", "文件已损坏或不完整"),
    "not recognized": ("it is damaged or cut off", "文件已损坏或不完整"),
}
"""What GDAL's complaint contains -> what it means."""


def gdal_path(place: Place) -> str:
    """The name under which GDAL finds a file."""
    if isinstance(place, zipfile.Path):
        archive = Path(str(place.root.filename)).resolve().as_posix()
        return f"/vsizip/{{{archive}}}/{place.at}"
    return str(place)


def vector_layers(place: Place) -> list[str]:
    """The layers of a GeoPackage or KML."""
    with warnings.catch_warnings():
        # GDAL warns of what it then refuses, or reads all the same.
        warnings.simplefilter("ignore")
        return [str(name) for name, _ in _pyogrio().list_layers(gdal_path(place))]


def read_vector(
    place: Place, layer: str | None = None, *, sql: str | None = None, encoding: str | None = None
) -> pd.DataFrame:
    """One layer of a file, or what a query selects from it, dates as text."""
    # A driver's name before the path keeps GDAL from taking the file for anything else.
    is_json = kind_of(place) in (".geojson", ".json")
    prefix = ("GeoJSONSeq:" if is_sequence(place) else "GeoJSON:") if is_json else ""
    with warnings.catch_warnings():
        # GDAL warns of measures and mixed types, which the reading of the layer itself puts on record.
        warnings.simplefilter("ignore")
        path, read = f"{prefix}{gdal_path(place)}", _pyogrio().read_dataframe
        return with_malformed_empty(
            partial(read, path, layer=layer, sql=sql, encoding=encoding, datetime_as_string=True)
        )


def read_drawing(place: Place, encoding: str) -> pd.DataFrame:
    """Everything that a DXF drawing shows, its text in an encoding that its header need not name."""
    configure = _pyogrio().set_gdal_config_options
    configure({"DXF_ENCODING": encoding})
    try:
        return read_vector(place, "entities")
    finally:
        configure({"DXF_ENCODING": None})


def read_shapefile(place: Place) -> tuple[pd.DataFrame, str]:
    """A Shapefile or dBase table and the encoding of its text."""
    table_file = beside(place, ".dbf")
    encoding = "utf-8"
    if table_file is not None:
        page = beside(place, ".cpg")
        with table_file.open("rb") as stream:
            encoding = dbf_encoding(stream.read(4 * SAMPLE), page.read_bytes() if page else b"")
    return _recoded(read_vector(place, encoding="ISO-8859-1"), encoding), encoding


def read_kml(place: Place, layer: str) -> pd.DataFrame:
    """A folder of a KML file: names and extended data, without what only says how features are shown."""
    table = read_vector(place, layer)
    bare = [name for name in table.columns if name in _KML_DISPLAY or (name == "id" and table[name].isna().all())]
    return table.drop(columns=bare).rename(columns={"Name": "name"} if "name" not in table else {})


def beside(place: Place, ending: str) -> Place | None:
    """The file of the same name with another ending, in small or capital letters; None where there is none."""
    stem = Path(place.name).stem
    if kind_of(place) == ending:
        return place
    folder: Any = place.parent
    found = (folder / f"{stem}{one}" for one in (ending, ending.upper()))
    return next((one for one in found if one.is_file()), None)


@contextmanager
def named(written: str) -> Iterator[None]:
    """Turn an error of GDAL into one that names the file as the user wrote it."""
    try:
        yield
    except GridoptError:
        raise
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        raise unreadable(written, error) from error


def unreadable(written: str, error: Exception) -> TableError:
    """What a complaint about a file means and what to do."""
    found = next((said for mark, said in _CAUSES.items() if mark in str(error)), None)
    cause, cause_zh = found or (str(error).rstrip("."), str(error).rstrip("."))
    return TableError(
        f"{written} cannot be read: {cause}. Copy it again, or open and save it in its own program.",
        zh=f"{written} 无法读取：{cause_zh}。请重新复制，或在原软件中打开并另存。",
    )


def _pyogrio() -> ModuleType:
    """pyogrio, loaded without the drivers that open other files named inside a file."""
    wanted = {"OGR_SKIP": "VRT,OGR_VRT,GDALG"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        import pyogrio
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
    return pyogrio  # type: ignore[no-any-return]


def _recoded(table: pd.DataFrame, encoding: str) -> pd.DataFrame:
    """Text read byte for byte, decoded; a character cut in half by the field's width is dropped.

    Names that are the same without it are told apart by a number.
    """

    def decoded(text: object) -> object:
        return text.encode("latin-1").decode(encoding, "ignore").rstrip("\0 ") if isinstance(text, str) else text

    names: dict[str, str] = {}
    for name in table.columns:
        whole = name if name == "geometry" else str(decoded(name))
        others = (f"{whole}_{number}" for number in count(1))
        names[name] = next(one for one in chain([whole], others) if one not in names.values())
    renamed = table.rename(columns=names)
    for name in renamed.columns:
        if renamed[name].dtype == "str" or renamed[name].dtype == object:
            renamed[name] = renamed[name].map(decoded)
    return renamed
