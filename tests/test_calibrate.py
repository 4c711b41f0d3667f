"""Calibration: the target that meets a number of grids, against a fine scan of targets and against drawn plans."""

import dataclasses

import numpy as np
import pytest

import gridopt as go
from gridopt.errors import RuleError
from gridopt.rules import Rules, Size
from gridopt.solvers.numbers import candidates
from gridopt.units import make_units
from tests.towns import town

PLAIN = {"also": {}, "comfort": (300, 500)}


def villages(sizes, rules=None, units=12):
    """One community a row of hundred-metre units, each with so many households in all."""
    letters = "abcdefgh"[: len(sizes)]
    drawing = "\n".join(" ".join([letter] * units) for letter in letters)
    each = {letter: size / units for letter, size in zip(letters, sizes, strict=True)}
    return town(drawing, each, rules=rules or Rules(size=Size(**PLAIN), area={}))


def number_at(sizes, target, low=300.0, high=500.0) -> int:
    totals = [np.array([float(size)]) for size in sizes]
    return sum(candidates(one, np.array([low]), np.array([high]), target=target, most=12)[0] for one in totals)


SIZES = [1200.0, 2400, 950, 1810, 260]


@pytest.fixture(scope="module")
def by_scan() -> set[int]:
    """Every number of grids that targets of 300 to 500 give, a fifth of a household apart."""
    return {number_at(SIZES, target) for target in np.linspace(300, 500, 1001)}


@pytest.fixture(scope="module")
def made():
    """The five villages and their units."""
    city = villages(SIZES)
    return city, make_units(city)


@pytest.mark.parametrize("count", range(14, 24))
def test_every_number_that_some_target_gives_is_found_and_the_others_are_not(made, by_scan, count) -> None:
    found = go.calibrate(*made, count=count)
    assert found.is_exact == (count in by_scan)
    assert number_at(SIZES, found.target) == found.n_grids
    if found.is_exact:
        assert (found.n_grids, found.below, found.above) == (count, None, None)
    else:
        assert (found.below or (0, None))[1] == max((n for n in by_scan if n < count), default=None)
        assert (found.above or (0, None))[1] == min((n for n in by_scan if n > count), default=None)
        assert found.n_grids in {side[1] for side in (found.below, found.above) if side}


def test_a_target_in_force_that_meets_the_number_stays_and_others_are_round() -> None:
    city = villages(SIZES)
    now = number_at(SIZES, 350)
    assert go.calibrate(city, count=now).target == 350
    assert go.calibrate(city, count=now + 1).target in (335, 340, 330, 325)


def test_the_calibrated_rules_draw_the_number_asked_for() -> None:
    city = villages(SIZES, units=24)
    for count in (number_at(SIZES, 320), number_at(SIZES, 480)):
        found = go.calibrate(city, count=count)
        plan = go.draw(city.replace(rules=found.rules), effort="quick")
        assert len(plan.grids) == count
        assert found.rules.size.count == "auto"


def test_equal_communities_leave_gaps_and_the_nearest_on_either_side_are_said() -> None:
    """Three times 1,800 households take 4, 5 or 6 grids each: 12, 15 and 18, never 16."""
    found = go.calibrate(villages([1800.0] * 3), count=16)
    assert (found.n_grids, found.is_exact) == (15, False)
    assert (found.below[1], found.above[1]) == (15, 18)
    assert found.target == found.below[0]
    assert "no target gives 16 grids; nearest 15 at" in repr(found)


def test_a_number_out_of_reach_gives_the_end() -> None:
    few, many = go.calibrate(villages([1800.0] * 3), count=3), go.calibrate(villages([1800.0] * 3), count=99)
    assert (few.n_grids, few.below, few.above[1]) == (12, None, 12)
    assert (many.n_grids, many.above, many.below[1]) == (18, None, 18)


def test_area_kinds_move_in_proportion_or_one_by_itself() -> None:
    rules = Rules(
        size=Size(**PLAIN), area={"rural": {"size": {"low": 100, "target": 250, "high": 400, "comfort": (150, 350)}}}
    )
    city = villages([2400.0, 2400], rules)
    city = city.replace(communities=city.communities.assign(area_kind=["urban", "rural"]))
    city = city.replace(layers={"units": city.layer("units").assign(area_kind="")})
    both = go.calibrate(city, count=14)
    assert both.is_exact
    assert both.rules.at("rural").size.target == pytest.approx(250 * both.target / 350)
    alone = go.calibrate(city, count=13, area_kind="rural")
    assert alone.is_exact
    assert alone.rules.at("urban").size.target == 350
    assert alone.rules.at("rural").size.target == alone.target
    assert alone.townships["n_grids"].sum() == 13
    assert alone.townships["n_grids_now"].sum() == 7 + 10


def test_one_township_may_be_counted_alone() -> None:
    city = villages([1800.0, 1800])
    city = city.replace(communities=city.communities.assign(township_id=["320411001", "320411002"]))
    found = go.calibrate(city, count=4, township="320411002")
    assert found.is_exact
    assert found.townships.index.tolist() == ["320411002"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"count": 0}, "ask for at least 1"),
        ({"count": 9, "area_kind": "hill"}, 'no community has the area kind "hill"'),
        ({"count": 9, "township": "1"}, 'no community has the township "1"'),
    ],
)
def test_what_cannot_be_calibrated_is_refused(wanted, said) -> None:
    with pytest.raises(RuleError, match=said) as caught:
        go.calibrate(villages([1800.0]), **wanted)
    assert caught.value.text("zh") != str(caught.value)


def test_a_number_asked_for_in_the_rules_is_left_aside() -> None:
    city = villages(SIZES)
    asked = city.replace(rules=dataclasses.replace(city.rules, size=dataclasses.replace(city.rules.size, count=40)))
    assert go.calibrate(asked, count=15).n_grids == go.calibrate(city, count=15).n_grids
