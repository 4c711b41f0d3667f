"""Declared posts: each the centre of one grid, walks measured from it; the best drawing is that of full enumeration."""

import dataclasses
from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import gridopt as go
from gridopt.errors import RuleError, TableError
from gridopt.objective import coefficients
from gridopt.partition import Partition
from gridopt.rules import Bounds, Governance, Proximity, Rules, Size
from gridopt.solvers.community import Bindings
from gridopt.solvers.effort import Effort
from gridopt.solvers.solve import solve
from tests.folders import write
from tests.towns import CELL, CRS, SOUTH, WEST, graph_of, town

SIX_BY_TWO = "a a a a a a\na a a a a a"
"""Units a01 to a06 from west to east in the north, a07 to a12 in the south."""
TIER = "网格站"
QUICK = Effort.named("quick")


def rules(**proximity) -> Rules:
    size = Size(low=300, target=600, high=900, comfort=(500, 700), also={"residents": Bounds()})
    return Rules(size=size, proximity=Proximity(posts=TIER, **proximity))


def facilities(*places: tuple[float, float], tier: str = TIER) -> gpd.GeoDataFrame:
    """Posts at places given in cells from the south-west corner."""
    points = [shapely.Point(WEST + CELL * x, SOUTH + CELL * y) for x, y in places]
    index = pd.Index([f"S{i}" for i in range(1, len(places) + 1)], name="facility_id")
    return gpd.GeoDataFrame({"name": "", "tier": tier}, geometry=points, index=index, crs=CRS)


def city_of(*places, drawing: str = SIX_BY_TWO, **proximity):
    bare = town(drawing, 100, rules=rules(**proximity))
    return bare.replace(layers={**bare.layers, "facilities": facilities(*places)})


def grids_of_posts(plan) -> list[str]:
    return plan.units.loc[plan.units["post"] != "", "grid_code"].tolist()


def test_each_grid_holds_one_post_and_is_drawn_around_it() -> None:
    """Free, the town falls into a western and an eastern half; around these posts into a northern and a southern."""
    free = go.draw(
        town(SIX_BY_TWO, 100, rules=Rules(size=rules().size, governance=Governance(weight=0.1))), effort="quick"
    )
    assert free.units["grid_code"].nunique() == 2
    assert free.units["grid_code"]["a01"] == free.units["grid_code"]["a07"]
    city = city_of((2.5, 1.5), (2.5, 0.5))
    plan = go.draw(city.replace(rules=dataclasses.replace(rules(), governance=Governance(weight=0.1))), effort="quick")
    assert plan.units["grid_code"].iloc[:6].nunique() == plan.units["grid_code"].iloc[6:].nunique() == 1
    assert len(set(grids_of_posts(plan))) == len(plan.grids) == 2
    assert plan.violations.empty


@pytest.mark.parametrize("posts", [(0, 11), (2, 3), (0, 1), (1, 7, 10)])
def test_the_best_drawing_around_posts_is_that_of_full_enumeration(posts) -> None:
    graph = graph_of(town(SIX_BY_TWO, 100))
    named = tuple(f"S{i}" if i in posts else "" for i in range(12))
    bindings = Bindings(("",) * 12, ("",) * 12, ("urban",) * 12, posts=named)
    solution = solve(graph, rules(), bindings=bindings, effort=QUICK)
    part = solution.parts.iloc[0]
    factors = coefficients(rules(), _Scales(part))
    best = min(_score(graph, np.array(labels), posts) @ factors for labels in product(range(len(posts)), repeat=12)
               if _keeps(graph, np.array(labels), posts))  # fmt: skip
    assert solution.objective == pytest.approx(best)
    assert solution.status == "optimal"
    assert len(np.unique(solution.partition.labels[list(posts)])) == len(posts)


class _Scales:
    def __init__(self, part: pd.Series) -> None:
        self.proximity, self.governance, self.size = (
            part[f"{one}_scale"] for one in ("proximity", "governance", "size")
        )


def _keeps(graph, labels, posts) -> bool:
    sizes = np.bincount(labels, graph.weights[:, 0], len(posts))
    if labels[list(posts)].tolist() != list(range(len(posts))) or (sizes < 300).any() or (sizes > 900).any():
        return False
    return bool((Partition(graph, labels.astype(np.int32)).n_pieces() == 1).all())


def _score(graph, labels, posts) -> np.ndarray:
    """Proximity to the posts, border cut, discomfort of sizes: each by its definition."""
    away = ((graph.xy - graph.xy[list(posts)][labels]) ** 2).sum(axis=1)
    cut = labels[graph.edges[:, 0]] != labels[graph.edges[:, 1]]
    sizes = np.bincount(labels, graph.weights[:, 0], len(posts))
    outside = np.maximum(0, np.maximum(500 - sizes, sizes - 700)) / 600
    return np.array([graph.mass @ away, graph.cost[cut].sum(), (outside**2).sum()])


