"""Decisions made by hand: read as secretaries write them, resolved, refused where they clash, held in every drawing."""

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

import gridopt as go
from gridopt.errors import RuleError, TableError
from gridopt.read.decisions import read_decisions
from gridopt.read.project import LayerSpec
from tests.folders import houses
from tests.towns import CELL, SOUTH, TWO_BANKS, WEST, town

A, B = "320411001101", "320411001102"
HEAD = "决定,对象,目标,社区,决定人,日期,理由\n"


@pytest.fixture
def decided(tmp_path):
    """The decisions layer of a CSV of the given lines, under Chinese headers."""

    def read(*lines, head=HEAD):
        file = tmp_path / "decisions.csv"
        file.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
        return read_decisions(LayerSpec("decisions", "decisions.csv", file)).table

    return read


@pytest.fixture
def city():
    """Two communities of unit cells; a01-a12 in four columns and three rows from the north, b01-b06 in two columns."""
    return town(TWO_BANKS)


def with_layers(city, **layers):
    return city.replace(layers={**city.layers, **layers})


def current(*columns, names=()) -> gpd.GeoDataFrame:
    """Today's grids of community a and b as strips between columns of cells."""
    shapes = [shapely.box(WEST + CELL * a, SOUTH, WEST + CELL * b, SOUTH + 3 * CELL) for a, b in columns]
    codes = [f"{A}{i:03d}" for i in range(1, len(shapes) + 1)]
    table = gpd.GeoDataFrame({"name": list(names) or "", "grid_code": codes}, geometry=shapes, crs="EPSG:4549")
    return table.set_axis(pd.Index(codes, name="current_id"))


def said(caught, lang="en") -> str:
    return caught.value.text(lang)


# reading


def test_headers_and_kinds_are_chinese_or_english(decided) -> None:
    chinese = decided("归属,5幢,三网格,甲社区,王书记,2026-01-01,", "同格,a01,a02,,,,")
    english = decided(
        "belongs,5幢,三网格,甲社区,王书记,2026-01-01,",
        "Together,a01,a02,,,,",
        head="Kind,object,to,community,who,when,note\n",
    )
    pd.testing.assert_frame_equal(chinese, english)
    assert chinese["kind"].tolist() == ["belongs", "together"]


def test_rows_bear_the_numbers_of_the_spreadsheet(tmp_path) -> None:
    book = openpyxl.Workbook()
    for line in (
        ["网格修改意见"],
        [],
        ["决定", "对象", "目标"],
        ["归属", "5幢", "三网格"],
        [],
        ["编码", "a01", 320411001101005],
    ):
        book.active.append(line)
    book.save(tmp_path / "意见.xlsx")
    table = read_decisions(LayerSpec("decisions", "意见.xlsx", tmp_path / "意见.xlsx")).table
    assert table.sort_values("row")[["row", "target"]].to_numpy().tolist() == [[4, "三网格"], [6, "320411001101005"]]


def test_the_order_of_rows_changes_row_numbers_only(decided) -> None:
    one, two = decided("同格,a01,a02,,,,", "分格,a03,a04,,,,"), decided("分格,a03,a04,,,,", "同格,a01,a02,,,,")
    pd.testing.assert_frame_equal(one.drop(columns="row"), two.drop(columns="row"))


def test_rows_that_cannot_be_read_are_all_named_at_once(decided) -> None:
    lines = ("搬家,a01,a02,,,,", "同格,,a02,,,,", "分格,a01,,,,,", "保持,一网格,二网格,,,,", "同格,a01,a02,,,,")
    with pytest.raises(TableError) as caught:
        decided(*lines)
    for words in ("no known kind: 2 (搬家)", "without an object: 3", "without the target that their kind needs: 4",
                  "frozen rows with a target, which means nothing: 5"):  # fmt: skip
        assert words in said(caught)
    assert "第 4 行缺少目标" in said(caught, "zh")


