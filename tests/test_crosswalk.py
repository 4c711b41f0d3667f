from pathlib import Path

import pandas as pd
import pytest

import gridopt as go
from gridopt.coding import encode
from gridopt.coding.crosswalk import COLUMNS
from gridopt.divisions import kind_of, level_of
from gridopt.errors import TableError
from gridopt.read.registers import read_register
from tests.towns import small_plan

DATA = Path(__file__).parents[2] / "shared" / "data" / "gis"
A, B = "320411001101", "320411001102"


def register(text):
    """A table of codes from lines of "code name"."""
    rows = [line.split() for line in text.strip().splitlines()]
    return pd.DataFrame(rows, columns=["code", "name"])


def became(old, new):
    table = go.crosswalk(register(old), register(new))
    return {row.old_code or row.new_code: (row.change, row.new_code) for row in table.itertuples()}


def test_a_village_that_became_a_community_is_recoded_by_the_core_of_its_name():
    found = became(
        "320303005201 李庄村委会\n320303005202 洪庄村村委会\n320303005203 下河头村委会",
        "320303005006 李庄社区居民委员会\n320303005007 洪庄社区居民委员会\n320303005008 如意湖社区居委会",
    )
    assert found["320303005201"] == ("recoded", "320303005006")
    assert found["320303005202"] == ("recoded", "320303005007")
    assert found["320303005203"] == ("retired", "")
    assert found["320303005008"] == ("added", "320303005008")


def test_a_code_of_both_editions_is_one_unit_and_doubtful_under_quite_another_name():
    found = became(
        "320402003014 新城逸境社区居委会\n320481107205 湖边村村委会\n320481107206 三胜村村委会",
        "320402003014 新城逸境园社区居委会\n320481107205 长荡湖村委会\n320481107206 三胜村村委会",
    )
    assert [change for change, _ in found.values()] == ["renamed", "doubtful", "same"]


def test_a_name_never_moves_to_its_namesake_in_another_city_and_finds_the_nearest_place_first():
    found = became(
        "320301001001 新庄社区\n320402001001 东庄社区",
        "320301001009 新庄社区\n320301002009 新庄社区\n320301003009 东庄社区",
    )
    assert found["320301001001"] == ("recoded", "320301001009")
    assert found["320402001001"] == ("retired", "")


def test_of_two_namesakes_the_one_moves_whose_neighbours_moved_too():
    found = became(
        "320305004006 张庄社区\n320305105002 张庄社区\n320305105203 瓦房村委会",
        "320305403005 张庄社区\n320305403215 瓦房村委会",
    )
    assert found["320305105002"] == ("recoded", "320305403005")
    assert found["320305004006"] == ("retired", "")


def test_two_that_may_be_one_new_unit_are_left_to_a_person():
    found = became("320305001003 工商东区居委会\n320305001007 工商西区居委会", "320305001020 工商社区居委会")
    assert set(found.values()) == {("doubtful", "320305001020")}


def test_why_is_said_in_both_languages():
    tables = register("320305001003 甲村"), register("320305001003 甲村")
    assert go.crosswalk(*tables)["why"].item() == "same code, same name"
    assert go.crosswalk(*tables, lang="zh")["why"].item() == "代码、名称均相同"


@pytest.mark.skipif(not (DATA / "cn_codes").exists(), reason="needs the tables of division codes")
def test_the_editions_2021_and_2023_of_four_cities():
    files = [DATA / f"cn_codes/cn_codes_{year}_four_cities.csv" for year in (2021, 2023)]
    before, after = map(read_register, files)
    table = go.crosswalk(*files)
    villages = table[table["level"] == "village"]
    counts = villages["change"].value_counts()
    old, new = (set(one.index[one["level"] == "village"]) for one in (before, after))
    assert sorted(villages.loc[villages["old_code"] != "", "old_code"]) == sorted(old)
    assert set(villages.loc[villages["new_code"] != "", "new_code"]) == new
    assert len(old - new) == counts["retired"] + counts["recoded"] + 3
    assert counts["recoded"] >= 70
    assert counts["same"] == 5553
    moved = villages[villages["change"] == "recoded"].set_index("old_code")["new_code"]
    assert moved.is_unique
    assert moved["320305105002"] == "320305403005"
    assert moved["341126100215"] == "341126001205"
    assert (after["kind"][after["level"] == "village"] != "").all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("320411001101 甲\n320411001101 乙", "1 codes occur more than once: 320411001101"),
        ("320411001000 镇\n320411002101 甲", "1 codes have no parent in the table: 320411002101"),
        ("3204110011 甲\nX 乙", '2 codes have not 12 digits: "3204110011", "X"'),
    ],
)
def test_a_faulty_register_names_its_rows(text, words):
    with pytest.raises(TableError) as caught:
        read_register(register(text))
    assert words in str(caught.value)
    assert "区划代码表" in caught.value.text("zh")


