"""Whole solves: bounds met wherever they can be, what cannot be met named with its reason, workers without effect."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from gridopt.errors import InfeasibleError, RuleError
from gridopt.graph import UnitGraph
from gridopt.partition import Partition
from gridopt.rules import Relax, Rules, Size
from gridopt.solvers.community import Bindings
from gridopt.solvers.effort import Effort
from gridopt.solvers.solve import measure, solve
from tests.test_pieces import line
from tests.towns import graph_of, town

QUICK = Effort.named("quick")


def drawn(community, rules=None, lang="en"):
    graph = community.graph
    return solve(graph, rules or community.rules, bindings=community.bindings, effort=QUICK, lang=lang)


def rows(solution) -> list[tuple[str, str, str]]:
    return list(solution.violations[["class", "rule", "proof"]].itertuples(index=False, name=None))


def test_a_plain_town_is_drawn_within_every_bound_and_proved_best() -> None:
    city = town("a a a a\na a a a\na a a a")
    graph = graph_of(city)
    solution = solve(graph, city.rules, bindings=Bindings.none(12), effort=QUICK)
    sizes = solution.partition.sums()[:, 0]
    assert ((sizes >= 300) & (sizes <= 500)).all()
    assert (solution.partition.n_pieces() == 1).all()
    assert solution.status == "optimal"
    assert solution.gap == 0
    assert solution.objective == pytest.approx(sum(solution.terms.values()))
    assert rows(solution) == []


@pytest.mark.parametrize("seed", range(15))
def test_bounds_are_met_whenever_full_enumeration_meets_them(seed) -> None:
    rng = np.random.default_rng(seed)
    city = town("a a a\na a a\na a a")
    households = rng.integers(40, 300, 9).astype(float)
    plain = graph_of(city)
    graph = UnitGraph.from_arrays(households, plain.edges, xy=plain.xy, border=plain.metres, measures=("households",))
    possible = any(
        _feasible(graph, np.array(labels), max(labels) + 1) for labels in _labellings(9, int(households.sum() // 300))
    )
    solution = solve(graph, Rules(), bindings=Bindings.none(9), effort=QUICK)
    sizes = solution.partition.sums()[:, 0]
    assert bool(((sizes >= 300) & (sizes <= 500)).all()) == possible
    assert (solution.violations["proof"] == "proved").all()


def _labellings(n: int, most: int, begun: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Every division of n units into at most so many grids, each once: grids are numbered by first unit."""
    if len(begun) == n:
        yield begun
        return
    for label in range(min(max(begun, default=-1) + 2, most)):
        yield from _labellings(n, most, (*begun, label))


def _feasible(graph, labels, k) -> bool:
    sizes = np.bincount(labels, graph.weights[:, 0], k)
    if sizes.min() < 300 or sizes.max() > 500:
        return False
    return bool((Partition(graph, labels.astype(np.int32)).n_pieces() == 1).all())


def test_an_area_kind_may_be_sized_by_another_measure_than_the_rest() -> None:
    by_residents = {"measure": "residents", "low": 250, "target": 300, "high": 400, "comfort": (250, 350), "also": {}}
    city = town("a a a a\nb b b b", {"a": 200, "b": 60}, rules=Rules(area={"old_town": {"size": by_residents}}))
    bindings = Bindings(("",) * 8, ("",) * 8, ("urban",) * 4 + ("old_town",) * 4)
    solution = solve(graph_of(city), city.rules, bindings=bindings, effort=QUICK)
    assert solution.partition.sums().tolist() == [[400, 1000], [400, 1000], [120, 300], [120, 300]]
    assert rows(solution) == []


@pytest.mark.parametrize(("asked", "drawn_grids"), [(3, 3), (4, 4), (9, 4), (1, 3)])
def test_the_number_of_grids_asked_of_a_community_is_drawn_where_the_bounds_admit_it(asked, drawn_grids) -> None:
    rules = Rules(size=Size(count={"": asked}))
    solution = drawn(line([100] * 13, rules=rules), rules)
    assert solution.partition.n_grids == drawn_grids
    assert rows(solution) == ([] if asked == drawn_grids else [("decide", "size.count", "proved")])


