"""Numbers and names that people decided: they come first, and the other grids are numbered around them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gridopt.coding.names import read_ordinal
from gridopt.grids.plan import Plan


def around_decided(plan: Plan, sequence: pd.Series, in_force: pd.Series, used: Mapping[str, int]) -> pd.Series:
    """Sequence numbers by grid with the decided ones in their place.

    In a community where nothing is decided all stay. Elsewhere the other grids keep their order and take the
    numbers that are left, from 1, or past all that are ``in_force`` or ``used`` (by community) where some are; a
    number that a decided name spells out ("第三网格") goes to no other grid. A number that is ``in_force`` stays,
    unless a decision gives it to another grid.
    """
    names = _by_grid(plan, "names")
    numbers = {code: int(number) for code, number in _by_grid(plan, "numbers").items()}
    spelled = {code: read_ordinal(name) for code, name in names.items()}
    owners = plan.grids["community_id"]
    decided = owners[owners.index.isin([*numbers, *names])].unique()
    result = sequence.copy()
    for community in decided:
        inside = sequence[owners == community].sort_values()
        fixed = {code: numbers[code] for code in inside.index if code in numbers}
        taken = set(fixed.values()) | {found[1] for code in inside.index if (found := spelled.get(code)) is not None}
        held = {code: int(in_force[code]) for code in inside.index if code in in_force.index} if len(in_force) else {}
        held = {code: number for code, number in held.items() if number not in taken}
        taken |= set(held.values())
        start = max([used.get(str(community), 0), *held.values()])
        free = (number for number in range(start + 1, start + len(inside) + len(taken) + 1) if number not in taken)
        for code in inside.index:
            found = spelled.get(code)
            own = found[1] if found is not None and found[1] not in fixed.values() else 0
            result[code] = fixed.get(code) or own or held.get(code) or next(free)
    return result


def with_decided_names(plan: Plan, names: pd.Series) -> pd.Series:
    """Names by grid with the decided ones in their place."""
    decided = _by_grid(plan, "names")
    return pd.Series([decided.get(str(code), name) for code, name in names.items()], names.index, dtype="str")


def _by_grid(plan: Plan, what: str) -> dict[str, str]:
    """What is decided of each grid, from the units that it was decided by."""
    decided = plan.details.get("decided", {}).get(what, {})
    grids = plan.units["grid_code"]
    return {str(grids[unit]): str(value) for unit, value in decided.items() if unit in grids.index}
