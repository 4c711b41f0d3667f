"""What never comes apart, and what stands as it is: locked grids, decisions, parks, parts behind walls."""

import dataclasses

import numpy as np
import pytest

from gridopt.errors import InfeasibleError
from gridopt.graph import UnitGraph
from gridopt.partition import Partition
from gridopt.rules import Relax, Rules
from gridopt.solvers.bonds import bonds_of
from gridopt.solvers.community import Bindings, Community
from gridopt.solvers.effort import Effort
from gridopt.solvers.pieces import take_apart
from gridopt.solvers.solve import solve
from tests.test_pieces import line, shown
from tests.test_relaxation import divisions, patch

QUICK = Effort.named("quick")


def bound(community: Community, **changes) -> Community:
    """The community with other bindings."""
    return dataclasses.replace(community, bindings=dataclasses.replace(community.bindings, **changes))


def solved(community: Community):
    return solve(community.graph, community.rules, bindings=community.bindings, effort=QUICK)


def told(solution) -> list[tuple[str, str, str]]:
    return list(solution.violations[["class", "rule", "relaxed"]].itertuples(index=False, name=None))


def test_units_that_decisions_keep_together_never_come_apart() -> None:
    community = bound(line([200] * 6), together=((0, 1), (1, 2)))
    assert bonds_of(community).fast.tolist() == [0, 0, 0, 1, 2, 3]


def test_units_kept_together_that_do_not_touch_are_left_to_the_search() -> None:
    assert bonds_of(bound(line([200] * 6), together=((0, 2),))).fast.tolist() == [0, 1, 2, 3, 4, 5]
    assert bonds_of(bound(line([200] * 6), together=((0, 2), (1, 2)))).fast.tolist() == [0, 0, 0, 1, 2, 3]


def test_units_kept_together_across_a_wall_join_its_two_sides() -> None:
    community = bound(line([200, 200, 200, 200], walls=(1,)), together=((1, 2),))
    assert shown(community) == [("free", [0, 1, 2, 3])]
    solution = solved(community)
    assert len({*solution.partition.labels[[1, 2]]}) == 1
    assert ("information", "connected", "") in told(solution)


def test_an_estate_and_a_decision_bind_more_than_either() -> None:
    community = bound(line([100] * 4, groups=("", "g", "g", "")), together=((2, 3),))
    bonds = bonds_of(community)
    assert bonds.fast.tolist() == [0, 1, 2, 2]
    assert bonds.whole.tolist() == [0, 1, 1, 1]


def test_touching_empty_units_of_one_category_are_one_park() -> None:
    community = bound(line([200, 0, 0, 0, 200]), categories=("", "公园", "公园", "河道", ""))
    assert bonds_of(community).fast.tolist() == [0, 1, 1, 2, 3]
    unnamed = bound(line([200, 0, 0, 0, 200]), categories=("",) * 5)
    assert bonds_of(unnamed).fast.tolist() == [0, 1, 2, 3, 4]


def test_a_locked_grid_is_drawn_exactly_as_it_is() -> None:
    community = bound(line([200, 200, 150, 100, 200, 200]), locked=("", "", "旧网格", "旧网格", "", ""))
    assert shown(community) == [("free", [0, 1]), ("alone", [2, 3]), ("free", [4, 5])]
    solution = solved(community)
    assert solution.partition.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert told(solution) == [("information", "size.low", ""), ("information", "locked_grid", "")]
    reasons = solution.violations["reason"].tolist()
    assert reasons[0] == "this grid is kept as it is (旧网格) and has 250 households; the limit is 300"
    assert reasons[1].startswith("旧网格 parts the rest of its community into 2 pieces")


def test_a_locked_grid_in_two_pieces_stays_one_grid() -> None:
    community = bound(patch([150.0, 200, 150, 200, 200, 200]), locked=("L", "", "L", "", "", ""))
    solution = solved(community)
    labels = solution.partition.labels.tolist()
    assert [unit for unit in range(6) if labels[unit] == labels[0]] == [0, 2]
    assert ("information", "connected", "") in told(solution)


def test_a_lock_comes_before_an_estate_and_takes_no_empty_land() -> None:
    community = bound(line([200, 150, 150, 0, 300], groups=("", "g", "g", "", "")), locked=("", "", "L", "", ""))
    pieces = take_apart(community)
    assert [piece.units.tolist() for piece in pieces if piece.role == "alone"] == [[2]]
    assert [3, 4] in [piece.units.tolist() for piece in pieces]


