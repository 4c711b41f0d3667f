"""Opening one layer of a file: whatever the format, a table with the columns as they stand, and its CRS."""

from __future__ import annotations

import os
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import pandas as pd

from gridopt.errors import GridoptError, TableError, preview
from gridopt.read.encodings import dbf_encoding
from gridopt.read.sheets import read_csv, read_sheet, sheet_names

UNPACKED_LIMIT = 4 * 2**30
"""Bytes that a zip archive may unpack to."""

GEOGRAPHIC = {
    ".gpkg": "GeoPackage",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".shp": "Shapefile",
    ".fgb": "FlatGeobuf",
    ".parquet": "GeoParquet",
    ".zip": "zip",
    ".dbf": "dBase",
}
SHEETS = {".csv": "CSV", ".tsv": "CSV", ".txt": "CSV", ".xlsx": "XLSX", ".xlsm": "XLSX"}
RASTERS = {".tif": "GeoTIFF", ".tiff": "GeoTIFF"}

_GEOJSON_TYPES = "FeatureCollection|Feature|GeometryCollection|(?:Multi)?(?:Point|LineString|Polygon)"
_GEOJSON = re.compile(rb'"type"\s*:\s*"(?:' + _GEOJSON_TYPES.encode() + rb')"')


@dataclass(frozen=True, eq=False)
class Source:
    """A layer as it was found: ``table`` with its own column names, and how it had to be read.

    ``sheet_rows`` are the numbers that a spreadsheet shows beside the rows, None for any other file.
    """

    table: pd.DataFrame
    layer: str
    encoding: str = "utf-8"
    title_rows: int = 0
    sheet_rows: pd.Index | None = None


def open_layer(file: Path, layer: str | None = None, *, path: str | None = None) -> Source:
    """Read one layer of a vector file, spreadsheet or zip archive.

    ``layer`` may be left out where the file has only one; ``path`` is how the user wrote the file's name.

    Raises:
        TableError: no such file or layer (those that are there are listed), an unknown ending, content
            that is not what the ending says, or an archive that unpacks to more than `UNPACKED_LIMIT`.
    """
    written = path or str(file)
    names = layer_names(file, path=path)
    if layer is None and len(names) == 1:
        layer = names[0]
    if layer not in names:
        asked = "needs a layer" if layer is None else f'has no layer "{layer}"'
        asked_zh = "含多个图层，须指明" if layer is None else f"没有图层“{layer}”"
        nearest = next(iter([*get_close_matches(layer or "", names, 1), *names]), "...")
        raise TableError(
            f'{written} {asked}; it has: {preview(names, 20)}. Write layer = "{nearest}".',
            zh=f'{written} {asked_zh}；现有：{preview(names, 20)}。请写成 layer = "{nearest}"。',
        )
    kind = file.suffix.lower()
    if SHEETS.get(kind) == "CSV":
        table, encoding, skipped = read_csv(file)
        return Source(table.reset_index(drop=True), layer, encoding, skipped, table.index)
    if SHEETS.get(kind) == "XLSX":
        table, skipped = read_sheet(file, layer)
        return Source(table.reset_index(drop=True), layer, title_rows=skipped, sheet_rows=table.index)
    if kind == ".parquet":
        return Source(_parquet(file, written), layer)
    with _named(written):
        return _vector(file, layer)


def check_file(file: Path, path: str | None = None) -> None:
    """Raise a `TableError` where a file is missing, of unknown ending, or not what its ending says."""
    written = path or str(file)
    _must_exist(file, written)
    _check_content(file, file.suffix.lower(), written)


def layer_names(file: Path, *, path: str | None = None) -> list[str]:
    """The layers of a file, after checking that its content is what its ending says."""
    written = path or str(file)
    check_file(file, path)
    kind = file.suffix.lower()
    if SHEETS.get(kind) == "XLSX":
        return sheet_names(file)
    if kind == ".zip":
        return sorted(_members(file))
    if kind == ".gpkg":
        with _named(written):
            return _layers_of(file)
    return [file.stem]


