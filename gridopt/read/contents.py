"""What a file is: the endings that are read, and whether its content is what its ending says.

| ending | format | layers |
|---|---|---|
| .gpkg | GeoPackage | as named in it |
| .geojson .json | GeoJSON | one |
| .shp | Shapefile: UTF-8, GBK/GB18030, Big5, with or without .cpg | one |
| .fgb | FlatGeobuf | one |
| .parquet .geoparquet | GeoParquet | one |
| .kml .kmz | KML: names and extended data become columns | its folders |
| .osm.pbf .osm | OpenStreetMap: tags become gridopt's own columns | buildings, roads, rivers, ... (`osm.LAYERS`) |
| .dxf | DXF drawing: closed polylines become areas, the text inside their name | its CAD layers |
| .dbf | dBase table | one |
| .csv .tsv .txt | table; x and y, longitude and latitude, or WKT columns give it places | one |
| .xlsx .xlsm .xls | table, in the same way | its sheets |
| .tif .tiff | GeoTIFF raster of people | bands |
| .zip | any of these but rasters, read in place | one a file |
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path

from gridopt.errors import TableError, preview

GEOGRAPHIC = {
    ".gpkg": "GeoPackage",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".shp": "Shapefile",
    ".fgb": "FlatGeobuf",
    ".parquet": "GeoParquet",
    ".geoparquet": "GeoParquet",
    ".kml": "KML",
    ".kmz": "KMZ",
    ".pbf": "OSM PBF",
    ".osm": "OSM XML",
    ".dxf": "DXF",
    ".zip": "zip",
    ".dbf": "dBase",
}
SHEETS = {".csv": "CSV", ".tsv": "CSV", ".txt": "CSV", ".xlsx": "XLSX", ".xlsm": "XLSX", ".xls": "XLS"}
WORKBOOKS = ("XLSX", "XLS")
RASTERS = {".tif": "GeoTIFF", ".tiff": "GeoTIFF"}

LONGEST_LINE = 1_000_000
"""Bytes of the first feature of a sequence that are looked at."""

HEAD = 2**20
"""Bytes at the beginning of a file that are looked at."""

Place = Path | zipfile.Path
"""A file on disk or in a zip archive."""

_GEOJSON_TYPES = "FeatureCollection|Feature|GeometryCollection|(?:Multi)?(?:Point|LineString|Polygon)"
_GEOJSON = re.compile(rb'"type"\s*:\s*"(?:' + _GEOJSON_TYPES.encode() + rb')"')
_DXF = re.compile(rb"\s*(?:999\r?\n[^\n]*\n\s*)*0\r?\n\s*SECTION")
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of Microsoft's compound file: an old .xls, or any Office file under a password."""

_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|meta|body|table|div)\b", re.I)
_DISGUISES: Sequence[tuple[re.Pattern[bytes], tuple[str, str], tuple[str, str]]] = (
    (
        re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml.{0,400}?urn:schemas-microsoft-com:office:spreadsheet", re.S),
        ("it is a workbook in XML", "实为 XML 格式的工作簿"),
        ("Open it in Excel or WPS and save it as .xlsx", "请用 Excel 或 WPS 打开，另存为 .xlsx"),
    ),
    (
        re.compile(rb"%PDF"),
        ("it is a PDF", "实为 PDF"),
        ("Ask for the file that it was made from", "请索取其源文件"),
    ),
    (
        re.compile(rb"Rar!|7z\xbc\xaf"),
        ("it is a RAR or 7z archive", "实为 RAR 或 7z 压缩包"),
        ("Unpack it, or pack it as .zip", "请解压，或改用 .zip 打包"),
    ),
)
"""Beginnings of files that often go under a false ending -> what they are, and what to do."""

_INSTEAD = {
    ".dwg": ("save the drawing as DXF (ASCII)", "请在 CAD 中另存为 DXF（ASCII）"),
    ".rar": ("unpack it, or pack it as .zip", "请解压，或改用 .zip 打包"),
    ".7z": ("unpack it, or pack it as .zip", "请解压，或改用 .zip 打包"),
    ".mdb": ("export its layers as GeoPackage", "请将其中的图层导出为 GeoPackage"),
    ".gdb": ("export its layers as GeoPackage", "请将其中的图层导出为 GeoPackage"),
    ".mpk": ("export its layers as GeoPackage", "请将其中的图层导出为 GeoPackage"),
    ".tab": ("export it as GeoPackage", "请导出为 GeoPackage"),
    ".docx": ("copy its table into a workbook (.xlsx)", "请将其中的表格复制到工作簿（.xlsx）"),
    ".pdf": ("a printed map holds no layers: ask for the file it was made from", "打印件不含图层，请索取其源文件"),
}
"""Endings that are met often and not read -> what to do."""