def test_a_table_without_the_columns_lists_what_it_has(decided) -> None:
    with pytest.raises(TableError, match="no column for kind and object; the table has: 甲, 乙"):
        decided("1,2", head="甲,乙\n")


# what words mean


def units_named(city, *lines, decided, row=0):
    from gridopt.plan.decisions import settle
    from gridopt.units import make_units

    city = with_layers(city, decisions=decided(*lines))
    return settle(city, make_units(city)).decisions[row]


@pytest.mark.parametrize(
    ("words", "units"),
    [
        ("a01", ["a01"]),
        ("H00", ["a09"]),
        ("金狮小区1幢", ["a09"]),
        ("金狮小区 1、2幢", ["a05", "a09"]),
        ("金狮小区4-6栋", ["a02", "a06", "a10"]),
        ("a01;a02；a03", ["a01", "a02", "a03"]),
        ("银河苑", ["b01", "b02", "b03", "b04", "b05", "b06"]),
        ("7幢", ["a11"]),
        (f"{A}002", ["a03", "a04", "a07", "a08", "a11", "a12"]),
        ("二网格", ["a03", "a04", "a07", "a08", "a11", "a12"]),
        ("a社区第一网格", ["a01", "a02", "a05", "a06", "a09", "a10"]),
    ],
)
def test_an_object_is_found_by_what_people_call_it(city, decided, words, units) -> None:
    built = with_layers(city, buildings=houses(), current_grids=current((0, 2), (2, 4)))
    assert list(units_named(built, f"同格,{words},a01,,,,", decided=decided).units) == units


def test_a_number_that_several_estates_have_needs_the_estate_or_the_community(city, decided) -> None:
    built = with_layers(city, buildings=houses())
    with pytest.raises(RuleError) as caught:
        units_named(built, "分格,5幢,a01,,,,", "同格,a01,a02,,,,", decided=decided)
    assert 'row 2: "5幢" could be 5 (金狮小区), 5 (银河苑)' in said(caught)
    assert "请写明小区或社区" in said(caught, "zh")
    assert list(units_named(built, "分格,5幢,b06,b社区,,,", decided=decided).units) == ["b04"]
    assert list(units_named(built, f"分格,5幢,b06,{B},,,", decided=decided).units) == ["b04"]


def test_what_nothing_is_called_any_more_is_listed_and_the_rest_holds(city, decided) -> None:
    built = with_layers(city, buildings=houses())
    gone = with_layers(built, decisions=decided("同格,金师小区,a01,,,,", "同格,a01;拆除楼,a02,,,,"))
    rows = go.draw(gone).violations.query("rule == 'decisions'")
    assert rows["class"].tolist() == ["decide", "decide"]
    assert (
        "row 2 (together: 金师小区 → a01): nothing in this city is called 金师小区 (nearest: 金狮小区)"
        in rows["reason"].iloc[0]
    )
    assert "拆除楼" in rows["reason"].iloc[1]
    assert rows["unit_ids"].tolist() == ["", "a01"]


# contradictions


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("同格,a01,a02,,,,", "分格,a02,a01,,,,"), "row 3 (apart: a02 → a01) parts a02 and a01"),
        (("同格,a01,a02,,,,", "同格,a02,a03,,,,", "分格,a01,a03,,,,"), "by row 2 (together: a01 → a02), row 3"),
        (("归属,a01,一网格,,,,", "归属,a01,二网格,,,,"), "one grid would have the numbers 1 and 2 by row 2"),
        (("同格,a01,b01,,,,",), "a01 and b01 lie in two communities and would share a grid by row 2"),
        (("分格,a01;a02,a02,,,,",), "row 2 (apart: a01;a02 → a02) parts unit a02 from itself"),
        (("名称,a01,东园网格,,,,", "名称,a02,西园网格,,,,", "同格,a01,a02,,,,"), "the names 东园网格 and 西园网格"),
        (("归属,a01,b社区,,,,", "归属,a01,a社区,,,,"), "give a01 to two communities"),
        (("编码,a01,320411001102001,,,,",), 'row 2: "320411001102001" is no grid code of community 320411001101'),
    ],
)  # fmt: skip
def test_rows_that_cannot_all_hold_are_refused_by_number(city, decided, lines, words) -> None:
    with pytest.raises(RuleError) as caught:
        go.draw(with_layers(city, decisions=decided(*lines)))
    assert words in said(caught)
    assert "行" in said(caught, "zh")


