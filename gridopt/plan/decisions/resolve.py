"""The rows of the decisions table resolved: from what people call things to units and grids."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridopt.coding.names import read_ordinal
from gridopt.coding.parents import template_of
from gridopt.coding.templates import Template
from gridopt.errors import RuleError, preview
from gridopt.plan.decisions.places import Found, Places
from gridopt.read.decisions import LINES, lines_called, plain_text, words_of
from gridopt.terms import label

_GRID_WORDS = ("网格", "網格", "grid")


@dataclass(frozen=True)
class GridName:
    """A grid as decisions speak of it: by its number in its community, else by its name.

    ``current`` is the current grid that goes by it, "" where there is none; its ``name`` stays with it.
    """

    community: str
    number: int = 0
    name: str = ""
    current: str = ""


@dataclass(frozen=True)
class Decision:
    """One row, resolved; a row that freezes several grids is several.

    ``units`` are those of its object, ``others`` those of its target where that is an object, ``grid`` the
    grid that it names, ``community`` the one that its units shall belong to, ``lines`` the ids of the lines
    that a border runs along, by layer. ``missing`` lists words that nothing in the city bears, ``outside`` units of
    a frozen grid that lie in another community than most of it: the rest holds.
    """

    row: int
    kind: str
    object: str
    target: str
    units: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    grid: GridName | None = None
    community: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()

    @property
    def nodes(self) -> tuple[tuple[str, str, str], ...]:
        """What stands for the row's grid among ties: its number, else its name; a name that is given as well."""
        if self.grid is None:
            return ()
        community, name = self.grid.community, self.grid.name or self.grid.current
        number = (("number", community, str(self.grid.number)),) if self.grid.number else ()
        named = (("name", community, name),) if self.kind == "name" or not number else ()
        return (*number, *named)

    def said(self, lang: str = "en") -> str:
        """The row as people find it again: its number, kind and words."""
        spoken = " → ".join(word for word in (self.object, self.target) if word)
        kind = label(f"decision.{self.kind}", lang)
        return f"第 {self.row} 行（{kind}：{spoken}）" if lang == "zh" else f"row {self.row} ({kind}: {spoken})"


