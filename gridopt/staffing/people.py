"""The roster: who there is, in what role, based where, with all faults of the table in one error."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gridopt.contracts import check_columns
from gridopt.errors import TableError, preview
from gridopt.staffing.places import Place
from gridopt.staffing.roles import Role

Words = tuple[str, str]

ROLES = {"网格指导员": "adviser", "指导员": "adviser", "网格长": "chief", "网格员": "worker"} | {
    "专职网格员": "worker",
    "兼职网格员": "worker",
}
"""How rosters write the usual roles."""

EMPLOYMENTS = {"专职": "full_time", "专职网格员": "full_time", "全职": "full_time", "full-time": "full_time"} | {
    "full time": "full_time",
    "兼职": "part_time",
    "兼职网格员": "part_time",
    "part-time": "part_time",
    "part time": "part_time",
    "派驻": "attached",
}
_WORDS = ("full_time", "part_time", "attached")
_TELLING = re.compile(r"\d{17}[\dXx]|\d{15}|(\+?86)?-?1[3-9]\d{9}")
"""Resident identity numbers and mobile numbers."""


@dataclass(frozen=True)
class Person:
    """Somebody of the roster: ``key`` the row of the table of roles, ``home`` a place of the plan.

    ``capacity`` is the most grids held at once. ``today`` are the grids held now, ``fixed`` those that must be
    held, ``forbidden`` the places whose grids must not; ``shown`` stands for the person in tables.
    """

    id: str
    role: Role
    capacity: int
    home: Place | None = None
    qualifications: frozenset[str] = frozenset()
    today: frozenset[str] = frozenset()
    fixed: tuple[Place, ...] = ()
    forbidden: tuple[Place, ...] = ()
    shown: str = ""


@dataclass
class RosterFaults:
    """The people of each fault, gathered until all are known."""

    rows: dict[Words, list[str]] = field(default_factory=dict)

    def add(self, words: Words, who: str) -> None:
        self.rows.setdefault(words, []).append(who)

    def close(self) -> None:
        """Raise one `TableError` for all of them, if there are any."""
        if self.rows:
            listed = [(f"{len(rows)} people {en}: {preview(rows)}", f"{len(rows)} 人{zh}：{preview(rows)}")
                      for (en, zh), rows in self.rows.items()]  # fmt: skip
            raise TableError(
                f"roster: {'; '.join(en for en, _ in listed)}. Correct these rows; nobody was given a post.",
                zh=f"人员名册：{'；'.join(zh for _, zh in listed)}。请更正这些行；尚未安排任何人。",
            )


Finder = Callable[[str], Iterable[Place]]


def read_people(roster: pd.DataFrame, roles: tuple[Role, ...], find: Finder, faults: RosterFaults) -> list[Person]:
    """The people of a roster by id; ``find`` gives the places that a text names.

    ``role`` is needed: adviser, chief, worker, the same in Chinese, or a role of the city's own table. Further
    columns: ``employment`` (full_time where a role has both and none is said), ``base`` (a grid, community,
    township, county or building of the plan by code or name), ``capacity`` (grids), ``qualifications``, and by
    grid code or place ``current``, ``fixed`` and ``forbidden``, each several joined by ";". Where nobody has a base
    everybody may serve anywhere.

    Faults are added for every row without role or base, with an unknown role or place, a capacity below 1, or an
    id that stands twice; `TableError` without a column of roles.
    """
    check_columns(roster, ["role"], "roster")
    table = _by_id(roster)
    for who in table.index[table.index.duplicated()].unique():
        faults.add(("stand in several rows: keep one row each", "重复出现：每人只保留一行"), str(who))
    phones = _texts(table, "phone")
    for who in phones.index[(phones != "") & phones.duplicated(keep=False)]:
        faults.add(("share a phone number: one person, one row", "电话号码相同：每人只保留一行"), str(who))
    columns = {name: _texts(table, name).tolist() for name in _TEXTS}
    capacity = _capacities(table, faults)
    is_based = any(columns["base"])
    people = []
    for i, who in enumerate(map(str, table.index)):
        row = {name: values[i] for name, values in columns.items()}
        role = _role(row, roles, who, faults)
        home = _home(row, who, find, faults) if is_based else None
        if role is not None:
            most = capacity[i] if capacity[i] else role.grids
            fixed, forbidden = (_places(row[name], name, who, (find, faults)) for name in ("fixed", "forbidden"))
            today, able = frozenset(_several(row["current"])), frozenset(_several(row["qualifications"]))
            people.append(Person(who, role, most, home, able, today, fixed, forbidden))
    return _shown(people, _texts(table, "name").to_dict())


_TEXTS = ("role", "employment", "base", "qualifications", "current", "fixed", "forbidden")


def _by_id(roster: pd.DataFrame) -> pd.DataFrame:
    """The roster by id, sorted; ids of rows that have none follow from what the rows say, not from their order."""
    table = pd.DataFrame(roster)
    for name in ("staff_id", "id"):
        if name in table:
            table = table.assign(**{name: table[name].astype("str").str.strip()}).set_index(name)
            return table.sort_index(kind="stable")
    if table.index.name is None and isinstance(table.index, pd.RangeIndex):
        texts = table.astype("str").agg("\x1f".join, axis=1)
        table = table.iloc[np.argsort(texts.to_numpy(), kind="stable")]
        return table.set_index(pd.Index([f"row{number:05d}" for number in range(1, len(table) + 1)], name="staff_id"))
    table = table.set_axis(table.index.astype("str").str.strip(), axis=0)
    return table.sort_index(kind="stable")


def _texts(table: pd.DataFrame, name: str) -> Any:
    given = table[name] if name in table else pd.Series("", table.index)
    return given.astype(object).where(given.notna(), "").astype("str").str.strip()


def _capacities(table: pd.DataFrame, faults: RosterFaults) -> list[int]:
    """Grids that each can hold, 0 where not said."""
    if "capacity" not in table:
        return [0] * len(table)
    given = table["capacity"]
    numbers = pd.to_numeric(given, errors="coerce")
    said = given.notna() & (given.astype("str").str.strip() != "")
    wrong = said & ~(numbers >= 1)
    for who, shown in zip(table.index[wrong], given[wrong], strict=True):
        seen = f"{shown:g}" if isinstance(shown, float) else shown
        english = f"have capacity {seen}: at least 1 grid, or leave the person out"
        faults.add((english, f"容量为 {seen}：至少 1 个网格，或不列此人"), str(who))
    return [int(one) for one in numbers.where(numbers >= 1, 0).fillna(0)]


def _role(row: dict[str, str], roles: tuple[Role, ...], who: str, faults: RosterFaults) -> Role | None:
    """The row of the table of roles that somebody belongs to."""
    said = row["role"]
    if not said:
        faults.add(("have no role", "没有岗位类别"), who)
        return None
    word = ROLES.get(said, said)
    named = [role for role in roles if word in (role.role, role.key, role.name)]
    named = named or [role for role in roles if word.lower() in (role.role, role.key)]
    if not named:
        known, known_zh = (", ".join(dict.fromkeys(r.role for r in roles)),
                           "、".join(dict.fromkeys(r.label("zh") for r in roles)))  # fmt: skip
        faults.add(
            (f'have the unknown role "{said}" (known: {known})', f"的岗位类别“{said}”未知（可用：{known_zh}）"), who
        )
        return None
    if len(named) == 1:
        return named[0]
    stated = row["employment"] or said
    employment = EMPLOYMENTS.get(stated, EMPLOYMENTS.get(stated.lower(), stated.lower()))
    if not row["employment"] and employment not in _WORDS:
        employment = "full_time"
    chosen = [role for role in named if role.employment == employment]
    if not chosen:
        faults.add((f'have the unknown employment "{stated}"', f"的用工形式“{stated}”未知"), who)
        return None
    return chosen[0]


def _home(row: dict[str, str], who: str, find: Finder, faults: RosterFaults) -> Place | None:
    text = row["base"]
    if not text:
        faults.add(("have no base", "没有驻地"), who)
        return None
    found = tuple(find(text))
    if len(found) == 1:
        return found[0]
    if found:
        listed = preview([one for _, one in found])
        faults.add(
            (f'are based at "{text}", which several places are called: give the code ({listed})',
             f"的驻地“{text}”有多处同名：请给出编码（{listed}）"), who
        )  # fmt: skip
    else:
        faults.add(
            (f'are based at "{text}", which is outside the city or unknown',
             f"的驻地“{text}”不在本市范围内或无法识别"), who
        )  # fmt: skip
    return None


def _places(text: str, wish: str, who: str, known: tuple[Finder, RosterFaults]) -> tuple[Place, ...]:
    """The places of a wish: grids where posts are fixed, any place where they are forbidden."""
    find, faults = known
    places: list[Place] = []
    for one in _several(text):
        found = tuple(find(one))
        if len(found) == 1 and (wish == "forbidden" or found[0][0] == "grid"):
            places += found
        else:
            words = (
                f'are {wish} to "{one}", which is no one grid of the plan',
                f"的“{wish}”所指“{one}”不是方案中的某个网格",
            )
            faults.add(words, who)
    return tuple(sorted(set(places)))


def _several(text: str) -> list[str]:
    return [one.strip() for one in re.split(r"[;；,，、]", text) if one.strip()]


def _shown(people: list[Person], names: dict[str, str]) -> list[Person]:
    """The people with what stands for them in tables: their id, unless it tells who they are to strangers."""
    shown = []
    for number, one in enumerate(people, 1):
        telling = _TELLING.fullmatch(one.id) is not None or (one.id != "" and names.get(one.id) == one.id)
        shown.append(dataclasses.replace(one, shown=f"person-{number:05d}" if telling else one.id))
    return shown
