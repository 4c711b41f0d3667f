"""Scenarios: rules restated by name, and what each choice of them comes to, county by county."""

from __future__ import annotations

import pandas as pd
import pytest

import gridopt as go
from gridopt.errors import RuleError
from gridopt.plan.restated import restated
from gridopt.rules import Bounds, Rules
from tests.towns import town

SIX = "\n".join(["a a a a b b b b c c c c"] * 6)


@pytest.fixture(scope="module")
def city():
    """Three communities of 2,400 households each, the third in another county; 24 units of 100 each."""
    drawn = town(SIX)
    counties = ["320411", "320411", "320412"]
    townships = ["320411001", "320411001", "320412001"]
    return drawn.replace(communities=drawn.communities.assign(county_id=counties, township_id=townships))


@pytest.fixture(scope="module")
def table(city):
    return go.scenarios(city, {"size.target": [300, 400]}, cost={"grid": 10, "chief": 100, "worker": 1000})


def test_there_is_a_row_for_every_scenario_and_county(table) -> None:
    assert table[["size.target", "county_id"]].to_numpy().tolist() == [
        [300, "320411"], [300, "320412"], [400, "320411"], [400, "320412"]
    ]  # fmt: skip


def test_the_target_sets_the_number_of_grids(table) -> None:
    assert table["grids"].tolist() == [16, 8, 12, 6]
    assert table["households_mean"].tolist() == [300, 300, 400, 400]
    assert table["households"].tolist() == [4800, 2400, 4800, 2400]
    assert table["communities"].tolist() == [2, 1, 2, 1]


def test_posts_follow_the_ratios_and_cost_is_posts_and_grids_times_their_rates(table) -> None:
    assert table["chiefs"].tolist() == table["grids"].tolist()
    assert table["advisers"].tolist() == [4, 2, 3, 2]
    # 300 households and 400 households both round to one full-time and one part-time worker
    assert table["full_time_workers"].tolist() == table["part_time_workers"].tolist() == table["grids"].tolist()
    parts = table[["advisers", "chiefs", "full_time_workers", "part_time_workers"]].sum(axis=1)
    assert table["posts"].tolist() == parts.tolist()
    assert table["cost"].tolist() == [10 * n + 100 * n + 2 * 1000 * n for n in table["grids"]]


def test_an_employment_of_its_own_cost_overrules_that_of_workers(city) -> None:
    table = go.scenarios(city, {"size.target": [400]}, cost={"worker": 7, "part_time": 1})
    assert table["cost"].tolist() == [12 * 7 + 12 * 1, 6 * 7 + 6 * 1]


def test_every_combination_is_drawn_and_cost_is_left_out_where_none_is_given(city) -> None:
    table = go.scenarios(city, {"size.target": [300, 400], "size.weight": [1.0, 2.0]})
    assert "cost" not in table
    assert table[["size.target", "size.weight"]].drop_duplicates().to_numpy().tolist() == [
        [300, 1.0], [300, 2.0], [400, 1.0], [400, 2.0]
    ]  # fmt: skip
    assert (table["to_decide"] == 0).all()


def test_the_same_call_gives_the_same_table(city, table) -> None:
    again = go.scenarios(city, {"size.target": [300, 400]}, cost={"grid": 10, "chief": 100, "worker": 1000}, workers=2)
    pd.testing.assert_frame_equal(again, table)


def test_scenarios_are_drawn_as_a_project_with_those_rules_would_be(city, table) -> None:
    plan = go.draw(city.replace(rules=restated(city.rules, {"size.target": 400})), effort="quick")
    assert table["objective"].tail(2).sum() == pytest.approx(plan.objective)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"size.tarket": [1]}, r"size\.tarket \(size\.target\?\).*choose from size\.measure"),
        ({"area.moon.size.target": [1]}, r"area\.moon"),
        ({"target": [300]}, "there is no rule target"),
        ({"size.also.residents": [300]}, "there is no rule size.also.residents"),
        ({}, "no rule is named"),
        ({"size.target": []}, r"size\.target"),
        ({"size.target": [400, 900]}, r"scenario size\.target = 900: .*outside 300-500"),
    ],
)
def test_what_is_no_rule_or_cannot_hold_is_refused(city, values, said) -> None:
    with pytest.raises(RuleError, match=said):
        go.scenarios(city, values)


@pytest.mark.parametrize(("cost", "said"), [({"boss": 1}, "boss"), ({"grid": -1}, "grid must be numbers")])
def test_what_is_no_cost_is_refused(city, cost, said) -> None:
    with pytest.raises(RuleError, match=said):
        go.scenarios(city, {"size.target": [400]}, cost=cost)


def test_a_rule_is_restated_for_all_or_for_an_area_kind() -> None:
    rules = restated(Rules(), {"size.target": 400, "area.rural.size.target": 200, "area.old_town.proximity.weight": 2})
    assert rules.size.target == 400
    assert rules.at("rural").size.target == 200
    assert rules.at("rural").size.high == 400
    assert rules.at("old_town").proximity.weight == 2
    assert Rules().at("rural").size.target == 250


def test_an_entry_of_a_table_is_restated_and_the_others_stay() -> None:
    values = {"size.also.workload.high": 9, "governance.barriers.road.primary": "wall", "size.also.residents.low": 5}
    rules = restated(Rules(), values)
    assert dict(rules.size.also) == {"residents": Bounds(5, 2500), "workload": Bounds(None, 9)}
    assert dict(rules.governance.barriers) == {"road.primary": "wall"}


def test_the_comfort_band_keeps_its_place_between_new_bounds() -> None:
    assert restated(Rules(), {"size.high": 700}).size.comfort == pytest.approx((360, 600))
    assert restated(Rules(), {"size.high": 700, "size.comfort": (330, 500)}).size.comfort == (330, 500)
    assert restated(Rules(), {"area.rural.size.high": 700}).at("rural").size.comfort == pytest.approx((200, 600))
