"""Rules that give way: in the order that was asked for, only where needed, as full enumeration says."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gridopt.graph import UnitGraph
from gridopt.partition import Partition
from gridopt.rules import RELAXATIONS, Bounds, Relax, Rules, Size
from gridopt.solvers.community import Bindings, Community, pose
from gridopt.solvers.contraction import Terrain, renumbered
from gridopt.solvers.effort import Effort
from gridopt.solvers.piece import draw_piece
from gridopt.solvers.problem import evaluate, is_connected
from gridopt.solvers.relaxation import giving_way, never_relaxed, stages, whole_up_to

QUICK = Effort.named("quick")
WIDTH = 3
FACTORS = np.array([1e-5, 1e-3, 1.0])


def ruled(order=RELAXATIONS, never=()) -> Rules:
    return Rules(relax=Relax(order=order, never=never))


def test_rules_that_the_order_leaves_out_give_way_after_those_it_names() -> None:
    order = giving_way(ruled(("size.high", "size.low")))
    assert order[:4] == ("size.high", "size.low", "proximity.max_walk", "governance.keep_whole")
    assert order[-1] == "connected"


def test_a_bound_that_never_gives_way_never_does_so_without_limit() -> None:
    assert never_relaxed(ruled(never=("size.high",))) == {"size.high", "size.high.unlimited"}
    assert "size.high" in giving_way(ruled(never=("size.high.unlimited",)))


@pytest.mark.parametrize(
    ("order", "never", "factor"),
    [
        (RELAXATIONS, (), 1.2),
        (("governance.keep_whole", "size.low"), (), 1.0),
        (("size.high", "size.high.unlimited", "governance.keep_whole"), (), np.inf),
        (RELAXATIONS, ("governance.keep_whole",), np.inf),
        (RELAXATIONS, ("size.high",), 1.0),
    ],
)
def test_how_far_above_the_limit_a_group_stays_whole_follows_from_the_order(order, never, factor) -> None:
    assert whole_up_to(ruled(order, never)) == factor


def test_each_stage_lets_one_more_rule_give_way() -> None:
    points = stages(patch([100.0] * 6), grouped=True)
    assert all(later.soft[:-1] == earlier.soft for earlier, later in pairwise(points))
    assert [stage.soft[-1] for stage in points] == [*RELAXATIONS[1:], "size.also"]
    assert [stage.high[0] for stage in points] == [500, 600, 600, np.inf, np.inf]
    assert [stage.low[0] for stage in points] == [0] * 5


def patch(households, *, groups=None, rules=None) -> Community:
    """Units of 100 m in rows of three; residents are twice the households."""
    n = len(households)
    edges = [(i, i + 1) for i in range(n - 1) if i % WIDTH != WIDTH - 1] + [(i, i + WIDTH) for i in range(n - WIDTH)]
    graph = UnitGraph.from_arrays(
        np.column_stack([households, 2.0 * np.asarray(households)]),
        edges,
        xy=[(100.0 * (i % WIDTH), 90.0 * (i // WIDTH)) for i in range(n)],
        border=[100.0 + 7 * (a * b % 5) for a, b in edges],
        measures=("households", "residents"),
    )
    return Community("c", graph, rules or Rules(), Bindings(groups or ("",) * n, ("",) * n, ("urban",) * n))


def divisions(n: int, begun: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Every division of n units, each once: grids are numbered by their first unit."""
    if len(begun) == n:
        yield begun
        return
    for label in range(max(begun, default=-1) + 2):
        yield from divisions(n, (*begun, label))


