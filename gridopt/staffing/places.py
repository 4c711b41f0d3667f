"""Where people are based: the grids, communities, townships and counties of a plan, by code, name and middle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from gridopt.city import City
from gridopt.grids.plan import Plan
from gridopt.staffing.neighbours import Neighbourhood

Floats = NDArray[np.float64]
Place = tuple[str, str]
"""A level (grid, community, township, county, city) and an id."""

LEVELS = ("grid", "community", "township", "county", "city")
CITY: Place = ("city", "")


@dataclass(frozen=True, eq=False)
class Places:
    """The places of a plan: ``ids`` of each level by grid, ``xy`` where each place's people are.

    ``known`` are the places that a text names: by id, by name (several places may have one name), by building.
    """

    ids: Mapping[str, NDArray[np.object_]]
    xy: Mapping[Place, Floats]
    known: Mapping[str, tuple[Place, ...]]

    def of(self, text: str) -> tuple[Place, ...]:
        """The places that a text names; a code that begins with a community's is in that community."""
        found = self.known.get(text, ())
        if found:
            return found
        begun = [("community", one) for one in np.unique(self.ids["community"]) if one and text.startswith(str(one))]
        return tuple(sorted(begun, key=lambda place: -len(place[1]))[:1]) if text.replace("-", "").isalnum() else ()

    def inside(self, place: Place, within: str) -> NDArray[np.bool_]:
        """Which grids somebody based there may serve who must stay ``within`` a community, township and so on."""
        level = LEVELS[max(LEVELS.index(place[0]), LEVELS.index(within))]
        if level == "city":
            return np.ones(len(self.ids["grid"]), bool)
        example = np.flatnonzero(self.ids[place[0]] == place[1])[0]
        return np.asarray(self.ids[level] == self.ids[level][example], bool)


def places(plan: Plan, neighbours: Neighbourhood) -> Places:
    """The places of a plan; each lies at the middle of its people."""
    grids = plan.grids.sort_index()
    n = len(grids)
    ids = {level: grids[f"{level}_id"].astype(str).to_numpy(object) for level in LEVELS[1:-1]}
    ids = {"grid": np.array(neighbours.codes, object), **ids, "city": np.full(n, "", object)}
    homes = grids["households"].to_numpy(np.float64)
    xy: dict[Place, Floats] = {}
    known: dict[str, list[Place]] = {}
    for level in LEVELS:
        for one in np.unique(ids[level]):
            inside = ids[level] == one
            weights = homes * inside if (homes * inside).any() else inside.astype(np.float64)
            xy[level, str(one)] = weights @ neighbours.xy / weights.sum()
            known.setdefault(str(one), []).append((level, str(one)))
    known.pop("", None)
    for name, place in _named(plan):
        if place in xy and place not in known.setdefault(name, []):
            known[name].append(place)
    return Places(
        MappingProxyType(ids), MappingProxyType(xy), MappingProxyType({k: tuple(v) for k, v in known.items()})
    )


def names_of(city: City) -> list[tuple[str, Place]]:
    """Names of communities, townships and counties, each with its place."""
    table = city.communities
    rows = [(str(name), ("community", str(one))) for one, name in table["community"].items()]
    for level in ("township", "county"):
        if level in table:
            rows += [
                (str(name), (level, str(one))) for name, one in zip(table[level], table[f"{level}_id"], strict=True)
            ]
    return [(name.strip(), place) for name, place in rows if name.strip()]


def _named(plan: Plan) -> list[tuple[str, Place]]:
    grids = [(str(name), ("grid", str(code))) for code, name in plan.grids["name"].sort_index().items() if name]
    buildings = plan.buildings["grid_code"].sort_index()
    housed = [(str(one), ("grid", str(code))) for one, code in buildings.items()]
    return [*names_of(plan.city), *grids, *housed, (plan.city.name, CITY)]
