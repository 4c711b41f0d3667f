"""What people call a place: from the words of a decision to units, and to today's grids."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import geopandas as gpd
import pandas as pd

from gridopt.city import City
from gridopt.coding.names import read_ordinal
from gridopt.coding.parents import template_of
from gridopt.grids.buildings import building_table
from gridopt.plan.matching import match_polygons
from gridopt.read.decisions import plain_text, words_of
from gridopt.read.numbers import read_number

GROUPS = ("estates", "groups", "dedicated")
_TAIL = re.compile(r"(社区|社區|居委会|村委会|村|里)$")


@dataclass(frozen=True)
class Found:
    """What words stand for: ``units`` by id, ``grid`` the current grid if they name one.

    ``several`` lists the places where they could be any of these, ``missing`` the words that nothing bears.
    """

    units: tuple[str, ...] = ()
    grid: str = ""
    several: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Places:
    """The names that a city's units, buildings, estates and current grids go by."""

    city: City
    units: gpd.GeoDataFrame

    def find(self, text: str, community: str = "") -> Found:
        """The units of an object; several objects stand with ";" between. ``community`` narrows the search."""
        parts = [self._one(part, community) for part in words_of(text)]
        return Found(
            tuple(sorted({unit for part in parts for unit in part.units})),
            parts[0].grid if len(parts) == 1 else "",
            tuple(name for part in parts for name in part.several),
            tuple(word for part in parts for word in part.missing),
        )

    def community(self, text: str) -> str:
        """The id of a community by id or name, "" where no community, or more than one, is called so."""
        communities = self.city.communities
        if text in communities.index:
            return text
        plain = plain_text(text)
        names = communities["community"].map(plain_text)
        for called in (names == plain, names.map(_short) == _short(plain)):
            if plain and called.sum() == 1:
                return str(communities.index[called][0])
        return ""

    def current(self, text: str, community: str = "") -> tuple[str, ...]:
        """The current grids of that code, id, name or ordinal ("三网格"), in the community if one is given."""
        table = self.grids
        if not len(table):
            return ()
        inside = table[(table["community_id"] == community) | (community == "")]
        plain = plain_text(text)
        for column in ("code", "id", "name"):
            if len(found := inside.index[inside[column] == plain]):
                return tuple(found)
        ordinal = read_ordinal(text)
        if ordinal is None:
            return ()
        scope = community or (self.community(ordinal[0]) if ordinal[0] else "")
        if ordinal[0] and self.community(ordinal[0]) != scope:
            return ()
        inside = table[(table["community_id"] == scope) | (scope == "")]
        named = inside["name"].map(lambda name: (read_ordinal(name) or ("", 0))[1]) == ordinal[1]
        numbered = inside["number"] == ordinal[1]
        return tuple(inside.index[named] if named.any() else inside.index[numbered])

    def units_of(self, grid: str) -> tuple[str, ...]:
        """The units of a current grid."""
        return tuple(self.drawn.index[self.drawn == grid])

    def heart(self, grid: str) -> list[str]:
        """The units of a current grid, nearest to the centre of its people first."""
        inside = self.units.loc[list(self.units_of(grid))]
        points = inside.geometry.representative_point()
        weights = inside["households"].fillna(0).to_numpy(float)
        weights = weights if weights.sum() > 0 else inside.area.to_numpy()
        x, y = points.x.to_numpy(), points.y.to_numpy()
        away = (x - (weights @ x) / weights.sum()) ** 2 + (y - (weights @ y) / weights.sum()) ** 2
        return [str(unit) for _, unit in sorted(zip(away.round(3), inside.index, strict=True))]

    def nearest(self, text: str) -> str:
        """The name that is most like the text, "" where none is."""
        known = [*self.buildings["estate"], *self.buildings["name"], *self.grids["name"], *self._groups["name"]]
        return next(iter(get_close_matches(text, sorted({name for name in known if name}), 1)), "")

    @cached_property
    def buildings(self) -> pd.DataFrame:
        """Every building with ``name``, ``estate``, ``labels`` (its numbers, "、" around each), unit and community."""
        table = pd.DataFrame(building_table(self.city, self.units).drop(columns="geometry"))
        read = [
            read_number(text) or read_number(name) for text, name in zip(table["number"], table["name"], strict=True)
        ]
        heads = [one.head if one is not None else "" for one in read]
        estates = table["estate"].map(plain_text)
        return table.assign(
            name=table["name"].map(plain_text),
            labels=[f"、{'、'.join(one.labels)}、" if one is not None else "" for one in read],
            estate=estates.where(estates != "", pd.Series(heads, table.index, dtype="str")),
        )

    @cached_property
    def drawn(self) -> pd.Series:
        """The current grid of each unit, "" for those in none."""
        current = self.city.current_grids
        if current is None:
            return pd.Series("", self.units.index, dtype="str")
        match = match_polygons(self.city, self.units, current.set_axis(current.index.astype(str)))
        return match.drawn.where(~match.drawn.index.isin(match.blank), "")

    @cached_property
    def grids(self) -> pd.DataFrame:
        """Current grids by id: ``id, code, name, community_id`` (that of most of its units), ``number`` (0: none)."""
        held = self.drawn[self.drawn != ""]
        owners = self.units["community_id"].reindex(held.index).groupby(held.to_numpy()).agg(_commonest)
        if not len(owners):
            return pd.DataFrame(
                {name: pd.Series(dtype="str") for name in ("id", "code", "name", "community_id", "number")}
            )
        given = self.city.current_grids.set_axis(self.city.current_grids.index.astype(str)).reindex(owners.index)
        template = template_of(self.city)
        codes = given["grid_code"].fillna("") if "grid_code" in given else pd.Series("", owners.index)
        names = given["name"].fillna("").map(plain_text) if "name" in given else pd.Series("", owners.index)
        numbers = [
            template.number(code) or 0 if template.is_code_of(code, owner) else 0
            for code, owner in zip(codes, owners, strict=True)
        ]
        facts = {"id": owners.index, "code": codes, "name": names, "community_id": owners, "number": numbers}
        return pd.DataFrame(facts, index=owners.index)

    @cached_property
    def _groups(self) -> pd.DataFrame:
        """Estates, villagers' groups and institutions by id: the ``column`` of units that holds them, and ``name``."""
        tables = [
            pd.DataFrame({"name": layer["name"].fillna("").map(plain_text), "column": column})
            for name, column in zip(GROUPS, ("keep_whole", "keep_whole", "dedicated"), strict=True)
            if (layer := self.city.layer(name)) is not None and "name" in layer
        ]
        return pd.concat(tables) if tables else pd.DataFrame({"name": [], "column": []}, dtype="str")

    def _one(self, text: str, community: str) -> Found:
        """One object: the first kind of place that bears these words."""
        ways: Sequence[Callable[[str, str], Found | None]] = (
            self._unit, self._building, self._grid, self._group, self._numbered,
        )  # fmt: skip
        return next((found for way in ways if (found := way(text, community)) is not None), Found(missing=(text,)))

    def _unit(self, text: str, _: str) -> Found | None:
        return Found((text,)) if text in self.units.index else None

    def _building(self, text: str, community: str) -> Found | None:
        table = self.buildings
        if text in table.index:
            return Found((str(table.loc[text, "unit_id"]),))
        named = self._inside(table[table["name"] == plain_text(text)], community)
        return self._distinct(named) if len(named) else None

    def _grid(self, text: str, community: str) -> Found | None:
        found = self.current(text, community)
        if len(found) == 1:
            return Found(self.units_of(found[0]), found[0])
        return Found(several=found) if found else None

    def _group(self, text: str, community: str) -> Found | None:
        """The units of an estate, villagers' group or institution, by layer or by the buildings that name it."""
        plain = plain_text(text)
        groups = self._groups
        ids = [str(one) for one in groups.index[(groups["name"] == plain) | (groups.index == text)]]
        units = self.units
        marks = {text, *ids}
        held = units[units["keep_whole"].map(_bare).isin(marks) | units["dedicated"].map(_bare).isin(marks)].index
        named = self._inside(self.buildings[self.buildings["estate"] == plain], community)["unit_id"]
        every = sorted({*held, *named})
        inside = [unit for unit in every if not community or units.loc[unit, "community_id"] == community]
        return Found(tuple(inside)) if inside else None

    def _numbered(self, text: str, community: str) -> Found | None:
        """Buildings by number, "金狮小区5幢" or "5、6幢", each number in one estate only."""
        read = read_number(text)
        if read is None:
            return None
        table = self._inside(self.buildings, community)
        table = table[table["estate"] == read.head] if read.head else table
        units: set[str] = set()
        several, missing = [], []
        for label in read.labels:
            found = table[table["labels"].str.contains(f"、{label}、", regex=False)]
            places = sorted(set(zip(found["community_id"], found["estate"], strict=True)))
            if len(places) > 1:
                several += [f"{read.head}{label} ({estate or owner})" for owner, estate in places]
            elif not places:
                missing.append(f"{read.head}{label}{read.suffix}")
            units |= set(found["unit_id"])
        if len(missing) == len(read.labels):
            return Found(missing=(text,))
        return Found(() if several else tuple(sorted(units)), "", tuple(several), tuple(missing))

    def _inside(self, buildings: pd.DataFrame, community: str) -> pd.DataFrame:
        return buildings[buildings["community_id"] == community] if community else buildings

    def _distinct(self, buildings: pd.DataFrame) -> Found:
        owners = buildings["community_id"]
        if len(set(owners)) > 1:
            return Found(several=tuple(f"{building} ({owner})" for building, owner in owners.items()))
        return Found(tuple(sorted(set(buildings["unit_id"]))))


def _short(name: str) -> str:
    return _TAIL.sub("", name)


def _bare(group: str) -> str:
    """The id of a group without the community that is added where it lies in several."""
    return group.split("@", maxsplit=1)[0]


def _commonest(values: pd.Series) -> str:
    counts = values.value_counts()
    return str(sorted(counts.index[counts == counts.max()])[0])