def test_a_stated_parent_must_be_the_head_of_the_code():
    with pytest.raises(TableError, match=r"do not begin with their parent's: 320411001101 \(320411002000\)"):
        read_register(register("320411001101 甲").assign(parent="320411002000"))


def test_leading_zeros_of_a_register_survive_a_file(tmp_path):
    file = tmp_path / "codes.csv"
    register("012345001001 甲\n012345001498 虚拟社区").to_csv(file, index=False)
    table = read_register(file)
    assert table.index.tolist() == ["012345001001", "012345001498"]
    assert table["kind"].tolist() == ["residents", "virtual"]


@pytest.mark.parametrize(
    ("code", "level", "kind"),
    [
        ("320400000000", "city", ""),
        ("320411000000", "county", ""),
        ("320411001000", "township", "street"),
        ("320411100000", "township", "town"),
        ("320411200000", "township", "township"),
        ("320411403000", "township", "town-like"),
        ("320411600000", "township", ""),
        ("320411001001", "village", "residents"),
        ("320411001201", "village", "villagers"),
        ("320411001500", "village", "alike"),
        ("320411001598", "village", "virtual"),
        ("320411001601", "village", "merged"),
        ("320411001600", "village", ""),
    ],
)
def test_levels_and_kinds_are_told_by_the_ranges_of_their_parts(code, level, kind):
    assert (level_of(code), kind_of(code)) == (level, kind)


def moves(*rows):
    table = pd.DataFrame(rows, columns=["old_code", "new_code", "old_name", "new_name", "change"], dtype="str")
    return table.assign(level="village", why="")[COLUMNS]


RECODED = moves((A, "320411005007", "a村委会", "a园社区居民委员会", "recoded"), (B, "", "b社区居委会", "", "retired"))


def test_a_plan_is_carried_with_its_numbers_and_names_what_could_not_be():
    plan = encode(small_plan())
    plan = encode(plan, in_force=dict(zip(plan.grids.index[:3], [f"{A}004", f"{A}002", f"{A}009"], strict=True)))
    moved = go.carry(plan, RECODED, edition="2023", valid_from="2024-01-01")
    new = [f"320411005007{n}" for n in ("002", "004", "009")]
    assert moved.grids.index.tolist() == [f"{B}001", *new]
    assert moved.grids["township_id"].tolist() == ["320411001"] + ["320411005"] * 3
    assert moved.grids["name"].tolist()[1] == "a园社区第二网格"
    assert moved.city.edition == "2023"
    assert set(moved.units["grid_code"]) == set(moved.grids.index)
    old = moved.codes.set_index("grid_code").loc[f"{A}004"]
    assert (old["valid_to"], old["successor"]) == ("2024-01-01", "320411005007004")
    left = moved.violations[moved.violations["rule"] == "codes"]
    assert left["community_id"].tolist() == [B]
    assert left["grid_codes"].tolist() == [f"{B}001"]
    assert moved.grids.geometry[new[0]].equals(plan.grids.geometry[f"{A}002"])
    assert encode(moved).grids.index.tolist()[1:] == [f"320411005007{n}" for n in ("001", "002", "003")]


def test_a_code_given_up_by_carrying_is_never_given_again():
    plan = encode(small_plan())
    there = moves((A, "320411005007", "", "", "recoded"), (B, B, "", "", "same"))
    back = moves(("320411005007", A, "", "", "recoded"), (B, B, "", "", "same"))
    again = go.carry(go.carry(plan, there), back)
    assert again.grids.index.tolist()[:3] == [f"{A}004", f"{A}005", f"{A}006"]


def test_communities_that_were_merged_are_not_carried():
    both = moves((A, "320411001601", "", "", "recoded"), (B, "320411001601", "", "", "recoded"))
    left = go.carry(encode(small_plan()), both).violations
    assert left[left["rule"] == "codes"]["reason"].tolist() == ["it was merged with another community"] * 2


def test_a_bare_table_of_grids_is_carried_and_says_what_was_left():
    grids = encode(small_plan()).grids
    moved = go.carry(grids, RECODED)
    assert moved.index.tolist()[:3] == [f"320411005007{n:03d}" for n in (1, 2, 3)]
    assert moved["old_code"].tolist() == grids.index.tolist()
    assert [bool(why) for why in moved["left"]] == [False, False, False, True]


def test_a_table_with_unknown_changes_is_refused():
    with pytest.raises(TableError, match="unknown changes: gone"):
        go.carry(small_plan(), RECODED.assign(change="gone"))


def test_a_carried_plan_is_whole_and_reads_back(tmp_path):
    moved = go.carry(encode(small_plan()), RECODED, edition="2023")
    go.publish(moved, tmp_path / "out")
    faults = go.check(tmp_path / "out")
    assert not faults["rule"].isin(["codes", "names", "ids", "total"]).any(), faults
    back = go.read_plan(tmp_path / "out")
    assert back.grids.index.tolist() == moved.grids.index.tolist()
    assert back.codes.set_index("grid_code")["successor"][f"{A}001"] == "320411005007001"
