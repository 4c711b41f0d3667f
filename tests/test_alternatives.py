"""Alternatives: plans that differ, each the best of its kind, all by one ruler; and the picture to choose by."""

from __future__ import annotations

import dataclasses
import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import gridopt as go
from gridopt.errors import RuleError
from gridopt.plan.alternatives import tilted
from gridopt.plan.moved import share_moved
from gridopt.plan.pool import dominated
from gridopt.publish.lettering import lettering
from gridopt.rules import Rules
from tests.towns import town

WIDE = """
a a a a a a b b b b
a a a a a a b b b b
a a a a a a b b b b
a a a a a a b b b b
a a a a a a c c c c
"""


LIGHT = go.Effort(200, 1)


def uneven():
    """Three communities whose units differ in people, so that near, short-bordered and even grids are not the same."""
    city = town(WIDE)
    units = city.layer("units")
    households = 60 + 35.0 * (np.arange(len(units)) * 7 % 5)
    return city.replace(layers={"units": units.assign(households=households, residents=households * 2.5)})


@pytest.fixture(scope="module")
def city():
    return uneven()


@pytest.fixture(scope="module")
def found(city):
    return go.alternatives(city, n=3, seed=3, effort=LIGHT)


def test_the_first_plan_is_the_best_by_the_citys_own_weights(city, found) -> None:
    drawn = go.draw(city, effort=LIGHT, seed=3)
    assert found.table["objective"].iloc[0] == found.table["objective"].min()
    assert found.plans[0].objective <= drawn.objective + 1e-9
    assert found.table["emphasis"].iloc[0] == ""


def test_every_two_plans_differ_in_as_many_people_as_asked(found) -> None:
    assert len(found) == 3
    codes = [plan.units["grid_code"].to_numpy() for plan in found.plans]
    units = found.plans[0].units
    parents = np.unique(units["community_id"], return_inverse=True)[1].astype(np.int32)
    people = units["residents"].to_numpy(float)
    shares = {
        (i, j): share_moved(codes[i], codes[j], people, parents)
        for i, j in itertools.combinations(range(len(codes)), 2)
    }
    assert min(shares.values()) >= 0.02
    apart = [min(share for pair, share in shares.items() if i in pair) for i in range(len(codes))]
    assert found.table["apart"].tolist() == pytest.approx(apart)


def test_all_plans_are_measured_by_the_citys_own_rules(city, found) -> None:
    for plan, row in zip(found.plans, found.table.itertuples(), strict=True):
        measured = go.assess(city, plan.units["grid_code"])
        assert (row.proximity, row.governance, row.size) == pytest.approx(tuple(measured.terms.values()))
        assert row.objective == pytest.approx(measured.objective)
        assert plan.city.rules == city.rules


def test_a_plan_with_more_weight_on_a_term_is_no_worse_in_it(found) -> None:
    first = found.table.iloc[0]
    for row in found.table.iloc[1:].to_dict("records"):
        terms = row["emphasis"].split(";")
        assert sum(row[name] for name in terms) <= sum(first[name] for name in terms) + 1e-9


def test_plans_are_whole_and_coded(city, found) -> None:
    for plan in found.plans:
        assert plan.grids["households"].sum() == city.layer("units")["households"].sum()
        assert plan.grids.index.is_unique
        assert set(plan.units["grid_code"]) == set(plan.grids.index)
        assert plan.objective == pytest.approx(plan.communities["objective"].sum())
        assert plan.bound is None or plan.bound <= plan.objective + 1e-9


def test_the_front_holds_what_nothing_beats_in_both_figures(found) -> None:
    front = found.front("proximity", "size")
    assert front["proximity"].is_monotonic_increasing
    assert front["size"].is_monotonic_decreasing
    for name in found.table.index.difference(front.index):
        row = found.table.loc[name]
        assert ((front["proximity"] <= row["proximity"]) & (front["size"] <= row["size"])).any()


def test_dominated_rows_are_marked() -> None:
    terms = np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0], [3.0, 1.0], [1.0, 3.0]])
    assert dominated(terms).tolist() == [False, False, True, False, False]


def test_the_same_seed_gives_the_same_plans_whatever_the_workers_and_row_order(city, found) -> None:
    shuffled = city.replace(layers={"units": city.layer("units").sample(frac=1, random_state=1)})
    again = go.alternatives(shuffled, n=3, seed=3, effort=LIGHT, workers=2)
    pd.testing.assert_frame_equal(again.table, found.table)
    for one, other in zip(again.plans, found.plans, strict=True):
        assert one.units["grid_code"].to_dict() == other.units["grid_code"].to_dict()


def test_where_there_is_one_plan_only_one_comes_back() -> None:
    lone = go.alternatives(town("a a a a"), n=3)
    assert len(lone) == 1
    assert lone.table["on_front"].tolist() == [True]


def test_people_are_compared_with_the_grids_of_today_where_they_are_known(city, found) -> None:
    first = found.plans[0].grids
    today = gpd.GeoDataFrame({"grid_code": first.index, "name": ""}, geometry=first.geometry.to_numpy(), crs=first.crs)
    today.index = pd.Index([f"t{i}" for i in range(len(today))], name="current_id")
    known = go.alternatives(city.replace(layers={**city.layers, "current_grids": today}), n=2, seed=3, effort=LIGHT)
    assert (known.reference, found.reference) == ("today", "first")
    assert known.table["change"].iloc[0] == 0
    assert known.table["change"].iloc[1] > 0


def test_weights_are_tilted_for_all_and_for_area_kinds() -> None:
    rules = dataclasses.replace(Rules(), area={"rural": {"governance": {"weight": 2.0}}})
    heavier = tilted(rules, (1.0, 3.0, 1.0))
    assert (heavier.proximity.weight, heavier.governance.weight) == (1.0, 3.0)
    assert heavier.at("rural").governance.weight == 6.0


@pytest.mark.parametrize("wrong", [{"n": 0}, {"min_change": 1.0}, {"min_change": -0.1}])
def test_a_number_of_plans_or_a_share_that_is_none_is_refused(city, wrong) -> None:
    with pytest.raises(RuleError, match="n of at least 1"):
        go.alternatives(city, **wrong)


def test_an_unknown_figure_is_refused_with_the_known_ones(found) -> None:
    with pytest.raises(RuleError, match=r"beauty; choose from .*walk_mean_m"):
        found.front("beauty")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_picture_is_a_png_that_a_notebook_shows(found, lang, tmp_path) -> None:
    picture = found.plot("walk_mean_m", "governance", lang=lang)
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert picture.save(tmp_path / "choices.png").read_bytes() == picture.png
    assert found.plot("walk_mean_m", "governance", lang=lang).png == picture.png
    written = " ".join(text.get_text() for axes in picture.figure.axes for text in axes.texts)
    expected = "偏重" if lang == "zh" and lettering().writes_chinese else "more weight"
    assert expected in written
    for axes in picture.figure.axes[2:]:
        assert len(axes.collections) >= 3
