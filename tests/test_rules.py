"""Rules: defaults, restatement by area kind, and faults said at once."""

import pytest

from gridopt.errors import RuleError
from gridopt.rules import Bounds, Governance, Proximity, Relax, Rules, Size


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
        (lambda: Rules(proximity=Proximity(max_walk=0)), "max_walk = 0 must be a number above 0"),
        (lambda: Rules(governance=Governance(homogeneity=-1)), "homogeneity = -1 must be a number of at least 0"),
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


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Rules(size=Size(low=-5)), "rules.size: low = -5 is below 0"),
        (lambda: Rules(size=Size(low="many")), "low = 'many' is no number"),
        (lambda: Rules(size=Size(high=float("nan"))), "high = nan is no number"),
        (lambda: Rules(size=Size(comfort=(400, 300))), "comfort runs downwards"),
        (lambda: Rules(size=Size(also={"residents": Bounds(high=-1)})), "also.residents: a bound is below 0"),
        (lambda: Rules(size=Size(also={"a + b": Bounds(high=1)})), r"a \+ b is no single column"),
        (lambda: Rules(size=Size(weight=-1)), "rules.size: weight = -1"),
        (lambda: Rules(proximity=Proximity(weight=float("inf"))), "rules.proximity: weight = inf"),
        (lambda: Rules(governance=Governance(weight=-0.5)), "rules.governance: weight = -0.5"),
        (lambda: Rules(size=Size(measure="households +")), "rules.size.measure: .* is no formula at its end"),
        (lambda: Rules(size=Size(weight_by={"old": -1})), "weight_by: old = -1 must be 0 or more"),
        (lambda: Rules(size=Size(count=0)), "rules.size.count = 0"),
        (lambda: Rules(size=Size(count={})), "rules.size.count = {}"),
        (lambda: Rules(size=Size(count={"320402001": 2.5})), "rules.size.count"),
        (lambda: Rules(area={"hill": {"size": {"count": 3}}}), r"rules.area.hill.size: count by area kind"),
    ],
)
def test_values_from_python_are_judged_as_those_of_a_project_file(made, said) -> None:
    with pytest.raises(RuleError, match=said) as caught:
        made()
    assert caught.value.text("zh") != str(caught.value)


def test_low_below_0_and_low_above_high_are_two_messages() -> None:
    with pytest.raises(RuleError) as caught:
        Rules(size=Size(low=-5, high=-10, target=-7))
    assert "low = -5 is below 0" in str(caught.value)
    assert "low = -5 is above high = -10" in str(caught.value)


def test_measures_are_formulas_with_their_care_load_and_columns_are_what_they_name() -> None:
    size = Size(measure="households + 0.5*shops", weight_by={"elderly_alone": 0.5})
    rules = Rules(size=size, area={"hill": {"size": {"measure": "residents", "weight_by": {}}}})
    assert rules.size.counted == "households + 0.5*shops + 0.5*elderly_alone"
    assert rules.measures == ("households + 0.5*shops + 0.5*elderly_alone", "residents")
    assert rules.columns == ("households", "shops", "elderly_alone", "residents")
    assert Rules.from_dict(rules.to_dict()).at("hill").size.counted == "residents"
