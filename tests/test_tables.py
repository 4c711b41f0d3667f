"""tables.xlsx and the CSV files, as a spreadsheet opens them."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from gridopt.grids import Plan
from gridopt.publish.layers import plan_layers
from gridopt.publish.tables import lists, workbook
from tests.folders import full_plan, posts_of, reach_of


def opened(plan: Plan, lang: str = "zh") -> Any:
    layers = plan_layers(plan, posts=posts_of(plan), reach=reach_of(plan))
    return openpyxl.load_workbook(io.BytesIO(workbook(plan, layers, lang)))


def test_the_sheets_are_named_in_the_readers_language() -> None:
    assert opened(full_plan()).sheetnames == ["网格划分一览表", "岗位", "楼栋归属", "需说明事项", "岗位余缺"]
    english = ["Grids", "Posts", "Buildings by grid", "Matters to explain", "Staff balance"]
    assert opened(full_plan(), "en").sheetnames == english


def test_posts_needed_held_and_lacking_are_summed_up_by_place() -> None:
    sheet = opened(full_plan())["岗位余缺"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]
    city = [row for row in rows if row[0] == "全市"]
    assert sum(row[5] for row in city) == len(posts_of(full_plan()))
    assert {row[0] for row in rows} == {"村（社区）", "乡镇（街道）", "县（市、区）", "全市"}


def test_codes_are_text_cells_and_heads_are_printed_on_every_page() -> None:
    for sheet in opened(full_plan()):
        assert sheet.freeze_panes == "A3"
        assert sheet.print_title_rows == "$1:$2"
    sheet = opened(full_plan())["网格划分一览表"]
    cell = sheet.cell(3, 3)
    assert (cell.value, cell.data_type, cell.number_format) == ("320411001101001", "s", "@")
    assert sheet["A1"].value == "测试镇网格划分一览表（草案）"
    assert sheet.cell(2, 3).value == "网格编码"


def test_grids_have_a_subtotal_by_township_and_a_total() -> None:
    sheet = opened(full_plan())["网格划分一览表"]
    households = [(sheet.cell(row, 1).value, sheet.cell(row, 8).value) for row in range(3, sheet.max_row + 1)]
    assert households == [
        ("320411001", 600),
        ("320411001", 300),
        ("320411001", 300),
        ("320411001", 600),
        ("320411001 小计", 1800),
        ("合计", 1800),
    ]


def test_every_building_is_listed_under_its_grid() -> None:
    sheet = opened(full_plan())["楼栋归属"]
    rows = list(sheet.iter_rows(min_row=3, values_only=True))
    assert len(rows) == 19
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert rows[0][1] == "a社区第一网格"


def test_chinese_sheets_hold_no_word_of_the_code() -> None:
    plan = full_plan()
    book = opened(plan.replace(grids=plan.grids.assign(unmet="size.high;governance.keep_whole")))
    assert book["网格划分一览表"].cell(3, 13).value == "规模上限、整体保留"
    assert [cell.value for cell in book["楼栋归属"][3]][6] == "住宅"
    assert {row[6].value for row in book["岗位"].iter_rows(min_row=3)} == {"专职"}
    heads = [cell.value for cell in book["楼栋归属"][2]]
    assert heads[1] == "网格名称"
    assert len(set(heads)) == len(heads)


def test_a_use_that_is_no_word_of_ours_stays_as_it_is() -> None:
    plan = full_plan()
    book = opened(plan.replace(buildings=plan.buildings.assign(use="station")))
    assert book["楼栋归属"].cell(3, 7).value == "station"


def test_a_formula_in_a_name_is_text() -> None:
    plan = full_plan()
    evil = plan.replace(buildings=plan.buildings.assign(name='=HYPERLINK("http://example.org")\x07'))
    cells = [row[3] for row in opened(evil)["楼栋归属"].iter_rows(min_row=3)]
    assert {cell.data_type for cell in cells} == {"s"}
    written = lists(plan_layers(evil))["buildings.csv"].decode("utf-8-sig")
    assert ",=HYPERLINK" not in written
    assert ',"=HYPERLINK' not in written


def test_csv_files_begin_with_a_byte_order_mark() -> None:
    plan = full_plan()
    files = lists(plan_layers(plan, posts=posts_of(plan), reach=reach_of(plan)))
    assert sorted(files) == ["buildings.csv", "posts.csv", "reach.csv"]
    for content in files.values():
        assert content.startswith(b"\xef\xbb\xbf")
    assert files["posts.csv"].decode("utf-8-sig").count("\r\n") == 9


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_workbook_is_the_same_bytes_whenever_it_is_made(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = full_plan()
    layers = plan_layers(plan)
    first = workbook(plan, layers, lang)
    monkeypatch.setattr("zipfile.time.time", lambda: 2_000_000_000.0)
    assert workbook(plan, layers, lang) == first


def test_a_city_of_very_many_buildings_has_them_in_their_csv_file_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = full_plan()
    layers = plan_layers(plan)
    n_buildings = len(layers["buildings"])
    monkeypatch.setitem(workbook.__globals__, "_MOST_ROWS", n_buildings)
    assert opened(plan)["楼栋归属"].max_row == 2 + n_buildings
    monkeypatch.setitem(workbook.__globals__, "_MOST_ROWS", n_buildings - 1)
    sheet = opened(plan)["楼栋归属"]
    assert sheet.max_row == 3
    assert sheet["A3"].value == f"另有 {n_buildings} 行，见 buildings.csv"
    assert lists(layers)["buildings.csv"].decode("utf-8-sig").count("\r\n") == 1 + n_buildings


def test_reasons_in_the_language_of_the_drawing_are_told_where_they_stand() -> None:
    matters = opened(full_plan(), "zh")["需说明事项"]["A1"].value
    assert matters.endswith("原因与建议保留方案划分时所用的语言。")
    assert "language" not in opened(full_plan(), "en")["Matters to explain"]["A1"].value
    assert "语言" not in opened(full_plan(), "zh")["网格划分一览表"]["A1"].value
