import numpy as np
import pandas as pd
import pytest

from gridopt.city import Settings
from gridopt.coding import TEMPLATES, encode
from gridopt.coding.names import chinese_number
from gridopt.coding.scan import scan_order
from gridopt.errors import RuleError, TableError
from gridopt.grids.assemble import assemble
from tests.towns import borders_of, cells, given_solution, graph_of, small_plan, town, units_of


def plan_of(drawing, *, communities=None):
    """A Plan whose grids are the letters or digits of a drawing, all in one community unless they are drawn too."""
    grid_of = {(x, y): name for name, x, y in cells(drawing)}
    towns = communities or drawing.translate({ord(name): "a" for name in set(grid_of.values())})
    city = town(towns)
    seen, drawn = {}, {}
    for letter, x, y in cells(towns):
        seen[letter] = seen.get(letter, 0) + 1
        drawn[f"{letter}{seen[letter]:02d}"] = letter + grid_of[x, y]
    units = units_of(city)
    labels = pd.factorize(pd.Series(drawn).loc[units.index], sort=True)[0]
    plan = assemble(city, units, borders_of(units), given_solution(graph_of(city), labels.tolist()))
    return plan, pd.Series(drawn).str[1:].loc[units.index]


def with_settings(plan, **code):
    return plan.replace(city=plan.city.replace(settings=Settings(code=code)))


def with_communities(plan, renamed):
    """The plan with other community ids."""
    city = plan.city.replace(communities=plan.city.communities.rename(index=renamed))
    tables = {
        name: getattr(plan, name).assign(community_id=getattr(plan, name)["community_id"].map(renamed))
        for name in ("grids", "units", "buildings")
    }
    return plan.replace(city=city, **tables)


def test_grids_are_numbered_by_rows_north_to_south_and_west_to_east():
    plan, drawn = plan_of("""
    1 1 2 2 3 3
    1 1 2 2 3 3
    4 4 5 5 6 6
    4 4 5 5 6 6
    7 7 7 8 8 8
    """)
    coded = encode(plan)
    assert (coded.units["grid_code"].str[-1] == drawn).all()
    assert coded.grids["seq"].tolist() == list(range(1, 9))


def test_a_row_takes_label_points_a_little_further_south():
    # the middle grid lies 0.4 of a grid lower than its neighbours, and still in their row
    order = scan_order(np.array([[0.0, 100], [100, 60], [200, 100]]), np.full(3, 10_000.0), np.arange(3))
    assert order.tolist() == [0, 1, 2]
    # at 0.6 it opens a row of its own
    order = scan_order(np.array([[0.0, 100], [100, 40], [200, 100]]), np.full(3, 10_000.0), np.arange(3))
    assert order.tolist() == [0, 2, 1]


def test_a_row_reaches_south_from_its_northernmost_grid_and_does_not_creep():
    xy = np.array([[0.0, 100], [-10, 60], [-20, 20]])
    assert scan_order(xy, np.full(3, 10_000.0), np.arange(3)).tolist() == [1, 0, 2]


def test_the_depth_of_a_row_is_inclusive():
    xy = np.array([[10.0, 100], [0, 50]])
    assert scan_order(xy, np.full(2, 10_000.0), np.arange(2)).tolist() == [1, 0]


def test_equal_eastings_in_a_row_are_settled_by_the_lowest_unit():
    xy = np.array([[0.0, 90], [0, 100]])
    assert scan_order(xy, np.full(2, 10_000.0), np.array([7, 3])).tolist() == [1, 0]


def test_sequences_start_from_001_in_every_community_without_gaps():
    coded = encode(small_plan())
    assert coded.grids.index.tolist() == [
        "320411001101001",
        "320411001101002",
        "320411001101003",
        "320411001102001",
    ]
    assert coded.grids["name"].tolist() == ["a社区第一网格", "a社区第二网格", "a社区第三网格", "b社区第一网格"]
    assert coded.code_template == "stat15"


def test_every_table_speaks_of_the_new_codes_alone():
    plan = small_plan()
    row = plan.violations.iloc[[0]].assign(grid_codes=";".join(plan.grids.index[::-1]))
    coded = encode(plan.replace(violations=pd.concat([row, row.assign(grid_codes="")], ignore_index=True)))
    assert coded.units.groupby("grid_code").size().tolist() == coded.grids["units"].tolist()
    assert coded.violations["grid_codes"].tolist() == [";".join(coded.grids.index), ""]
    assert coded.codes["grid_code"].tolist() == coded.grids.index.tolist()
    assert coded.codes["valid_to"].isna().all()
    assert coded.grids.index.name == "grid_code"
    assert {coded.grids.index.dtype, coded.units["grid_code"].dtype} == {pd.Series(["text"]).dtype}


