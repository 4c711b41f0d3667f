"""Sequence numbers: those in force as they are, new ones past all ever used, the rest in scan order."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gridopt.coding.decided import around_decided
from gridopt.coding.templates import Template
from gridopt.grids.plan import Plan


def retired_codes(codes: pd.DataFrame) -> pd.DataFrame:
    """The rows of a register of codes that were given up: those with an end date or a successor."""
    table = codes.reset_index() if codes.index.name == "grid_code" else codes
    ended = [(table[name].fillna("").astype(str) != "").to_numpy(bool) for name in ("valid_to", "successor")]
    return table[ended[0] | ended[1]].reset_index(drop=True)


def numbered(
    plan: Plan, scanned: pd.Series, template: Template, *, in_force: Mapping[str, str], retired: pd.DataFrame
) -> pd.Series:
    """The sequence number of every grid, from its number in scan order, the codes in force and those retired."""
    owners = plan.grids["community_id"]
    used = _used(retired["grid_code"], template, owners.unique())
    kept = _in_force(owners, in_force, template, set(retired["grid_code"]))
    sequence = scanned.copy()
    for community, inside in scanned.groupby(owners):
        held = kept.reindex(inside.index).dropna().astype("int64")
        taken = used.get(str(community), 0)
        rest = inside[~inside.index.isin(held.index)].sort_values()
        if len(held) or taken:
            start = max([taken, *held.tolist()])
            sequence[rest.index] = range(start + 1, start + 1 + len(rest))
            sequence[held.index] = held
        elif len(inside) == 1:
            sequence[inside.index] = template.sole
    return around_decided(plan, sequence, kept, used)


def _in_force(owners: pd.Series, in_force: Mapping[str, str], template: Template, retired: set[str]) -> pd.Series:
    """The numbers of the grids whose code in force is well formed, of their community, alone, and not retired.

    A number 0 is that of a community that is not split.
    """
    sole = ~owners.duplicated(keep=False)
    codes = {grid: in_force[grid] for grid in owners.index if grid in in_force}
    seen = pd.Series(codes, dtype="str")
    repeated = set(seen[seen.duplicated()])
    return pd.Series(
        {
            grid: template.number(code)
            for grid, code in codes.items()
            if code not in repeated and code not in retired and template.is_code_of(code, owners[grid])
            if template.number(code) or sole[grid]
        },
        dtype="float64",
    )


def _used(codes: pd.Series, template: Template, communities: pd.Series) -> dict[str, int]:
    """The highest number among retired codes, by community."""
    highest: dict[str, int] = {}
    if not len(codes):
        return highest
    owners = {template.stem(template.code(one, 1)): str(one) for one in communities}
    for code in codes.astype(str):
        community, number = owners.get(template.stem(code)), template.number(code)
        if community is not None and number is not None:
            highest[community] = max(highest.get(community, 0), number)
    return highest
