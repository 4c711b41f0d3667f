"""Grids for platforms: every platform in every format, names, parts, bad targets, and what stands beside the file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely

import gridopt as go
from gridopt.cli.main import main
from gridopt.coordinates import from_offset
from gridopt.errors import GridoptError, RuleError, TableError
from gridopt.publish import export_files, formats, platforms
from gridopt.publish.atomic import LEFTOVERS
from gridopt.publish.export import Export, export, write_export
from gridopt.publish.platforms import PLATFORMS
from gridopt.publish.properties import PROPERTIES, check_names, short_names
from gridopt.read.exports import read_export, read_names
from gridopt.verify import check
from tests.folders import full_plan, posts_of, write

SHAPED = [ending for ending in formats.WRITERS if ending not in (".csv", ".xlsx")]


def made(path: Path, **options) -> Export:
    return export(full_plan(), path, posts=posts_of(full_plan()), **options)


def in_wgs84(shapes: np.ndarray, coordinates: str) -> np.ndarray:
    """Shapes of a platform back in WGS84."""
    if coordinates.startswith("EPSG"):
        return shapes
    return shapely.transform(shapes, lambda points: np.column_stack(from_offset(coordinates, *points.T)))


PAIRS = [(name, ".geojson") for name in PLATFORMS] + [
    (name, ending)
    for name in ("amap", "baidu", "tianditu", "kepler")
    for ending in formats.WRITERS
    if ending != ".geojson"
]


@pytest.fixture(autouse=True)
def swift(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests need not wait until the disk has it."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.parametrize(("platform", "ending"), PAIRS)
def test_every_platform_reads_every_format_back_with_every_grid(platform: str, ending: str, tmp_path: Path) -> None:
    plan = full_plan()
    written = made(tmp_path / f"网格{ending}", to=platform)
    stored = read_export(written.files[0])
    assert sorted(stored["grid_code"]) == plan.grids.index.tolist()
    assert pd.to_numeric(stored["households"]).sum() == 1800
    if ending in SHAPED:
        shapes = stored.set_index("grid_code").loc[plan.grids.index]["geometry"].to_numpy()
        assert shapely.is_valid(shapes).all()
        back = in_wgs84(shapes, PLATFORMS[platform].coordinates)
        metric = gpd.GeoSeries(back, crs="EPSG:4326").to_crs(plan.grids.crs)
        assert (
            metric.symmetric_difference(plan.grids.geometry.reset_index(drop=True)).area < 0.02 * metric.length
        ).all()
        assert shapely.coverage_is_valid(shapes)


@pytest.mark.parametrize("platform", ["amap", "baidu", "tianditu", "wgs84"])
def test_gdal_reads_the_formats_with_the_coordinates_they_declare(platform: str, tmp_path: Path) -> None:
    for ending in (".gpkg", ".fgb", ".shp"):
        table = pyogrio.read_dataframe(made(tmp_path / f"a{ending}", to=platform).files[0])
        declared = PLATFORMS[platform].coordinates
        if declared.startswith("EPSG"):
            assert table.crs == pyproj.CRS(declared)
        else:
            assert declared in table.crs.name
            assert table.crs.to_epsg() is None
        assert all(isinstance(code, str) and len(code) == 15 for code in table["grid_code"])


def test_shifted_platforms_lie_half_a_kilometre_off_and_the_others_do_not(tmp_path: Path) -> None:
    def first(platform: str) -> np.ndarray:
        stored = read_export(made(tmp_path / "a.geojson", to=platform).files[0])
        return shapely.get_coordinates(stored["geometry"].iloc[0])[0]

    geod = pyproj.Geod(ellps="WGS84")
    plain = first("wgs84")
    for platform, far in {"amap": 500, "tencent": 500, "baidu": 1000, "tianditu": 0, "mapbox": 0}.items():
        metres = geod.inv(*plain, *first(platform))[2]
        assert abs(metres - far) < 0.5 * far + 1


def test_geojson_follows_the_rfc(tmp_path: Path) -> None:
    content = json.loads(made(tmp_path / "a.geojson").files[0].read_text("utf-8"), parse_constant=pytest.fail)
    assert set(content) == {"type", "features"}
    for feature in content["features"]:
        assert feature["id"] == feature["properties"]["grid_code"]
        assert list(feature["properties"]) == PROPERTIES
        assert shapely.geometry.shape(feature["geometry"]).exterior.is_ccw


def test_neighbours_differ_in_colour_and_labels_lie_inside(tmp_path: Path) -> None:
    for platform in ("wgs84", "baidu"):
        stored = read_export(made(tmp_path / "a.geojson", to=platform, simplify=5).files[0])
        labels = shapely.points(stored[["label_x", "label_y"]].to_numpy())
        assert shapely.contains(stored["geometry"].to_numpy(), labels).all()
        colours = stored["colour"].to_numpy()
        assert (colours[:-1] != colours[1:]).all()  # the four grids stand in a row
        assert colours.max() < 6


def test_posts_are_counted_and_nobody_is_named(tmp_path: Path) -> None:
    posts = posts_of(full_plan()).assign(person="王小二", phone="13800000000")
    written = export(full_plan(), tmp_path / "a.geojson", posts=posts)
    assert read_export(written.files[0])["chief"].tolist() == [1, 1, 1, 1]
    text = written.files[0].read_text("utf-8") + written.manifest.read_text("utf-8")
    assert "王小二" not in text
    assert "138000" not in text


def test_names_may_be_chinese_and_the_code_keeps_its_own_too(tmp_path: Path) -> None:
    stored = read_export(made(tmp_path / "a.csv", names="zh").files[0])
    assert {"grid_code", "网格编码", "户数", "网格长"} <= set(stored.columns)
    assert stored["grid_code"].tolist() == stored["网格编码"].tolist()
    assert set(stored["类别"]) == {"基础网格"}
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_mapping_chooses_and_names_columns_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    written = made(tmp_path / "a.xlsx", names={"households": "住户", "walk_max_m": "最远"})
    assert read_export(written.files[0]).columns.tolist() == ["grid_code", "住户", "最远"]
    left = next(one for one in written.notes if "left out" in one.en)
    assert "residents" in left.en
    assert "residents" in left.zh


def test_all_faults_of_a_mapping_are_in_one_error_with_the_nearest_column() -> None:
    with pytest.raises(RuleError) as raised:
        check_names({"housholds": "a", "name": "B", "scope": "b", "kind": " ", "status": "fid", "seq": "grid_code"})
    message = str(raised.value)
    for part in ("housholds", "did you mean households", "both name and scope", '"kind"', '"fid"', "grid_code and seq"):
        assert part in message
    assert "是否为 households" in raised.value.text("zh")
    with pytest.raises(RuleError):
        check_names({})
    with pytest.raises(RuleError, match="fr"):
        check_names("fr")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("n.json", '{"households": "户"}'),
        ("n.toml", 'households = "户"'),
        ("n.csv", "column,name\nhouseholds,户\n"),
        ("b.csv", "\ufeffhouseholds，户\n"),
    ],
)
def test_a_mapping_may_be_a_file(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_names(tmp_path / name) == {"households": "户"}


@pytest.mark.parametrize(("name", "text"), [("n.json", "[1]"), ("n.json", "{"), ("n.csv", "a,b,c"), ("n.txt", "a")])
def test_a_file_that_is_no_mapping_is_refused(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(TableError):
        read_names(tmp_path / name)


def test_names_of_a_shapefile_have_ten_letters_and_differ() -> None:
    for lang in ("en", "zh"):
        short = short_names(check_names(lang))
        assert all(len(name.encode("gb18030")) <= 10 for name in short.values())
        assert len(set(short.values())) == len(short)
    assert list(short_names({"scope": "一二三四五六", "name": "一二三四五七"}).values()) == [
        "grid_code", "一二三四五", "一二三四2",
    ]  # fmt: skip


def test_a_shapefile_is_in_gb18030_and_says_what_it_cut(tmp_path: Path) -> None:
    plan = full_plan()
    long = plan.replace(grids=plan.grids.assign(scope="金狮小区" * 100))
    written = export(long, tmp_path / "a.shp", names="zh")
    assert (tmp_path / "a.cpg").read_text("ascii").strip() == "GB18030"
    assert len(pyogrio.read_dataframe(tmp_path / "a.shp")["网格范围"].iloc[0]) == 127
    assert any("254" in one.en and "网格范围" in one.en for one in written.notes)
    assert "基础网格".encode("gb18030") in (tmp_path / "a.dbf").read_bytes()


def test_text_stays_text_in_spreadsheets(tmp_path: Path) -> None:
    plan = full_plan()
    plan = plan.replace(grids=plan.grids.assign(scope="=1+1"))
    stored = read_export(export(plan, tmp_path / "a.xlsx").files[0])
    assert stored["scope"].tolist() == ["=1+1"] * 4
    assert read_export(export(plan, tmp_path / "a.csv").files[0])["scope"].tolist() == ["'=1+1"] * 4


def test_the_public_gets_no_small_count_and_a_list_of_what_is_withheld(tmp_path: Path) -> None:
    plan = full_plan()
    plan = plan.replace(grids=plan.grids.assign(households=[600.0, 4.0, 300.0, 600.0]))
    for ending in formats.WRITERS:
        written = export(plan, tmp_path / f"a{ending}", public=True, to="mapbox")
        stored = read_export(written.files[0]).sort_values("grid_code")
        numbers = pd.to_numeric(stored["households"], errors="coerce")
        assert len(stored) == 4
        assert numbers.isna().tolist() == [False, True, True, False]
        manifest = json.loads(written.manifest.read_text("utf-8"))
        assert [row["place_id"] for row in manifest["withheld"]] == plan.grids.index[1:3].tolist()
        assert manifest["files"][0]["sums"]["households"] == 1200
        assert not any("warning" in one.en for one in written.notes)


def test_a_public_platform_without_care_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, platform in PLATFORMS.items():
        notes = made(tmp_path / "a.csv", to=name).notes
        assert any("small counts" in one.en for one in notes) == platform.is_public
        laws = [one for one in notes if "Surveying" in one.en]
        assert all("测绘法" in one.zh for one in laws)
        assert bool(laws) == (name in ("amap", "tencent", "baidu", "tianditu"))
    write_export(full_plan(), tmp_path / "a.geojson", to="amap")
    assert "small counts" in caplog.text


def test_simplified_neighbours_share_their_borders(tmp_path: Path) -> None:
    written = made(tmp_path / "a.geojson", simplify=30)
    shapes = read_export(written.files[0])["geometry"].to_numpy()
    assert shapely.coverage_is_valid(shapes)
    whole = read_export(made(tmp_path / "b.geojson").files[0])["geometry"].to_numpy()
    assert shapely.get_num_coordinates(shapes).sum() < shapely.get_num_coordinates(whole).sum()
    assert any("simplified to 30 m" in one.en for one in written.notes)
    with pytest.raises(RuleError, match="simplify"):
        made(tmp_path / "a.geojson", simplify=-1)


@pytest.fixture
def small_platform(monkeypatch: pytest.MonkeyPatch):
    """A platform that takes two grids a file."""
    tiny = platforms.Platform("tiny", most_bytes=10**6, most_grids=2)
    monkeypatch.setattr(platforms, "PLATFORMS", MappingProxyType({**PLATFORMS, "tiny": tiny}))
    return "tiny"


def two_townships():
    plan = full_plan()
    townships = ["320411001", "320411001", "320411002", "320411002"]
    return plan.replace(grids=plan.grids.assign(township_id=townships))


@pytest.mark.parametrize("ending", [".geojson", ".shp"])
def test_what_a_platform_cannot_take_comes_in_parts_with_a_manifest(small_platform, ending, tmp_path: Path) -> None:
    written = export(two_townships(), tmp_path / f"a{ending}", to=small_platform)
    manifest = json.loads(written.manifest.read_text("utf-8"))
    names = [one["file"] for one in manifest["files"]]
    assert names == [f"a-320411001{ending}", f"a-320411002{ending}"]
    codes = [code for name in names for code in read_export(tmp_path / name)["grid_code"]]
    assert codes == full_plan().grids.index.tolist()
    assert [one["grids"] for one in manifest["files"]] == [2, 2]
    assert any("2 parts" in one.en for one in written.notes)
    assert not (tmp_path / f"a{ending}").exists()


def test_parts_of_an_earlier_export_do_not_stay_behind(small_platform, tmp_path: Path) -> None:
    (tmp_path / "a-mine.geojson").write_text("mine")
    export(two_townships(), tmp_path / "a.geojson", to=small_platform)
    export(two_townships(), tmp_path / "a.geojson")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a-mine.geojson", "a.geojson", "a.geojson.manifest.json"]


def test_parts_that_are_still_too_large_are_named(small_platform, tmp_path: Path) -> None:
    written = export(full_plan(), tmp_path / "a.geojson", to=small_platform)
    assert any("still above" in one.en and "仍超过" in one.zh for one in written.notes)
    assert len(read_export(written.files[0])) == 4


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for ending in formats.WRITERS:
        first = made(tmp_path / f"a{ending}", to="amap").files
        again = made(tmp_path / "b" / f"a{ending}", to="amap").files
        assert [one.read_bytes() for one in first] == [one.read_bytes() for one in again], ending


def test_bad_targets_are_refused_and_left_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "d.geojson"
    folder.mkdir()
    locked = tmp_path / "locked.geojson"
    locked.write_text("mine")
    locked.chmod(0o444)
    for target in (folder, Path("/dev/full"), locked, tmp_path / "none" / "a.geojson"):
        with pytest.raises(GridoptError) as raised:
            made(target)
        assert raised.value.zh
    assert locked.read_text() == "mine"
    for bad in ("a.dwg", "a"):
        with pytest.raises(TableError, match="ending"):
            made(tmp_path / bad)
    with pytest.raises(RuleError, match=r"did you mean amap"):
        made(tmp_path / "a.geojson", to="amapp")
    assert {one.name for one in tmp_path.iterdir()} == {"d.geojson", "locked.geojson"}


def test_a_file_that_does_not_read_back_whole_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "a.geojson")
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}

    def cut(layer, path):
        path.write_bytes(formats.feature_collection(["1"], layer.table.iloc[:1], layer.shapes[:1]))

    monkeypatch.setattr(formats, "WRITERS", {**formats.WRITERS, ".geojson": cut})
    with pytest.raises(GridoptError, match="other ids"):
        made(tmp_path / "a.geojson", names="zh")
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before
    assert not any(one.name.startswith(LEFTOVERS) for one in tmp_path.iterdir())


@pytest.mark.parametrize("spoil", ["sum", "shape", "validity"])
def test_other_sums_and_shapes_are_seen(spoil: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoilt(path):
        table = read_export(path)
        if spoil == "sum":
            return table.assign(households=table["households"] * 1.001)
        shapes = table["geometry"].to_numpy().copy()
        ring = shapely.get_coordinates(shapes[0])[:4]
        shapes[0] = shapely.Polygon(ring[[0, 2, 1, 3]]) if spoil == "validity" else shapely.buffer(shapes[0], 0.001)
        return table.set_geometry(shapes)

    monkeypatch.setattr(export_files, "read_export", spoilt)
    with pytest.raises(GridoptError, match="another sum" if spoil == "sum" else "other shapes"):
        made(tmp_path / "a.geojson")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(full_plan(), tmp_path_factory.mktemp("plan") / "out")


def test_the_verb_writes_the_file_and_says_what_must_be_said(stored: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "高德.geojson"
    assert main(["export", str(stored), "--to", "amap", "--out", str(out), "--names", "zh", "--lang", "zh"]) == 0
    said = capsys.readouterr()
    assert "测绘法" in said.err
    assert "--public" in said.err
    assert str(out) in said.out
    assert read_export(out)["网格长"].sum() == 4


@pytest.mark.parametrize(
    "option", [["--to", "mars"], ["--names", "none.json"], ["--simplify", "-3"], ["--out", "a.dwg"]]
)
def test_the_verb_answers_bad_usage_with_status_2_and_writes_nothing(stored, option, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"--to": "amap", "--out": "a.geojson", option[0]: option[1]}
    arguments = ["export", str(stored), *[word for pair in given.items() for word in pair]]
    try:
        status = main(arguments)
    except SystemExit as left:
        status = left.code
    assert status == 2
    assert list(tmp_path.iterdir()) == []


def test_the_plans_own_files_are_no_target(stored: Path) -> None:
    before = (stored / "plan.gpkg").read_bytes()
    assert main(["export", str(stored), "--to", "gpkg", "--out", str(stored / "plan.gpkg")]) == 2
    assert (stored / "plan.gpkg").read_bytes() == before


def test_publishing_with_sheets_puts_them_beside_the_plan(stored: Path, capsys) -> None:
    assert main(["publish", str(stored), "--sheets", "A4", "--lang", "en"]) == 0
    assert "map sheets" in capsys.readouterr().out
    names = {path.name for path in (stored / "sheets").iterdir()}
    assert {"decisions.xlsx", "township-320411001.pdf"} < names
    assert main(["check", str(stored)]) == 0


def test_publishing_in_another_language_says_that_reasons_stay_as_they_are(stored: Path, capsys) -> None:
    assert main(["publish", str(stored), "--lang", "zh"]) == 0
    assert "原因与建议保留方案划分时所用的语言。" in capsys.readouterr().out
    assert main(["publish", str(stored), "--lang", "en"]) == 0
    assert "language" not in capsys.readouterr().out


def test_publishing_a_stored_plan_anew_leaves_its_grids_as_they_are(stored: Path) -> None:
    before = {name: (stored / name).read_bytes() for name in ("grids.geojson", "plan.json", "plan.gpkg", "posts.csv")}
    assert main(["publish", str(stored), "--lang", "en"]) == 0
    assert {name: (stored / name).read_bytes() for name in before} == before
    assert "<html" in (stored / "map.html").read_text("utf-8")
    assert 'lang="en"' in (stored / "report.html").read_text("utf-8")
    assert check(stored).empty


@pytest.mark.parametrize("ending", sorted(formats.WRITERS))
def test_each_format_has_a_function_that_takes_its_own_ending_alone(tmp_path: Path, ending: str) -> None:
    write = getattr(go, f"write_{ending[1:]}")
    found = write(full_plan(), tmp_path / f"grids{ending}", to="amap")
    assert found.n_grids == 4
    assert sorted(read_export(found.files[0])["grid_code"].astype(str)) == sorted(full_plan().grids.index)
    with pytest.raises(TableError, match="does not end in"):
        write(full_plan(), tmp_path / "grids.txt")