def test_shapes_follow_their_grid_when_it_is_renamed():
    coded = encode(small_plan())
    for code, units in coded.units.groupby("grid_code"):
        assert coded.grids.geometry[code].equals(units.union_all())


def test_encoding_twice_changes_nothing():
    once = encode(small_plan())
    twice = encode(once)
    for name in ("grids", "units", "buildings", "violations", "codes"):
        pd.testing.assert_frame_equal(getattr(once, name), getattr(twice, name))
    assert once.code_template == twice.code_template


@pytest.mark.parametrize("seed", range(5))
def test_neither_row_order_nor_former_codes_play_any_part(seed):
    plan, _ = plan_of("""
    1 1 1 4 4 4
    1 1 2 2 4 5
    3 3 3 2 5 5
    """)
    expected = encode(plan)
    shuffled = np.random.default_rng(seed).permutation(len(plan.grids))
    renamed = dict(zip(plan.grids.index, [f"old{i}" for i in shuffled], strict=True))
    other = plan.replace(
        grids=plan.grids.rename(index=renamed).iloc[shuffled],
        units=plan.units.assign(grid_code=plan.units["grid_code"].map(renamed)).sample(frac=1, random_state=seed),
        violations=plan.violations.assign(grid_codes=plan.violations["grid_codes"].map(renamed)),
    )
    coded = encode(other)
    pd.testing.assert_frame_equal(coded.grids, expected.grids)
    pd.testing.assert_frame_equal(coded.units.sort_index(), expected.units)
    pd.testing.assert_frame_equal(coded.violations, expected.violations)


@pytest.mark.parametrize(
    ("ids", "code", "template"),
    [
        (("320411001101", "320411001102"), "320411001101001", "stat15"),
        (("63000070001", "63000070002"), "63000070001001", "id+3"),
        (("320411001101", "63000070002"), "320411001101001", "id+3"),
        (("A-7", "63000070002"), "A-7-001", "id+3"),
        (("３２０４１１００１１０１", "320411001102"), "３２０４１１００１１０１-001", "id+3"),
    ],
)
def test_auto_takes_stat15_only_where_every_community_has_12_digits(ids, code, template):
    plan = small_plan()
    coded = encode(with_communities(plan, dict(zip(plan.city.communities.index, ids, strict=True))), "auto")
    assert code in coded.grids.index
    assert coded.code_template == template


def test_the_template_of_the_project_file_holds_unless_another_is_asked_for():
    plan = with_settings(small_plan(), template="id+3")
    assert encode(plan).code_template == "id+3"
    assert encode(plan, "stat15").code_template == "stat15"


def test_local12_adds_two_digits_to_ten():
    plan = small_plan()
    ids = dict(zip(plan.city.communities.index, ["3204110011", "3204110012"], strict=True))
    assert encode(with_communities(plan, ids), "local12").grids.index.tolist()[0] == "320411001101"


def test_unknown_templates_and_settings_are_refused_with_the_known_ones():
    with pytest.raises(
        RuleError, match=r"stat51.*stat15, unit14, community20, local12, micro, micro18, id\+3"
    ) as caught:
        encode(small_plan(), "stat51")
    assert "编码模板" in caught.value.text("zh")
    with pytest.raises(RuleError, match="did you mean template"):
        encode(with_settings(small_plan(), tempalte="auto"))


def test_a_template_that_does_not_fit_names_every_community():
    with pytest.raises(RuleError, match="10 digits; 2 are not: 320411001101, 320411001102"):
        encode(small_plan(), "local12")


def test_more_grids_than_digits_allow_are_refused():
    plan, _ = plan_of("\n".join(" ".join(f"{10 * y + x:02d}" for x in range(10)) for y in range(10)), communities=ALL_A)
    ids = dict.fromkeys(plan.city.communities.index, "3204110011")
    with pytest.raises(RuleError, match=r"at most 99 grids a community; 1 have more: 3204110011 \(100\)"):
        encode(with_communities(plan, ids), "local12")


ALL_A = "\n".join(["a " * 10] * 10)


