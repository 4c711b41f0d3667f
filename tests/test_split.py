"""A group too large to stay whole falls into the fewest parts: by phase, then by inner road, then by building."""

import numpy as np
import pandas as pd
import pytest

import gridopt as go
from gridopt.graph import UnitGraph
from gridopt.rules import Rules
from gridopt.solvers.community import Bindings, Community
from gridopt.solvers.contraction import Terrain
from gridopt.solvers.effort import Effort
from gridopt.solvers.solve import solve
from gridopt.solvers.split import levels
from gridopt.units.groups import phase_of, phases
from tests.towns import town

QUICK = Effort.named("quick")


def estate(households, *, phases=(), roads=(), rest=(400.0,)) -> Community:
    """An estate of units in a row, ``roads`` between unit i and i + 1, and the ``rest`` of the community after it."""
    sizes = [*households, *rest]
    n, own = len(sizes), len(households)
    joints = [(i, i + 1) for i in range(n - 1)]
    graph = UnitGraph.from_arrays(
        np.array(sizes, float),
        joints,
        xy=[(100.0 * i, 0.0) for i in range(n)],
        border=[100.0] * (n - 1),
        cost=[25.0 if i in roads else 100.0 for i in range(n - 1)],
        measures=("households",),
    )
    names = ("金狮",) * own + ("",) * len(rest)
    listed = (*phases, *[""] * (n - len(phases)))
    return Community("c", graph, Rules(), Bindings(names, ("",) * n, ("urban",) * n, phases=listed))


def parts(community: Community) -> list[list[int]]:
    solution = solve(community.graph, community.rules, bindings=community.bindings, effort=QUICK)
    labels = solution.partition.labels
    own = [i for i, name in enumerate(community.bindings.groups) if name]
    assert not set(labels[own]) & set(np.delete(labels, own))
    return [[i for i in own if labels[i] == grid] for grid in sorted(set(labels[own]))]


def test_812_households_fall_into_two_parts_and_no_more() -> None:
    assert parts(estate([206, 200, 200, 206])) == [[0, 1], [2, 3]]


@pytest.mark.parametrize(("households", "fewest"), [([100] * 12, 3), ([100] * 15, 3), ([100] * 16, 4)])
def test_parts_are_as_few_as_the_upper_bound_allows(households, fewest) -> None:
    assert len(parts(estate(households))) == fewest


@pytest.mark.parametrize(("first", "expected"), [(2, [[0, 1], [2, 3, 4]]), (3, [[0, 1, 2], [3, 4]])])
def test_an_estate_is_cut_between_its_phases(first, expected) -> None:
    phases = ["一期"] * first + ["二期"] * (5 - first)
    assert parts(estate([160, 160, 160, 160, 160], phases=phases)) == expected


def test_phases_come_before_fewest_parts() -> None:
    three = ["一期", "二期", "二期", "三期", "三期"]
    assert parts(estate([310, 160, 160, 155, 155], phases=three)) == [[0], [1, 2], [3, 4]]


def test_an_estate_without_phases_is_cut_along_its_inner_road() -> None:
    assert parts(estate([160, 160, 160, 160, 160], roads=[1])) == [[0, 1], [2, 3, 4]]
    assert parts(estate([160, 160, 160, 160, 160], roads=[2])) == [[0, 1, 2], [3, 4]]


def test_a_phase_above_the_limit_is_cut_inside() -> None:
    assert parts(estate([310, 300, 300], phases=["一期", "二期", "二期"])) == [[0], [1], [2]]


def test_phases_that_fit_no_bounds_give_way_to_buildings() -> None:
    assert parts(estate([200, 210, 210, 200], phases=["一期", "二期", "二期", "三期"])) == [[0, 1], [2, 3]]


def test_each_level_is_finer_than_the_one_before() -> None:
    community = estate([160, 160, 160, 160, 160], roads=[0, 2], rest=())
    found = list(levels(Terrain.plain(community.graph), ["A区", "A区", "", "", ""], community.high))
    assert [level.tolist() for level in found] == [[0, 0, 1, 2, 2], [0, 1, 1, 2, 2], [0, 1, 2, 3, 4]]


def test_parts_that_cannot_keep_the_bounds_are_named() -> None:
    community = estate([420, 200])
    solution = solve(community.graph, community.rules, bindings=community.bindings, effort=QUICK)
    assert solution.partition.labels.tolist() == [0, 1, 2]
    assert solution.violations["relaxed"].tolist() == ["size.low", "governance.keep_whole"]


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("金狮小区二期3幢", "二期"),
        ("金狮小区 2 期", "2期"),
        ("金狮小区Ａ区12号", "A区"),
        ("花园东区5幢", "东区"),
        ("金狮小区", ""),
        ("天宁社区", ""),
        ("Harbour Court, Phase 2", "phase 2"),
        ("12幢", ""),
    ],
)
def test_a_phase_is_read_from_a_name(text, phase) -> None:
    assert phase_of(text) == phase


def test_a_unit_is_of_the_phase_of_most_of_its_buildings() -> None:
    units = pd.DataFrame(index=pd.Index(["u1", "u2", "u3"], name="unit_id"))
    buildings = pd.DataFrame(
        {"estate": ["金狮一期", "金狮一期", "金狮二期", "", "金狮"], "name": ["", "", "", "三期1幢", ""], "number": ""},
        index=["b1", "b2", "b3", "b4", "b5"],
    )
    homes = pd.Series(["u1", "u1", "u1", "u2", "u3"], index=buildings.index)
    assert phases(units, buildings, homes).tolist() == ["一期", "三期", ""]
    given = units.assign(phase=["", "甲期", ""])
    assert phases(given, buildings, homes).tolist() == ["一期", "甲期", ""]


def test_a_phase_that_buildings_declare_comes_before_one_read_from_names() -> None:
    units = pd.DataFrame(index=pd.Index(["u1", "u2"], name="unit_id"))
    buildings = pd.DataFrame({"phase": ["甲期", ""], "estate": ["金狮一期", "金狮二期"]}, index=["b1", "b2"])
    homes = pd.Series(["u1", "u2"], index=buildings.index)
    assert phases(units, buildings, homes).tolist() == ["甲期", "二期"]


@pytest.mark.parametrize("first", [2, 3])
def test_an_estate_of_a_city_is_cut_between_the_phases_that_its_units_declare(first) -> None:
    city = town("a a a a a b", 160)
    named = ["金狮小区"] * 5 + [""]
    units = city.layer("units").assign(keep_whole=named, phase=["一期"] * first + ["二期"] * (5 - first) + [""])
    drawn = go.draw(city.replace(layers={"units": units}), effort="quick").units
    assert drawn["grid_code"].iloc[:5].tolist() == ["320411001101001"] * first + ["320411001101002"] * (5 - first)
    assert drawn["phase"].tolist() == units["phase"].tolist()
    assert "phase" not in go.draw(city, effort="quick").units
