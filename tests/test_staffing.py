import logging

import pandas as pd
import pytest

from gridopt.city import Settings
from gridopt.coding import encode
from gridopt.contracts import HELD, POSTS
from gridopt.errors import RuleError, TableError
from gridopt.staffing import check_roster, staff, staffing
from tests.towns import small_plan

A1, A2, A3, B1 = "320411001101001", "320411001101002", "320411001101003", "320411001102001"
TOWNSHIP, COMMUNITY_A = "320411001", "320411001101"


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


def test_an_adviser_serves_neighbours_as_evenly_as_can_be(plan):
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
    assert [posts.index.name, *posts.columns] == [*POSTS, *HELD]
    assert posts.index.is_unique
    assert posts["fte"].sum() == 1 * 0.25 + 4 * 0.5 + 6 * 1 + 6 * 0.5
    assert posts[POSTS[1:]].isna().sum().sum() == 0
    assert posts["status"].unique().tolist() == ["needed"]


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


def people(*rows, columns=("id", "role", "base"), **further):
    """A roster: a row a person, further columns given whole."""
    return pd.DataFrame(list(rows), columns=list(columns)).assign(**further)


def held_by(posts):
    """(grid, person) of every post that is held, sorted."""
    held = posts[posts["status"] == "held"]
    return sorted(zip(held["grid_code"], held["staff_id"], strict=True))


def test_a_shortage_is_told_by_place_and_role(plan):
    roster = people(
        ("c1", "chief", TOWNSHIP), ("c2", "网格长", COMMUNITY_A), ("w1", "网格员", A1), ("w2", "网格员", B1),
        ("a1", "adviser", TOWNSHIP), ("a2", "adviser", TOWNSHIP),
        employment=["full_time", "兼职", "full_time", "专职", "", None],
    )  # fmt: skip
    balance = staffing(plan, roster).balance
    city = balance[balance["level"] == "city"].set_index(["role", "employment"])
    figures = city[["needed", "held", "short", "people", "surplus"]]
    assert figures.loc[("adviser", "part_time")].tolist() == [1, 1, 0, 2, 1]
    assert figures.loc[("chief", "part_time")].tolist() == [4, 2, 2, 2, 0]
    assert figures.loc[("worker", "full_time")].tolist() == [6, 2, 4, 2, 0]
    assert figures.loc[("worker", "part_time")].tolist() == [6, 0, 6, 0, 0]
    short = balance[(balance["level"] == "grid") & (balance["role"] == "chief")].set_index("place_id")["short"]
    assert short.sum() == 2
    assert balance[balance["level"] == "township"]["place_id"].unique().tolist() == [TOWNSHIP]


def test_every_post_without_a_person_is_a_row(plan):
    posts = staff(plan, people(("c1", "chief", COMMUNITY_A)))
    assert len(posts) == 17
    assert posts["status"].value_counts().to_dict() == {"vacant": 16, "held": 1}


def test_a_chief_stays_in_the_community_and_an_adviser_in_the_township(plan):
    posts = staff(plan, people(("c1", "chief", "b社区"), ("c2", "chief", "b社区")))
    assert held_by(posts) == [(B1, "c1")]


def test_people_walk_as_little_as_can_be_in_all(plan):
    roster = people(*((f"c{i}", "chief", base) for i, base in enumerate((A3, A1, A2, B1))))
    assert held_by(staff(plan, roster)) == [(A1, "c1"), (A2, "c2"), (A3, "c0"), (B1, "c3")]
    assert staff(plan, roster)["walk_m"].sum() == 0


def test_one_worker_holds_several_neighbouring_grids_where_there_are_too_few(plan):
    lean = with_settings(plan, households_per_full_time=1000, households_per_part_time=1e9)
    found = staffing(lean, people(("w1", "worker", A1), ("w2", "worker", B1), capacity=[3, 3]))
    workers = found.posts[found.posts["role"] == "worker"]
    assert (workers["status"] == "held").all()
    assert workers.groupby("staff_id")["grid_code"].agg(sorted).to_dict() in (
        {"w1": [A1, A2], "w2": [A3, B1]},
        {"w1": [A1, A2, A3], "w2": [B1]},
    )
    assert found.gap == pytest.approx(0)


def test_grids_with_a_third_between_them_are_not_held_by_one_person(plan):
    lean = with_settings(plan, households_per_full_time=1000, households_per_part_time=1e9)
    roster = people(("w1", "worker", A1), ("w2", "worker", A2), capacity=[3, 1], fixed=["", A2])
    found = staffing(lean, roster)
    assert held_by(found.posts) == [(A2, "w2"), (A3, "w1"), (B1, "w1")]
    assert found.people["grid_code"].to_dict() == {"w1": f"{A3};{B1}", "w2": A2}


