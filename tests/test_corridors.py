"""Units far apart that decisions keep together: tied by a corridor where a search alone parts them."""

import numpy as np
import pytest

from gridopt.rules import Rules, Size
from gridopt.solvers.community import Bindings, Community
from gridopt.solvers.corridors import parted, with_corridors
from gridopt.solvers.effort import Effort
from gridopt.solvers.solve import solve
from tests.towns import graph_of, town

TEN_BY_SIX = "\n".join(["a a a a a a a a a a"] * 6)


def community(drawing: str, households, **bound) -> Community:
    graph = graph_of(town(drawing, 100))
    n = graph.n_units
    plain = {"groups": ("",) * n, "dedicated": ("",) * n, "kinds": ("urban",) * n}
    one = Community("c", graph, Rules(size=Size(also={})), Bindings(**{**plain, **bound}))
    weights = np.column_stack([households, graph.weights[:, 1:]])
    object.__setattr__(one, "graph", type(graph)(**{**vars(graph), "weights": weights}))
    return one


def ties(one: Community | None) -> set[tuple[int, int]]:
    assert one is not None
    return set(one.bindings.together)


def test_the_corridor_holds_as_few_people_as_there_can_be() -> None:
    """Straight along the north row there are 90 in all, around by the south row 20."""
    one = community("a a a a\na a a a", [10, 45, 45, 10, 5, 5, 5, 5], together=((0, 3),))
    assert ties(with_corridors(one)) == {(0, 3), (0, 4), (4, 5), (5, 6), (6, 7), (3, 7)}


def test_the_corridor_walks_around_institutions_and_what_must_lie_apart() -> None:
    households = [10, 45, 45, 10, 5, 5, 5, 5]
    campus = ("", "", "", "", "", "campus", "", "")
    for bound in ({"dedicated": campus}, {"apart": ((3, 6),)}):
        one = community("a a a a\na a a a", households, together=((0, 3),), **bound)
        assert ties(with_corridors(one)) == {(0, 3), (0, 1), (1, 2), (2, 3)}


def test_units_that_touch_need_no_corridor_and_no_way_makes_none() -> None:
    assert with_corridors(community("a a a a\na a a a", [10] * 8, together=((0, 1),))) is None
    assert with_corridors(community("a . a", [10] * 2, together=((0, 1),))) is None


@pytest.mark.parametrize("pair", [(0, 27), (20, 28)])
def test_far_units_share_a_grid_within_every_bound(pair) -> None:
    """Eight columns apart, where a grid of the target size is seven units of 50 households."""
    graph = graph_of(town(TEN_BY_SIX, 50))
    rules = Rules(size=Size(also={}))
    one = Community("c", graph, rules, Bindings(("",) * 60, ("",) * 60, ("urban",) * 60, together=(pair,)))
    drawn = solve(graph, rules, bindings=one.bindings, effort=Effort.named("quick"))
    assert parted(one, drawn.partition.labels) == 0
    assert (drawn.partition.n_pieces() == 1).all()
    assert drawn.violations.empty
    assert drawn.bound is None
