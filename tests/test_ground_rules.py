"""What joins units and what parts them (corners, islands, walls, crossings, seams), against full enumeration by hand.

The twin of this page knows nothing of solvers: it reads units and borders, walks through every division of twelve
units, keeps those that the stated rules allow, and scores them from the definitions.
"""

from collections.abc import Iterator

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from gridopt.graph import SEAM_DISCOUNT
from gridopt.plan.draw import draw
from gridopt.rules import Rules, Size
from tests.towns import borders_of, town, units_of

RULES = Rules(size=Size(low=300, target=400, high=600, comfort=(380, 420), also={}))
BLOCK = "a a a a\na a a a\na a a a"
CORNERS = "a a a . .\na a a . .\n. . . a a\n. . . a a\n. . . a a"
ISLAND = "a a . a a\na a . a a\na a . a a"


def uneven(seed: int, units: pd.DataFrame) -> pd.DataFrame:
    households = np.random.default_rng(seed).integers(60, 140, len(units)).astype(float)
    return units.assign(households=households, residents=2.5 * households, workload=households)


def ground(drawing: str, seed: int, kinds: dict[str, str] | None = None) -> tuple:
    """A city, its units and borders, some of these of another kind: ``{"a01 a05": "wall"}``."""
    city = town(drawing, rules=RULES)
    units = uneven(seed, units_of(city))
    borders = borders_of(units)
    for pair, kind in (kinds or {}).items():
        a, b = pair.split()
        found = (borders["unit_a"] == a) & (borders["unit_b"] == b)
        assert found.sum() == 1
        borders.loc[found, "kind"] = kind
    return city, units, borders


def drawn(city, units, borders):
    """The plan, and its labels in the order of the units' ids."""
    plan = draw(city, units, borders=borders, effort="quick", seed=3)
    return plan, plan.units.loc[units.index, "grid_code"]


