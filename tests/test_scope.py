"""What a grid holds, in words."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gridopt.grids.scope import covers, fold, scopes, unfold, unlisted
from gridopt.read.numbers import HouseNumber, natural, read_number
from tests.towns import CRS, SOUTH, WEST, small_plan

LABELS = st.lists(st.from_regex(r"(0|[1-9][0-9]{0,2}|A[1-9]|[1-9]B|1[0-9]之[1-9])", fullmatch=True), max_size=30)


@given(LABELS, st.sampled_from([1, 2]), st.sampled_from(["、", ", "]))
def test_what_is_folded_unfolds_to_the_same_numbers(labels, step, separator):
    assert unfold(fold(labels, step=step, separator=separator), step=step) == natural(labels)


@pytest.mark.parametrize(
    ("labels", "step", "text"),
    [
        ("1 2 3 4 5 6 7 8 9 10 11 12 15", 1, "1-12、15"),
        ("10 2 1", 1, "1、2、10"),
        ("12 14 16 36", 2, "12-16、36"),
        ("3 2 1 2A 12之1", 1, "1-3、2A、12之1"),
        ("", 1, ""),
    ],
)
def test_three_numbers_in_a_row_become_a_range(labels, step, text):
    assert fold(labels.split(), step=step) == text


@pytest.mark.parametrize(
    ("written", "head", "labels", "suffix"),
    [
        ("12", "", ["12"], ""),
        ("12幢", "", ["12"], "幢"),
        ("\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT TWO}号楼", "", ["12"], "号楼"),
        ("#7", "", ["7"], ""),
        ("7#", "", ["7"], "号楼"),
        ("第3栋", "", ["3"], "栋"),
        ("007", "", ["7"], ""),
        ("A-12", "", ["A12"], ""),
        ("12-15幢", "", ["12", "13", "14", "15"], "幢"),
        ("12-1", "", ["12之1"], ""),
        ("12、13幢", "", ["12", "13"], "幢"),
        ("金狮小区12幢", "金狮小区", ["12"], "幢"),
        ("人民路36号", "人民路", ["36"], "号"),
        ("No. 5", "", ["5"], ""),
    ],
)
def test_numbers_are_read_as_people_write_them(written, head, labels, suffix):
    assert read_number(written) == HouseNumber(head, tuple(labels), suffix)


@pytest.mark.parametrize("written", ["", "幼儿园", "12号院"])
def test_text_without_a_number_at_its_end_has_none(written):
    assert read_number(written) is None


def buildings(rows, plan):
    """(estate, name, number, grid) for each building; the place does not matter here."""
    codes = list(plan.grids.index)
    columns = {
        "estate": [row[0] for row in rows],
        "name": [row[1] for row in rows],
        "number": [row[2] for row in rows],
        "grid_code": [codes[row[3]] for row in rows],
        "community_id": [codes[row[3]].split("|")[0] for row in rows],
    }
    table = gpd.GeoDataFrame(columns, geometry=[shapely.Point(WEST, SOUTH)] * len(rows), crs=CRS)
    return table.set_index(table.index.map("b{:02d}".format))


def told(rows, *, lang="zh", **layers):
    """The scope of the second grid of the small town, under buildings of the town and further layers."""
    plan = small_plan()
    table = buildings(rows, plan)
    scope = scopes(table, plan.units, plan.city.replace(layers=layers), lang=lang)
    assert list(unlisted(table, scope)) == []
    return scope.iloc[1].split("\N{FULLWIDTH SEMICOLON}" if lang == "zh" else "; ")


JINSHI = [("金狮小区", "", f"{n}幢", 1) for n in (*range(1, 13), 15)]


def test_an_estate_in_one_grid_is_told_by_its_name():
    assert told(JINSHI) == ["金狮小区"]


def test_an_estate_in_two_grids_is_told_by_its_numbers():
    assert told([*JINSHI, ("金狮小区", "", "14幢", 2)]) == ["金狮小区1-12、15幢"]


def test_an_estate_has_no_odd_and_even_side():
    rows = [("金狮豪庭", "", f"{n}幢", 1 if n in (1, 2, 4, 6, 7) else 2) for n in range(1, 10)]
    assert told(rows) == ["金狮豪庭1、2、4、6、7幢"]


def test_unnumbered_buildings_of_a_split_estate_are_counted_behind_it():
    rows = [*JINSHI, ("金狮小区", "", "", 1), ("金狮小区", "", "14幢", 2), ("翠苑", "", "1幢", 1)]
    assert told(rows) == ["金狮小区1-12、15幢", "金狮小区未编号建筑1幢", "翠苑"]


def test_an_estate_whose_name_ends_in_a_digit_stays_apart_from_its_numbers():
    assert told([("阳光100", "", "1幢", 1), ("阳光100", "", "2幢", 2)]) == ["阳光100 1幢"]


def test_one_side_of_a_street_is_told_as_its_side():
    rows = [("", "人民路", str(n), 1) for n in range(12, 37, 2)]
    assert told(rows) == ["人民路12-36号\N{FULLWIDTH LEFT PARENTHESIS}双\N{FULLWIDTH RIGHT PARENTHESIS}"]


def test_street_numbers_in_names_and_in_the_number_column_are_the_same_street():
    assert told([("", "人民路", "1", 1), ("", "人民路2号", "", 1), ("", "", "人民路3号", 1)]) == ["人民路1-3号"]


def test_what_has_no_number_is_named_or_counted_last():
    assert told([("", "", "", 1), ("", "百货大楼", "", 1), ("", "", "", 1)]) == ["百货大楼", "另有未编号建筑2幢"]


def test_a_grid_without_any_name_is_told_by_its_units():
    assert told([]) == ["划分单元 a03 等3个"]
    assert told([("", "", "", 1)]) == ["划分单元 a03 等3个", "另有未编号建筑1幢"]


def test_villages_go_by_largest_overlap_and_a_tenth_is_a_part():
    whole = shapely.box(WEST + 200, SOUTH, WEST + 295, SOUTH + 100)
    most = shapely.box(WEST + 220, SOUTH + 100, WEST + 320, SOUTH + 200)
    little = shapely.box(WEST + 295, SOUTH + 200, WEST + 400, SOUTH + 300)
    names = ["张家村", "李家村", "王家村"]
    groups = gpd.GeoDataFrame({"name": names}, geometry=[whole, most, little], crs=CRS)
    part = "\N{FULLWIDTH LEFT PARENTHESIS}部分\N{FULLWIDTH RIGHT PARENTHESIS}"
    assert told([], groups=groups) == [f"李家村{part}", "张家村"] or told([], groups=groups) == [
        "张家村",
        f"李家村{part}",
    ]


def test_a_village_that_is_a_point_in_its_middle_covers_no_share_of_a_grid():
    groups = gpd.GeoDataFrame({"name": ["张家村"]}, geometry=[shapely.Point(WEST + 250, SOUTH + 50)], crs=CRS)
    assert told([], groups=groups) == told([])


def test_an_estate_known_only_by_its_polygon_is_told():
    inside = shapely.box(WEST + 200, SOUTH, WEST + 300, SOUTH + 100)
    estates = gpd.GeoDataFrame({"name": ["金狮小区", "翠苑"]}, geometry=[inside, inside], crs=CRS)
    assert told([("翠苑", "", "1幢", 1)], estates=estates) == ["翠苑", "金狮小区"]


def test_an_institution_comes_first_and_by_name():
    plan = small_plan()
    units = plan.units.assign(dedicated=["hospital" if code.endswith("1") else "" for code in plan.units["grid_code"]])
    layer = gpd.GeoDataFrame({"name": ["人民医院"]}, index=["hospital"], geometry=[shapely.Point(0, 0)], crs=CRS)
    city = plan.city.replace(layers={"dedicated": layer})
    assert scopes(buildings([("", "", "1幢", 1)], plan), units, city).iloc[1] == "人民医院\N{FULLWIDTH SEMICOLON}1幢"
    assert scopes(plan.buildings, units, plan.city).iloc[1] == "hospital"


def test_english_words_connect_names_that_stay_as_they_are():
    rows = [*[("Jinshi estate", "", str(n), 1) for n in (*range(1, 13), 15)], ("Jinshi estate", "", "14", 2)]
    assert told([*rows, ("", "", "", 1)], lang="en") == [
        "Jinshi estate 1-12, 15",
        "other buildings without number: 1",
    ]


def test_a_mark_between_phrases_inside_a_name_does_not_part_it():
    assert told([("甲;乙小区", "", "1幢", 1), ("甲;乙小区", "", "2幢", 2)]) == ["甲,乙小区1幢"]


def test_a_building_that_is_not_told_is_found():
    plan = small_plan()
    table = buildings([*JINSHI, ("金狮小区", "", "14幢", 2)], plan)
    scope = scopes(table, plan.units, plan.city)
    assert list(unlisted(table, scope.str.replace("1-12", "1-11"))) == ["b11"]
    assert list(unlisted(table, scope.str.replace("金狮小区", "金狮"))) == list(table.index)


def test_a_phrase_covers_a_place_whole_or_by_number():
    scope = "金狮小区1-12、15幢\N{FULLWIDTH SEMICOLON}翠苑\N{FULLWIDTH SEMICOLON}人民路2-6号"
    assert covers(scope, "金狮小区", label="7")
    assert not covers(scope, "金狮小区", label="13")
    assert not covers(scope, "金狮小区")
    assert covers(scope, "翠苑")
    assert covers(scope, "翠苑", label="99")
    assert covers(scope, "人民路", label="3")


def test_scopes_do_not_hang_on_the_order_of_rows():
    plan = small_plan()
    table = buildings([*JINSHI, ("金狮小区", "", "14幢", 2), ("", "人民路", "2", 1), ("", "人民路", "4号", 1)], plan)
    shuffled = table.sample(frac=1, random_state=1)
    first = scopes(table, plan.units, plan.city)
    assert first.equals(scopes(shuffled, plan.units.sample(frac=1, random_state=2), plan.city))
