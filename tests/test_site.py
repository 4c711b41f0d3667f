import logging

import geopandas as gpd
import numpy as np
import pytest
import shapely

import gridopt as go
from gridopt.city import Settings
from gridopt.coding import encode
from gridopt.errors import RuleError, TableError
from tests.towns import CELL, CRS, SOUTH, WEST, small_plan


@pytest.fixture(scope="module")
def plan():
    """Three rows of six cells of 250 residents, first tier within 210 m."""
    made = encode(small_plan())
    tiers = {"limits": {"default": [210, 1000, 10000]}}
    return made.replace(city=made.city.replace(settings=Settings(tiers=tiers)))


def points(*cells, **columns):
    middles = [shapely.Point(WEST + CELL * (x + 0.5), SOUTH + CELL * (y + 0.5)) for x, y in cells]
    return gpd.GeoDataFrame(columns, geometry=middles, index=[f"c{x}{y}" for x, y in cells], crs=CRS)


ROW = points(*((x, 1) for x in range(6)))


def test_the_fewest_additions_leave_nobody_out_of_reach(plan):
    # On the middle row one site reaches two columns to either side of it but for the corners: 1 and 4 do.
    found = go.site(plan, ROW)
    assert (found.objective, found.bound, found.gap, found.status) == (2, 2, 0, "optimal")
    assert found.sites.index.tolist() == ["c11", "c41"]
    assert found.sites["residents"].tolist() == [9 * 250, 9 * 250]
    beyond = go.out_of_reach(plan, found.sites.assign(tier="1"))
    assert not (beyond["tier"] == "1").any()


def test_what_stands_is_kept(plan):
    found = go.site(plan, ROW, facilities=points((1, 1), tier=["1"]))
    assert found.sites.index.tolist() == ["c41"]


def test_the_best_one_covers_most_and_the_rest_is_counted(plan):
    found = go.site(plan, ROW, model="cover", p=1)
    # Five columns of the middle row and three of the outer ones.
    assert found.objective == (18 - 11) * 250
    assert found.status == "optimal"


def test_the_median_and_the_centre_stand_in_the_middle(plan):
    assert go.site(plan, ROW, model="median", p=2).sites.index.tolist() == ["c11", "c41"]
    centre = go.site(plan, ROW, model="center", p=2)
    assert centre.objective == pytest.approx(np.hypot(100, 100))


def test_a_unit_is_a_candidate_where_none_are_given(plan):
    assert go.site(plan).objective == 2


def test_the_choice_does_not_depend_on_row_order(plan):
    other = plan.replace(units=plan.units.iloc[::-1], grids=plan.grids.iloc[::-1])
    for model, p in (("fewest", None), ("cover", 2), ("median", 2), ("center", 2)):
        one, two = go.site(plan, ROW, model=model, p=p), go.site(other, ROW.iloc[::-1], model=model, p=p)
        assert one.sites.index.tolist() == two.sites.index.tolist()


def test_homes_that_no_candidate_can_reach_are_named(plan, caplog):
    with caplog.at_level(logging.WARNING, "gridopt"):
        found = go.site(plan, points((0, 1), (1, 1)))
    assert sorted(set(((found.unserved.geometry.x - WEST) // CELL).astype(int))) == [3, 4, 5]
    assert "homes can be served by no candidate" in caplog.text
    assert found.status == "optimal"
    short = go.site(plan, points((0, 1), (1, 1)), model="cover", p=2)
    assert short.objective == found.unserved["residents"].sum()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"model": "medain"}, "no siting model"),
        ({"tier": "9"}, "no tier"),
        ({"model": "median"}, "needs p"),
        ({"model": "cover", "p": 7}, "1 to the 6 candidates; it is 7"),
        ({"p": 3}, "finds the number itself"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_both_languages(plan, asked, message):
    with pytest.raises(RuleError, match=message) as caught:
        go.site(plan, ROW, **asked)
    assert caught.value.text("zh") != str(caught.value)


def test_no_candidates_or_repeated_ones_are_refused(plan):
    with pytest.raises(TableError, match="no candidates"):
        go.site(plan, ROW.iloc[:0])
    with pytest.raises(TableError, match="c01"):
        go.site(plan, ROW.set_axis(["c01"] * 6))
