"""What each format gives: KML, OpenStreetMap, DXF, GeoParquet, and all of them inside zip archives."""

import dataclasses
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridopt.errors import TableError
from gridopt.read import osm, scan
from gridopt.read.formats import layer_names, open_layer
from gridopt.read.scan import scan_folder

KML = """<?xml version="1.0" encoding="UTF-8"?>
<!-- drawn by hand -->
<kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Folder><name>社区</name><Placemark><name>甲社区</name>
<ExtendedData><Data name="code"><value>320402001001</value></Data></ExtendedData>
<Polygon><outerBoundaryIs><LinearRing><coordinates>119.9,31.8,0 119.91,31.8,0 119.91,31.81,0 119.9,31.8,0
</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>
<Folder><name>警务室</name><Placemark><name>一号</name><Point><coordinates>119.9,31.8</coordinates></Point></Placemark>
</Folder></Document></kml>"""

CORNERS = {1: (119.90, 31.80), 2: (119.901, 31.80), 3: (119.901, 31.801), 4: (119.90, 31.801)}
RING = (1, 2, 3, 4, 1)
NODES = {
    **{key: (place, {}) for key, place in CORNERS.items()},
    5: ((119.9005, 31.8005), {"amenity": "police", "name": "派出所"}),
    6: ((119.9002, 31.80), {"barrier": "gate"}),
}
WAYS = {
    10: (RING, {"building": "apartments", "building:levels": "6", "addr:housenumber": "12号", "building:flats": "48"}),
    11: ((1, 3), {"highway": "primary", "name": '"延陵"路', "bridge": "yes"}),
    12: (RING, {"barrier": "wall"}),
    13: (RING, {"natural": "water", "water": "lake", "name": "湖"}),
    14: ((1, 2), {"waterway": "stream"}),
    15: ((2, 4), {"railway": "rail", "tunnel": "no"}),
    16: (RING, {"landuse": "residential", "name": "金狮小区"}),
    17: (RING, {"building": "no"}),
    18: (RING, {"building": "yes", "amenity": "school"}),
    19: (RING, {"building": "yes"}),
    20: (RING, {"boundary": "administrative", "admin_level": "8", "name": "云河镇"}),
    21: (RING, {"boundary": "administrative", "admin_level": "10", "name": "金狮社区"}),
}


def osm_xml():
    """The little extract as XML."""

    def tags(given):
        return "".join(f'<tag k="{key}" v="{value.replace(chr(34), "&quot;")}"/>' for key, value in given.items())

    nodes = [f'<node id="{key}" lon="{x}" lat="{y}">{tags(given)}</node>' for key, ((x, y), given) in NODES.items()]
    ways = [
        f'<way id="{key}">{"".join(f"<nd ref={chr(34)}{node}{chr(34)}/>" for node in refs)}{tags(given)}</way>'
        for key, (refs, given) in WAYS.items()
    ]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">{"".join([*nodes, *ways])}</osm>'


