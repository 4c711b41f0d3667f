"""How many grids, and what a community falls into before any search."""

import numpy as np
import pytest

from gridopt.graph import UnitGraph
from gridopt.rules import Rules
from gridopt.solvers.community import Bindings, Community, exempt_grids
from gridopt.solvers.contraction import contract, renumbered
from gridopt.solvers.numbers import candidates
from gridopt.solvers.pieces import take_apart

LOW, HIGH = np.array([300.0, 0.0]), np.array([500.0, 2500.0])


@pytest.mark.parametrize(
    ("households", "residents", "expected"),
    [
        (1050, 2600, [3]),
        (1400, 3500, [4, 3]),
        (700, 1700, [2]),
        (300, 800, [1]),
        (1200, 8000, [4]),
        (2100, 5000, [6, 5, 7]),
    ],
)
def test_admissible_numbers_come_nearest_to_the_target_first(households, residents, expected) -> None:
    assert candidates(np.array([households, residents]), LOW, HIGH, target=350, most=50) == expected


@pytest.mark.parametrize(("households", "expected"), [(520, 1), (549, 1), (551, 2), (599, 2), (120, 1), (0, 1)])
def test_a_total_that_fits_no_number_takes_the_smaller_excess(households, expected) -> None:
    assert candidates(np.array([households, 0.0]), LOW, HIGH, target=350, most=50) == [expected]


def line(households, *, groups=None, dedicated=None, walls=(), rules=None) -> Community:
    """Units in a row, each touching the next with 100 m; ``walls`` are the joints that a wall closes."""
    n = len(households)
    joints = [(i, i + 1) for i in range(n - 1)]
    graph = UnitGraph.from_arrays(
        np.column_stack([households, 2.5 * np.array(households, float)]),
        [joint for i, joint in enumerate(joints) if i not in walls],
        xy=[(100.0 * i, 0.0) for i in range(n)],
        border=[100.0] * (n - 1 - len(walls)),
        walls=([joints[i] for i in walls], [100.0] * len(walls)),
        measures=("households", "residents"),
    )
    none = ("",) * n
    return Community("c", graph, rules or Rules(), Bindings(groups or none, dedicated or none, ("urban",) * n))


def shown(community: Community) -> list[tuple[str, list[int]]]:
    return [(piece.role, piece.units.tolist()) for piece in take_apart(community)]


def test_a_plain_community_is_one_piece() -> None:
    assert shown(line([200] * 6)) == [("free", [0, 1, 2, 3, 4, 5])]


def test_a_community_below_low_is_one_grid_even_in_two_parts() -> None:
    assert shown(line([100, 100], walls=(0,))) == [("alone", [0, 1])]


def test_a_unit_above_high_stands_alone_and_parts_the_rest() -> None:
    assert shown(line([200, 200, 900, 200, 200])) == [("free", [0, 1]), ("alone", [2]), ("free", [3, 4])]


def test_a_piece_that_only_an_oversized_unit_touches_joins_it_when_it_is_below_low() -> None:
    assert shown(line([100, 900, 200, 200])) == [("alone", [0, 1]), ("free", [2, 3])]


def test_an_inhabited_piece_between_two_oversized_units_stays_by_itself() -> None:
    assert shown(line([900, 100, 900])) == [("alone", [0]), ("free", [1]), ("alone", [2])]


def test_empty_land_between_two_oversized_units_goes_to_one_of_them() -> None:
    assert shown(line([900, 0, 900])) == [("alone", [0, 1]), ("alone", [2])]


def test_an_institution_stands_alone_whatever_its_size() -> None:
    community = line([200, 200, 20, 200, 200], dedicated=("", "", "大学", "", ""))
    assert shown(community) == [("free", [0, 1]), ("alone", [2]), ("free", [3, 4])]


def test_a_piece_behind_a_wall_with_enough_people_is_drawn_by_itself() -> None:
    assert shown(line([200, 200, 200, 200], walls=(1,))) == [("free", [0, 1]), ("free", [2, 3])]


def test_a_piece_behind_a_wall_with_too_few_people_is_bound_to_its_neighbour_across() -> None:
    pieces = take_apart(line([200, 200, 100, 50], walls=(1,)))
    assert [piece.units.tolist() for piece in pieces] == [[0, 1, 2, 3]]
    assert pieces[0].groups.tolist() == [0, 1, 1, 1]


def test_an_estate_that_fits_stays_whole() -> None:
    pieces = take_apart(line([150, 150, 150, 200], groups=("", "金狮小区", "金狮小区", "")))
    assert [piece.groups.tolist() for piece in pieces] == [[0, 1, 1, 2]]


def test_an_estate_up_to_the_stretched_limit_stands_alone_and_whole() -> None:
    assert shown(line([300, 280, 280, 300], groups=("", "g", "g", ""))) == [
        ("free", [0]),
        ("alone", [1, 2]),
        ("free", [3]),
    ]


def test_an_estate_above_the_stretched_limit_is_split_by_itself() -> None:
    assert shown(line([300, 400, 412, 300], groups=("", "g", "g", ""))) == [
        ("free", [0]),
        ("split", [1, 2]),
        ("free", [3]),
    ]


def test_every_unit_lies_in_exactly_one_piece() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        n = int(rng.integers(2, 14))
        names = tuple(str(rng.choice(["", "g", "h"])) for _ in range(n))
        own = tuple(str(rng.choice(["", "", "", "d"])) for _ in range(n))
        walls = tuple(i for i in range(n - 1) if rng.random() < 0.2)
        community = line(rng.choice([0, 50, 200, 700], n), groups=names, dedicated=own, walls=walls)
        units = np.concatenate([piece.units for piece in take_apart(community)])
        assert sorted(units.tolist()) == list(range(n))


def test_dedicated_and_oversized_grids_are_exempt_from_the_size_term() -> None:
    community = line([200, 200, 900, 20], dedicated=("", "", "", "d"))
    assert exempt_grids(community, np.array([0, 0, 1, 2])).tolist() == [False, True, True]


def test_contraction_sums_weights_and_keeps_the_centroid_of_mass() -> None:
    merged = contract(line([100, 300, 50]).graph, np.array([0, 0, 1], np.int32))
    assert merged.weights[:, 0].tolist() == [400, 50]
    assert merged.xy[0].tolist() == [75, 0]
    assert merged.edges.tolist() == [[0, 1]]


def test_groups_are_renumbered_by_first_unit() -> None:
    assert renumbered(np.array([7, 3, 7, 0])).tolist() == [0, 1, 0, 2]
