"""Shortage and surplus by place and role, from the grid to the city."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from gridopt.grids.plan import Plan
from gridopt.staffing.places import CITY, LEVELS, Place

TALLY = "level place_id place role role_name employment needed held short people surplus".split()
BASED = "level place_id role role_name employment people surplus".split()
"""People by where they are based: how many, and how many of them without a post."""

NUMBERS = ["needed", "held", "short", "people", "surplus"]

Kind = tuple[str, str, str]
"""Role, its name, employment."""


def based(people: pd.DataFrame) -> pd.DataFrame:
    """People of a roster (`Staffing.people`) counted by where they are based and their role, columns `BASED`."""
    facts = people.assign(people=1, surplus=(people["grid_code"] == "").astype("int64"))
    facts = facts.rename(columns={"base_level": "level", "base_id": "place_id"})
    return facts.groupby(BASED[:5], as_index=False, sort=True)[BASED[5:]].sum()[BASED]


def tally(plan: Plan, posts: pd.DataFrame, people: pd.DataFrame | None) -> pd.DataFrame:
    """One row a place and role: posts needed, held and short, people based there, and those left without a post.

    ``level`` is grid, community, township, county or city. A post for several grids counts from the lowest level
    that holds all of them; people (`based`) count where they are based, and above, those in the whole city whose
    base is no place of the plan; without them only posts are counted.
    """
    above = _above(plan)
    counts: Counter[tuple[Place, Kind, str]] = Counter()
    kinds: dict[Kind, int] = {}
    columns = ["grid_code", "community_id", "township_id", "role", "role_name", "employment", "status"]
    for grid, community, township, *kind, status in posts[columns].itertuples(index=False, name=None):
        first = _first_place(grid, community, township)
        key: Kind = (kind[0], kind[1], kind[2])
        kinds.setdefault(key, len(kinds))
        for place in above[first]:
            counts[place, key, "needed"] += 1
            counts[place, key, "held"] += status == "held"
            counts[place, key, "short"] += status == "vacant"
    if people is not None:
        for level, one, *kind, number, idle in people[BASED].itertuples(index=False, name=None):
            key = (kind[0], kind[1], kind[2])
            kinds.setdefault(key, len(kinds))
            for place in above.get((level, one), (CITY,)):
                counts[place, key, "people"] += number
                counts[place, key, "surplus"] += idle
    rows = {(place, kind) for place, kind, _ in counts}
    ordered = sorted(rows, key=lambda row: (LEVELS.index(row[0][0]), row[0][1], kinds[row[1]]))
    names = _names(plan)
    return pd.DataFrame(
        [
            (*place, names.get(place, ""), *kind, *(counts[place, kind, number] for number in NUMBERS))
            for place, kind in ordered
        ],
        columns=TALLY,
    ).astype({name: "int64" if name in NUMBERS else "str" for name in TALLY})


def _first_place(grid: str, community: str, township: str) -> Place:
    if ";" not in grid:
        return "grid", grid
    return ("community", community) if community else ("township", township)


def _above(plan: Plan) -> Mapping[Place, tuple[Place, ...]]:
    """Every place with itself and those that hold it, up to the city."""
    chains: dict[Place, tuple[Place, ...]] = {CITY: (CITY,)}
    columns = ["community_id", "township_id", "county_id"]
    for code, *parents in plan.grids[columns].sort_index().itertuples(name=None):
        chain = (*zip(LEVELS, map(str, [code, *parents]), strict=False), CITY)
        for i in range(len(chain)):
            chains.setdefault(chain[i], chain[i:])
    return chains


def _names(plan: Plan) -> dict[Place, str]:
    table = plan.city.communities
    names = {("community", str(one)): str(name) for one, name in table["community"].items()}
    names |= {("grid", str(code)): str(name) for code, name in plan.grids["name"].items()}
    for level in ("township", "county"):
        if level in table:
            names |= {
                (level, str(one)): str(name) for one, name in zip(table[f"{level}_id"], table[level], strict=True)
            }
    return {**names, CITY: plan.city.name}