def varint(number):
    out = bytearray()
    while True:
        out.append((number & 0x7F) | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(out)


def signed(number):
    return varint(number * 2 if number >= 0 else -number * 2 - 1)


def entry(key, value):
    """One field of a protocol buffer: a number, or bytes with their length."""
    if isinstance(value, int):
        return varint(key << 3) + varint(value)
    return varint(key << 3 | 2) + varint(len(value)) + value


def osm_pbf():
    """The little extract as a protocol buffer file: a header block, then one block of plain nodes and ways."""
    strings = [""]

    def number(text):
        if text not in strings:
            strings.append(text)
        return strings.index(text)

    def tags(given):
        keys, values = b"".join(varint(number(k)) for k in given), b"".join(varint(number(v)) for v in given.values())
        return entry(2, keys) + entry(3, values) if given else b""

    nodes = b"".join(
        entry(1, varint(1 << 3) + signed(key) + tags(given) + varint(8 << 3) + signed(round(y * 1e7))
              + varint(9 << 3) + signed(round(x * 1e7)))
        for key, ((x, y), given) in NODES.items()
    )  # fmt: skip
    ways = b""
    for key, (refs, given) in WAYS.items():
        steps = [after - before for before, after in zip((0, *refs[:-1]), refs, strict=True)]
        ways += entry(3, entry(1, key) + tags(given) + entry(8, b"".join(signed(step) for step in steps)))
    table = b"".join(entry(1, text.encode()) for text in strings)
    header = b"".join(entry(4, name) for name in (b"OsmSchema-V0.6",))
    return blob(b"OSMHeader", header) + blob(b"OSMData", entry(1, table) + entry(2, nodes) + entry(2, ways))


def blob(kind, content):
    body = entry(2, len(content)) + entry(3, zlib.compress(content))
    head = entry(1, kind) + entry(3, len(body))
    return struct.pack(">I", len(head)) + head + body


def dxf(folder, texts, lines, *, page="ANSI_1252", encoding="cp1252"):
    """A drawing with closed or open polylines and texts, each on its CAD layer."""
    rows = ["0", "SECTION", "2", "HEADER", "9", "$ACADVER", "1", "AC1015", "9", "$DWGCODEPAGE", "3", page, "0"]
    rows += ["ENDSEC", "0", "SECTION", "2", "ENTITIES"]
    for layer, points, closed in lines:
        rows += ["0", "LWPOLYLINE", "100", "AcDbEntity", "8", layer, "100", "AcDbPolyline"]
        rows += ["90", str(len(points)), "70", "1" if closed else "0"]
        rows += [text for x, y in points for text in ("10", str(x), "20", str(y))]
    for layer, text, (x, y) in texts:
        rows += ["0", "TEXT", "100", "AcDbEntity", "8", layer, "10", str(x), "20", str(y), "40", "2", "1", text]
    file = folder / "plan.dxf"
    file.write_bytes("\n".join([*rows, "0", "ENDSEC", "0", "EOF", ""]).encode(encoding))
    return file


BIG, SMALL = [(0, 0), (100, 0), (100, 100), (0, 100)], [(10, 10), (40, 10), (40, 40), (10, 40)]


def zipped(file, **members):
    """An archive of files given by name: bytes or text."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file


def test_folders_of_a_kml_are_layers_and_their_names_and_data_columns(tmp_path):
    (file := tmp_path / "图.kml").write_text(KML, encoding="utf-8")
    assert layer_names(file) == ["社区", "警务室"]
    table = open_layer(file, "社区").table
    assert table[["name", "code"]].to_numpy().tolist() == [["甲社区", "320402001001"]]
    assert set(table.columns) == {"name", "description", "code", "geometry"}
    assert table.crs.to_epsg() == 4326


@pytest.mark.parametrize(("mark", "between"), [("", "\n"), ("", "\r\n"), ("\x1e", "\n\x1e")])
@pytest.mark.parametrize("n", [1, 3])
def test_features_a_line_are_read_as_one_collection_is(tmp_path, mark, between, n):
    table = gpd.GeoDataFrame({"name": list("甲乙丙")[:n]}, geometry=[shapely.box(i, 0, i + 1, 1) for i in range(n)])
    lines = [json.dumps(one, ensure_ascii=False) for one in json.loads(table.to_json())["features"]]
    (file := tmp_path / "线.geojson").write_text(mark + between.join(lines), encoding="utf-8", newline="")
    assert open_layer(file).table["name"].tolist() == list("甲乙丙")[:n]


def test_a_kmz_is_the_kml_in_it(tmp_path):
    file = zipped(tmp_path / "图.kmz", **{"doc.kml": KML})
    assert open_layer(file, "警务室").table["name"].tolist() == ["一号"]


def test_boundaries_of_several_levels_are_a_layer_each_and_those_of_one_are_one(tmp_path):
    (file := tmp_path / "city.osm").write_text(osm_xml(), encoding="utf-8")
    named = [found.layer for found in scan_folder(tmp_path) if "boundaries" in found.layer]
    assert named == ["boundaries_8", "boundaries_10"]
    file.write_text(osm_xml().replace('v="10"', 'v="8"'), encoding="utf-8")
    assert [found.layer for found in scan_folder(tmp_path) if "boundaries" in found.layer] == ["boundaries"]


@pytest.mark.parametrize(("rows", "chosen"), [(2, "boundaries_10"), (1, "")])
def test_of_several_levels_the_finest_of_more_than_one_row_are_the_communities(monkeypatch, tmp_path, rows, chosen):
    (tmp_path / "city.osm").write_text(osm_xml(), encoding="utf-8")
    described = scan._described
    monkeypatch.setattr(scan, "_described", lambda *facts: dataclasses.replace(described(*facts), rows=rows))
    assert "".join(found.layer for found in scan_folder(tmp_path) if found.role == "communities") == chosen


@pytest.fixture(params=["osm", "osm.pbf"])
def extract(request, tmp_path):
    file = tmp_path / f"city.{request.param}"
    file.write_bytes(osm_pbf() if request.param == "osm.pbf" else osm_xml().encode())
    return file


@pytest.mark.parametrize(
    ("layer", "rows"),
    [
        (
            "buildings",
            [
                {"id": "way/10", "use": "apartments", "floors": "6", "number": "12号", "dwellings": "48"},
                {"id": "way/18", "use": "school"},
                {"id": "way/19", "use": "yes"},
            ],
        ),
        ("roads", [{"id": "way/11", "class": "primary", "name": '"延陵"路', "bridge": "yes"}]),
        ("rivers", [{"id": "way/14", "class": "stream"}, {"id": "way/13", "class": "lake", "name": "湖"}]),
        ("railways", [{"id": "way/15", "class": "rail", "tunnel": "no"}]),
        ("walls", [{"id": "way/12", "class": "wall"}]),
        ("crossings", [{"id": "node/6", "class": "gate"}, {"id": "way/11", "class": "bridge", "name": '"延陵"路'}]),
        ("estates", [{"id": "way/16", "class": "residential", "name": "金狮小区"}]),
        (
            "facilities",
            [{"id": "node/5", "class": "police", "name": "派出所"}, {"id": "way/18", "class": "school"}],
        ),
        ("groups", []),
        ("boundaries_10", [{"id": "way/21", "class": "administrative", "admin_level": "10", "name": "金狮社区"}]),
    ],
)
def test_tags_become_the_layers_and_columns_of_a_project(extract, layer, rows):
    table = open_layer(extract, role=layer).table
    said = [
        {key: value for key, value in row.items() if value} for row in table.drop(columns="geometry").to_dict("records")
    ]
    assert said == rows
    assert table.crs.to_epsg() == 4326


def test_all_layers_of_an_extract_read_at_once_are_those_read_one_by_one(extract):
    together = osm.read_layers(extract)
    assert set(together) == {name for name in osm.layer_names(extract) if not name.startswith("boundaries")} | {
        "boundaries_8", "boundaries_10"
    }  # fmt: skip
    for layer, table in together.items():
        pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(osm.read_layer(extract, layer)))


def test_an_extract_needs_a_layer_where_the_project_has_none_of_its_name(extract):
    with pytest.raises(TableError, match=r'it has: buildings, roads, .*Write layer = "buildings"'):
        open_layer(extract, role="communities")


def test_closed_polylines_are_areas_named_by_the_text_inside(tmp_path):
    texts = [
        ("注记", "1234户", (60, 20)),
        ("注记", "甲社区", (60, 80)),
        ("注记", "乙社区", (20, 20)),
        ("0", "图名", (500, 0)),
    ]
    lines = [("界线", BIG, True), ("界线", SMALL, True), ("界线", [(0, 0), (9, 9)], False), ("路", BIG, True)]
    file = dxf(tmp_path, texts, lines, page="ANSI_936", encoding="gb18030")
    assert layer_names(file) == ["界线", "路"]
    table = open_layer(file, "界线").table
    assert table["name"].tolist() == ["甲社区 1234户", "乙社区", ""]
    assert table.geom_type.tolist() == ["Polygon", "Polygon", "LineString"]
    assert table.crs is None
    assert open_layer(file, "路", role="roads").table.geom_type.tolist() == ["LineString"]


@pytest.mark.parametrize(
    ("page", "encoding", "words"),
    [
        ("ANSI_1252", "gb18030", "东门社区三楼"),
        ("GB2312", "gb18030", "东门社区三楼"),
        ("ANSI_936", "utf-8", "东门社区三楼"),
        ("ANSI_1252", "utf-8", "东门社区三楼"),
        ("ANSI_1252", "cp950", "東門社區三樓"),
        ("ANSI_1252", "cp1252", "Café de l'Église, Rue du Général"),
    ],
)
def test_text_of_a_drawing_is_read_as_it_is_whatever_its_header_says(tmp_path, page, encoding, words):
    file = dxf(tmp_path, [(words, words, (60, 60))], [(words, BIG, True)], page=page, encoding=encoding)
    assert layer_names(file) == [words]
    read = open_layer(file)
    assert read.table["name"].tolist() == [words]
    assert read.encoding == encoding


def test_a_drawing_without_a_header_keeps_its_chinese_text(tmp_path):
    file = dxf(tmp_path, [("注记", "东门社区三楼", (60, 60))], [("房屋", BIG, True)], encoding="gb18030")
    bare = file.read_bytes()
    file.write_bytes(bare[bare.index(b"ENDSEC\n") + len(b"ENDSEC\n") :])
    assert layer_names(file) == ["房屋"]
    assert open_layer(file).table["name"].tolist() == ["东门社区三楼"]


def test_parquet_gives_the_same_table(tmp_path):
    table = gpd.GeoDataFrame({"编码": ["1"]}, geometry=[shapely.box(0, 0, 1, 1)], crs="EPSG:4549")
    table.to_parquet(tmp_path / "c.parquet")
    zipped(tmp_path / "c.zip", **{"c.parquet": (tmp_path / "c.parquet").read_bytes()})
    for file in ("c.parquet", "c.zip"):
        read = open_layer(tmp_path / file).table
        assert read.crs == table.crs
        assert read["编码"].tolist() == ["1"]


def shapefile(folder, name, encoding):
    table = gpd.GeoDataFrame({"名称": ["东门社区"]}, geometry=[shapely.box(0, 0, 1, 1)], crs="EPSG:4549")
    table.to_file(folder / f"{name}.shp", encoding=encoding)
    return {f"{name}{ending}": (folder / f"{name}{ending}").read_bytes() for ending in (".shp", ".shx", ".dbf", ".prj")}


def test_a_shapefile_in_an_archive_keeps_its_chinese_text(tmp_path):
    file = zipped(tmp_path / "c.zip", **shapefile(tmp_path, "c", "GB18030"))
    source = open_layer(file)
    assert source.encoding == "gb18030"
    assert source.table["名称"].tolist() == ["东门社区"]


class GbkName(zipfile.ZipInfo):
    """A name written as Chinese Windows writes it: in GBK, and nowhere said so."""

    def _encodeFilenameFlags(self):  # noqa: N802
        return self.filename.encode("gbk"), 0


def test_an_archive_of_chinese_windows_shows_its_names_as_meant(tmp_path):
    with zipfile.ZipFile(file := tmp_path / "c.zip", "w") as archive:
        for name, content in shapefile(tmp_path, "社区", "UTF-8").items():
            archive.writestr(GbkName(name), content)
    assert layer_names(file) == ["社区"]
    assert open_layer(file).table["名称"].tolist() == ["东门社区"]


def test_layers_of_an_archive_are_named_by_file_and_layer(tmp_path):
    table = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.box(0, 0, 1, 1)], crs="EPSG:4549")
    table.to_file(tmp_path / "town.gpkg", layer="units")
    table.to_file(tmp_path / "town.gpkg", layer="roads")
    book = io.BytesIO()
    pd.DataFrame({"社区": ["甲"], "户数": [12]}).to_excel(book, index=False)
    members = {
        "town.gpkg": (tmp_path / "town.gpkg").read_bytes(),
        "表/p.xlsx": book.getvalue(),
        "表/q.csv": "a,b\n1,2\n",
    }
    file = zipped(tmp_path / "all.zip", **members, **{"a/图.kml": KML, "b/图.kml": KML, "__MACOSX/._q.csv": "x"})
    assert layer_names(file) == ["a/图.kml/社区", "a/图.kml/警务室", "b/图.kml/社区", "b/图.kml/警务室", "p", "q",
                                 "town/units", "town/roads"]  # fmt: skip
    assert open_layer(file, "town/units").table["a"].tolist() == [1]
    assert open_layer(file, "p").table["户数"].tolist() == [12]
    assert open_layer(file, "q").table["b"].tolist() == ["2"]
    assert open_layer(file, "b/图.kml/警务室").table["name"].tolist() == ["一号"]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"../c.geojson": "{}"}, "lead out of it"),
        ({"/etc/c.geojson": "{}"}, "lead out of it"),
        ({"a\\..\\..\\c.geojson": "{}"}, "lead out of it"),
        ({"readme.md": "x"}, "it holds: readme.md"),
        ({"c.geojson": "<OGRVRTDataSource/>"}, "c.zip: c.geojson is not GeoJSON"),
        ({"c.gpkg": "junk"}, "c.zip: c.gpkg is not GeoPackage"),
    ],
)
def test_an_archive_with_a_trick_in_it_is_refused(tmp_path, members, words):
    file = zipped(tmp_path / "c.zip", **members)
    with pytest.raises(TableError, match=words) as caught:
        open_layer(file, path="c.zip")
    assert caught.value.text("zh") != str(caught.value)


def test_an_archive_under_a_password_is_refused(tmp_path):
    raw = bytearray(zipped(tmp_path / "c.zip", **{"c.geojson": "{}"}).read_bytes())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        raw[raw.index(mark) + flags] |= 1
    (tmp_path / "c.zip").write_bytes(raw)
    with pytest.raises(TableError, match=r"protected by a password \(c.geojson\)"):
        open_layer(tmp_path / "c.zip")


def test_a_bomb_is_refused_before_anything_is_unpacked(tmp_path):
    bomb = zipped(tmp_path / "c.zip", **{"c.geojson": b"0" * 10_000_000})
    raw = bytearray(bomb.read_bytes())
    at = raw.index(b"PK\1\2") + 24
    raw[at : at + 4] = struct.pack("<I", 2**32 - 2)
    entry_ = bytes(raw[raw.index(b"PK\1\2") : raw.index(b"PK\5\6")])
    end = raw.index(b"PK\5\6")
    raw[end + 8 : end + 16] = struct.pack("<HHI", 2, 2, 2 * len(entry_))
    bomb.write_bytes(bytes(raw[:end]) + entry_ + bytes(raw[end:]))
    with pytest.raises(TableError, match=r"unpacks to 8\.0 GB, above 4 GB"):
        open_layer(bomb)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("p.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "protected by a password"),
        ("c.dxf", b"AutoCAD Binary DXF\r\n\x1a\0", "binary DXF"),
        ("c.kml", b"<html></html>", "is not KML"),
        ("c.osm", KML.encode(), "seems to be KML. Give it its true ending, .kml"),
        ("d.xls", b"<html><table>", "it is a web page. Open it in Excel or WPS and save it as .xlsx"),
        ("d.csv", b"<!DOCTYPE html><html>", "it is a web page"),
        ("d.gpkg", b"<!doctype html>", "this may be a page to log in"),
        ("e.xls", b"id\thouseholds\n1\t2\n", "it is plain text. Give it the ending .csv"),
        ("e.xlsx", b"%PDF-1.4", "it is a PDF"),
        ("e.zip", b"Rar!\x1a\x07", "it is a RAR or 7z archive"),
        ("c.pbf", b"not a buffer", "is not OSM PBF"),
        ("c.gpkg", b"", "it is empty"),
        ("c.dwg", b"AC1032", "save the drawing as DXF"),
        ("c", b"", "without an ending"),
    ],
)
def test_a_file_that_is_something_else_says_what_and_what_to_do(tmp_path, name, content, words):
    (file := tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=words):
        open_layer(file)


def test_a_missing_file_is_answered_with_the_nearest_name(tmp_path):
    (tmp_path / "communities_2023.gpkg").write_bytes(b"")
    with pytest.raises(TableError, match=r'Write path = "data/communities_2023.gpkg"'):
        open_layer(tmp_path / "communites_2023.gpkg", path="data/communites_2023.gpkg")


def test_a_file_that_another_program_holds_is_told_apart(tmp_path, monkeypatch):
    (file := tmp_path / "c.gpkg").write_bytes(b"SQLite format 3\0")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(TableError, match="another program holds it"):
        open_layer(file)