def lacking(community: Community, labels: np.ndarray, groups: np.ndarray) -> dict[str, int]:
    """What a drawing misses of each rule, from the definitions."""
    low, high, stretch = community.low, community.high, community.rules.size.stretch
    missed = dict.fromkeys((*RELAXATIONS, "size.also"), 0)
    for grid in range(labels.max() + 1):
        inside = labels == grid
        households, residents = community.graph.weights[inside].sum(axis=0)
        missed["size.low"] += round(1e9 * max(0, low[0] - households) / low[0])
        missed["size.high"] += round(1e9 * min(stretch - 1, max(0, households - high[0]) / high[0]))
        missed["size.high.unlimited"] += round(1e9 * max(0, households - stretch * high[0]) / high[0])
        missed["size.also"] += round(1e9 * max(0, residents - high[1]) / high[1])
        for group in np.unique(groups):
            shared = (inside & (groups == group)).sum()
            missed["governance.keep_whole"] += 10**9 * int(0 < shared < (groups == group).sum())
    return missed


def admitted(community: Community) -> list[int]:
    """The numbers of grids that may be drawn: where the total fits none, only the one with the smaller excess."""
    total = community.graph.weights[:, 0].sum()
    low, high = community.low[0], community.high[0]
    every = range(1, community.n_units + 1)
    forbidden = never_relaxed(community.rules)
    fits = [k for k in every if k * low <= total <= k * high]
    nearest = min(every, key=lambda k: (max(k * low - total, total - k * high), abs(k - total / 350)))
    forced = "size.low" if nearest * low > total else "size.high"
    capped = total * 2 > nearest * community.high[1]
    return list(every) if fits or forced in forbidden or capped else [nearest]


def last_first(community: Community) -> list[str]:
    """The rules that a drawing is compared by: those that never give way, then the others from the last to do so."""
    never, known = never_relaxed(community.rules), (*RELAXATIONS, "size.also")
    order = [name for name in giving_way(community.rules) if name in known]
    return [*(name for name in reversed(known) if name in never), *reversed(order)]


def best_by_enumeration(community: Community, groups: np.ndarray) -> tuple[list[int], int, float]:
    """(misses, the rule that gives way last first; number of grids; objective) of the best connected drawing."""
    order = last_first(community)
    numbers, wish = admitted(community), community.graph.weights[:, 0].sum() / 350
    best: tuple[list[int], tuple[float, int], float] | None = None
    for one in divisions(community.n_units):
        labels, number = np.array(one, np.int32), max(one) + 1
        if number not in numbers or (Partition(community.graph, labels).n_pieces() > 1).any():
            continue
        missed = lacking(community, labels, groups)
        ahead = [missed[name] for name in order], (abs(number - wish), number)
        if best is not None and ahead > best[:2]:
            continue
        key = (*ahead, evaluate(pose(community.graph, community, FACTORS, number), labels).objective)
        best = key if best is None or key < best else best
    assert best is not None
    return best[0], best[1][1], best[2]


@settings(max_examples=25, deadline=None, derandomize=True, phases=[Phase.generate])
@given(
    households=st.lists(st.sampled_from([0.0, 60, 110, 140, 180, 210, 290, 340]), min_size=4, max_size=6),
    group=st.sets(st.integers(0, 6), max_size=3),
    order=st.permutations(RELAXATIONS).map(tuple),
    never=st.sets(st.sampled_from(RELAXATIONS), max_size=2).map(lambda names: tuple(sorted(names))),
    cap=st.sampled_from([700.0, 1100.0]),
)
def test_a_drawing_misses_the_rules_by_least_in_their_order(households, group, order, never, cap) -> None:
    size = Size(also={"residents": Bounds(high=cap)})
    community = patch(households, rules=Rules(size=size, relax=Relax(order=order, never=never)))
    groups = renumbered(np.array([-1 if i in group else i for i in range(community.n_units)]))
    drawn = draw_piece(Terrain(community.graph, groups), community, FACTORS, aim=350, effort=QUICK, seed=1)
    missed, number, objective = best_by_enumeration(community, groups)
    problem = pose(community.graph, community, FACTORS, number)
    ours = lacking(community, drawn.labels, groups)
    assert [ours[name] for name in last_first(community)] == missed
    assert drawn.labels.max() + 1 == number
    assert is_connected(problem, drawn.labels)
    assert evaluate(problem, drawn.labels).objective == pytest.approx(objective)
    assert drawn.optimal
