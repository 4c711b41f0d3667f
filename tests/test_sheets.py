from pathlib import Path

import openpyxl
import pytest

from gridopt.errors import TableError
from gridopt.read.findings import Findings
from gridopt.read.formats import open_layer
from gridopt.read.headers import table_of_rows
from gridopt.read.sheets import read_csv, read_sheet, sheet_names
from gridopt.read.totals import check_totals, is_total, rows_of_totals

SHARED = Path(__file__).parents[2] / "shared" / "data"
needs_layers = pytest.mark.skipif(not SHARED.is_dir(), reason="the real layers are not here")


def cells(drawing):
    """Rows of cells drawn with "|" between; "." is an empty cell, digits are numbers."""
    rows = [[cell.strip() for cell in line.split("|")] for line in drawing.strip().splitlines()]
    return [[None if c == "." else float(c) if c.replace(".", "").isdigit() else c for c in row] for row in rows]


def test_titles_above_the_header_are_passed_over():
    sheet = table_of_rows(
        cells("""
        金狮街道人口统计表 | .        | .    | .
        单位：金狮街道     | .        | .    | 2023年
        社区               | 编码     | 户数 | 人口
        金狮社区           | 001      | 10   | 26
        银河社区           | 002      | 20   | 52
        """)
    )
    assert list(sheet.table.columns) == ["社区", "编码", "户数", "人口"]
    assert (sheet.title_rows, sheet.header_rows) == (2, 1)
    assert sheet.table.index.tolist() == [4, 5]


def test_a_line_that_says_who_filled_the_table_in_is_no_header():
    sheet = table_of_rows(cells("填报单位：金狮街道 | . | 2025-12-31\n小区 | 楼号 | 户数\n. | 1幢 | 10\n. | 2幢 | 12"))
    assert list(sheet.table.columns) == ["小区", "楼号", "户数"]


def test_a_header_of_two_rows_joins_its_names():
    sheet = table_of_rows(
        cells("""
        社区     | 户籍 | .    | 常住 | .
        .        | 户数 | 人口 | 户数 | 人口
        金狮社区 | 10   | 26   | 12   | 30
        银河社区 | 20   | 52   | 18   | 45
        """)
    )
    assert list(sheet.table.columns) == ["社区", "户籍/户数", "户籍/人口", "常住/户数", "常住/人口"]
    assert sheet.table["常住/户数"].tolist() == [12, 18]


def test_a_header_begins_where_its_first_names_stand_even_if_they_are_few():
    sheet = table_of_rows(
        cells("""
        金狮街道 | .        | .    | .    | .    | .
        序号     | 社区     | 人口情况 | .    | .    | .
        .        | .        | 户数 | 男   | 女   | 老年人
        1        | 金狮社区 | 10   | 26   | 12   | 30
        2        | 银河社区 | 20   | 52   | 18   | 45
        """)
    )
    assert list(sheet.table.columns)[:4] == ["序号", "社区", "人口情况/户数", "人口情况/男"]
    assert sheet.title_rows == 1


def test_rows_of_measures_and_of_column_numbers_belong_to_the_header():
    sheet = table_of_rows(
        cells("""
        社区 | 户数 | 面积
        .    | 户   | 亩
        甲   | 1    | 2
        金狮 | 10   | 260
        银河 | 20   | 520
        """)
    )
    assert list(sheet.table.columns) == ["社区", "户数/户", "面积/亩"]
    assert sheet.table["社区"].tolist() == ["金狮", "银河"]


def test_a_first_row_of_words_is_data_where_the_header_names_every_column():
    sheet = table_of_rows(cells("name | role | base\nWang | chief | east\nLi | worker | west"))
    assert len(sheet.table) == 2


def test_merged_cells_are_filled_and_a_shared_number_is_told():
    rows = cells("""
        街道     | 社区     | 户数
        金狮街道 | 金狮社区 | 10
        .        | 银河社区 | .
        """)
    sheet = table_of_rows(rows, [(1, 0, 2, 0), (1, 2, 2, 2)])
    assert sheet.table["街道"].tolist() == ["金狮街道", "金狮街道"]
    assert sheet.shared == {"户数": [1]}


def workbook(path, rows, merges=(), sheet="人口"):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    for block in merges:
        book.active.merge_cells(block)
    book.create_sheet("Sheet2")
    book.save(path)
    return path


def test_the_only_sheet_that_holds_anything_is_chosen(tmp_path):
    file = workbook(tmp_path / "人口.xlsx", [["标题", None, None], ["街道", "社区", "户数"], ["金狮街道", "甲", 1],
                                             [None, "乙", 2]], ["A1:C1", "A3:A4"])  # fmt: skip
    assert sheet_names(file) == ["人口"]
    sheet = read_sheet(file, "人口")
    assert sheet.table["街道"].tolist() == ["金狮街道"] * 2
    assert open_layer(file).table["户数"].tolist() == [1, 2]