def test_an_estate_kept_whole_can_make_rows_contradict(city, decided) -> None:
    units = city.layer("units").copy()
    units.loc[["a01", "a02"], "keep_whole"] = "金狮小区"
    whole = with_layers(city, units=units, decisions=decided("分格,a01,a02,,,,"))
    with pytest.raises(RuleError, match="parts a01 and a02, which are tied by 金狮小区, kept whole"):
        go.draw(whole)


def test_a_frozen_grid_takes_nobody_in(city, decided) -> None:
    today = current((0, 2), (2, 4))
    lines = ("保持,一网格,,a社区,,,", "归属,a03,一网格,,,,")
    with pytest.raises(RuleError) as caught:
        go.draw(with_layers(city, current_grids=today, decisions=decided(*lines)))
    assert f"a03 would join the locked grid {A}001 by row 2 (frozen: 一网格), row 3 (belongs: a03 → 一网格)" in said(
        caught
    )


def test_freezing_needs_current_grids(city, decided) -> None:
    with pytest.raises(RuleError, match=r"row 2: frozen keeps a current grid; name \[layers.current_grids\]"):
        go.draw(with_layers(city, decisions=decided("保持,一网格,,,,,")))


# codes and names


def test_numbers_and_names_are_kept_and_others_numbered_around_them(city, decided) -> None:
    lines = ("编码,a01,005,,,,", "名称,a01,北苑网格,,,,", "归属,b01,二网格,,,,")
    plan = go.draw(with_layers(city, decisions=decided(*lines)), seed=1)
    names = plan.grids["name"].to_dict()
    assert plan.units["grid_code"]["a01"] == f"{A}005"
    assert names[f"{A}005"] == "北苑网格"
    assert {f"{A}001", f"{A}002"} < set(names)
    assert plan.units["grid_code"]["b01"] == f"{B}002"
    assert names[f"{B}002"] == "b社区第二网格"
    assert names[f"{B}001"] == "b社区第一网格"
    assert not (plan.violations["rule"] == "decisions").any()
    again = go.encode(plan)
    assert again.grids["name"].to_dict() == names


def test_a_name_that_spells_a_number_is_given_to_no_other_grid(city, decided) -> None:
    plan = go.draw(with_layers(city, decisions=decided("名称,a12,a社区第一网格,,,,")), seed=1)
    assert plan.units["grid_code"]["a12"] == f"{A}001"
    assert plan.grids["name"].is_unique


def test_a_unit_on_the_border_goes_to_the_community_that_is_decided(city, decided) -> None:
    plan = go.draw(with_layers(city, decisions=decided("归属,a08,b社区,,,,")), seed=1)
    assert plan.units["community_id"]["a08"] == B
    assert plan.units["grid_code"]["a08"].startswith(B)
    assert plan.communities["households"].to_dict() == {A: 1100.0, B: 700.0}
    again = go.assess(with_layers(city, decisions=decided("归属,a08,b社区,,,,")), plan.units["grid_code"])
    assert again.units["grid_code"].to_dict() == plan.units["grid_code"].to_dict()


# inspected, and shown to a beginner


