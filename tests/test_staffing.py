import logging

import pandas as pd
import pytest

from gridopt.city import Settings
from gridopt.coding import encode
from gridopt.contracts import POSTS
from gridopt.errors import RuleError, TableError
from gridopt.staffing import shortage, staff
from tests.towns import small_plan

A1, A2, A3, B1 = "320411001101001", "320411001101002", "320411001101003", "320411001102001"


@pytest.fixture(scope="module")
def plan():
    """Four grids of 600, 300, 300 and 600 households in two communities of one township."""
    return encode(small_plan())


def with_settings(plan, *, lang="en", **staff_settings):
    return plan.replace(city=plan.city.replace(settings=Settings(staff=staff_settings, lang=lang)))


def with_households(plan, *households, **columns):
    return plan.replace(grids=plan.grids.assign(households=list(households), residents=list(households), **columns))


def numbers(posts, grid, employment="full_time"):
    return int(((posts["grid_code"] == grid) & (posts["role"] == "worker") & (posts["employment"] == employment)).sum())


def test_every_grid_has_exactly_one_chief(plan):
    chiefs = staff(plan).query("role == 'chief'")
    assert chiefs["grid_code"].tolist() == [A1, A2, A3, B1]
    assert chiefs["community_id"].tolist() == ["320411001101"] * 3 + ["320411001102"]


def test_workers_follow_households_and_halves_round_up(plan):
    posts = staff(with_households(plan, 449, 450, 149, 150))
    assert [numbers(posts, grid) for grid in (A1, A2, A3, B1)] == [1, 2, 1, 1]
    assert [numbers(posts, grid, "part_time") for grid in (A1, A2, A3, B1)] == [1, 2, 0, 1]


def test_a_grid_without_people_has_a_chief_and_no_workers(plan):
    posts = staff(with_households(plan, 0, 300, 300, 300))
    assert posts[posts["grid_code"] == A1]["role"].tolist() == ["chief"]


def test_a_dedicated_grid_has_a_worker_though_nobody_lives_there(plan):
    posts = staff(with_households(plan, 0, 300, 300, 300, kind=["dedicated", "base", "base", "base"]))
    assert numbers(posts, A1) == 1


def test_an_adviser_serves_neighbours_in_code_order_as_evenly_as_can_be(plan):
    advisers = staff(with_settings(plan, grids_per_adviser=3)).query("role == 'adviser'")
    assert advisers["grid_code"].tolist() == [f"{A1};{A2}", f"{A3};{B1}"]
    assert advisers["community_id"].tolist() == ["320411001101", ""]
    assert advisers["township_id"].tolist() == ["320411001"] * 2


def test_advisers_stay_in_their_township(plan):
    grids = plan.grids.assign(township_id=["320411001"] * 3 + ["320411002"])
    advisers = staff(plan.replace(grids=grids)).query("role == 'adviser'")
    assert advisers["grid_code"].tolist() == [f"{A1};{A2};{A3}", B1]


def test_the_ratios_of_the_project_file_hold(plan):
    changed = with_settings(plan, households_per_full_time=200, households_per_part_time=1e9, part_time_fte=0.2)
    posts = staff(changed)
    assert [numbers(posts, grid) for grid in (A1, A2)] == [3, 2]
    assert numbers(posts, A1, "part_time") == 0


def test_the_reason_gives_the_arithmetic_in_the_citys_language(plan):
    reasons = staff(with_households(plan, 449, 100, 300, 300))["reason"]
    assert reasons[f"{A1}-F1"] == "449 households / 300 a worker = 1.50, rounded to 1"
    assert reasons[f"{A2}-F1"] == "100 households / 300 a worker = 0.33, rounded to 0; at least 1 a grid"
    chinese = staff(with_settings(plan, lang="zh"))
    assert chinese["reason"][f"{A1}-F1"] == "600户 ÷ 每人300户 = 2.00，四舍五入为2名"
    assert chinese["role_name"].unique().tolist() == ["网格指导员", "网格长", "专职网格员", "兼职网格员"]


def test_posts_are_the_contract_with_ids_that_occur_once(plan):
    posts = staff(plan)
    assert [posts.index.name, *posts.columns] == POSTS
    assert posts.index.is_unique
    assert posts["fte"].sum() == 1 * 0.25 + 4 * 0.5 + 6 * 1 + 6 * 0.5
    assert posts.isna().sum().sum() == 0


def test_posts_do_not_depend_on_row_order(plan):
    pd.testing.assert_frame_equal(staff(plan), staff(plan.replace(grids=plan.grids.iloc[::-1])))


def test_unknown_settings_name_the_nearest_known_one(plan):
    with pytest.raises(RuleError, match=r"grids_per_advisor .did you mean grids_per_adviser") as caught:
        staff(with_settings(plan, grids_per_advisor=3))
    assert "是否为" in caught.value.text("zh")


@pytest.mark.parametrize(
    "settings",
    [{"grids_per_adviser": 0}, {"grids_per_adviser": 2.5}, {"households_per_full_time": "300"}, {"chief_fte": -1}],
)
def test_settings_that_cannot_hold_are_refused(plan, settings):
    with pytest.raises(RuleError, match=next(iter(settings))):
        staff(with_settings(plan, **settings))


def test_a_shortage_is_told_by_township_role_and_employment(plan):
    roster = pd.DataFrame(
        {
            "role": ["chief", "网格长", "worker", "网格员", "adviser", "adviser"],
            "employment": ["full_time", "兼职", "full_time", "专职", "", None],
            "base": ["320411001", "320411001101", A1, B1, "320411001", "320411001"],
        }
    )
    table = shortage(staff(plan), roster).set_index(["role", "employment"])
    assert table["township_id"].unique().tolist() == ["320411001"]
    figures = table[["needed", "present", "short", "surplus"]]
    assert figures.loc[("adviser", "part_time")].tolist() == [1, 2, 0, 1]
    assert figures.loc[("chief", "part_time")].tolist() == [4, 2, 2, 0]
    assert figures.loc[("worker", "full_time")].tolist() == [6, 2, 4, 0]
    assert figures.loc[("worker", "part_time")].tolist() == [6, 0, 6, 0]


def test_people_based_elsewhere_or_in_other_roles_are_a_surplus(plan):
    roster = pd.DataFrame({"role": ["chief", "attached"], "base": ["999", "320411001"]})
    table = shortage(staff(plan), roster)
    assert table[table["surplus"] > 0][["township_id", "role"]].to_numpy().tolist() == [
        ["", "chief"],
        ["320411001", "attached"],
    ]


def test_a_roster_without_bases_is_compared_with_the_whole_city(plan):
    table = shortage(staff(plan), pd.DataFrame({"role": ["chief"] * 4}))
    assert table["township_id"].unique().tolist() == [""]
    assert table.set_index("role")["short"]["chief"] == 0


def test_a_given_roster_is_held_against_the_posts_and_what_is_short_is_logged(plan, caplog):
    with caplog.at_level(logging.INFO, "gridopt"):
        posts = staff(plan, pd.DataFrame({"role": ["chief"] * 3}))
    assert "17 posts, 3 people: 14 short, 0 more than needed" in caplog.text
    pd.testing.assert_frame_equal(posts, staff(plan))


def test_a_roster_without_roles_is_refused(plan):
    with pytest.raises(TableError, match="roster lacks the columns role"):
        shortage(staff(plan), pd.DataFrame({"name": ["x"]}))