def test_a_number_of_grids_for_the_city_is_shared_out_by_size() -> None:
    city = town("a a a a a a a a a a a a a\nb b b b b b b b b b b b b", {"a": 100, "b": 50})
    bindings = Bindings.none(26)
    for asked, shares in ((5, [3, 2]), (6, [4, 2])):
        solution = solve(graph_of(city), Rules(size=Size(count=asked)), bindings=bindings, effort=QUICK)
        assert solution.parts["n_grids"].tolist() == shares
    with pytest.raises(RuleError, match="2 communities of 26 units"):
        solve(graph_of(city), Rules(size=Size(count=1)), bindings=bindings, effort=QUICK)


def test_a_community_below_low_is_one_grid_for_information() -> None:
    solution = drawn(line([100, 80]))
    assert solution.partition.n_grids == 1
    assert rows(solution) == [("information", "size.low", "proved")]
    assert "180 households, fewer than 300" in solution.violations["reason"][0]


def test_a_total_that_fits_no_number_is_for_information() -> None:
    solution = drawn(line([260, 260]))
    assert solution.partition.n_grids == 1
    assert rows(solution) == [("information", "size.high", "proved")]
    assert "fit no number of grids" in solution.violations["reason"][0]


def test_a_unit_above_high_is_named_with_its_size() -> None:
    solution = drawn(line([200, 200, 900, 200, 200]))
    assert solution.partition.labels.tolist() == [0, 0, 1, 2, 2]
    assert set(solution.violations["unit_ids"]) == {"2"}
    assert "unit 2 alone has 900 households; the limit is 500" in solution.violations["reason"][0]


def test_units_too_coarse_for_the_bounds_are_proved_so() -> None:
    solution = drawn(line([250, 250, 250]))
    assert solution.partition.n_grids == 2
    assert rows(solution) == [("decide", "size.low", "proved")]
    assert solution.status == "relaxed"


def test_the_lower_bound_gives_way_before_the_upper_one_and_the_order_can_be_turned() -> None:
    assert drawn(line([250, 250, 250])).violations["relaxed"].tolist() == ["size.low"]
    turned = Rules(relax=Relax(order=("size.high", "size.low")))
    assert drawn(line([290, 290, 290], rules=turned)).violations["relaxed"].tolist() == ["size.low", "size.high"]


def test_a_rule_that_may_never_give_way_makes_the_problem_infeasible() -> None:
    rules = Rules(relax=Relax(never=("size.low", "size.high")))
    with pytest.raises(InfeasibleError, match="never be relaxed"):
        drawn(line([250, 250, 250], rules=rules))


def test_another_rule_gives_way_in_place_of_one_that_never_may() -> None:
    never_low, never_high = (Rules(relax=Relax(never=(name,))) for name in ("size.low", "size.high"))
    assert drawn(line([250, 250, 250], rules=never_low)).partition.sums()[:, 0].tolist() == [750]
    assert sorted(drawn(line([250, 250, 250], rules=never_high)).partition.sums()[:, 0].tolist()) == [250, 500]


def test_a_group_that_leaves_no_plan_is_split_before_bounds_are_missed_if_the_order_says_so() -> None:
    groups, order = ("", "g", "g", ""), ("governance.keep_whole", "size.low", "size.high")
    kept = drawn(line([200, 150, 150, 200], groups=groups))
    split = drawn(line([200, 150, 150, 200], groups=groups, rules=Rules(relax=Relax(order=order))))
    assert sorted(kept.partition.sums()[:, 0].tolist()) == [200, 500]
    assert split.partition.labels.tolist() == [0, 0, 1, 1]
    assert rows(split) == [("decide", "governance.keep_whole", "proved")]
    assert "g (kept whole)" in split.violations["reason"][0]