def test_an_institution_that_parts_its_community_is_named() -> None:
    solution = solved(line([200, 200, 20, 200, 200], dedicated=("", "", "大学", "", "")))
    row = solution.violations.iloc[0]
    assert (row["class"], row["rule"], row["value"]) == ("information", "dedicated", 2)
    assert "大学 parts the rest of its community into 2 pieces" in row["reason"]


def test_an_institution_gives_way_where_rules_that_never_may_leave_no_other_drawing() -> None:
    rules = Rules(relax=Relax(never=("size.low",)))
    dedicated = ("", "", "大学", "", "")
    plain = solved(line([200, 200, 20, 150, 100], dedicated=dedicated))
    assert ("decide", "size.low", "size.low") in told(plain)
    solution = solved(line([200, 200, 20, 150, 100], dedicated=dedicated, rules=rules))
    assert (solution.partition.sums()[:, 0] >= 300).all()
    assert [one for one in told(solution) if one[2] != "size.count"] == [("decide", "dedicated", "dedicated")]


def test_a_wall_gives_way_only_where_rules_that_never_may_leave_no_other_drawing() -> None:
    sizes, never = [350, 260, 200, 400], ("size.low", "size.high", "dedicated")
    assert "barriers" not in {relaxed for _, _, relaxed in told(solved(line(sizes, walls=(1,))))}
    solution = solved(line(sizes, walls=(1,), rules=Rules(relax=Relax(never=never))))
    assert solution.partition.labels.tolist() == [0, 1, 1, 2]
    assert ("decide", "connected", "barriers") in told(solution)
    with pytest.raises(InfeasibleError, match="only be reached through"):
        solved(line(sizes, walls=(1,), rules=Rules(relax=Relax(never=(*never, "barriers", "connected")))))


def test_connectedness_gives_way_last() -> None:
    rules = Rules(relax=Relax(never=("size.low", "size.high")))
    solution = solved(line([200, 400, 200], rules=rules))
    assert sorted(solution.partition.sums()[:, 0].tolist()) == [400, 400]
    assert told(solution) == [("decide", "connected", "connected")]


@pytest.mark.parametrize("seed", range(12))
def test_islands_are_drawn_each_by_itself_where_they_are_large_enough(seed) -> None:
    """With 300 on each of two islands no grid spans both; a smaller one joins the unit across the longer border."""
    rng = np.random.default_rng(seed)
    households = rng.choice([60.0, 110, 180, 260], 6)
    graph = UnitGraph.from_arrays(
        households,
        [(0, 1), (1, 2), (3, 4), (4, 5)],
        xy=[(0, 0), (100, 0), (200, 0), (500, 0), (600, 0), (700, 0)],
        border=[100.0] * 4,
        walls=([(2, 3), (0, 5)], [80.0, 20.0]),
        measures=("households",),
    )
    labels = solve(graph, Rules(), bindings=Bindings.none(6), effort=QUICK).partition.labels
    spanning = [grid for grid in set(labels) if len({*(np.flatnonzero(labels == grid) > 2)}) == 2]
    first, second = households[:3].sum(), households[3:].sum()
    if min(first, second) >= 300:
        assert not spanning
    elif max(first, second) >= 300:
        assert len(spanning) == 1
        assert {2, 3} <= {*np.flatnonzero(labels == spanning[0])}
    else:
        assert len(set(labels)) == 1 or first + second >= 300


@pytest.mark.parametrize("seed", range(8))
def test_a_small_island_and_its_host_are_drawn_as_well_as_full_enumeration_can(seed) -> None:
    rng = np.random.default_rng(seed)
    households = np.append(rng.choice([110.0, 180, 210, 260], 5), 90.0)
    graph = UnitGraph.from_arrays(
        households,
        [(0, 1), (1, 2), (2, 3), (3, 4)],
        xy=[(100.0 * i, 0) for i in range(6)],
        border=[100.0] * 4,
        walls=([(1, 5)], [80.0]),
        measures=("households",),
    )
    sizes = solve(graph, Rules(), bindings=Bindings.none(6), effort=QUICK).partition.sums()[:, 0]
    bridged = UnitGraph.from_arrays(households, [*graph.edges.tolist(), (1, 5)], xy=graph.xy)
    possible = False
    for one in divisions(6):
        partition = Partition(bridged, np.array(one, np.int32))
        sums = partition.sums()[:, 0]
        fits = ((sums >= 300) & (sums <= 500)).all() and one[5] == one[1]
        possible = possible or (fits and bool((partition.n_pieces() == 1).all()))
    assert bool(((sizes >= 300) & (sizes <= 500)).all()) == possible