def test_a_dedicated_grid_bears_the_name_of_its_institution_and_keeps_the_sequence():
    plan = small_plan()
    codes = plan.grids.index
    units = plan.units.assign(dedicated=plan.units["grid_code"].map({codes[1]: "大学"}).fillna(""))
    coded = encode(plan.replace(grids=plan.grids.assign(kind=["base", "dedicated", "base", "dedicated"]), units=units))
    assert coded.grids["name"].tolist() == ["a社区第一网格", "a社区大学专属网格", "a社区第三网格", "b社区第一专属网格"]


def test_an_institution_is_named_by_its_layer_and_its_grids_told_apart():
    plan = small_plan()
    layer = pd.DataFrame({"name": ["大学"]}, index=["i1"])
    plan = plan.replace(
        city=plan.city.replace(layers={**plan.city.layers, "dedicated": layer}),
        grids=plan.grids.assign(kind="dedicated"),
        units=plan.units.assign(dedicated="i1"),
    )
    names = encode(plan).grids["name"].tolist()
    assert names[:2] == ["a社区大学第一专属网格", "a社区大学第二专属网格"]
    assert names[3] == "b社区大学专属网格"


def test_a_start_date_comes_from_the_city_unless_the_grid_has_one():
    plan = small_plan()
    starts = ["2020-05-01", None, None, None]
    plan = plan.replace(city=plan.city.replace(valid_from="2026-01-01"), grids=plan.grids.assign(valid_from=starts))
    coded = encode(plan)
    assert coded.codes["valid_from"].tolist() == ["2020-05-01"] + ["2026-01-01"] * 3
    assert coded.grids["valid_from"].tolist() == coded.codes["valid_from"].tolist()


def test_grids_without_units_and_units_without_a_grid_are_refused():
    plan = small_plan()
    lost = plan.replace(units=plan.units.assign(grid_code=plan.units["grid_code"].replace(plan.grids.index[0], "x")))
    with pytest.raises(TableError, match=r"1 grids hold no unit .* 1 codes of units are no grid"):
        encode(lost)


@pytest.mark.parametrize(
    ("number", "chinese"),
    [
        (1, "一"),
        (9, "九"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (21, "二十一"),
        (99, "九十九"),
        (100, "一百"),
        (101, "一百零一"),
        (105, "一百零五"),
        (110, "一百一十"),
        (111, "一百一十一"),
        (250, "二百五十"),
        (999, "九百九十九"),
    ],
)
def test_numbers_read_as_in_chinese(number, chinese):
    assert chinese_number(number) == chinese


def test_all_ordinals_differ_and_can_be_read_back():
    digits = "零一二三四五六七八九"

    def read(text):
        value, digit = 0, 0
        for sign in text:
            if sign in digits:
                digit = digits.index(sign)
            else:
                value, digit = value + (digit or 1) * {"百": 100, "十": 10}[sign], 0
        return value + digit

    assert [read(chinese_number(n)) for n in range(1, 1000)] == list(range(1, 1000))
    with pytest.raises(RuleError, match="1 to 999"):
        chinese_number(1000)


@pytest.mark.parametrize(
    ("code", "community", "well_formed"),
    [
        ("320411001101001", "320411001101", True),
        ("320411001101000", "320411001101", False),
        ("32041100110101", "320411001101", False),
        ("320411001102001", "320411001101", False),
        ("32041100110100１", "320411001101", False),
    ],
)
def test_a_code_can_be_judged_by_its_template(code, community, well_formed):
    assert TEMPLATES["stat15"].is_code_of(code, community) is well_formed


def test_a_code_on_an_id_of_letters_needs_its_hyphen():
    assert TEMPLATES["id+3"].is_code_of("A7-012", "A7")
    assert not TEMPLATES["id+3"].is_code_of("A7012", "A7")


def test_codes_in_force_are_kept_with_their_gaps_and_others_numbered_anew() -> None:
    plan = encode(small_plan())
    first, second = plan.grids["community_id"].unique()
    kept = dict(zip(plan.grids.index[:3], [f"{first}007", f"{first}002", f"{first}009"], strict=True))
    again = encode(plan, in_force={**kept, f"{second}001": "no code at all"})
    assert again.grids.index.tolist() == [f"{first}002", f"{first}007", f"{first}009", f"{second}001"]
    assert again.grids.loc[f"{first}007", "geometry"].equals(plan.grids["geometry"].iloc[0])


def test_codes_in_force_of_another_community_are_not_kept() -> None:
    plan = encode(small_plan())
    moved = {code: f"999999999999{i:03d}" for i, code in enumerate(plan.grids.index, 1)}
    assert encode(plan, in_force=moved).grids.index.tolist() == plan.grids.index.tolist()