def kind_of(place: Place) -> str:
    """A file's ending in small letters."""
    return Path(place.name).suffix.lower()


def check_file(file: Path, path: str | None = None) -> None:
    """Raise a `TableError` where a file is missing, of unknown ending, or not what its ending says."""
    written = path or str(file)
    _must_exist(file, written)
    check_content(file, written)


def check_content(place: Place, written: str) -> None:
    """Raise a `TableError` where a file may not be read, or its content is not what its ending says."""
    kind = kind_of(place)
    if kind not in KNOWN:
        raise _unknown_ending(kind, written)
    try:
        with place.open("rb") as stream:
            head = stream.read(HEAD)
    except PermissionError as error:
        raise TableError(
            f"{written} may not be read: another program holds it, or you have no right to it. "
            "Close it there, or copy it to a folder of your own.",
            zh=f"{written} 不可读取：被其他程序占用，或没有权限。请先在该程序中关闭，或复制到自己的文件夹。",
        ) from error
    if not _TESTS[KNOWN[kind]](head):
        raise _false_ending(kind, head, written)


def is_geojson(head: bytes) -> bool:
    """Whether a file begins as GeoJSON does; GDAL would run or follow other JSON and XML that it recognises."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\x1e \t\r\n")
    return text.startswith(b"{") and bool(_GEOJSON.search(text)) and b"gdal_streamed_alg" not in text


def is_sequence(place: Place) -> bool:
    """Whether a file of GeoJSON is one feature a line (RFC 8142), rather than one collection."""
    with place.open("rb") as stream:
        first, following = stream.readline(LONGEST_LINE), stream.read(HEAD).lstrip(b"\r\n\x1e \t")
    if first.startswith(b"\x1e"):
        return True
    is_feature = re.search(rb'"type"\s*:\s*"Feature"', first) and not re.search(rb'"FeatureCollection"', first)
    return bool(is_feature and first.rstrip().endswith(b"}") and following.startswith(b"{"))


def _is_xml(root: bytes) -> Callable[[bytes], bool]:
    opening = re.compile(
        rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>\[]*>|\s)*<(?:\w+:)?" + root, re.S
    )
    return lambda head: opening.match(head) is not None


def _is_text(head: bytes) -> bool:
    return not (head.startswith((b"PK\3\4", b"SQLite", b"%PDF", _COMPOUND[:4])) or _HTML.match(head))


KNOWN = {**GEOGRAPHIC, **SHEETS, **RASTERS}
_TESTS: dict[str, Callable[[bytes], bool]] = {
    "GeoPackage": lambda head: head.startswith(b"SQLite format 3\0"),
    "GeoJSON": is_geojson,
    "Shapefile": lambda head: head.startswith(b"\0\0\x27\x0a"),
    "FlatGeobuf": lambda head: head.startswith(b"fgb"),
    "GeoParquet": lambda head: head.startswith(b"PAR1"),
    "KML": _is_xml(rb"kml\b"),
    "KMZ": lambda head: head.startswith(b"PK"),
    "OSM PBF": lambda head: b"OSMHeader" in head[:64],
    "OSM XML": _is_xml(rb"osm\b"),
    "DXF": lambda head: _DXF.match(head.removeprefix(b"\xef\xbb\xbf")) is not None,
    "zip": lambda head: head.startswith(b"PK"),
    "XLSX": lambda head: head.startswith(b"PK"),
    "XLS": lambda head: head.startswith((_COMPOUND, b"PK")),
    "dBase": lambda head: len(head) > 32 and head[0] & 7 == 3,
    "CSV": _is_text,
    "GeoTIFF": lambda head: head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
}


def _must_exist(file: Path, written: str) -> None:
    if file.is_dir():
        raise TableError(
            f"{written} is a folder, not a file; name a file in it.",
            zh=f"{written} 是文件夹，不是文件；请指明其中的文件。",
        )
    if file.is_file():
        return
    if file.exists():
        raise TableError(f"{written} is a device, not a file.", zh=f"{written} 是设备，不是文件。")
    there = sorted(one.name for one in file.parent.iterdir() if one.is_file()) if file.parent.is_dir() else []
    near = get_close_matches(file.name, there, 3, 0.5)
    listed = preview([*near, *(name for name in there if name not in near)], 8)
    folder = file.parent.absolute()
    found = f"{folder} has: {listed}" if there else f"there is no such folder, or no file in it: {folder}"
    found_zh = f"{folder} 中有：{listed}" if there else f"该文件夹不存在或没有文件：{folder}"
    meant = f'Write path = "{Path(written).with_name(near[0]).as_posix()}"' if near else "Correct the path"
    meant_zh = f'请写成 path = "{Path(written).with_name(near[0]).as_posix()}"' if near else "请改正路径"
    raise TableError(f'no file "{written}"; {found}. {meant}.', zh=f"没有文件“{written}”；{found_zh}。{meant_zh}。")


def _unknown_ending(kind: str, written: str) -> TableError:
    known = sorted(KNOWN)
    instead, instead_zh = _INSTEAD.get(kind, ("save it in one of these formats", "请另存为以下格式之一"))
    what, what_zh = f'files ending in "{kind}" are not read', f"不支持扩展名“{kind}”"
    if not kind:
        what, what_zh = "a file without an ending is not read", "文件没有扩展名"
    return TableError(
        f"{written}: {what}; {instead}. Endings that are read: {', '.join(known)}.",
        zh=f"{written}：{what_zh}；{instead_zh}。可读取的扩展名：{'、'.join(known)}。",
    )


def _false_ending(kind: str, head: bytes, written: str) -> TableError:
    begins, begins_zh = f"it begins with {head[:12]!r}", f"文件开头为 {head[:12]!r}"
    cure, cure_zh = "Export it again from its program", "请从原软件重新导出"
    if not head:
        begins, begins_zh = "it is empty", "文件为空"
    elif head.startswith(_COMPOUND):
        begins, begins_zh = "it is an old .xls, or protected by a password", "实为旧版 .xls，或设有密码"
        cure, cure_zh = "Open it, remove the password and save it as .xlsx", "请打开文件，取消密码，另存为 .xlsx"
    elif head.startswith(b"AutoCAD Binary DXF"):
        begins, begins_zh = "it is a binary DXF", "实为二进制 DXF"
        cure, cure_zh = "Save the drawing as DXF (ASCII)", "请另存为 DXF（ASCII）"
    elif _HTML.match(head):
        begins, begins_zh = "it is a web page", "实为网页（HTML）"
        if kind in SHEETS:
            cure, cure_zh = "Open it in Excel or WPS and save it as .xlsx", "请用 Excel 或 WPS 打开，另存为 .xlsx"
        else:
            cure, cure_zh = "Download the file itself: this may be a page to log in", "可能是登录页，请重新下载文件本身"
    else:
        said = next((words for mark, *words in _DISGUISES if mark.match(head)), None) or _true_ending(kind, head)
        (begins, begins_zh), (cure, cure_zh) = said or ((begins, begins_zh), (cure, cure_zh))
    return TableError(
        f"{written} is not {KNOWN[kind]} although it ends in {kind}; {begins}. {cure}.",
        zh=f"{written} 扩展名为 {kind}，内容却不是 {KNOWN[kind]}；{begins_zh}。{cure_zh}。",
    )


def _true_ending(kind: str, head: bytes) -> list[tuple[str, str]] | None:
    """What a file seems to be and the ending it should have; None where it looks like nothing that is read."""
    unsure = ("CSV", "XLSX", "XLS", "KMZ")
    found = next((name for name, test in _TESTS.items() if name not in unsure and test(head)), "")
    if not found and kind in SHEETS and b"\0" not in head:
        return [("it is plain text", "实为纯文本"), ("Give it the ending .csv", "请将扩展名改为 .csv")]
    if not found:
        return None
    ending = next(ending for ending, name in KNOWN.items() if name == found)
    return [
        (f"it seems to be {found}", f"实际像是 {found}"),
        (f"Give it its true ending, {ending}", f"请改用其真正的扩展名 {ending}"),
    ]
