"""Roles: a table of who serves grids, how many of each a grid calls for, and where they may be based."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gridopt.errors import RuleError, check_keys
from gridopt.formula import parse
from gridopt.terms import TERMS, label

Words = tuple[str, str]

SPANS = ("grid", "neighbours", "sector")
PLACES = ("grid", "community", "township", "county", "city")
EMPLOYMENTS = ("full_time", "part_time", "attached")
COUNTED = tuple("households residents buildings units workload area_m2 cut_border_m walk_mean_m walk_max_m".split())
"""Columns of grids that a ratio may count."""


@dataclass(frozen=True)
class Role:
    """One row of the table of roles.

    ``key`` names the row, ``role`` what the people are called in a roster (two rows may share it, full- and
    part-time), ``name`` how the post reads ("" for the word of the glossary).

    Posts: ``each`` in every grid; one per ``one_per`` of the column or formula ``of``, halves rounding up (0: not
    by ratio); at least ``least`` where there are people or the grid is dedicated. A post with ``span`` "sector" is
    for up to ``grids`` neighbouring grids of a township; the others are for one grid, of which a person holds one
    ("grid") or several neighbouring ones ("neighbours"), as many as the roster says, ``grids`` where it does not.

    People: based in the same ``within`` as the grids they serve; at most ``max_walk`` metres from base to
    grid (None: any distance); with ``qualification`` where one is named. ``fte`` is the share of a full post.
    """

    key: str
    role: str
    name: str = ""
    each: int = 0
    one_per: float = 0.0
    of: str = "households"
    least: int = 0
    employment: str = "part_time"
    fte: float = 1.0
    span: str = "grid"
    grids: int = 1
    within: str = "township"
    max_walk: float | None = None
    qualification: str = ""

    def label(self, lang: str) -> str:
        """How a post of this role reads."""
        return self.name or (label(self.key if self.key in TERMS else self.role, lang))

    @property
    def letter(self) -> str:
        """What stands for the role in the ids of its posts."""
        return {"adviser": "A", "chief": "C", "full_time": "F", "part_time": "P"}.get(self.key, self.key)


@dataclass(frozen=True)
class StaffRules:
    """The table ``[rules.staff]``: ratios, the table of roles, and what counts in giving people to posts.

    The usual roles follow from a few ratios, every one to be confirmed locally. One adviser (网格指导员) serves
    up to ``grids_per_adviser`` grids; every grid has one chief (网格长). Workers (网格员): one full-time (专职)
    per ``households_per_full_time``, at least ``least_full_time`` in a grid with people, and one part-time
    (兼职) per ``households_per_part_time``. At one in 300 of each, grids of 300-360 households have 2.0-2.4
    workers on average: cities that publish figures have 2.08-2.40 of all kinds a grid. The ``..._fte`` say how much
    of a full post each is.

    ``roles`` adds roles by key, or restates fields of the usual ones (adviser, chief, full_time, part_time).

    People to posts, in metres of walking that each is worth: ``balance`` for a whole fair share of work above the
    fair share, ``change`` for a person who leaves every grid of today; part-timers' walks count
    ``part_time_walk`` times. A working month has ``working_days`` of ``working_minutes``.
    """

    grids_per_adviser: int = 4
    households_per_full_time: float = 300
    households_per_part_time: float = 300
    least_full_time: int = 1
    adviser_fte: float = 0.25
    chief_fte: float = 0.5
    part_time_fte: float = 0.5
    roles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    balance: float = 500.0
    change: float = 1000.0
    part_time_walk: float = 2.0
    working_days: float = 21.75
    working_minutes: float = 480.0

    def __post_init__(self) -> None:
        _raise([*_figure_faults(self), *_table_faults(self.roles)])
        frozen = {key: MappingProxyType(dict(given)) for key, given in self.roles.items()}
        object.__setattr__(self, "roles", MappingProxyType(frozen))
        _raise([fault for role in self.table for fault in _role_faults(role)])

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> StaffRules:
        """The rules of a project file; a `RuleError` names unknown keys and the nearest known ones."""
        check_keys(settings, [one.name for one in dataclasses.fields(cls)], "[rules.staff]")
        return cls(**settings)

    @property
    def table(self) -> tuple[Role, ...]:
        """Every role: the usual ones, as restated, then the city's own in the order of the file."""
        usual = self._usual()
        own = [key for key in self.roles if key not in usual]
        restated = [dataclasses.replace(role, **self.roles.get(key, {})) for key, role in usual.items()]
        return (*restated, *(Role(**{"key": key, "role": key, **self.roles[key]}) for key in own))

    def _usual(self) -> dict[str, Role]:
        adviser = Role("adviser", "adviser", fte=self.adviser_fte, span="sector", grids=self.grids_per_adviser)
        chief = Role("chief", "chief", each=1, fte=self.chief_fte, within="community")
        worker = Role("full_time", "worker", employment="full_time", span="neighbours", within="township")
        full = dataclasses.replace(worker, one_per=self.households_per_full_time, least=self.least_full_time)
        part = dataclasses.replace(
            worker,
            key="part_time",
            employment="part_time",
            fte=self.part_time_fte,
            one_per=self.households_per_part_time,
        )
        return {role.key: role for role in (adviser, chief, full, part)}


