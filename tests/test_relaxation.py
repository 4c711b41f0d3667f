"""Rules that give way: in the order that was asked for, only where needed, as full enumeration says."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gridopt.graph import UnitGraph
from gridopt.rules import RELAXATIONS, Bounds, Relax, Rules, Size
from gridopt.solvers.community import Bindings, Community, pose
from gridopt.solvers.contraction import Terrain, connected
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


def divisions_into(regions: dict[int, list[int]], n: int) -> Iterator[tuple[int, ...]]:
    """Every division of n units into some of the regions, as bit masks; regions by their lowest unit."""

    def extended(left: int) -> Iterator[tuple[int, ...]]:
        if not left:
            yield ()
            return
        for region in regions[left & -left]:
            if not region & ~left:
                for rest in extended(left & ~region):
                    yield (region, *rest)

    yield from extended(2**n - 1)


def connected_regions(graph: UnitGraph) -> dict[int, list[int]]:
    """All connected sets of units as bit masks, by their lowest unit's bit."""
    near = [0] * graph.n_units
    for a, b in graph.edges.tolist():
        near[a] |= 1 << b
        near[b] |= 1 << a
    found: dict[int, list[int]] = {1 << unit: [] for unit in range(graph.n_units)}
    for region in range(1, 2**graph.n_units):
        reached, edge = 0, region & -region
        while edge:
            reached |= edge
            grown = 0
            for unit in range(graph.n_units):
                grown |= near[unit] if edge >> unit & 1 else 0
            edge = grown & region & ~reached
        if reached == region:
            found[region & -region].append(region)
    return found


def lacking(community: Community, inside: np.ndarray, groups: np.ndarray) -> dict[str, int]:
    """What one grid misses of each rule, from the definitions; ``inside`` (n,) says which units it holds."""
    low, high, stretch = community.low, community.high, community.rules.size.stretch
    households, residents = community.graph.weights[inside].sum(axis=0)
    held = [((inside & (groups == group)).sum(), (groups == group).sum()) for group in range(groups.max() + 1)]
    return {
        "proximity.max_walk": 0,
        "size.low": round(1e9 * max(0, low[0] - households) / low[0]),
        "size.high": round(1e9 * min(stretch - 1, max(0, households - high[0]) / high[0])),
        "size.high.unlimited": round(1e9 * max(0, households - stretch * high[0]) / high[0]),
        "size.also": round(1e9 * max(0, residents - high[1]) / high[1]),
        "governance.keep_whole": 10**9 * sum(part not in (0, whole) for part, whole in held),
    }


def cost(community: Community, inside: np.ndarray) -> float:
    """What one grid costs, from the definitions; a border is half of each of its two grids'."""
    graph, size = community.graph, community.rules.size
    mass, xy, total = graph.mass[inside], graph.xy[inside], graph.weights[inside, 0].sum()
    centre = (mass[:, None] * xy).sum(axis=0) / (mass.sum() or 1.0)
    cut = graph.cost[inside[graph.edges[:, 0]] != inside[graph.edges[:, 1]]].sum() / 2
    outside = max(0.0, size.comfort[0] - total, total - size.comfort[1]) / size.target
    return float(FACTORS @ [(mass * ((xy - centre) ** 2).sum(axis=1)).sum(), cut, outside**2])


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
    n, order = community.n_units, last_first(community)
    numbers, wish = admitted(community), community.graph.weights[:, 0].sum() / 350
    regions = connected_regions(community.graph)
    missed, costs = {}, {}
    for region in (one for listed in regions.values() for one in listed):
        inside = (region >> np.arange(n) & 1).astype(bool)
        found = lacking(community, inside, groups)
        missed[region], costs[region] = [found[name] for name in order], cost(community, inside)
    best: tuple[list[int], tuple[float, int], float] | None = None
    for one in divisions_into(regions, n):
        if len(one) in numbers:
            in_all = [sum(column) for column in zip(*(missed[region] for region in one), strict=True)]
            key = in_all, (abs(len(one) - wish), len(one)), sum(costs[region] for region in one)
            best = key if best is None or key < best else best
    assert best is not None
    return best[0], best[1][1], best[2]


def check_against_enumeration(community: Community, group: set[int]) -> None:
    edges = [edge for edge in community.graph.edges.tolist() if set(edge) <= group]
    groups = connected(community.n_units, np.array(edges, np.int32).reshape(-1, 2))
    drawn = draw_piece(Terrain(community.graph, groups), community, FACTORS, aim=350, effort=QUICK, seed=1)
    missed, number, objective = best_by_enumeration(community, groups)
    problem = pose(community.graph, community, FACTORS, number)
    ours = [lacking(community, drawn.labels == grid, groups) for grid in range(drawn.labels.max() + 1)]
    assert [sum(one[name] for one in ours) for name in last_first(community)] == missed
    assert len(ours) == number
    assert is_connected(problem, drawn.labels)
    assert evaluate(problem, drawn.labels).objective == pytest.approx(objective)
    assert drawn.optimal


@settings(max_examples=30, deadline=None, derandomize=True, phases=[Phase.generate])
@given(
    households=st.lists(st.sampled_from([0.0, 60, 110, 140, 180, 210, 290, 340]), min_size=4, max_size=8),
    group=st.sets(st.integers(0, 7), max_size=3),
    order=st.permutations(RELAXATIONS).map(tuple),
    never=st.sets(st.sampled_from(RELAXATIONS), max_size=2).map(lambda names: tuple(sorted(names))),
    cap=st.sampled_from([700.0, 1100.0]),
)
def test_a_drawing_misses_the_rules_by_least_in_their_order(households, group, order, never, cap) -> None:
    size = Size(also={"residents": Bounds(high=cap)})
    check_against_enumeration(patch(households, rules=Rules(size=size, relax=Relax(order=order, never=never))), group)


@pytest.mark.parametrize("order", [RELAXATIONS, ("governance.keep_whole", "size.high", "size.low"), ("size.high",)])
def test_twelve_units_too_coarse_for_their_bounds_are_drawn_as_full_enumeration_says(order) -> None:
    households = [260.0, 270, 280, 260, 290, 275, 150, 260, 265, 280, 290, 110]
    check_against_enumeration(patch(households, rules=Rules(relax=Relax(order=order))), {6, 7, 9})


def test_a_rough_drawing_narrows_what_must_be_looked_at_until_the_best_is_proved() -> None:
    households = [27.0, 28, 26, 29, 27, 28, 27, 28, 26, 29, 27, 28, 27, 28, 26, 29, 27, 28, 27, 28, 31]
    community = patch(households)
    terrain = Terrain(community.graph, np.arange(21, dtype=np.int32))
    drawn = draw_piece(terrain, community, FACTORS, aim=350, effort=QUICK, seed=1)
    assert drawn.labels.max() == 1
    assert drawn.optimal
