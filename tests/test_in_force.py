"""Codes of today's grids: drawn grids go on under them, and none is ever given to another."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import gridopt as go
from gridopt.city import Settings
from gridopt.coding import encode
from gridopt.errors import RuleError
from gridopt.plan.in_force import coded
from gridopt.rules import Rules
from tests.towns import CELL, SOUTH, WEST, town

ROW = """
a a a a a a a a a a a a
"""
A = "320411001101"
FOUR = Rules.from_dict({"size": {"low": 250, "target": 300, "high": 350, "comfort": [280, 320]}})


def row_town(*today: tuple[float, float, str], **code: object) -> go.City:
    """Twelve units in a row, drawn as four grids of three, with today's grids between west-east positions in cells."""
    city = town(ROW, rules=FOUR)
    shapes = [shapely.box(WEST + CELL * a, SOUTH, WEST + CELL * b, SOUTH + CELL) for a, b, _ in today]
    grids = gpd.GeoDataFrame({"name": "", "grid_code": [one for *_, one in today]}, geometry=shapes, crs=city.crs)
    grids.index = pd.Index([f"t{i}" for i in range(len(grids))], name="current_id")
    layers = {**city.layers, "current_grids": grids}
    return city.replace(layers=layers, settings=Settings(code=code), valid_from="2026-01-01")


def numbers(plan: go.Plan) -> list[int]:
    """The numbers of the grids from west to east."""
    return plan.grids.sort_values("label_x")["seq"].tolist()


def given_up(plan: go.Plan) -> dict[str, str]:
    ended = plan.codes[plan.codes["successor"].fillna("") != ""]
    return dict(zip(ended["grid_code"], ended["successor"], strict=True))


def test_codes_in_force_stay_with_their_gaps_and_in_any_order(tmp_path) -> None:
    plan = go.draw(row_town((0, 3, f"{A}009"), (3, 6, f"{A}002"), (6, 9, f"{A}017"), (9, 12, f"{A}004")))
    assert numbers(plan) == [9, 2, 17, 4]
    assert given_up(plan) == {}
    go.publish(plan, tmp_path / "out")
    assert not len(go.check(tmp_path / "out"))


def test_a_new_grid_takes_the_number_past_the_highest_ever_used(tmp_path) -> None:
    plan = go.draw(row_town((0, 6, f"{A}005"), (6, 9, f"{A}008"), (9, 12, f"{A}002")))
    assert sorted(numbers(plan)[:2]) == [5, 9]
    assert numbers(plan)[2:] == [8, 2]
    go.publish(plan, tmp_path / "out")
    assert not len(go.check(tmp_path / "out"))


def test_a_code_given_up_has_a_successor_and_is_never_given_again(tmp_path) -> None:
    city = row_town((0, 2, f"{A}001"), (2, 3, f"{A}020"), (3, 6, f"{A}002"), (6, 9, ""), (9, 12, f"{A}004"))
    plan = go.draw(city)
    assert numbers(plan) == [1, 2, 21, 4]
    assert given_up(plan) == {f"{A}020": f"{A}001"}
    ended = plan.codes.set_index("grid_code").loc[f"{A}020"]
    assert ended["valid_to"] == "2026-01-01"
    go.publish(plan, tmp_path / "out")
    assert not len(go.check(tmp_path / "out"))
    again = go.read_plan(tmp_path / "out")
    assert numbers(encode(again)) == [1, 2, 21, 4]


def named(city: go.City, names: list[str]) -> go.City:
    today = city.layer("current_grids").assign(name=names)
    return city.replace(layers={**city.layers, "current_grids": today})


def test_a_name_of_its_own_goes_on_with_its_code(tmp_path) -> None:
    city = row_town((0, 3, f"{A}009"), (3, 6, f"{A}002"), (6, 9, f"{A}017"), (9, 12, ""))
    plan = go.draw(named(city, ["染坊弄网格", "第五网格", "", "无编码网格"]))
    names = plan.grids.sort_values("label_x")["name"].tolist()
    assert names[0] == "染坊弄网格"
    assert [
        one.endswith(number) for one, number in zip(names[1:], ["第二网格", "第十七网格", "第十八网格"], strict=True)
    ] == [True] * 3
    go.publish(plan, tmp_path / "out")
    assert not len(go.check(tmp_path / "out"))
    assert go.read_plan(tmp_path / "out").grids["name"].equals(plan.grids["name"])


def test_a_name_that_two_grids_bear_or_whose_code_is_set_aside_stays_behind() -> None:
    borne = [(0, 3, f"{A}009"), (3, 6, f"{A}002"), (6, 9, f"{A}017"), (9, 12, f"{A}004")]
    twice = go.draw(named(row_town(*borne), ["染坊弄网格", "染坊弄网格", "码头网格", ""])).grids["name"]
    assert sorted(twice.eq("码头网格")) == [False, False, False, True]
    assert not twice.eq("染坊弄网格").any()
    renumbered = go.draw(named(row_town(*borne, in_force="renumber"), ["染坊弄网格", "", "", ""]))
    assert not renumbered.grids["name"].eq("染坊弄网格").any()


def test_a_decision_names_a_grid_before_its_name_of_today_does() -> None:
    city = named(row_town((0, 3, f"{A}001"), (3, 12, f"{A}002")), ["染坊弄网格", ""])
    plan = go.draw(city)
    west = plan.units.sort_index().index[0]
    again = encode(plan.replace(details={**plan.details, "decided": {"names": {west: "码头网格"}}}))
    assert "码头网格" in set(again.grids["name"])
    assert "染坊弄网格" not in set(again.grids["name"])


def test_the_larger_part_of_a_split_keeps_the_code() -> None:
    plan = go.draw(row_town((0, 5, f"{A}003"), (5, 9, f"{A}001"), (9, 12, f"{A}002")))
    assert numbers(plan) == [3, 4, 1, 2]


