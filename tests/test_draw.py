"""Drawing towns end to end: total, conserved, coded; the same for any row order, seed by seed, hash seed or workers."""

import dataclasses
import time

import numpy as np
import pandas as pd
import pytest

import gridopt as go
from gridopt.errors import RuleError, TableError
from tests.towns import TWO_BANKS, borders_of, town, units_of


@pytest.fixture(scope="module")
def city():
    return town(TWO_BANKS)


@pytest.fixture(scope="module")
def plan(city):
    return go.draw(city, seed=7)


def test_every_unit_has_a_grid_of_its_own_community(plan) -> None:
    owner = plan.grids["community_id"].reindex(plan.units["grid_code"]).to_numpy()
    assert (owner == plan.units["community_id"].to_numpy()).all()


def test_people_are_conserved(plan, city) -> None:
    assert plan.grids["households"].sum() == city.layer("units")["households"].sum()
    assert plan.grids["residents"].sum() == city.layer("units")["residents"].sum()


def test_grids_are_within_bounds_and_coded_in_scan_order(plan) -> None:
    assert plan.grids["households"].between(300, 500).all()
    assert plan.code_template == "stat15"
    for community, grids in plan.grids.groupby("community_id"):
        assert grids.index.tolist() == [f"{community}{i:03d}" for i in range(1, len(grids) + 1)]
    assert plan.grids["name"].iloc[0].endswith("第一网格")


def test_the_three_terms_sum_to_the_objective(plan) -> None:
    assert sorted(plan.terms) == ["governance", "proximity", "size"]
    assert plan.objective == pytest.approx(sum(plan.terms.values()))
    assert plan.objective == pytest.approx(plan.communities["objective"].sum())


def test_row_order_and_workers_change_nothing(plan, city) -> None:
    units = city.layer("units").sample(frac=1, random_state=3)
    shuffled = city.replace(layers={**city.layers, "units": units}, communities=city.communities.iloc[::-1])
    again = go.draw(shuffled, seed=7, workers=2)
    pd.testing.assert_frame_equal(again.grids.sort_index(), plan.grids.sort_index())
    pd.testing.assert_series_equal(again.units["grid_code"], plan.units["grid_code"])


def test_given_units_and_borders_are_used_as_they_are(city, plan) -> None:
    units = units_of(city)
    again = go.draw(city, units, borders=borders_of(units), seed=7)
    assert again.units["grid_code"].to_dict() == plan.units["grid_code"].to_dict()


def test_units_that_lack_a_column_are_refused_by_name(city) -> None:
    with pytest.raises(TableError, match="units lacks the columns households"):
        go.draw(city, units_of(city).drop(columns="households"))


def test_an_unknown_effort_lists_the_known_ones(city) -> None:
    with pytest.raises(RuleError, match="quick"):
        go.draw(city, effort="lazy")


def test_a_river_without_a_bridge_separates_units() -> None:
    city = town("a a a a\na a a a")
    units = units_of(city)
    borders = borders_of(units)
    north = units.geometry.centroid.y > units.geometry.centroid.y.mean()
    across = north[borders["unit_a"]].to_numpy() != north[borders["unit_b"]].to_numpy()
    borders["kind"] = np.where(across, "wall", "open")
    plan = go.draw(city, units, borders=borders)
    sides = north.groupby(plan.units["grid_code"]).nunique()
    assert (sides == 1).all()


def test_a_plan_describes_itself(plan) -> None:
    assert "18 units" in repr(plan)
    assert "<table" in plan._repr_html_()
    assert "网格" in plan.summary("zh")
    assert "grids" in plan.summary("en")


WIDE = "\n".join(" ".join("a" * 10 + "b" * 10) for _ in range(10))
"""Two communities of a hundred units: too many to be drawn exactly at once."""


def test_a_time_limit_is_shared_by_all_communities_and_what_it_cuts_short_is_named() -> None:
    city = town(WIDE, 35)
    started = time.monotonic()
    plan = go.draw(city, effort=go.Effort(3000, 2000, time_limit=0.2), workers=1)
    assert time.monotonic() - started < 10
    late = plan.details["time_limited"]
    assert set(late) <= set(plan.communities.index)
    assert late
    assert "optimal" not in plan.communities.loc[list(late), "status"].tolist()
    assert f"time limit ended the search in {len(late)} communities" in plan.summary("en")
    assert "时限" in plan.summary("zh")


def test_a_time_limit_that_does_not_bite_leaves_no_trace(city, plan) -> None:
    again = go.draw(city, effort=dataclasses.replace(go.Effort.named("standard"), time_limit=3600.0), seed=7)
    assert again.details["time_limited"] == ()
    assert again.effort == "standard"
    assert again.units["grid_code"].to_dict() == plan.units["grid_code"].to_dict()


@pytest.mark.parametrize("name", ["quick", "thorough, prove"])
def test_an_effort_is_known_again_by_its_record(name) -> None:
    assert go.Effort.recorded(name).name == name


def test_a_time_limit_below_zero_is_refused() -> None:
    with pytest.raises(RuleError, match="at least 0, not -1"):
        go.Effort(10, 1, time_limit=-1)