def _layers_of(file: Path) -> list[str]:
    with warnings.catch_warnings():
        # GDAL warns of what it then refuses, or reads all the same.
        warnings.simplefilter("ignore")
        return [str(name) for name, _ in _pyogrio().list_layers(file)]


def _must_exist(file: Path, written: str) -> None:
    if file.is_dir():
        raise TableError(f"{written} is a folder, not a file.", zh=f"{written} 是文件夹，不是文件。")
    if file.is_file():
        return
    if file.exists():
        raise TableError(f"{written} is a device, not a file.", zh=f"{written} 是设备，不是文件。")
    near = sorted(one.name for one in file.parent.iterdir() if one.is_file()) if file.parent.is_dir() else []
    folder = file.parent.absolute()
    there = f"{folder} has: {preview(near, 8)}" if near else f"there is no such folder, or no file in it: {folder}"
    there_zh = f"{folder} 中有：{preview(near, 8)}" if near else f"该文件夹不存在或没有文件：{folder}"
    raise TableError(
        f'no file "{written}"; {there}. Correct the path.', zh=f"没有文件“{written}”；{there_zh}。请改正路径。"
    )


def _check_content(file: Path, kind: str, written: str) -> None:
    tests: dict[str, Callable[[bytes], bool]] = {
        "GeoPackage": lambda head: head.startswith(b"SQLite format 3\0"),
        "GeoJSON": is_geojson,
        "Shapefile": lambda head: head.startswith(b"\0\0\x27\x0a"),
        "FlatGeobuf": lambda head: head.startswith(b"fgb"),
        "GeoParquet": lambda head: head.startswith(b"PAR1"),
        "zip": lambda head: head.startswith(b"PK"),
        "XLSX": lambda head: head.startswith(b"PK"),
        "dBase": lambda head: len(head) > 32 and head[0] & 7 == 3,
        "CSV": lambda head: not head.startswith((b"PK\3\4", b"SQLite", b"\xd0\xcf\x11\xe0")),
        "GeoTIFF": lambda head: head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    }
    known = {**GEOGRAPHIC, **SHEETS, **RASTERS}
    if kind not in known:
        raise TableError(
            f'{written}: files ending in "{kind}" are not read; save it as one of {", ".join(sorted(known))}.',
            zh=f"{written}：不支持扩展名“{kind}”；请另存为以下之一：{'、'.join(sorted(known))}。",
        )
    with file.open("rb") as stream:
        head = stream.read(2**20)
    if not tests[known[kind]](head):
        raise TableError(
            f"{written} is not {known[kind]} although it ends in {kind}; it begins with {head[:12]!r}. "
            "Export it again from its program.",
            zh=f"{written} 扩展名为 {kind}，内容却不是 {known[kind]}；文件开头为 {head[:12]!r}。请从原软件重新导出。",
        )


def is_geojson(head: bytes) -> bool:
    """Whether a file begins as GeoJSON does; GDAL would run or follow other JSON and XML that it recognises."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith(b"{") and bool(_GEOJSON.search(text)) and b"gdal_streamed_alg" not in text


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


def _vector(file: Path, layer: str) -> Source:
    kind = file.suffix.lower()
    if kind == ".zip":
        return _zipped(file, layer)
    if kind in (".shp", ".dbf"):
        table_file = file.with_suffix(".dbf") if file.with_suffix(".dbf").exists() else file.with_suffix(".DBF")
        encoding = dbf_encoding(table_file) if table_file.exists() else "utf-8"
        return Source(_recoded(_read(str(file), None, encoding="ISO-8859-1"), encoding), layer, encoding)
    if kind in (".geojson", ".json"):
        return Source(_read(f"GeoJSON:{file}", None), layer)
    return Source(_read(str(file), layer if kind == ".gpkg" else None), layer)


def _read(path: str, layer: str | None, encoding: str | None = None) -> pd.DataFrame:
    with warnings.catch_warnings():
        # GDAL warns of measures and mixed types, which the reading of the layer itself puts on record.
        warnings.simplefilter("ignore")
        table: pd.DataFrame = _pyogrio().read_dataframe(path, layer=layer, encoding=encoding, datetime_as_string=True)
    return table


def _recoded(table: pd.DataFrame, encoding: str) -> pd.DataFrame:
    """Text read byte for byte, decoded; a character cut in half by the field's width is dropped."""

    def decoded(text: object) -> object:
        return text.encode("latin-1").decode(encoding, "ignore").rstrip("\0 ") if isinstance(text, str) else text

    renamed = table.rename(columns={name: str(decoded(name)) for name in table.columns if name != "geometry"})
    for name in renamed.columns:
        if renamed[name].dtype == "str" or renamed[name].dtype == object:
            renamed[name] = renamed[name].map(decoded)
    return renamed