def test_a_sliver_of_a_grid_does_not_take_its_code_elsewhere() -> None:
    """Today's 7 gives most of its people to the first grid, which goes on as 3; the second has only a third of them."""
    plan = go.draw(row_town((0, 2, f"{A}003"), (2, 3, f"{A}007"), (3, 12, f"{A}005")))
    assert numbers(plan)[0] == 3
    assert given_up(plan) == {f"{A}007": f"{A}003"}


def test_codes_of_a_list_of_those_given_up_are_never_given_again() -> None:
    city = row_town((0, 3, f"{A}002"))
    listed = pd.DataFrame(
        {"name": "", "valid_to": "2024-06-30", "successor": ""}, index=pd.Index([f"{A}006"], name="code")
    )
    plan = go.draw(city.replace(layers={**city.layers, "codes": listed}))
    assert sorted(numbers(plan)) == [2, 7, 8, 9]
    assert f"{A}006" in set(plan.codes["grid_code"])


def test_codes_of_another_form_are_named_and_not_kept() -> None:
    plan = go.draw(row_town((0, 3, "WJ-1"), (3, 12, f"{A}003")))
    row = plan.violations[plan.violations["rule"] == "codes"].iloc[0]
    assert "WJ-1" in row["reason"]
    assert row["class"] == "information"
    assert row["grid_codes"] == plan.grids.sort_values("label_x").index[0]


def test_today_s_codes_can_be_set_aside() -> None:
    plan = go.draw(row_town((0, 3, f"{A}009"), (3, 6, f"{A}002"), in_force="renumber"))
    assert numbers(plan) == [1, 2, 3, 4]
    with pytest.raises(RuleError, match="keep or renumber"):
        go.draw(row_town((0, 3, f"{A}009"), in_force="maybe"))


def test_a_drawing_without_a_code_here_and_there_keeps_the_others() -> None:
    plan = go.assess(row_town((0, 3, f"{A}009"), (3, 6, ""), (6, 12, f"{A}002")))
    assert numbers(plan) == [9, 10, 2]


def test_the_order_of_today_s_rows_plays_no_part() -> None:
    city = row_town((0, 4, f"{A}009"), (4, 8, f"{A}002"), (8, 12, f"{A}005"))
    turned = city.layer("current_grids").iloc[::-1]
    plan, again = go.draw(city), go.draw(city.replace(layers={**city.layers, "current_grids": turned}))
    pd.testing.assert_frame_equal(plan.grids, again.grids)
    pd.testing.assert_frame_equal(plan.codes, again.codes)


def test_recoding_by_the_same_template_leaves_codes_in_force_alone() -> None:
    plan = go.draw(row_town((0, 3, f"{A}009"), (3, 6, f"{A}002"), (6, 9, f"{A}017"), (9, 12, f"{A}004")))
    assert numbers(go.encode(plan, "stat15")) == [9, 2, 17, 4]
    assert numbers(go.encode(plan, "unit14")) == [1, 2, 3, 4]


def test_codes_that_grids_bear_already_come_before_those_of_today() -> None:
    city = row_town((0, 3, f"{A}009"), (3, 12, f"{A}002"))
    plan = go.draw(city)
    west = plan.grids.sort_values("label_x").index[0]
    assert numbers(coded(plan.replace(codes=plan.codes.iloc[:0]), {west: f"{A}005"}))[0] == 5


def test_a_community_drawn_again_continues_its_codes_in_force(tmp_path) -> None:
    city = row_town((0, 2, f"{A}009"), (2, 3, f"{A}020"), (3, 6, f"{A}002"), (6, 12, f"{A}004"))
    go.publish(go.draw(city), tmp_path / "out")
    stored = go.read_plan(tmp_path / "out")
    again = go.draw_only(city, stored, communities=A)
    pd.testing.assert_series_equal(again.grids["seq"], stored.grids["seq"])
    assert given_up(again) == given_up(stored) == {f"{A}020": f"{A}009"}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda codes: codes[codes["grid_code"] != f"{A}020"], "neither a grid's nor given up"),
        (lambda codes: codes.assign(valid_to="2026-01-01"), "given up and are used again"),
    ],
)
def test_the_verifier_misses_a_code_of_today_and_one_used_again(tmp_path, edit, said) -> None:
    plan = go.draw(row_town((0, 2, f"{A}009"), (2, 3, f"{A}020"), (3, 12, f"{A}004")))
    go.publish(plan.replace(codes=edit(plan.codes)), tmp_path / "out")
    assert go.check(tmp_path / "out")["message"].str.contains(said).any()


def test_a_register_of_codes_given_up_is_read_from_an_older_plan_folder(tmp_path) -> None:
    go.publish(go.draw(row_town((0, 2, f"{A}009"), (2, 3, f"{A}020"), (3, 12, f"{A}004"))), tmp_path / "old")
    path = (tmp_path / "old" / "plan.gpkg").as_posix()
    (tmp_path / "project.toml").write_text(
        f"""
[layers.communities]
path = "{path}"
layer = "communities"
id = "community_id"
name = "community"

[layers.units]
path = "{path}"
layer = "units"
id = "unit_id"
households = "households"
residents = "residents"

[layers.current_grids]
path = "{path}"
layer = "grids"
grid_code = "grid_code"

[layers.codes]
path = "{path}"
layer = "codes"
id = "grid_code"

[rules.size]
target = 250
low = 200
high = 320
""",
        encoding="utf-8",
    )
    city = go.read_city(tmp_path / "project.toml")
    plan = go.draw(city)
    assert f"{A}020" in given_up(plan)
    assert min(set(plan.grids["seq"]) - {9, 4}) > 20