def divisions(n: int, begun: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Every division of n units into two or three grids, each once: grids are numbered by first unit."""
    if len(begun) == n:
        yield begun
        return
    for label in range(min(max(begun, default=-1) + 2, 3)):
        yield from divisions(n, (*begun, label))


def ways(units, borders) -> nx.Graph:
    """Who is whose neighbour: a metre of common border that is no wall, or a crossing."""
    graph = nx.Graph()
    graph.add_nodes_from(units.index)
    walkable = borders[(borders["kind"] != "wall") & ((borders["metres"] >= 1) | (borders["kind"] == "crossing"))]
    graph.add_edges_from(zip(walkable["unit_a"], walkable["unit_b"], strict=True))
    return graph


def allowed(units, graph: nx.Graph, n_grids: int) -> Iterator[tuple[int, ...]]:
    """The divisions into so many grids whose grids are within 300-600 households and in one piece."""
    households, names = units["households"].tolist(), units.index.tolist()
    for labels in divisions(len(units)):
        sizes = [0.0] * 3
        for label, size in zip(labels, households, strict=True):
            sizes[label] += size
        if max(labels) + 1 == n_grids and all(300 <= size <= 600 for size in sizes[:n_grids]):
            grids = [[name for name, own in zip(names, labels, strict=True) if own == g] for g in range(n_grids)]
            if all(nx.is_connected(graph.subgraph(grid)) for grid in grids):
                yield labels


def score(plan, units, borders, labels: tuple[int, ...]) -> float:
    """The objective from the definitions, with the scales that the plan records."""
    label = dict(zip(units.index, labels, strict=True))
    xy = np.column_stack([units.geometry.centroid.x, units.geometry.centroid.y])
    households, inertia, spread = units["households"].to_numpy(), 0.0, 0.0
    for grid in set(labels):
        inside = np.array(labels) == grid
        centre = np.average(xy[inside], axis=0, weights=households[inside])
        inertia += (households[inside] * ((xy[inside] - centre) ** 2).sum(axis=1)).sum()
        size = households[inside].sum()
        spread += (max(380 - size, size - 420, 0) / 400) ** 2
    metres = 0.0
    for one in borders.itertuples():
        if label[one.unit_a] != label[one.unit_b] and one.kind != "wall":
            metres += one.metres * (SEAM_DISCOUNT if one.kind == "seam" else 1.0)
    scale = plan.details["parts"].iloc[0]
    return inertia / scale["proximity_scale"] + metres / scale["governance_scale"] + spread / scale["size_scale"]


def best_of_all(plan, units, borders) -> float:
    """The least score of all allowed divisions into as many grids as the plan has; infinity where there is none."""
    found = allowed(units, ways(units, borders), len(plan.grids))
    return min((score(plan, units, borders, labels) for labels in found), default=np.inf)


def pairs(*numbers: tuple[int, int]) -> list[str]:
    return [f"a{a:02d} a{b:02d}" for a, b in numbers]


ROW_WALL = dict.fromkeys(pairs((1, 5), (2, 6), (3, 7), (4, 8)), "wall")
CASES = {
    "open ground": (BLOCK, {}),
    "a wall along a row": (BLOCK, ROW_WALL),
    "a wall with a crossing": (BLOCK, {**ROW_WALL, "a04 a08": "crossing"}),
    "a seam down the middle": (BLOCK, dict.fromkeys(pairs((2, 3), (6, 7), (10, 11)), "seam")),
    "seams that disagree": (BLOCK, dict.fromkeys(pairs((1, 5), (2, 6), (7, 8), (3, 4), (10, 11)), "seam")),
    "a corner touch": (CORNERS, {}),
    "an island": (ISLAND, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_drawing_is_the_best_of_all_that_the_ground_allows(name) -> None:
    drawing, kinds = CASES[name]
    city, units, borders = ground(drawing, 1, kinds)
    plan, codes = drawn(city, units, borders)
    labels = tuple(pd.factorize(codes)[0].tolist())
    expected = best_of_all(plan, units, borders)
    assert np.isfinite(expected)
    assert not (plan.violations["class"] == "decide").any()
    assert score(plan, units, borders, labels) == pytest.approx(expected)
    assert plan.objective == pytest.approx(expected)
    assert plan.gap == 0


def test_a_corner_walled_off_with_too_few_people_joins_across_the_wall_and_says_so() -> None:
    walls = dict.fromkeys(pairs((1, 5), (2, 6), (2, 3)), "wall")
    city, units, borders = ground(BLOCK, 1, walls)
    plan, codes = drawn(city, units, borders)
    assert codes["a01"] == codes["a02"]
    assert codes["a01"] in set(codes[["a03", "a05", "a06"]])
    told = plan.violations[plan.violations["grid_codes"].str.contains(codes["a01"])]
    assert set(told["class"]) == {"information"}
    assert len(told)


def test_units_that_meet_at_a_corner_are_no_neighbours() -> None:
    city, units, borders = ground(CORNERS, 1)
    _, codes = drawn(city, units, borders)
    graph = ways(units, borders)
    parts = [set(part) for part in nx.connected_components(graph)]
    assert len(parts) == 2
    assert all(any(set(codes.index[codes == code]) <= part for part in parts) for code in set(codes))


def test_a_seam_draws_the_border_to_itself() -> None:
    """Equal households: down the middle or across, the same border; only where the seam lies is it cheaper."""
    square = "a a a a\na a a a\na a a a\na a a a"
    city = town(square, 50, rules=RULES)
    units = units_of(city)
    borders = borders_of(units)
    for seam, sides in (
        ("down", [(2, 3), (6, 7), (10, 11), (14, 15)]),
        ("across", [(5, 9), (6, 10), (7, 11), (8, 12)]),
    ):
        marked = borders.assign(kind="open")
        for pair in pairs(*sides):
            a, b = pair.split()
            marked.loc[(marked["unit_a"] == a) & (marked["unit_b"] == b), "kind"] = "seam"
        _, codes = drawn(city, units, marked)
        assert (codes["a01"] == codes["a04"]) == (seam == "across")


def test_an_island_too_small_for_a_grid_joins_the_shore_and_says_so() -> None:
    city = town("a a a a a .\na a a a . a", rules=RULES)
    units = uneven(1, units_of(city))
    units.loc["a06", "households"] = 40.0
    plan, codes = drawn(city, units, borders_of(units))
    lonely = "a10"
    assert (codes == codes[lonely]).sum() > 1
    rows = plan.violations[plan.violations["rule"] == "connected"]
    assert len(rows)
    assert codes[lonely] in rows.iloc[0]["grid_codes"]
