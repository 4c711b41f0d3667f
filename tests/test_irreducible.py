"""Why there is no plan: an irreducible set of rules, what would be enough, and the place that proves it."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gridopt.errors import InfeasibleError
from gridopt.graph import UnitGraph
from gridopt.partition import Partition
from gridopt.rules import Bounds, Relax, Rules, Size
from gridopt.solvers.community import Bindings
from gridopt.solvers.contraction import Terrain, renumbered
from gridopt.solvers.effort import Effort
from gridopt.solvers.irreducible import neck_of
from gridopt.solvers.piece import draw_piece
from gridopt.solvers.solve import solve
from tests.test_pieces import line
from tests.test_relaxation import FACTORS, divisions, patch

QUICK = Effort.named("quick")
RULES = ("size.low", "size.high", "size.also", "governance.keep_whole")


def solved(community, lang="en"):
    return solve(community.graph, community.rules, bindings=community.bindings, effort=QUICK, lang=lang)


def clash_of(community, groups=None):
    n = community.n_units
    terrain = Terrain(community.graph, np.arange(n, dtype=np.int32) if groups is None else groups)
    return draw_piece(terrain, community, FACTORS, aim=350, effort=QUICK, seed=0).clash


def meets(community, groups, labels, rules) -> bool:
    """Whether a drawing meets some rules, from the definitions."""
    sums = Partition(community.graph, labels).sums()
    low, high = community.low, community.high
    return not (
        ("size.low" in rules and (sums[:, 0] < low[0]).any())
        or ("size.high" in rules and (sums[:, 0] > high[0]).any())
        or ("size.also" in rules and (sums[:, 1] > high[1]).any())
        or ("governance.keep_whole" in rules and any(len(set(labels[groups == g])) > 1 for g in set(groups)))
    )


@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate])
@given(
    households=st.lists(st.sampled_from([60.0, 110, 180, 210, 290, 340]), min_size=5, max_size=6),
    group=st.sets(st.integers(0, 4), min_size=2, max_size=3),
    cap=st.sampled_from([820.0, 2500.0]),
)
def test_the_rules_named_clash_and_no_part_of_them_does(households, group, cap) -> None:
    community = patch(households, rules=Rules(size=Size(also={"residents": Bounds(high=cap)})))
    groups = renumbered(np.array([-1 if i in group else i for i in range(len(households))]))
    named = clash_of(community, groups).rules
    every = [np.array(one, np.int32) for one in divisions(len(households))]
    connected = [one for one in every if (Partition(community.graph, one).n_pieces() == 1).all()]

    def possible(rules) -> bool:
        return any(meets(community, groups, one, rules) for one in connected)

    if not named:
        total = sum(households)
        assert possible(RULES) or not any(300 * k <= total <= 500 * k for k in range(1, 7))
        return
    assert not possible(named)
    assert all(possible(part) for part in combinations(named, len(named) - 1))


def test_units_too_coarse_clash_with_both_bounds_and_what_would_be_enough_is_said() -> None:
    community = patch([260.0] * 6)
    clash = clash_of(community)
    assert set(clash.rules) == {"size.low", "size.high"}
    assert dict(clash.enough) == {"size.low": 260, "size.high": 520}
    row = solved(community).violations.iloc[0]
    assert "connected grids with at least 300 households and at most 500 households" in row["reason"]
    assert row["remedy"].startswith("one of these is enough: least size 260, or greatest size 520")


def test_a_group_in_the_way_is_named_and_splitting_it_is_offered() -> None:
    row = solved(line([200, 150, 150, 200], groups=("", "g", "g", ""))).violations.iloc[0]
    assert "0, 3 can only be reached through g (kept whole): below 300 without it, together 700" in row["reason"]
    assert "g split" in row["remedy"]


def test_a_clash_is_told_in_chinese_too() -> None:
    row = solved(patch([260.0] * 6), lang="zh").violations.iloc[0]
    assert "没有同时满足下列要求的连片划分方案：每格户数不少于 300，每格户数不超过 500" in row["reason"]
    assert row["remedy"].startswith("任选其一即可：下限降至 260，或上限升至 520")


def star(arms, hub) -> UnitGraph:
    """Arms of one unit each around a hub (unit 0)."""
    edges = [(0, i + 1) for i in range(len(arms))]
    return UnitGraph.from_arrays([hub, *arms], edges, xy=np.zeros((len(arms) + 1, 2)))


def test_what_hangs_on_one_unit_must_lie_in_its_grid() -> None:
    neck = neck_of(star([150.0, 200, 320], 180.0), 300, 500)
    assert neck is not None
    assert (neck.unit, neck.hanging, neck.size) == ("0", ("1", "2"), 530.0)
    assert neck_of(star([150.0, 100, 320], 180.0), 300, 500) is None


@pytest.mark.parametrize("seed", range(15))
def test_a_neck_proves_that_there_is_no_drawing(seed) -> None:
    rng = np.random.default_rng(seed)
    parents = [int(rng.integers(i)) for i in range(1, 7)]
    graph = UnitGraph.from_arrays(
        rng.choice([50.0, 150, 250, 350], 7), [(i + 1, p) for i, p in enumerate(parents)], xy=rng.random((7, 2))
    )
    if neck_of(graph, 300, 500) is None:
        return
    for one in divisions(7):
        partition = Partition(graph, np.array(one, np.int32))
        sums = partition.sums()[:, 0]
        assert not ((sums >= 300) & (sums <= 500)).all() or (partition.n_pieces() > 1).any()


def test_a_place_that_all_must_pass_is_named_in_a_community_too_large_to_enumerate() -> None:
    rng = np.random.default_rng(1)
    n, width = 63, 9
    edges = [(i, i + 1) for i in range(n - 1) if i % width != width - 1] + [(i, i + width) for i in range(n - width)]
    sizes = [*rng.integers(60, 90, n).astype(float), 240.0, 280.0]
    xy = [*[(100.0 * (i % width), 100.0 * (i // width)) for i in range(n)], (900.0, 600.0), (1000.0, 600.0)]
    graph = UnitGraph.from_arrays(sizes, [*edges, (62, 63), (63, 64)], xy=xy, measures=("households",))
    solution = solve(graph, Rules(), bindings=Bindings.none(n + 2), effort=QUICK)
    row = solution.violations.iloc[0]
    assert row["rule"], row["proof"] == ("size.low", "proved")
    assert "64 can only be reached through 63" in row["reason"]


def test_rules_that_never_give_way_are_named_with_what_clashes() -> None:
    rules = Rules(relax=Relax(never=("size.low", "size.high", "governance.keep_whole", "connected")))
    with pytest.raises(InfeasibleError, match=r"only be reached through g \(kept whole\)") as caught:
        solved(line([200, 150, 150, 200], groups=("", "g", "g", ""), rules=rules))
    assert "g split" in str(caught.value)


def test_an_estate_that_may_neither_be_split_nor_exceed_the_limit_has_no_plan() -> None:
    rules = Rules(relax=Relax(never=("size.high", "governance.keep_whole")))
    with pytest.raises(InfeasibleError, match="g has 560 households, cannot stay whole under 500"):
        solved(line([300, 280, 280, 300], groups=("", "g", "g", ""), rules=rules))
