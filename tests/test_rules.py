"""Rules: defaults, restatement by area kind, and faults said at once."""

import pytest

from gridopt.errors import RuleError
from gridopt.rules import Bounds, Proximity, Relax, Rules, Size


def test_the_defaults_are_those_of_practice() -> None:
    size = Rules().size
    assert (size.low, size.target, size.high, size.comfort, size.stretch) == (300, 350, 500, (330, 450), 1.2)
    assert size.also["residents"].high == 2500


def test_rural_grids_are_smaller_unless_restated() -> None:
    rural = Rules().at("rural").size
    assert (rural.low, rural.target, rural.high) == (100, 250, 400)
    assert Rules().at("urban").size == Rules().size


def test_a_rule_restated_for_one_kind_leaves_the_others_alone() -> None:
    rules = Rules(area={"old_town": {"size": {"low": 200, "target": 250, "comfort": (220, 400)}}})
    assert rules.at("old_town").size.low == 200
    assert rules.at("old_town").size.high == 500
    assert rules.at("hill").size.low == 300


def test_measures_name_every_bounded_column_the_size_measure_first() -> None:
    rules = Rules(size=Size(also={"residents": Bounds(high=2500), "workload": Bounds(high=900)}))
    assert rules.measures == ("households", "residents", "workload")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Rules(size=Size(low=600)), "low = 600 is above high = 500"),
        (lambda: Rules(size=Size(target=900)), "target = 900 lies outside"),
        (lambda: Rules(size=Size(stretch=0.5)), "stretch must be at least 1"),
        (lambda: Rules(size=Size(also={"residents": Bounds(5, 1)})), "residents: low is above high"),
        (lambda: Rules(area={"rural": {"size": {"low": 450, "high": 400}}}), r"rules.area.rural.size: low = 450"),
        (lambda: Rules(proximity=Proximity(metric="flight")), '"flight" is not offered'),
        (lambda: Rules(relax=Relax(never=("size.lwo",))), "unknown size.lwo"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused_by_name(made, said) -> None:
    with pytest.raises(RuleError, match=said) as caught:
        made()
    assert caught.value.text("zh") != str(caught.value)


def test_all_faults_of_the_rules_come_in_one_error() -> None:
    with pytest.raises(RuleError) as caught:
        Rules(size=Size(low=600, stretch=0.1))
    assert "low = 600" in str(caught.value)
    assert "stretch" in str(caught.value)


def test_a_fault_of_all_area_kinds_is_told_once() -> None:
    with pytest.raises(RuleError) as caught:
        Rules(relax=Relax(never=("size.lwo",)))
    assert str(caught.value).count("size.lwo") == 1