def test_fixed_and_forbidden_pairs_hold(plan):
    roster = people(("c1", "chief", A1), ("c2", "chief", A2), fixed=[A2, ""], forbidden=["", f"{A1};{A2}"])
    assert held_by(staff(plan, roster)) == [(A2, "c1"), (A3, "c2")]


def test_people_stay_where_they_are_unless_it_is_worth_it(plan):
    roster = people(("c1", "chief", COMMUNITY_A), ("c2", "chief", COMMUNITY_A), ("c3", "chief", COMMUNITY_A))
    today = staff(plan, roster.assign(current=[A3, A1, A2]))
    assert held_by(today) == [(A1, "c2"), (A2, "c3"), (A3, "c1")]
    assert held_by(staff(plan, roster, today=today)) == held_by(today)


def test_who_lacks_the_qualification_gets_no_post(plan):
    lawyers = {
        "lawyer": {"name": "法律顾问", "span": "sector", "grids": 4, "qualification": "律师", "employment": "attached"}
    }
    asked = with_settings(plan, roles=lawyers)
    roster = people(("l1", "法律顾问", TOWNSHIP), ("l2", "lawyer", TOWNSHIP), qualifications=["", "律师；调解员"])
    posts = staff(asked, roster).query("role == 'lawyer'")
    assert posts["staff_id"].tolist() == ["l2"]
    assert posts["role_name"].tolist() == ["法律顾问"]


def test_the_roster_may_come_in_any_order(plan):
    roster = people(*((f"w{i}", "worker", base) for i, base in enumerate((A1, A1, A2, B1, COMMUNITY_A, TOWNSHIP))))
    pd.testing.assert_frame_equal(staff(plan, roster), staff(plan, roster.iloc[::-1]))


def test_all_faults_of_a_roster_are_told_at_once_in_both_languages(plan):
    roster = people(
        ("p1", None, A1), ("p2", "chief", ""), ("p3", "站长", A1), ("p4", "chief", "999"), ("p5", "chief", A2),
        ("p5", "chief", A3), ("p6", "worker", A1),
        capacity=[1, 1, 1, 1, 1, 1, 0],
    )  # fmt: skip
    with pytest.raises(TableError) as caught:
        staff(plan, roster)
    english, chinese = str(caught.value), caught.value.text("zh")
    for words in ("no role: p1", "no base: p2", '"站长"', '"999", which is outside the city or unknown: p4',
                  "several rows: keep one row each: p5", "capacity 0", "p6"):  # fmt: skip
        assert words in english
    for words in ("没有岗位类别：p1", "没有驻地：p2", "未知", "p4", "重复出现", "容量为 0"):
        assert words in chinese


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"fixed": [A1, A1]}, "are fixed to the 1 posts of grid"),
        ({"fixed": [f"{A1};{A2}", ""]}, "more grids than they can hold"),
        ({"fixed": [A1, ""], "forbidden": [COMMUNITY_A, ""]}, "forbidden to them: c1"),
        ({"fixed": ["nowhere", ""]}, 'are fixed to "nowhere"'),
    ],
)
def test_wishes_that_cannot_hold_together_are_refused(plan, wishes, words):
    with pytest.raises(TableError, match=words):
        staff(plan, people(("c1", "chief", A1), ("c2", "chief", A2), **wishes))


def test_numbers_that_tell_who_somebody_is_stay_in_the_roster(plan):
    posts = staff(plan, people(("13800138000", "chief", A1), ("11010519491231002X", "chief", A2), ("c3", "chief", A3)))
    assert sorted(set(posts["staff_id"])) == ["", "c3", "person-00001", "person-00002"]


def test_a_roster_is_checked_before_grids_are_drawn(plan):
    city = plan.city
    check_roster(city, people(("c1", "chief", "a社区"), ("c2", "chief", f"{COMMUNITY_A}099")))
    with pytest.raises(TableError, match="outside the city"):
        check_roster(city, people(("c1", "chief", "elsewhere")))


def test_a_given_roster_is_held_against_the_posts_and_what_is_short_is_logged(plan, caplog):
    with caplog.at_level(logging.INFO, "gridopt"):
        staff(plan, pd.DataFrame({"role": ["chief"] * 3}))
    assert "17 posts, 3 people: 14 short, 0 without a post" in caplog.text


def test_a_roster_without_roles_is_refused(plan):
    with pytest.raises(TableError, match="roster lacks the columns role"):
        staff(plan, pd.DataFrame({"name": ["x"]}))


def test_minutes_a_working_day_follow_the_stated_workload(plan):
    stated = plan.city.replace(settings=Settings(workload={"service": {"households": 10}}))
    posts = staff(plan.replace(city=stated, grids=plan.grids.assign(workload=[6525.0, 0.0, 0.0, 0.0])))
    first = posts[(posts["grid_code"] == A1) & (posts["role"] == "worker")]
    assert first["minutes_day"].tolist() == [100.0, 100.0, 50.0, 50.0]
    assert staff(plan)["minutes_day"].isna().all()
