"""Grids that are told in words, laid on the buildings that the words name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

import geopandas as gpd
import pandas as pd
import shapely

from gridopt.errors import TableError
from gridopt.holders import home_ids
from gridopt.read.building_names import places
from gridopt.read.descriptions import Item, read_description
from gridopt.read.findings import Findings
from gridopt.read.names import administrative, alike

AREAS = ("estates", "groups", "dedicated")
"""Layers of polygons whose names a description may give instead of buildings."""

POINT_SIZE = 1.0
"""Radius in metres of the disc that stands for a building that is only a point."""

BUILDINGS = ["grid", "also", "how"]
DOUBTS = ["row", "words", "reason"]
_EXACT, _RANGE, _WHOLE = 2, 1, 0
_HOW = {_EXACT: "number", _RANGE: "range", _WHOLE: "whole"}


@dataclass(frozen=True, eq=False)
class Described:
    """What descriptions of grids come to.

    ``buildings``, indexed by building id: ``grid`` (id of the row, "" for none), ``also`` (other rows that name the
    building, ``;`` between) and ``how``: by its own "number", in a "range", or as part of a "whole".
    ``doubts``, one a phrase that could not be laid on buildings: ``row, words, reason``. ``areas`` are polygons named
    as a whole that hold no named building, by row.
    """

    buildings: pd.DataFrame
    doubts: pd.DataFrame
    areas: Mapping[str, tuple[shapely.Geometry, ...]] = field(default_factory=dict)

    def __deepcopy__(self, _: object) -> Described:
        return self

    @property
    def twice(self) -> pd.Index:
        """Buildings that several rows name with the same right: they are in no grid until one lets go."""
        return self.buildings.index[(self.buildings["grid"] == "") & (self.buildings["also"] != "")]

    @property
    def none(self) -> pd.Index:
        """Buildings that no row names."""
        return self.buildings.index[(self.buildings["grid"] == "") & (self.buildings["also"] == "")]


def describe(
    rows: pd.DataFrame,
    buildings: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    *,
    areas: Mapping[str, gpd.GeoDataFrame] | None = None,
    lang: str = "en",
) -> Described:
    """Lay descriptions on buildings: the grid of each building, what is doubtful, what is named twice or never.

    ``rows`` is indexed by id, with ``scope`` (`read_description`) and ``community``: an id or name, "" where the
    words are sought in the whole city, but never in two townships at once. ``buildings`` needs an index of ids,
    ``name, number, estate`` and a geometry in the CRS of the communities; ``areas`` are named polygons by layer. A
    building that several rows name goes to the one that names its very number, then to the one whose range holds it,
    then to the one that names its whole estate or street; between equals to none.
    """
    register = _Register(buildings.sort_index(), communities, dict(areas or {}))
    claims: dict[int, dict[str, int]] = defaultdict(dict)
    doubts: list[tuple[str, str, str]] = []
    held: dict[str, tuple[shapely.Geometry, ...]] = {}
    for row, scope, community in rows[["scope", "community"]].sort_index().itertuples():
        reading = _Reading(register, str(community))
        shapes: list[shapely.Geometry] = []
        for item in read_description(str(scope)):
            found, why = reading.find(item)
            for position, strength in found:
                claims[position][str(row)] = max(strength, claims[position].get(str(row), 0))
            if why == "area":
                shapes += register.polygons(item.place)
            elif why:
                nearest = register.nearest(item.place) if why == "place" else ""
                doubts.append((str(row), item.text, _REASONS[why][lang == "zh"].format(nearest=nearest)))
        if not str(scope).strip():
            doubts.append((str(row), "", _REASONS["empty"][lang == "zh"]))
        held[str(row)] = tuple(shapes)
    settled = [_settled(claims.get(position, {})) for position in range(len(register.buildings))]
    table = pd.DataFrame(settled, columns=BUILDINGS, index=register.buildings.index, dtype="str")
    return Described(table, pd.DataFrame(doubts, columns=DOUBTS, dtype="str"), held)


def described_grids(
    rows: pd.DataFrame, layers: Mapping[str, pd.DataFrame], communities: gpd.GeoDataFrame, findings: Findings
) -> gpd.GeoDataFrame:
    """Rows of descriptions as current grids: each with the footprints of its buildings for a shape.

    ``attrs["described"]`` keeps the `Described`; what is doubtful, named twice or never is on record. Raises a
    `TableError` without a buildings layer, or where no row names any building.
    """
    buildings = layers.get("buildings")
    if buildings is None:
        raise TableError(
            "[layers.current_grids] describes grids by their buildings; add [layers.buildings] with name, number, "
            "estate.",
            zh="[layers.current_grids] 以楼栋描述网格；请添加含名称、楼号、小区的 [layers.buildings]。",
        )
    areas = {name: layers[name] for name in AREAS if name in layers}
    told = rows if "community" in rows else rows.assign(community="")
    found = describe(told, buildings, communities, areas=areas)
    footprints = buildings.geometry.reindex(found.buildings.index)
    shapes = []
    for row in rows.index:
        own = footprints[found.buildings["grid"] == row].to_numpy()
        parts = [shape if shape.area > 0 else shape.buffer(POINT_SIZE) for shape in own]
        shapes.append(shapely.union_all([*parts, *found.areas.get(str(row), ())]))
    if all(shape.is_empty for shape in shapes):
        raise TableError(
            "none of the descriptions in [layers.current_grids] names a building of the city; check the columns name, "
            "number and estate of [layers.buildings].",
            zh="[layers.current_grids] 的描述没有对应到任何楼栋；请检查 [layers.buildings] 的名称、楼号、小区列。",
        )
    findings.repair("described_doubtful", sorted(set(found.doubts["row"])), n=len(found.doubts))
    findings.repair("described_twice", found.twice)
    findings.repair("described_none", found.none)
    table = gpd.GeoDataFrame(rows.assign(described=True), geometry=shapes, crs=communities.crs)
    table.attrs["described"] = found
    return table


def _settled(claims: Mapping[str, int]) -> tuple[str, str, str]:
    """The row that a building goes to, the others that name it, and how."""
    if not claims:
        return "", "", ""
    most = max(claims.values())
    best = sorted(row for row, strength in claims.items() if strength == most)
    grid = best[0] if len(best) == 1 else ""
    return grid, ";".join(sorted(row for row in claims if row != grid)), _HOW[most] if grid else ""


@dataclass(frozen=True, eq=False)
class _Register:
    """The buildings and named polygons of a city, to be found by name."""

    buildings: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    areas: Mapping[str, gpd.GeoDataFrame]

    @cached_property
    def called(self) -> pd.DataFrame:
        """``place, labels, suffix, name`` of every building as `places` reads them, names made alike."""
        plain = pd.DataFrame(
            {
                key: self.buildings[key].fillna("") if key in self.buildings else ""
                for key in ("name", "number", "estate")
            },
            index=self.buildings.index,
        )
        plain["estate"] = plain["estate"].where(plain["estate"] != "", self._around)
        table = places(plain)
        return table.assign(place=table["place"].map(alike), name=table["name"].map(alike))

    @cached_property
    def numbers(self) -> list[tuple[tuple[str, ...], str]]:
        """The labels and the measure word of each building."""
        return list(zip(self.called["labels"], self.called["suffix"], strict=True))

    @cached_property
    def points(self) -> list[shapely.Geometry]:
        return list(shapely.point_on_surface(self.buildings.geometry.to_numpy()))

    @cached_property
    def _around(self) -> pd.Series:
        """Name of the estate polygon around each building, "" for none."""
        estates = self.areas.get("estates")
        if estates is None:
            return pd.Series("", self.buildings.index, dtype="str")
        return home_ids(self.buildings.geometry, estates).map(estates["name"]).fillna("").astype("str")

    @cached_property
    def homes(self) -> list[str]:
        """The community that each building stands in, "" for none."""
        return home_ids(self.buildings.geometry, self.communities).tolist()

    @cached_property
    def townships(self) -> list[str]:
        known = self.communities["township_id"].to_dict()
        return [str(known.get(home, "")) for home in self.homes]

    @cached_property
    def by_place(self) -> Mapping[str, tuple[int, ...]]:
        return _positions(self.called["place"])

    @cached_property
    def by_name(self) -> Mapping[str, tuple[int, ...]]:
        return _positions(self.called["name"])

    @cached_property
    def communities_called(self) -> Mapping[str, tuple[str, ...]]:
        held: dict[str, list[str]] = defaultdict(list)
        for one, name in self.communities["community"].items():
            held[str(one)].append(str(one))
            for form in {str(name), administrative(str(name)).whole, administrative(str(name)).core}:
                held[form].append(str(one))
        return {form: tuple(dict.fromkeys(ids)) for form, ids in held.items()}

    def polygons(self, place: str) -> list[shapely.Geometry]:
        """The polygons of that name."""
        key = alike(place)
        return [
            shape
            for name in AREAS
            if name in self.areas
            for called, shape in zip(self.areas[name]["name"], self.areas[name].geometry, strict=True)
            if key and alike(str(called)) == key and shape.area > 0
        ]

    def nearest(self, place: str) -> str:
        """The place whose name is most alike, "" where none is."""
        return next(iter(get_close_matches(alike(place), sorted({*self.by_place, *self.by_name}), 1)), "")


@dataclass(frozen=True)
class _Reading:
    """One row's words laid on the buildings of its community, or of the city where it names none."""

    register: _Register
    community: str

    def find(self, item: Item) -> tuple[list[tuple[int, int]], str]:
        """Positions and strengths of the buildings that an item names, and why none or not all ("" if all)."""
        if item.kind in ("bounds", "vague"):
            return [], "vague" if item.kind == "vague" else ""
        homes = self._homes
        if homes is None:
            return [], "community"
        whole = self._inside(self._called(item.text)) if item.kind == "numbers" and item.first == item.last else []
        if whole:
            return [(position, _WHOLE) for position in whole], ""
        known = self._called(item.place)
        inside = self._inside(known)
        if not inside:
            has_area = item.kind == "whole" and self.register.polygons(item.place)
            return [], "area" if has_area else "elsewhere" if known else "place"
        if not homes and len({self.register.townships[position] for position in inside}) > 1:
            return [], "townships"
        found = [
            (position, strength) for position in inside if (strength := self._strength(item, position)) is not None
        ]
        return found, "" if found else "numbers"

    @cached_property
    def _homes(self) -> tuple[str, ...] | None:
        """The community meant, () for any, None where the name is unknown or stands for several."""
        if not self.community:
            return ()
        known = self.register.communities_called
        name = administrative(self.community)
        for form in (self.community, name.whole, name.core):
            if form in known:
                return known[form] if len(known[form]) == 1 else None
        return None

    def _called(self, place: str) -> list[int]:
        key = alike(place)
        return sorted({*self.register.by_place.get(key, ()), *self.register.by_name.get(key, ())}) if key else []

    def _inside(self, positions: Iterable[int]) -> list[int]:
        return [one for one in positions if not self._homes or self.register.homes[one] in self._homes]

    def _strength(self, item: Item, position: int) -> int | None:
        """How surely an item names a building, None where it does not."""
        labels, suffix = self.register.numbers[position]
        if item.kind == "whole":
            is_out = any(one.holds(label) for one in item.but for label in labels)
            return None if is_out else _WHOLE
        if item.kind == "side":
            return _RANGE if labels and item.on_side(_first_number(labels[0])) else None
        if suffix and item.suffix and _family(suffix) != _family(item.suffix):
            return None
        held = [label for label in labels if item.holds(label)]
        if not held:
            return None
        return _EXACT if any(label.isdigit() or label in (item.first, item.last) for label in held) else _RANGE


def _first_number(label: str) -> int:
    return int("".join(sign if sign.isdigit() else " " for sign in label).split()[0])


def _family(suffix: str) -> str:
    """House numbers of a street, or blocks: two kinds that number the same place apart."""
    return "号" if suffix == "号" else "幢"


def _positions(names: pd.Series) -> dict[str, tuple[int, ...]]:
    held: dict[str, list[int]] = defaultdict(list)
    for position, name in enumerate(names):
        if name:
            held[name].append(position)
    return {name: tuple(positions) for name, positions in held.items()}


_REASONS = {
    "place": ("no place of this name; most alike: {nearest}", "没有此地名；最相近：{nearest}"),
    "elsewhere": ("the place lies in another community", "该地名不在本村（社区）内"),
    "townships": (
        "the place lies in several townships: name the community",
        "多个乡镇（街道）有此地名：请写明村（社区）",
    ),
    "community": ("the community is unknown or stands for several", "村（社区）名称未知或有重名"),
    "numbers": ("no building there has such a number", "该处没有此楼号"),
    "vague": ("tells of buildings without naming them", "未指明是哪些楼栋"),
    "empty": ("there is no description", "没有描述"),
}
