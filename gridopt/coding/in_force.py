"""What of today's grids goes on: the codes that are kept, and with a code the name that people gave its grid."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from gridopt.coding.names import read_ordinal
from gridopt.coding.parents import keeps_codes
from gridopt.grids.plan import Plan
from gridopt.read.names import administrative


def borne_today(plan: Plan) -> dict[str, str]:
    """The present codes of the plan's grids that are those of today's grids."""
    today = plan.city.current_grids
    if today is None or "grid_code" not in today or not keeps_codes(plan.city):
        return {}
    return {code: code for code in plan.grids.index.intersection(pd.Index(today["grid_code"].astype(str)))}


def with_names_in_force(plan: Plan, names: pd.Series, codes: Iterable[str]) -> pd.Series:
    """Names by grid, those of today's grids for the grids that go on under their codes.

    Only a name of its own goes on: one made of the community and a number says no more than the code. A name that
    two grids of a community bear today, or that another grid has now, stays behind.
    """
    own = _own_names(plan)
    owners = plan.grids["community_id"].astype(str)
    kept = pd.Series(
        [
            _own_name(own.get(str(code), ""), str(community))
            for code, community in zip(codes, plan.grids["community"], strict=True)
        ],
        names.index,
        dtype="object",
    )
    both = kept.where(kept != "", names)
    clashing = pd.DataFrame({"owner": owners.to_numpy(), "name": both.to_numpy()}).duplicated(keep=False).to_numpy()
    return pd.Series(kept.where((kept != "") & ~clashing, names), names.index, dtype="str")


def _own_names(plan: Plan) -> dict[str, str]:
    """The names of today's grids by code, where codes go on and names are known."""
    today = plan.city.current_grids
    if today is None or "grid_code" not in today or "name" not in today or not keeps_codes(plan.city):
        return {}
    known = today[["grid_code", "name"]].fillna("").astype(str).drop_duplicates()
    known = known[~known["grid_code"].duplicated(keep=False)]
    return {code: name.strip() for code, name in known.itertuples(index=False) if name.strip() not in ("", code)}


def _own_name(name: str, community: str) -> str:
    """The name, "" where it only numbers the grid, by itself or behind its community's name."""
    found = read_ordinal(name)
    counts = found is not None and (not found[0] or administrative(found[0]).is_same(administrative(community)))
    return "" if counts else name
