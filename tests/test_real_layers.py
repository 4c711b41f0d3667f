"""Wanhua and Tainan: what the first plan of a real district must keep."""

from pathlib import Path

import numpy as np
import pytest

import gridopt as go

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data" / "gis"
PROJECTS = ROOT / "benchmarks" / "projects"

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the real layers are not here")


@pytest.fixture(scope="module")
def plan():
    return go.draw(go.read_city(PROJECTS / "wanhua.toml"), effort="quick")


def test_wanhua_keeps_every_household_and_resident(plan) -> None:
    assert plan.grids["households"].sum() == 78_542
    assert plan.grids["residents"].sum() == 192_368
    assert len(plan.units) == 767


def test_land_without_people_lies_in_a_grid_too(plan) -> None:
    unknown = plan.units[~plan.units["people_known"]]
    assert unknown.area.sum() / plan.units.area.sum() == pytest.approx(0.46, abs=0.01)
    assert unknown["grid_code"].isin(plan.grids.index).all()


def test_no_grid_crosses_a_village_and_every_grid_is_in_one_piece(plan) -> None:
    assert (plan.units.groupby("grid_code")["community_id"].nunique() == 1).all()
    assert (plan.grids.geom_type == "Polygon").all()


def test_every_grid_out_of_bounds_is_named_with_a_proved_reason(plan) -> None:
    grids = plan.grids
    outside = ~grids["households"].between(300, 500) | (grids["residents"] > 2500)
    sizes = plan.violations[plan.violations["rule"].str.startswith("size.") & (plan.violations["rule"] != "size.count")]
    named = {code for text in sizes["grid_codes"] for code in text.split(";")}
    assert set(grids.index[outside]) == named
    assert (sizes["proof"] == "proved").all()
    assert (sizes["reason"].str.len() > 10).all()
    assert outside.sum() == 10


def test_the_six_base_areas_above_the_limit_stand_alone(plan) -> None:
    large = plan.units[plan.units["households"] > 500]
    assert len(large) == 6
    holders = plan.units[plan.units["grid_code"].isin(large["grid_code"])]
    assert holders.drop(large.index)["households"].fillna(0).sum() == 0


def test_buildings_are_counted_once_by_largest_overlap(plan) -> None:
    assert plan.buildings.index.is_unique
    assert plan.units["buildings"].sum() == len(plan.buildings) == plan.grids["buildings"].sum()


def test_codes_of_eleven_digits_take_three_more(plan) -> None:
    assert (plan.grids.index.str.len() == 14).all()
    for community, grids in plan.grids.groupby("community_id"):
        assert [code.removeprefix(community) for code in grids.index] == [f"{i:03d}" for i in range(1, len(grids) + 1)]
    assert plan.grids["name"].str.contains("里第").all()


def test_nobody_is_without_a_grid_or_a_chief(plan) -> None:
    assert len(go.blind_spots(plan, go.staff(plan))) == 0


def test_a_village_that_fits_no_number_of_grids_is_no_error() -> None:
    city = go.read_city(PROJECTS / "tainan_rural.toml")
    plan = go.draw(city.replace(communities=city.communities.assign(area_kind="urban")), effort="quick")
    assert plan.grids["households"].sum() == 19_238
    assert len(plan.to_decide) == 0
    small = plan.violations["reason"].str.contains("fewer than 300|fit no number")
    assert small.all()
    assert len(np.unique(plan.violations["community_id"])) == 12