def test_as_few_groups_as_possible_are_split() -> None:
    rules = Rules(relax=Relax(order=("governance.keep_whole",)))
    groups = ("g", "g", "h", "h", "i", "i")
    solution = drawn(line([100, 150, 150, 200, 100, 100], groups=groups, rules=rules))
    assert solution.violations["relaxed"].tolist() == ["governance.keep_whole"]
    assert solution.partition.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_split_estate_falls_into_the_fewest_parts_and_is_listed() -> None:
    names = ("", "", "g", "g", "g", "g", "", "")
    solution = drawn(line([200, 150, 200, 206, 206, 200, 150, 200], groups=names))
    assert solution.partition.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert rows(solution) == [("decide", "governance.keep_whole", "proved")]


def test_an_estate_in_the_stretch_stays_whole_for_information() -> None:
    solution = drawn(line([300, 280, 280, 300], groups=("", "g", "g", "")))
    assert solution.partition.labels.tolist() == [0, 1, 1, 2]
    assert rows(solution) == [("information", "size.high", "proved")]


def test_a_grid_over_a_wall_is_listed_as_being_in_two_pieces() -> None:
    solution = drawn(line([150, 150, 50, 50], walls=(1,)))
    assert ("information", "connected", "proved") in rows(solution)


def test_reasons_follow_the_language() -> None:
    assert "不足 300" in drawn(line([100, 80]), lang="zh").violations["reason"][0]


def test_reasons_name_an_estate_and_tell_apart_those_of_one_name() -> None:
    called = {"E1": "金狮豪庭", "E2": "花园小区", "E3": "花园小区"}
    bindings = Bindings(("E1",), ("",), ("urban",), called)
    assert [bindings.name_of(one) for one in ("E1", "E2", "E9")] == ["金狮豪庭", "花园小区 (E2)", "E9"]


def two_communities() -> UnitGraph:
    rng = np.random.default_rng(5)
    edges = [(i, i + 1) for i in range(39)] + [(i, i + 2) for i in range(38)]
    return UnitGraph.from_arrays(rng.integers(20, 120, 40), edges, xy=rng.uniform(0, 900, (40, 2)),
                                 parents=[i // 20 for i in range(40)], measures=("households",))  # fmt: skip


def test_workers_change_nothing() -> None:
    graph = two_communities()
    answers = [
        solve(graph, Rules(), bindings=Bindings.none(40), effort=Effort(600, 2, workers=workers), seed=3)
        for workers in (1, 2, 4)
    ]
    for other in answers[1:]:
        assert other.partition.labels.tolist() == answers[0].partition.labels.tolist()
        pd.testing.assert_frame_equal(other.parts, answers[0].parts)


def test_the_city_adds_up_its_communities() -> None:
    solution = solve(two_communities(), Rules(), bindings=Bindings.none(40), effort=QUICK)
    assert solution.objective == pytest.approx(solution.parts["objective"].sum())


def test_measuring_a_drawing_gives_it_the_score_it_was_drawn_with() -> None:
    graph = two_communities()
    solution = solve(graph, Rules(), bindings=Bindings.none(40), effort=QUICK)
    weighed = measure(graph, Rules(), solution.partition.labels, bindings=Bindings.none(40))
    assert weighed.objective == pytest.approx(solution.objective)
    assert weighed.partition.labels.tolist() == solution.partition.labels.tolist()
    assert weighed.bound is None


def test_measuring_names_what_a_given_drawing_breaks() -> None:
    community = line([200, 200, 200, 200])
    given = measure(community.graph, community.rules, [0, 1, 1, 0], bindings=community.bindings)
    assert rows(given) == [("decide", "connected", "not found")]
    small = measure(community.graph, community.rules, [0, 1, 1, 1], bindings=community.bindings)
    assert [rule for _, rule, _ in rows(small)] == ["size.low", "size.high"]
