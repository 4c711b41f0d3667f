"""Bad tables for the city at work, at the command line: one clear message, status 2, nothing lost or half written."""

import hashlib
import os
import re

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gridopt.cli import main
from tests.folders import full_plan, write
from tests.towns import CRS, SOUTH, WEST

A, B = "320411001101", "320411001102"
ROSTER = "id,role,employment,base,capacity\n"
FACILITIES = "id,name,tier,lon,lat\n"
EVENTS = "id,date,kind,lon,lat\n"
HERE = gpd.GeoSeries([shapely.Point(WEST + 50, SOUTH + 50)], crs=CRS).to_crs("EPSG:4326")[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(full_plan(), tmp_path_factory.mktemp("plan") / "out")


def content(folder) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def said(capsys, *arguments) -> tuple[int, str, str]:
    """Status of the command, and what it says on both streams, in English and in Chinese."""
    statuses, texts = [], []
    for lang in ("en", "zh"):
        statuses.append(main([*map(str, arguments), "--lang", lang]))
        printed = capsys.readouterr()
        texts.append(printed.out + printed.err)
    assert statuses[0] == statuses[1]
    assert not re.search("[\u4e00-\u9fff]", re.sub(r"[^ ]*社区[^ ]*|户数", "", texts[0]))
    return statuses[0], texts[0], texts[1]


def refuses(folder, capsys, arguments, words) -> None:
    """The command ends with 2 and says so in both languages, and the folder is as it was."""
    before = content(folder)
    status, told, told_zh = said(capsys, *arguments)
    assert status == 2
    assert words[0] in told
    assert words[1] in told_zh
    assert content(folder) == before


@pytest.mark.parametrize(
    ("rows", "english", "chinese"),
    [
        (f"1,worker,full_time,,1\n2,chief,part_time,{A},1\n", "1 people have no base: 1", "没有驻地"),
        (f"1,,full_time,{A},1\n", "no role: 1", "没有岗位类别"),
        (f"1,worker,full_time,{A},1\n1,chief,part_time,{A},1\n", "1 ids occur more than once: 1", "编码重复"),
        (f"1,worker,full_time,{A},0\n", "have capacity 0:", "容量为 0："),
        (f"1,worker,full_time,{A},-2\n2,worker,full_time,{A},x\n", "values are negative: 1", "为负数"),
        (f"1,wizard,full_time,{A},1\n", 'unknown role "wizard"', "“wizard”未知"),
        ("1,worker,full_time,mars,1\n", 'based at "mars"', "“mars”不在本市范围内"),
    ],
)
def test_a_roster_with_faults_gives_nobody_a_post(folder, tmp_path, capsys, rows, english, chinese) -> None:
    (tmp_path / "roster.csv").write_text(ROSTER + rows, encoding="utf-8")
    refuses(folder, capsys, ("staff", folder, "--roster", tmp_path / "roster.csv"), (english, chinese))


def test_fewer_people_than_posts_are_said_by_place_and_role(tmp_path, capsys) -> None:
    folder = write(full_plan(), tmp_path / "out")
    (tmp_path / "roster.csv").write_text(f"{ROSTER}1,worker,full_time,{A},1\n", encoding="utf-8")
    status, told, told_zh = said(capsys, "staff", folder, "--roster", tmp_path / "roster.csv")
    assert status == 0
    assert "1 held" in told
    assert "lacks 5 of 6: full-time worker" in told
    assert "专职网格员需 6 名，缺 5 名" in told_zh


@pytest.mark.parametrize(
    ("rows", "english", "chinese"),
    [
        ("1,a,1,-74.0,40.7\n", "all 1 lie more than 10,000 m from the city", "距本市超过"),
        (f"1,a,palace,{HERE.x},{HERE.y}\n", "tiers not in the table: palace", "层级不在表中：palace"),
        (f"1,a,,{HERE.x},{HERE.y}\n", "lack a tier", "缺少层级"),
        (f"1,a,1,{HERE.y},{HERE.x}\n", "swapped", "经纬度颠倒"),
    ],
)
def test_facilities_that_cannot_be_used_change_nothing(folder, tmp_path, capsys, rows, english, chinese) -> None:
    (tmp_path / "facilities.csv").write_text(FACILITIES + rows, encoding="utf-8")
    refuses(folder, capsys, ("reach", folder, "--facilities", tmp_path / "facilities.csv"), (english, chinese))


def test_a_facility_outside_the_city_is_told_in_the_reader_s_language(tmp_path, capsys, caplog) -> None:
    folder = write(full_plan(), tmp_path / "out")
    (tmp_path / "facilities.csv").write_text(f"{FACILITIES}1,a,1,{HERE.x},{HERE.y}\n2,b,1,-74,40.7\n", encoding="utf-8")
    assert said(capsys, "reach", folder, "--facilities", tmp_path / "facilities.csv")[0] == 0
    assert "1 lie outside the city (2)" in caplog.text
    assert "1 处位于市域之外（2）" in caplog.text


def test_a_facility_outside_the_city_is_told_once(tmp_path, caplog) -> None:
    """In the language of the reader, whatever language the plan was drawn in."""
    folder = write(full_plan(), tmp_path / "out")
    (tmp_path / "facilities.csv").write_text(f"{FACILITIES}1,a,1,{HERE.x},{HERE.y}\n2,b,1,-74,40.7\n", encoding="utf-8")
    for lang, told in (("en", "1 lie outside the city"), ("zh", "1 处位于市域之外")):
        caplog.clear()
        assert main(["reach", str(folder), "--facilities", str(tmp_path / "facilities.csv"), "--lang", lang]) == 0
        assert len(caplog.records) == 1
        assert told in caplog.records[0].getMessage()


def test_a_person_who_stands_in_the_roster_twice_is_told(tmp_path, caplog) -> None:
    folder = write(full_plan(), tmp_path / "out")
    (tmp_path / "roster.csv").write_text(
        f"{ROSTER}1,worker,full_time,{A},1\n1,worker,full_time,{A},1\n", encoding="utf-8"
    )
    for lang, told in (("en", "exact duplicate rows (1): one of each kept"), ("zh", "完全重复的行（1）：各保留一行")):
        caplog.clear()
        assert main(["staff", str(folder), "--roster", str(tmp_path / "roster.csv"), "--lang", lang]) == 0
        assert [told in record.getMessage() for record in caplog.records] == [True]


def test_events_without_any_place_are_refused_and_doubtful_ones_told(folder, tmp_path, capsys) -> None:
    points, out = tmp_path / "events.csv", tmp_path / "found.csv"
    points.write_text("id,date,kind\n1,2024-01-01,x\n", encoding="utf-8")
    status, told, told_zh = said(capsys, "locate", folder, "--points", points, "--out", out)
    assert (status, out.exists()) == (2, False)
    assert "has no points" in told
    assert "没有点" in told_zh
    rows = f"1,2099-01-01,x,{HERE.x},{HERE.y}\n2,2024-02-31,x,-74,40.7\n3,2024-01-01,x,,\n4,2024-01-01,x,0,0\n"
    points.write_text(EVENTS + rows, encoding="utf-8")
    status, told, told_zh = said(capsys, "locate", folder, "--points", points, "--out", out)
    assert status == 0
    for words in (
        "1 of 4 rows",
        "date lies in the future (1 rows)",
        "another city or country",
        "says nothing of its place",
    ):
        assert words in told
    for words in ("日期在未来（1 行）", "日期无法识别", "其他城市或国家", "坐标为 0, 0"):
        assert words in told_zh
    assert len(pd.read_csv(out)) == 4
    assert len(pd.read_csv(tmp_path / "found-unmatched.csv")) == 3


def test_an_export_target_that_is_no_file_is_left_as_it_is(folder, tmp_path, capsys) -> None:
    (tmp_path / "folder.geojson").mkdir()
    os.mkfifo(tmp_path / "pipe.geojson")
    for name in ("folder.geojson", "pipe.geojson"):
        status, told, told_zh = said(capsys, "export", folder, "--to", "wgs84", "--out", tmp_path / name)
        assert status == 2
        assert "not a regular file" in told
        assert "不是普通文件" in told_zh
    status, told, _ = said(capsys, "export", folder, "--to", "wgs84", "--out", tmp_path / "none" / "g.geojson")
    assert status == 2
    assert "there is no folder" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.geojson", "pipe.geojson"]


@pytest.mark.parametrize(
    ("mapping", "english", "chinese"),
    [
        ("column,name\nhousholds,户数\n", 'no column "housholds" (did you mean households?)', "没有列“housholds”"),
        ("households,x\nresidents,x\n", '"x" would name both households and residents', "“x”同时用于"),
        ("households\n", "rows of names are not a column and its name: rows 1", "不是“列名,名称”"),
    ],
)
def test_property_names_that_cannot_hold_write_nothing(folder, tmp_path, capsys, mapping, english, chinese) -> None:
    (tmp_path / "names.csv").write_text(mapping, encoding="utf-8")
    out = tmp_path / "g.geojson"
    arguments = ("export", folder, "--to", "wgs84", "--out", out, "--names", tmp_path / "names.csv")
    status, told, told_zh = said(capsys, *arguments)
    assert (status, out.exists()) == (2, False)
    assert english in told
    assert chinese in told_zh


@pytest.mark.parametrize(
    ("columns", "english", "chinese"),
    [
        ({"code": (A, B, A)}, "ids occur more than once", "编码重复"),
        (
            {"code": ("320411001000", A, B, "320411002101")},
            "1 codes have no parent in the table: 320411002101",
            "在表中没有上级",
        ),
        (
            {"code": ("320411001000", A, B), "parent": ("", "320411001", "320411002000")},
            f"1 codes do not begin with their parent's: {B} (320411002000)",
            "1 个代码与所列上级不符",
        ),
        (
            {"code": ("QU", "JIE-1", "JIE-2"), "parent": ("", "QU", "XIAN")},
            "1 codes state a parent that is not in the table: JIE-2 (XIAN)",
            "1 个代码所列上级不在表中",
        ),
    ],
)
def test_a_code_table_with_duplicates_or_orphans_is_refused(
    folder, tmp_path, capsys, columns, english, chinese
) -> None:
    table = pd.DataFrame(columns)
    table = table.assign(name=[f"第{i}社区" for i in range(len(table))])
    table.to_csv(tmp_path / "codes.csv", index=False, encoding="utf-8-sig")
    source = (folder / "plan.gpkg").as_posix()
    tables = [
        f'[layers.communities]\npath = "{source}"\nlayer = "communities"\nid = "community_id"\nname = "community"',
        '[layers.codes]\npath = "codes.csv"\nid = "code"\nname = "name"',
    ]
    (tmp_path / "project.toml").write_text("\n".join(tables), encoding="utf-8")
    for verb in (("inspect",), ("draw", "--out", str(tmp_path / "new"))):
        status, told, told_zh = said(capsys, verb[0], tmp_path / "project.toml", *verb[1:])
        assert status == 2
        assert english in told
        assert chinese in told_zh
    assert not (tmp_path / "new").exists()