def test_a_workbook_with_a_password_or_junk_is_refused_by_name(tmp_path):
    (tmp_path / "bad.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1junk")
    with pytest.raises(TableError, match=r"bad.xls is not a readable XLS workbook"):
        open_layer(tmp_path / "bad.xls")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_encodings_and_separators_are_told_by_the_file(tmp_path, encoding, separator):
    text = "\r\n".join(separator.join(row) for row in [["社区名称", "户数"], ["金狮社区", "１２"], ["银河社区", "20"]])
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    sheet, _ = read_csv(tmp_path / "a.csv")
    assert list(sheet.table.columns) == ["社区名称", "户数"]
    assert sheet.table["社区名称"].tolist() == ["金狮社区", "银河社区"]


@needs_layers
def test_a_big5_table_with_a_title_reads_right():
    source = open_layer(SHARED / "dirty" / "mrt_exits_big5_two_header_rows.csv")
    assert (source.encoding, source.title_rows, len(source.table)) == ("cp950", 1, 380)
    assert source.table.iloc[0, 1] == "七張站出口1"
    assert list(source.table.columns)[-2:] == ["坐標X(TWD97)", "坐標Y(TWD97)"]


@pytest.mark.parametrize(
    ("cell", "said"),
    [("合计", True), ("合 计：", True), ("天宁街道小计", True), ("Grand Total", True), ("总计", True),
     ("合计：1,834户，4450人", True), ("总数", True),
     ("统计局宿舍", False), ("合计划小区", False), ("total station road", False), ("", False)],
)  # fmt: skip
def test_a_row_of_totals_is_told_by_its_word(cell, said):
    assert is_total(cell) is said


def checked(drawing):
    table, findings = table_of_rows(cells(drawing)).table.reset_index(drop=True), Findings("population")
    totals = rows_of_totals(table)
    check_totals(table, totals, ["户数"], table.index + 2, findings)
    return [repair.row("en")["fault"] for repair in findings.repairs]


SECTIONS = """
    社区 | 户数
    甲   | 10
    乙   | 20
    小计 | {a}
    丙   | 30
    丁   | 5
    小计 | {b}
    合计 | {c}
    """


def test_totals_that_hold_are_no_finding():
    assert checked(SECTIONS.format(a=30, b=35, c=65)) == []


def test_a_total_that_differs_is_told_with_its_difference():
    (said,) = checked(SECTIONS.format(a=30, b=38, c=65))
    assert "states 38, its rows sum to 35 (difference +3)" in said


def test_a_total_above_its_rows_is_checked_against_them():
    assert checked("社区 | 户数\n全区合计 | 30\n甲 | 10\n乙 | 20") == []
    assert len(checked("社区 | 户数\n全区合计 | 31\n甲 | 10\n乙 | 20")) == 1


LEVELS = """
    区域         | 户数
    甲           | 10
    乙           | 20
    东社区小计   | 30
    丙           | 5
    西社区小计   | 5
    天宁街道小计 | {first}
    丁           | 7
    北社区小计   | 7
    茶山街道合计 | {second}
    总计         | {all}
    """


def test_totals_of_totals_are_checked_against_the_rows_of_their_own_level():
    assert checked(LEVELS.format(first=35, second=7, all=42)) == []
    (said,) = checked(LEVELS.format(first=36, second=7, all=42))
    assert "states 36, its rows sum to 35" in said
    (said,) = checked(LEVELS.format(first=35, second=7, all=41))
    assert "states 41, its rows sum to 42" in said


def test_totals_of_totals_may_stand_above_their_rows():
    above = "\n".join([LEVELS.strip().splitlines()[0], *reversed(LEVELS.strip().splitlines()[1:])])
    assert checked(above.format(first=35, second=7, all=42)) == []
    assert len(checked(above.format(first=36, second=7, all=42))) == 1


NOTED = """
    街道           | 社区 | 户数
    天宁           | 甲   | 10
    天宁           | 乙   |
    合计           |      | 10
    注：含集体户   |      |
    1. 数据来自公安 |     |
    填表人：张三   | 审核人：李四 | 2023年12月
    """


def test_notes_below_a_table_are_told_from_its_rows():
    sheet = table_of_rows(cells(NOTED))
    assert sheet.table["社区"].tolist() == ["甲", "乙", None]
    assert sheet.notes == (5, 6, 7)


def test_a_remark_within_a_table_is_a_row():
    sheet = table_of_rows(cells("名称 | 社区 | 户数\n注：老区 | 甲 | 10\n天宁 | 乙 | 20"))
    assert (len(sheet.table), sheet.notes) == (2, ())


def test_a_blank_and_a_dash_are_missing_and_a_zero_is_a_count():
    assert checked("社区 | 户数\n甲 | 10\n乙 | -\n丙 | 0\n合计 | 10") == []