def _members(file: Path) -> dict[str, str]:
    """Layer name -> path inside the archive, of every readable file in it."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise TableError(
            f"{file.name} is a damaged archive ({error}). Pack it again.",
            zh=f"{file.name} 压缩包已损坏（{error}）。请重新打包。",
        ) from error
    size = sum(entry.file_size for entry in entries)
    if size > UNPACKED_LIMIT:
        raise TableError(
            f"{file.name} unpacks to {size / 2**30:.1f} GB, above {UNPACKED_LIMIT / 2**30:.0f} GB. "
            "Unpack it and name the file inside.",
            zh=f"{file.name} 解压后为 {size / 2**30:.1f} GB，超过 {UNPACKED_LIMIT / 2**30:.0f} GB。"
            "请先解压，再指明其中的文件。",
        )
    readable = (".shp", ".geojson", ".json", ".gpkg", ".fgb")
    return {Path(one.filename).stem: one.filename for one in entries if one.filename.lower().endswith(readable)}


def _zipped(file: Path, layer: str) -> Source:
    member = _members(file)[layer]
    kind = Path(member).suffix.lower()
    with zipfile.ZipFile(file) as archive, archive.open(member) as stream:
        head = stream.read(2**20)
    if kind in (".geojson", ".json") and not is_geojson(head):
        raise TableError(f"{file.name}: {member} is not GeoJSON.", zh=f"{file.name}：{member} 不是 GeoJSON。")
    inside = f"/vsizip/{file.resolve().as_posix()}/{member}"
    if kind == ".shp":
        return Source(_read(inside, None), layer)
    return Source(_read(f"GeoJSON:{inside}" if kind.endswith("json") else inside, None), layer)


def _parquet(file: Path, written: str) -> pd.DataFrame:
    try:
        table: pd.DataFrame = gpd.read_parquet(file).rename_geometry("geometry")
    except ImportError as error:
        raise TableError(
            f"{written}: GeoParquet needs the package pyarrow. Run: pip install pyarrow, or save it as GeoPackage.",
            zh=f"{written}：读取 GeoParquet 需要 pyarrow。请运行 pip install pyarrow，或另存为 GeoPackage。",
        ) from error
    except ValueError as error:
        raise _unreadable(written, error) from error
    return table


@contextmanager
def _named(written: str) -> Iterator[None]:
    """Turn an error of GDAL into one that names the file as the user wrote it."""
    try:
        yield
    except GridoptError:
        raise
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        raise _unreadable(written, error) from error


_CAUSES = {
    ".shx": (
        "its .shx is missing: .shp, .shx, .dbf and .prj belong together",
        "缺少 .shx：.shp、.shx、.dbf、.prj 须放在一起",
    ),
    "malformed": ("it is damaged or cut off", "文件已损坏或不完整"),
    "gpkg_contents": ("it is a database, but no GeoPackage", "是数据库，但不是 GeoPackage"),
    "GeoJSON": ("it is damaged or cut off", "文件已损坏或不完整"),
}
"""What GDAL's complaint contains -> what it means."""


def _unreadable(written: str, error: Exception) -> TableError:
    found = next((said for mark, said in _CAUSES.items() if mark in str(error)), None)
    cause, cause_zh = found or (str(error).rstrip("."), str(error).rstrip("."))
    return TableError(
        f"{written} cannot be read: {cause}. Copy it again, or open and save it in its own program.",
        zh=f"{written} 无法读取：{cause_zh}。请重新复制，或在原软件中打开并另存。",
    )