def test_inspect_shows_what_every_row_stands_for(project, capsys) -> None:
    from gridopt.cli import main

    folder = project.parent
    (folder / "d.csv").write_text(
        HEAD + "归属,a01;a02,三网格,,王书记,2026-01-01,\n同格,a03,没有的,,,,\n", encoding="gb18030"
    )
    text = project.read_text(encoding="utf-8") + '\n[layers.decisions]\npath = "d.csv"\n'
    project.write_text(text, encoding="utf-8")
    assert main(["inspect", str(project), "--lang", "en"]) == 0
    out = capsys.readouterr().out
    lines = {
        line.split()[0]: " ".join(line.split()) for line in out[out.index("Decisions") :].splitlines() if line.strip()
    }
    assert lines["2"] == f"2 belongs a01;a02 三网格 王书记 2026-01-01 a01, a02 → {A} #3"
    assert lines["3"] == "3 together a03 没有的 a03 → nothing called 没有的"


def test_a_new_project_file_explains_the_table_and_finds_one(tmp_path) -> None:
    from gridopt.publish.project_file import new_project

    town(TWO_BANKS).communities.reset_index().to_file(tmp_path / "社区.gpkg")
    assert "归属 | 金狮小区5幢 | 三网格" in new_project(tmp_path, lang="zh").read_text(encoding="utf-8")
    (tmp_path / "project.toml").unlink()
    (tmp_path / "书记意见.csv").write_text(HEAD + "同格,甲,乙,,,,\n", encoding="utf-8")
    assert "[layers.decisions]" in (text := new_project(tmp_path, lang="zh").read_text(encoding="utf-8"))
    assert 'path = "书记意见.csv"' in text
    city = go.read_city(tmp_path / "project.toml")
    assert city.layer("decisions")["object"].tolist() == ["甲"]
    assert city.inputs["decisions"]["sums"] == {}


# held in every drawing


def grids_of(plan) -> list[set[str]]:
    """The units of every grid."""
    return [set(units.index) for _, units in plan.units.groupby("grid_code")]


def not_held(plan) -> list[str]:
    return plan.violations.loc[plan.violations["rule"] == "decisions", "reason"].tolist()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_frozen_grid_stays_as_it_is_with_its_code_and_name(city, decided, seed) -> None:
    today = current((0, 1), (1, 4), names=("西街网格", "东街网格"))
    plan = go.draw(with_layers(city, current_grids=today, decisions=decided("保持,西街网格,,,,,")), seed=seed)
    assert set(plan.units.index[plan.units["grid_code"] == f"{A}001"]) == {"a01", "a05", "a09"}
    assert plan.grids.loc[f"{A}001", "name"] == "西街网格"
    assert plan.units["locked_grid"]["a05"] == f"{A}001"
    assert (plan.units["locked_grid"] != "").sum() == 3
    assert not not_held(plan)


def test_a_frozen_outline_that_cuts_units_is_followed_along_them_and_said(city, decided) -> None:
    today = current((0, 1.4), (1.4, 4))
    plan = go.draw(with_layers(city, current_grids=today, decisions=decided("保持,一网格,,a社区,,,")))
    assert set(plan.units.index[plan.units["grid_code"] == f"{A}001"]) == {"a01", "a05", "a09"}
    assert not_held(plan) == ["row 2 (frozen: 一网格): its units leave its outline by 12,000 m2"]


def test_a_locked_grid_out_of_bounds_is_for_information(city) -> None:
    units = city.layer("units").copy()
    units.loc[["a01", "a02"], "locked_grid"] = f"{A}007"
    plan = go.draw(with_layers(city, units=units))
    assert set(plan.units.index[plan.units["grid_code"] == f"{A}007"]) == {"a01", "a02"}
    row = plan.violations[plan.violations["grid_codes"] == f"{A}007"].iloc[0]
    assert (row["class"], row["rule"], row["value"]) == ("information", "size.low", 200.0)


