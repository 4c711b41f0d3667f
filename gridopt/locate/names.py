"""Places of a plan by what they are called: buildings by id and address, communities by code and name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import pandas as pd

from gridopt.errors import preview
from gridopt.grids.plan import Plan
from gridopt.locate.former import Former, FormerNames
from gridopt.read.addresses import parse_address
from gridopt.read.names import administrative, alike, building_name


@dataclass(frozen=True)
class Answer:
    """What became of a name: the ``place`` it stands for, or "" with a ``reason`` and its ``values``.

    ``carried`` says how a crosswalk led there from a former code or name.
    """

    place: str = ""
    reason: str = ""
    values: tuple[str, ...] = ()
    carried: str = ""


class Buildings:
    """The buildings of a plan by the ids and addresses that rows may give."""

    def __init__(self, plan: Plan) -> None:
        buildings = plan.buildings
        self.community_of_grid = {str(code): str(home) for code, home in plan.grids["community_id"].items()}
        self.grid_of = dict(zip(buildings.index.astype(str), buildings["grid_code"].astype(str), strict=True))
        self.community_of = dict(zip(buildings.index.astype(str), buildings["community_id"].astype(str), strict=True))
        self._by_key: dict[str, list[str]] = {}
        self._by_estate: dict[str, list[str]] = {}
        words = [buildings[name] if name in buildings else pd.Series("", buildings.index) for name in _WORDS]
        for one, *texts in zip(buildings.index.astype(str), *words, strict=True):
            estate, number, name, address = map(str, texts)
            for key in _building_keys(estate, number, name, address):
                self._by_key.setdefault(key, []).append(one)
            if estate:
                self._by_estate.setdefault(alike(estate), []).append(one)

    def find(self, text: str, community: str = "") -> tuple[Answer, str]:
        """The grid of an address, and the rule that gave it: "address" or "estate".

        ``community``, where known, tells alike addresses apart. Several buildings of one address are an answer
        where they lie in one grid.
        """
        address = parse_address(text)
        for key in address.keys:
            held = self._in(self._by_key.get(key, []), community)
            if held:
                return self._settled(held), "address"
        estate = address.estate or ("" if address.street else alike(text))
        held = self._in(self._by_estate.get(estate, []), community) if not address.building else []
        if held:
            return self._settled(held), "estate"
        said = "no_such_address" if address.street or address.estate else "no_address"
        return Answer(reason=said, values=(text,)), ""

    def _in(self, ids: Sequence[str], community: str) -> list[str]:
        return [one for one in ids if not community or self.community_of[one] == community]

    def _settled(self, ids: Sequence[str]) -> Answer:
        grids = sorted({self.grid_of[one] for one in ids})
        return Answer(grids[0]) if len(grids) == 1 else Answer(reason="several", values=(preview(sorted(ids)),))


_WORDS = ("estate", "number", "name", "address")


def _building_keys(estate: str, number: str, name: str, address: str) -> set[str]:
    keys: set[str] = set()
    for text in (address, name, number, estate + number, estate + name):
        if text:
            keys.update(parse_address(text).keys)
    if estate and number:
        keys.add(building_name(estate, number, "")[0])
    if estate and name:
        keys.add(building_name(estate, "", name)[0])
    return keys


class Communities:
    """The communities of a plan by code, by code of another register or edition, and by name within a township."""

    def __init__(self, plan: Plan, crosswalk: Mapping[str, str] | pd.DataFrame | None = None) -> None:
        table = plan.city.communities
        self._ids = {str(one) for one in table.index}
        self._former = FormerNames(crosswalk)
        self._by_core: dict[str, list[str]] = {}
        self._names = {}
        for one, name in table["community"].astype(str).items():
            reading = administrative(name)
            self._names[str(one)] = reading
            self._by_core.setdefault(reading.core, []).append(str(one))
        self._townships: dict[str, set[str]] = {}
        for column in ("township_id", "township", "county_id", "county"):
            for one, name in table[column].astype(str).items() if column in table else ():
                for key in {name, administrative(name).whole, administrative(name).core} - {""}:
                    self._townships.setdefault(key, set()).add(str(one))
        self._known: dict[tuple[str, str], Answer] = {}

    def find(self, text: str, township: str = "") -> Answer:
        """The community that a code or a name stands for, in the township where one is named."""
        key = (text, township)
        if key not in self._known:
            self._known[key] = self._find(text, township)
        return self._known[key]

    def _find(self, text: str, township: str) -> Answer:
        if text in self._ids:
            return Answer(text)
        carried = _carried(self._former.by_code(text, self._ids))
        if carried:
            return carried
        whole = self._by_name(text, township)
        if whole.place:
            return whole
        within, name = self._split(text)
        if not name:
            return whole
        return replace(self._by_name(name, township or within), values=(text,))

    def _split(self, text: str) -> tuple[str, str]:
        """(township, community) of a name that holds both: by a township of the plan, else by the grammar."""
        plain = alike(text)
        held = [(plain.rfind(name) + len(name), name) for name in self._townships if len(name) > 1 and name in plain]
        if held:
            end, name = max(held)
            return name, plain[end:]
        address = parse_address(text)
        within = address.township or address.county
        is_bare = not (address.street or address.estate or address.rest)
        return (within, address.community) if within and is_bare else ("", "")

    def _by_name(self, name: str, township: str) -> Answer:
        inside = self._ids
        if township:
            wanted = administrative(township)
            keys = (township, wanted.whole, wanted.core)
            inside = next((self._townships[key] for key in keys if key in self._townships), set())
            if not inside:
                return Answer(reason="no_such_township", values=(township,))
        reading = administrative(name)
        same = [one for one in self._by_core.get(reading.core, []) if one in inside]
        same = [one for one in same if self._names[one].is_same(reading)]
        exact = [one for one in same if self._names[one].whole == reading.whole] or same
        if len(exact) == 1:
            return Answer(exact[0])
        if exact:
            return Answer(reason="several", values=(preview(sorted(exact)),))
        carried = _carried(self._former.by_name(name, inside))
        if carried:
            return carried
        near = get_close_matches(reading.core, sorted({self._names[one].core for one in inside}), 1, 0.6)
        return Answer(reason="no_such_community", values=(name, *near))


def _carried(held: Sequence[Former]) -> Answer | None:
    """The one community that a former code or name leads to, the several, or None."""
    places = sorted({one.community for one in held})
    if not places:
        return None
    if len(places) > 1:
        return Answer(reason="several", values=(preview(places),))
    return Answer(places[0], carried=held[0].words)