class _Unclear(Exception):  # noqa: N818 — what a row is, not what went wrong with the program
    """A row that could mean several things, or whose target its kind cannot use."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.chinese = chinese


def resolve(places: Places, table: pd.DataFrame) -> tuple[Decision, ...]:
    """Every row of the table as decisions, by row number.

    Raises:
        RuleError: rows that could mean several things, or whose target is nothing that their kind can
            use, all by row number. A name that nothing in the city bears is no fault: it may be gone.
    """
    names = table.loc[table["kind"] == "name", "target"]
    reader = _Reader(places, frozenset(plain_text(name) for name in names))
    decisions: list[Decision] = []
    faults = []
    for row in table.sort_values("row", kind="stable").itertuples(index=False):
        try:
            decisions += reader.read(row)
        except _Unclear as fault:
            faults.append((f"row {row.row}: {fault}", f"第 {row.row} 行：{fault.chinese}"))
    if faults:
        raise RuleError(
            f"[layers.decisions]: {len(faults)} rows do not say clearly what they mean: "
            + "; ".join(english for english, _ in faults)
            + ". Correct these rows.",
            zh=f"[layers.decisions]：{len(faults)} 行含义不明："
            + "；".join(chinese for _, chinese in faults)
            + "。请改正这些行。",
        )
    return tuple(decisions)


@dataclass(frozen=True, eq=False)
class _Reader:
    """Reads rows by their kind; ``given_names`` are the names that the table itself gives to grids."""

    places: Places
    given_names: frozenset[str]

    def read(self, row: Any) -> list[Decision]:
        """The decisions of one row; raises `_Unclear`."""
        plain = Decision(int(row.row), row.kind, row.object, row.target)
        scope = self.places.community(row.community) if row.community else ""
        if row.community and not scope:
            return [dataclasses.replace(plain, missing=(row.community,))]
        ways: Mapping[str, Callable[[Decision, str], list[Decision]]] = {
            "belongs": self._belongs, "frozen": self._frozen, "border": self._border, "name": self._called,
            "code": self._coded, "together": self._two, "apart": self._two,
        }  # fmt: skip
        return ways[row.kind](plain, scope)

    def _belongs(self, plain: Decision, scope: str) -> list[Decision]:
        community = self.places.community(plain.target)
        if community:
            found = self._object(plain.object, scope)
            return [_with(plain, found, community=community)]
        early = self._grid(plain.target, scope)
        found = self._object(plain.object, scope or (early.community if early else ""))
        grid = early or self._grid(plain.target, self._owner(found))
        if grid is not None or not found.units:
            return [_with(plain, found, grid=grid)]
        return self._two(plain, scope)

    def _two(self, plain: Decision, scope: str) -> list[Decision]:
        one = self._object(plain.object, scope)
        other = self._object(plain.target, scope) if plain.target else Found()
        missing = (*one.missing, *other.missing)
        return [dataclasses.replace(plain, units=one.units, others=other.units, missing=missing)]

    def _frozen(self, plain: Decision, scope: str) -> list[Decision]:
        if self.places.city.current_grids is None:
            raise _Unclear(
                "frozen keeps a current grid; name [layers.current_grids] in the project file",
                "“保持”须有现有网格；请在项目文件中写明 [layers.current_grids]",
            )
        decisions = []
        for word in words_of(plain.object):
            grid = self._current(word, scope)
            one = dataclasses.replace(plain, object=word)
            if grid is None:
                decisions.append(dataclasses.replace(one, missing=(word,)))
            else:
                owners = self.places.units["community_id"]
                units = [(unit, owners[unit] == grid.community) for unit in self.places.units_of(grid.current)]
                inside = tuple(unit for unit, is_inside in units if is_inside)
                outside = tuple(unit for unit, is_inside in units if not is_inside)
                decisions.append(dataclasses.replace(one, units=inside, grid=grid, outside=outside))
        return decisions

    def _border(self, plain: Decision, scope: str) -> list[Decision]:
        if plain.target:
            return self._two(plain, scope)
        lines = tuple(
            (name, str(line))
            for name in LINES
            if (layer := self.places.city.layer(name)) is not None
            for line in lines_called(layer, plain.object)
        )
        return [dataclasses.replace(plain, lines=lines, community=scope, missing=() if lines else (plain.object,))]

    def _called(self, plain: Decision, scope: str) -> list[Decision]:
        found = self._held(plain, scope)
        owner = scope or self._owner(found)
        grid = self._grid(plain.target, owner) or GridName(owner, name=plain_text(plain.target))
        return [_with(plain, found, grid=dataclasses.replace(grid, name=plain_text(plain.target)))]

    def _coded(self, plain: Decision, scope: str) -> list[Decision]:
        found = self._held(plain, scope)
        owner = scope or self._owner(found)
        template, code = self._template, plain.target
        if template.is_code_of(code, owner):
            number = template.number(code) or 0
        elif code.isascii() and code.isdigit() and 0 < int(code) <= template.most:
            number = int(code)
        elif not found.units:
            return [_with(plain, found)]
        else:
            raise _Unclear(
                f'"{code}" is no grid code of community {owner} by template {template.name}',
                f"“{code}”不是村（社区）{owner} 按编码模板 {template.name} 的网格编码",
            )
        return [_with(plain, found, grid=GridName(owner, number))]

    def _held(self, plain: Decision, scope: str) -> Found:
        """The units by which a name or code finds its grid: of a current grid, the unit at its heart."""
        found = self._object(plain.object, scope)
        return dataclasses.replace(found, units=tuple(self.places.heart(found.grid)[:1])) if found.grid else found

    def _object(self, text: str, scope: str) -> Found:
        found = self.places.find(text, scope)
        if found.several:
            raise _Unclear(
                f'"{text}" could be {preview(found.several)}: say which estate or community',
                f"“{text}”可能是 {preview(found.several)}：请写明小区或社区",
            )
        return found

    def _owner(self, found: Found) -> str:
        """The community of the found units, "" where they lie in several."""
        owners = self.places.units["community_id"].reindex(list(found.units)).unique()
        return str(owners[0]) if len(owners) == 1 else ""

    @property
    def _template(self) -> Template:
        return template_of(self.places.city)

    def _current(self, text: str, scope: str) -> GridName | None:
        found = self.places.current(text, scope)
        if len(found) > 1:
            owners = [f"{one} ({self.places.grids['community_id'][one]})" for one in found]
            raise _Unclear(
                f'"{text}" could be the current grids {preview(owners)}: say which community',
                f"“{text}”可能是现有网格 {preview(owners)}：请写明社区",
            )
        if not found:
            return None
        grids, one = self.places.grids, found[0]
        name = str(grids["name"][one])
        number = int(grids["number"][one]) or (read_ordinal(name) or ("", 0))[1]
        return GridName(str(grids["community_id"][one]), number, name, one)

    def _grid(self, text: str, community: str) -> GridName | None:
        """The grid that words name: a current one, a number in a community, or a name; None where they name none."""
        if community or len(self.places.current(text)) == 1:
            current = self._current(text, community)
            if current is not None:
                return current
        owner, number = self._number(text, community)
        if owner and number:
            return GridName(owner, number)
        plain = plain_text(text)
        is_name = plain in self.given_names or plain.lower().endswith(_GRID_WORDS)
        return GridName(community, name=plain) if community and is_name and not number else None

    def _number(self, text: str, community: str) -> tuple[str, int]:
        """The community and number of a grid's code or of a name with an ordinal; ("", 0) for neither."""
        template = self._template
        for owner in [community] if community else self.places.city.communities.index:
            if template.is_code_of(text, owner):
                return str(owner), template.number(text) or 0
        ordinal = read_ordinal(text)
        if ordinal is None:
            return "", 0
        head = self.places.community(ordinal[0]) if ordinal[0] else community
        return (head, ordinal[1]) if head and community in ("", head) else ("", 0)


def _with(plain: Decision, found: Found, *, grid: GridName | None = None, community: str = "") -> Decision:
    return dataclasses.replace(plain, units=found.units, missing=found.missing, grid=grid, community=community)