_WHOLE = ("grids_per_adviser", "least_full_time", "each", "least", "grids")
_ABOVE_ZERO = (
    "grids_per_adviser households_per_full_time households_per_part_time working_days working_minutes grids max_walk"
).split()
_FIELDS = tuple(one.name for one in dataclasses.fields(Role) if one.name != "key")
_CHOICES: Mapping[str, tuple[str, ...]] = {"span": SPANS, "within": PLACES, "employment": EMPLOYMENTS}
_TEXTS = ("role", "name", "of", "qualification")


def _figure_faults(rules: StaffRules) -> list[Words]:
    values = {one.name: getattr(rules, one.name) for one in dataclasses.fields(rules) if one.name != "roles"}
    return [fault for name, value in values.items() for fault in _number_faults(name, name, value)]


def _number_faults(where: str, name: str, value: object) -> list[Words]:
    whole, above = name in _WHOLE, name in _ABOVE_ZERO
    kinds = (int,) if whole else (int, float)
    fits = isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)
    if fits and isinstance(value, int | float) and (value > 0 or (value == 0 and not above)):
        return []
    kind, kind_zh = ("a whole number", "整数") if whole else ("a number", "数字")
    least, least_zh = ("above 0", "大于 0") if above else ("of at least 0", "不小于 0")
    return [(f"{where} = {value!r} must be {kind} {least}", f"{where} = {value!r} 须为{least_zh}的{kind_zh}")]


def _table_faults(roles: object) -> list[Words]:
    """Faults of the table of roles as it is written, before any role is made of it."""
    if not isinstance(roles, Mapping):
        return [(f"roles must be a table, not {roles!r}", f"roles 应为表，而不是 {roles!r}")]
    faults: list[Words] = []
    for key, given in roles.items():
        where = f"roles.{key}"
        if not isinstance(given, Mapping):
            faults.append((f"{where} must be a table, not {given!r}", f"{where} 应为表，而不是 {given!r}"))
            continue
        try:
            check_keys(given, _FIELDS, where)
        except RuleError as error:
            faults.append((str(error).removesuffix("."), error.text("zh").removesuffix("。")))
    return faults


def _role_faults(role: Role) -> list[Words]:
    where = f"roles.{role.key}"
    faults: list[Words] = []
    for name in ("each", "one_per", "least", "fte", "grids", "max_walk"):
        value = getattr(role, name)
        if not (name == "max_walk" and value is None):
            faults += _number_faults(f"{where}.{name}", name, value)
    for name, choices in _CHOICES.items():
        value = getattr(role, name)
        if value not in choices:
            faults.append(
                (f"{where}.{name} = {value!r} must be one of {', '.join(choices)}",
                 f"{where}.{name} = {value!r} 应为 {'、'.join(choices)} 之一")
            )  # fmt: skip
    faults += [
        (f"{where}.{name} = {getattr(role, name)!r} must be text", f"{where}.{name} = {getattr(role, name)!r} 应为文字")
        for name in _TEXTS
        if not isinstance(getattr(role, name), str)
    ]
    return faults or _formula_faults(role, where)


def _formula_faults(role: Role, where: str) -> list[Words]:
    try:
        unknown = [name for name in parse(role.of).columns if name not in COUNTED]
    except RuleError as error:
        return [(f"{where}.of: {error}", f"{where}.of：{error.text('zh')}")]
    if not unknown:
        return []
    return [
        (f"{where}.of: no column {', '.join(unknown)} of grids; there are {', '.join(COUNTED)}",
         f"{where}.of：网格没有列 {'、'.join(unknown)}；可用：{'、'.join(COUNTED)}")
    ]  # fmt: skip


def _raise(faults: list[Words]) -> None:
    if faults:
        raise RuleError(
            f"[rules.staff]: {'; '.join(en for en, _ in faults)}.",
            zh=f"[rules.staff]：{'；'.join(zh for _, zh in faults)}。",
        )
