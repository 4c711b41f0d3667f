import datetime

import numpy as np
import pandas as pd
import pytest

from gridopt.errors import RuleError
from gridopt.locate import events_by_place, hot_spots, locate_events
from tests.towns import small_plan


@pytest.fixture
def plan():
    return small_plan()


def found(plan, **columns):
    return locate_events(plan, pd.DataFrame(columns), today=datetime.date(2026, 1, 1))


def test_events_are_summed_by_place_and_year_with_the_share_settled_at_each_level(plan):
    located = found(
        plan,
        community=["b社区"] * 5 + ["a社区"],
        date=["2024-01-01", "2024-05-05", "2025-01-01", "2099-01-01", "?", "2024-01-01"],
        n=[3, 1, 4, 1, 5, 9],
        办结层级=["村级", "镇级", "village", "", "", "市"],
    )
    table = events_by_place(located)
    assert set(table["grid_code"]) == {plan.grids.index[3]}
    assert table["year"].tolist()[:2] == [2024, 2025]
    assert table["events"].tolist() == [4, 4, 6]
    assert table["settled_community"].tolist()[:2] == [0.75, 1.0]
    assert table["settled_township"].tolist()[:2] == [0.25, 0.0]
    by_community = events_by_place(located, level="community")
    assert by_community["events"].sum() == located.facts["number"].sum()


def test_years_are_missing_where_the_file_has_no_dates(plan):
    table = events_by_place(found(plan, community=["b社区"]))
    assert table.columns.tolist() == ["grid_code", "year", "events"]
    assert table["year"].isna().all()


def test_a_community_with_many_more_events_than_its_people_would_give_is_hot(plan):
    located = found(plan, community=["a社区", "b社区"], n=[100, 100])
    table = hot_spots(plan, located, level="community")
    people = plan.communities["residents"]
    small, large = people.idxmin(), people.idxmax()
    assert table.index[0] == small
    assert table["is_hot"].to_dict() == {small: True, large: False}
    assert table.loc[small, "expected"] == pytest.approx(200 * people[small] / people.sum())
    assert table["expected"].sum() == pytest.approx(table["events"].sum())


def test_a_place_without_people_has_no_expectation(plan):
    grids = plan.grids.assign(residents=np.where(plan.grids.index == plan.grids.index[3], 0.0, plan.grids["residents"]))
    table = hot_spots(plan.replace(grids=grids), found(plan, community=["b社区"], n=[50]))
    row = table.loc[plan.grids.index[3]]
    assert np.isnan(row["p"])
    assert not row["is_hot"]


def test_events_that_fall_where_people_are_make_nothing_hot(plan):
    people = plan.communities["residents"]
    located = found(plan, community=plan.communities["community"].tolist(), n=(people / 10).tolist())
    assert not hot_spots(plan, located, level="community")["is_hot"].any()


def test_an_unknown_level_is_refused(plan):
    with pytest.raises(RuleError, match="choose one of grid, community"):
        events_by_place(found(plan, community=["b社区"]), level="street")