def test_a_frozen_grid_in_two_communities_stays_in_one_and_says_so(city, decided) -> None:
    today = current((0, 2), (2, 5))
    plan = go.draw(with_layers(city, current_grids=today, decisions=decided("保持,二网格,,a社区,,,")))
    assert set(plan.units.index[plan.units["grid_code"] == f"{A}002"]) == {"a03", "a04", "a07", "a08", "a11", "a12"}
    assert "3 of its units lie in another community" in not_held(plan)[0]


@pytest.mark.parametrize("seed", [1, 2])
def test_what_belongs_together_lies_together(city, decided, seed) -> None:
    lines = ("同格,a01,a09,,,,", "同格,a09;a05,,,,,")
    plan = go.draw(with_layers(city, decisions=decided(*lines)), seed=seed)
    assert any({"a01", "a05", "a09"} <= grid for grid in grids_of(plan))
    assert not not_held(plan)


def test_what_is_tied_above_the_limit_is_drawn_and_named(city, decided) -> None:
    plan = go.draw(with_layers(city, decisions=decided("同格,a01;a02;a03;a05;a06;a07,,,,,")))
    assert any({"a01", "a02", "a03", "a05", "a06", "a07"} <= grid for grid in grids_of(plan))
    assert not_held(plan) == ["row 2 ties 600 households into one grid; the limit is 500"]


def test_an_object_given_to_a_current_grid_lies_with_its_centre(city, decided) -> None:
    today = current((0, 1), (1, 3), (3, 4))
    plan = go.draw(
        with_layers(city, current_grids=today, decisions=decided("归属,a02,一网格,,,,", "归属,a03,三网格,,,,"))
    )
    codes = plan.units["grid_code"]
    assert codes["a02"] == codes["a05"] == f"{A}001"
    assert codes["a03"] == codes["a08"] == f"{A}003"
    assert not not_held(plan)


def test_an_institution_tied_to_homes_is_no_grid_of_its_own(city, decided) -> None:
    units = city.layer("units").copy()
    units.loc["a01", "dedicated"] = "学校"
    tied = with_layers(city, units=units, decisions=decided("同格,a01,a02,,,,"))
    plan = go.draw(tied)
    assert plan.units["grid_code"]["a01"] == plan.units["grid_code"]["a02"]
    rows = plan.violations[plan.violations["rule"] == "decisions"]
    assert rows["class"].tolist() == ["information"]
    assert "学校" in rows["reason"].iloc[0]


def test_an_island_goes_to_the_bank_that_is_decided(decided) -> None:
    from tests.towns import borders_of, units_of

    city = town("a a a . a . a a a\na a a . . . a a a")
    free = [go.draw(city).units["grid_code"]["a04"] == go.draw(city).units["grid_code"][end] for end in ("a01", "a07")]
    far = "a07" if free[0] else "a01"
    units = units_of(city)
    plan = go.draw(with_layers(city, decisions=decided(f"同格,a04,{far},,,,")), units, borders=borders_of(units))
    assert plan.units["grid_code"]["a04"] == plan.units["grid_code"][far]
    assert not not_held(plan)


def street(y: float, name: str, kind: str = "none") -> gpd.GeoDataFrame:
    """A street from west to east, so many cells north of the town's southern edge."""
    line = shapely.LineString([(WEST, SOUTH + CELL * y), (WEST + 6 * CELL, SOUTH + CELL * y)])
    columns = {"name": [name], "class": "service", "width": [6.0], "barrier": kind}
    return gpd.GeoDataFrame(columns, geometry=[line], crs="EPSG:4549", index=pd.Index(["R1"], name="line_id"))


@pytest.mark.parametrize("seed", [1, 2])
def test_no_grid_reaches_over_a_line_that_is_decided_to_be_a_border(city, decided, seed) -> None:
    plan = go.draw(with_layers(city, roads=street(1, "横街"), decisions=decided("边界,横街,,,,,")), seed=seed)
    assert not not_held(plan)
    code = plan.units["grid_code"]
    assert all(
        code[north] != code[south]
        for north, south in zip(["a05", "a06", "a07", "a08"], ["a09", "a10", "a11", "a12"], strict=True)
    )
    assert all(code[north] != code[south] for north, south in zip(["b03", "b04"], ["b05", "b06"], strict=True))