def test_the_longest_walk_is_measured_from_the_post_and_judged_by_the_verifier(tmp_path) -> None:
    plan = go.draw(city_of((0.5, 1.5), (5.5, 1.5)), effort="quick")
    assert plan.grids["walk_max_m"].tolist() == pytest.approx([100 * 5**0.5] * 2)
    place = write(plan, tmp_path / "out")
    assert go.check(place).empty
    again = go.read_plan(place)
    assert again.units["post"].tolist() == plan.units["post"].tolist()
    assert go.assess(again.city, again.units["grid_code"]).grids["walk_max_m"].tolist() == pytest.approx(
        plan.grids["walk_max_m"].tolist()
    )


def test_a_walk_that_is_too_long_from_the_post_is_named_with_the_post() -> None:
    """In the west-east halves nobody is further than 150 m from the middle, but the posts stand at the ends."""
    plan = go.draw(city_of((0.5, 1.5), (5.5, 1.5), max_walk=200.0), effort="quick")
    far = plan.violations[plan.violations["rule"] == "proximity.max_walk"]
    assert len(far) == 2
    assert far["reason"].str.contains("from the post at unit a0[16]").all()
    near = go.draw(city_of((1.5, 1.5), (4.5, 1.5), max_walk=200.0), effort="quick")
    assert near.violations.empty


def test_three_posts_make_three_grids_though_the_target_asks_for_two() -> None:
    plan = go.draw(city_of((0.5, 0.5), (2.5, 0.5), (5.5, 0.5)), effort="quick")
    assert sorted(grids_of_posts(plan)) == plan.grids.index.tolist()
    assert len(plan.grids) == 3


def test_posts_win_over_bounds_which_give_way_and_say_so() -> None:
    plan = go.draw(city_of(*((x + 0.5, 0.5) for x in range(6))), effort="quick")
    assert len(plan.grids) == 6
    assert set(plan.violations["rule"]) == {"size.low"}


def test_a_community_without_posts_is_drawn_freely_and_one_with_two_keeps_both() -> None:
    city = city_of((0.5, 0.5), (2.5, 0.5), drawing="a a a b b b\na a a b b b")
    plan = go.draw(city, effort="quick")
    assert plan.grids["community_id"].value_counts().to_dict() == {"320411001101": 2, "320411001102": 1}
    assert "proximity.posts" not in set(plan.violations["rule"])


def test_a_given_drawing_is_told_where_posts_are_missing_or_two() -> None:
    city = city_of((0.5, 1.5), (1.5, 1.5))
    units = go.make_units(city).index
    halves = pd.Series(["w" if int(unit[1:]) % 6 in (1, 2, 3) else "e" for unit in units], units)
    rows = go.assess(city, halves).violations.query("rule == 'proximity.posts'")
    assert rows["value"].tolist() == [2.0, 0.0] or rows["value"].tolist() == [0.0, 2.0]
    assert rows["class"].eq("decide").all()
    assert rows["reason"].str.contains("S1, S2").sum() == 1


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (facilities((0.5, 0.5), (0.6, 0.6)), r"1 units hold several posts.*a07: S1, S2"),
        (facilities((0.5, 0.5), (50, 50)), "1 posts stand outside every unit: S2"),
        (facilities((0.5, 0.5), tier="1"), r'"网格站" is no tier in \[layers.facilities\] \(there are: 1\)'),
        (None, r"\(there are: none\)"),
    ],
)
def test_posts_that_cannot_be_are_refused_by_name(layer, said) -> None:
    bare = town(SIX_BY_TWO, 100, rules=rules())
    city = bare if layer is None else bare.replace(layers={**bare.layers, "facilities": layer})
    with pytest.raises(TableError, match=said) as refusal:
        go.make_units(city)
    assert "网格站" in refusal.value.text("zh")


def test_two_posts_in_an_estate_that_is_kept_whole_are_refused_with_its_name() -> None:
    city = city_of((0.5, 1.5), (1.5, 1.5))
    units = city.layer("units").assign(keep_whole=["金狮小区"] * 3 + [""] * 9)
    with pytest.raises(RuleError, match="金狮小区: S1, S2"):
        go.draw(city.replace(layers={**city.layers, "units": units}), effort="quick")


def test_a_tier_must_be_named_by_text() -> None:
    with pytest.raises(RuleError, match=r"rules\.proximity: posts = 3"):
        Rules(proximity=Proximity(posts=3))