def test_a_line_that_runs_through_units_is_named(city, decided) -> None:
    plan = go.draw(with_layers(city, roads=street(1.5, "横街"), decisions=decided("边界,横街,,,,,")))
    assert not_held(plan) == ["row 2 (border: 横街): no two units meet along this line"]


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_kept_apart_shares_no_grid(city, decided, seed) -> None:
    plan = go.draw(with_layers(city, decisions=decided("分格,a01;a05,a02;a06,,,,", "分格,b01,b02,,,,")), seed=seed)
    code = plan.units["grid_code"]
    assert not {code["a01"], code["a05"]} & {code["a02"], code["a06"]}
    assert code["b01"] != code["b02"]
    assert not not_held(plan)


def test_a_community_too_small_for_two_grids_has_two_where_decided(decided) -> None:
    plan = go.draw(with_layers(town("c c"), decisions=decided("分格,c01,c02,,,,")))
    assert plan.units["grid_code"].nunique() == 2
    assert (plan.violations["rule"] == "size.low").sum() == 2


# through the command line


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_table_of_every_kind_holds_through_the_command_line_whatever_the_seed(project, capsys, ending) -> None:
    from gridopt.cli import main

    folder = project.parent
    current((0, 1), (1, 3), (3, 4), names=("a社区第一网格", "a社区第二网格", "a社区第三网格")).to_file(
        folder / "today.gpkg"
    )
    street(1, "横街").drop(columns="barrier").to_file(folder / "streets.gpkg")
    lines = [
        ["决定", "对象", "目标", "社区", "决定人", "日期"],
        ["保持", "一网格", "", "a社区", "王书记", "2026-01-05"],
        ["归属", "a03", "三网格", "a社区", "王书记", "2026-01-05"],
        ["归属", "a12", "b社区", "", "李镇长", "2026-01-06"],
        ["同格", "b05", "b06", "", "", ""],
        ["分格", "a06", "a07", "", "", ""],
        ["边界", "横街", "", "b社区", "", ""],
        ["名称", "b01", "河滨网格", "", "", ""],
        ["编码", "b05", f"{B}009", "", "", ""],
    ]
    if ending == "csv":
        (folder / "d.csv").write_text("\n".join(",".join(line) for line in lines), encoding="gb18030")
    else:
        book = openpyxl.Workbook()
        for line in lines:
            book.active.append(line)
        book.save(folder / "d.xlsx")
    layers = [("current_grids", "today.gpkg"), ("roads", "streets.gpkg"), ("decisions", f"d.{ending}")]
    text = project.read_text(encoding="utf-8")
    text += "".join(f'\n\n[layers.{name}]\npath = "{path}"' for name, path in layers)
    project.write_text(text.replace('id = "unit_id"', 'id = "unit_id"\ncommunity = "community_id"'), encoding="utf-8")
    for seed in ("1", "2"):
        out = folder / f"out{seed}"
        assert main(["draw", str(project), "--out", str(out), "--seed", seed, "--effort", "quick", "--lang", "en"]) == 0
        assert main(["check", str(out), "--lang", "en"]) == 0, capsys.readouterr()
        plan = go.read_plan(out)
        code, names = plan.units["grid_code"], plan.grids["name"]
        assert set(code.index[code == f"{A}001"]) == {"a01", "a05", "a09"}
        assert code["a03"] == code["a04"] == f"{A}003"
        assert code["a12"].startswith(B)
        assert code["b05"] == code["b06"] == f"{B}009"
        assert code["a06"] != code["a07"]
        assert code["b03"] != code["b05"]
        assert names[code["b01"]] == "河滨网格"
        assert not not_held(plan)
