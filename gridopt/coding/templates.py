"""Code templates: how the code of a grid is made from its community's code and its sequence number.

A template is one readable line of parts in braces and of letters, digits and hyphens that stand as they are::

    {province:2}{prefecture:2}{county:2}{township:3}{community:3}{seq:3}

``{level:width}`` takes that many digits of the community's 12-digit division code, up to the end of its level:
``{county:2}`` is the county alone, ``{county:6}`` all down to it. ``{parent:10}`` is the whole code of the community,
of so many digits; ``{parent}`` is any code as it stands. ``{seq:3}`` is the number of the grid in its community;
``{seq:2:0-99}`` counts from 0, which is kept for the only grid of a community ("not split"). ``{micro:2}`` is the
number of a micro-grid, 00 for a grid that has none. ``{township:3:1-599}`` states the range of a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from gridopt.errors import RuleError, preview

LEVELS: Mapping[str, int] = MappingProxyType(
    {"province": 2, "prefecture": 4, "county": 6, "township": 9, "community": 12}
)
"""Level of a division code -> the place of its last digit."""

DIVISION_DIGITS = 12
AUTO = "auto"
_PART = re.compile(r"\{(?P<name>[a-z]+)(?::(?P<width>\d+))?(?::(?P<low>\d+)-(?P<high>\d+))?\}|(?P<text>[0-9A-Za-z-]+)")
_NUMBERS = ("seq", "micro")


@dataclass(frozen=True)
class Part:
    """One part of a code: a level or all of the parent, the sequence, a micro-grid's number, or a ``text``.

    ``width`` is None where a part is as long as it is; a number of the part lies in ``low`` to ``high``.
    """

    name: str
    width: int | None = None
    low: int = 0
    high: int | None = None
    text: str = ""

    def read(self, parent: str) -> str | None:
        """The part as the parent's code gives it; None where that has no such digits, or out of range."""
        if self.name == "text":
            return self.text
        if self.name == "parent" and self.width is None:
            return parent + ("" if is_digits(parent) else "-") if parent else None
        if not is_digits(parent):
            return None
        if self.name == "parent":
            return parent if len(parent) == self.width else None
        end, width = LEVELS[self.name], self.width or 0
        digits = parent[end - width : end]
        return digits if len(parent) == DIVISION_DIGITS and self.holds(int(digits)) else None

    def holds(self, number: int) -> bool:
        """Whether a number lies in the part's range."""
        return self.low <= number and (self.high is None or number <= self.high)


@dataclass(frozen=True)
class Template:
    """A named line of parts; ``parents`` are the codes of communities whose own id is not what codes are built on."""

    name: str
    parts: tuple[Part, ...]
    parents: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _sequence(self) -> Part:
        return next(part for part in self.parts if part.name == "seq")

    @cached_property
    def _behind(self) -> int:
        """Characters behind the sequence number."""
        place = self.parts.index(self._sequence)
        return sum(len(part.text) if part.name == "text" else part.width or 0 for part in self.parts[place + 1 :])

    @property
    def sequence_digits(self) -> int:
        """Digits of the sequence number."""
        return self._sequence.width or 0

    @property
    def most(self) -> int:
        """The highest number that a grid of a community can have."""
        high = int(10**self.sequence_digits) - 1
        return high if self._sequence.high is None else min(high, self._sequence.high)

    @property
    def sole(self) -> int:
        """The number of the only grid of a community: 0 where that is kept for a community not split, else 1."""
        return 0 if self._counts_from_zero else 1

    @property
    def parent_digits(self) -> int | None:
        """Digits that a community's code must have, None where any will do."""
        whole = next((part for part in self.parts if part.name == "parent"), None)
        return DIVISION_DIGITS if whole is None else whole.width

    @property
    def _counts_from_zero(self) -> bool:
        return self._sequence.high is not None and self._sequence.low == 0

    def parent(self, community_id: str) -> str:
        """The code that the codes of a community's grids are built on: its id unless another is in force."""
        return self.parents.get(community_id, community_id)

    def fits(self, community_id: str) -> bool:
        """Whether codes can be built on this community's code."""
        return all(text is not None for text in self._texts(community_id))

    def code(self, community_id: str, sequence: int) -> str:
        """The code of a community's grid; a parent that is not all digits is set off by a hyphen."""
        return "".join(
            f"{sequence if part.name == 'seq' else 0:0{part.width}d}" if part.name in _NUMBERS else text or ""
            for part, text in zip(self.parts, self._texts(community_id), strict=True)
        )

    def number(self, code: str) -> int | None:
        """The sequence number in a code of this template, None where no digits stand in its place."""
        end = len(code) - self._behind
        digits = code[max(end - self.sequence_digits, 0) : max(end, 0)]
        return int(digits) if is_digits(digits) else None

    def stem(self, code: str) -> tuple[str, str]:
        """What stands before and behind the sequence number: the same for all codes of a community."""
        end = len(code) - self._behind
        return code[: max(end - self.sequence_digits, 0)], code[max(end, 0) :]

    def is_code_of(self, code: str, community_id: str) -> bool:
        """Whether a code is well formed and belongs to this community."""
        number = self.number(code)
        return (
            number is not None
            and number <= self.most
            and (number > 0 or self._counts_from_zero)
            and self._sequence.holds(number)
            and self.fits(community_id)
            and code == self.code(community_id, number)
        )

    def on(self, parents: Mapping[str, str]) -> Template:
        """The same template built on other codes of some communities."""
        return replace(self, parents=MappingProxyType(dict(parents))) if parents else self

    def _texts(self, community_id: str) -> list[str | None]:
        parent = self.parent(community_id)
        return ["" if part.name in _NUMBERS else part.read(parent) for part in self.parts]


def is_digits(text: str) -> bool:
    """Whether a text is one or more of the digits 0-9."""
    return text.isascii() and text.isdigit()


def read_template(layout: str, name: str | None = None) -> Template:
    """The template that a line of parts describes (see the head of this module), under its own line as name.

    Raises a `RuleError` that names every fault: a part that is unknown, has no or a wrong width, or an empty range;
    no sequence or several; marks that no code has.
    """
    parts, faults, end = [], [], 0
    for found in _PART.finditer(layout):
        if found.start() > end:
            faults.append(_unread(layout[end : found.start()]))
        end = found.end()
        part = _part(found)
        parts.append(part)
        faults += _faults(part)
    if end < len(layout):
        faults.append(_unread(layout[end:]))
    n = sum(part.name == "seq" for part in parts)
    if n != 1:
        faults.append((f"it has {n} parts {{seq:WIDTH}}, it needs one", f"须有且仅有一个 {{seq:位数}}，现有 {n} 个"))
    if not any(part.name in LEVELS or part.name == "parent" for part in parts):
        faults.append(("it has no part of the community's code", "缺少村（社区）编码的部分"))
    if faults:
        example = "{province:2}{prefecture:2}{county:2}{township:3}{community:3}{seq:3}"
        raise RuleError(
            f'code template "{layout}" cannot be used: {"; ".join(en for en, _ in faults)}. Write it like "{example}".',
            zh=f"编码模板“{layout}”无法使用：{'；'.join(zh for _, zh in faults)}。请写成如“{example}”。",
        )
    return Template(name or layout, tuple(parts))


def _part(found: re.Match[str]) -> Part:
    if found["text"]:
        return Part("text", text=found["text"])
    low, high = (int(found[key]) if found[key] else None for key in ("low", "high"))
    return Part(found["name"], int(found["width"]) if found["width"] else None, low or 0, high)


def _unread(text: str) -> tuple[str, str]:
    return f'"{text}" is no part', f"“{text}”不是编码的组成部分"


def _faults(part: Part) -> list[tuple[str, str]]:
    """What is wrong with one part."""
    if part.name == "text":
        return []
    known = (*LEVELS, "parent", *_NUMBERS)
    if part.name not in known:
        return [(f"{{{part.name}}} is unknown; the parts are {', '.join(known)}",
                 f"{{{part.name}}} 未知；可用：{'、'.join(known)}")]  # fmt: skip
    faults = []
    if part.width is None and part.name != "parent":
        faults.append((f"{{{part.name}}} has no width", f"{{{part.name}}} 缺少位数"))
    widest = LEVELS.get(part.name, 9 if part.name in _NUMBERS else 99)
    if part.width is not None and not 1 <= part.width <= widest:
        faults.append((f"{{{part.name}:{part.width}}} must have 1 to {widest} digits",
                       f"{{{part.name}:{part.width}}} 的位数应为 1 至 {widest}"))  # fmt: skip
    if part.high is not None and part.high < max(part.low, 1):
        faults.append((f"{{{part.name}}} has the empty range {part.low}-{part.high}",
                       f"{{{part.name}}} 的取值范围 {part.low}-{part.high} 为空"))  # fmt: skip
    return faults


LAYOUTS: Mapping[str, str] = MappingProxyType(
    {
        "stat15": "{parent:12}{seq:3}",
        "unit14": "{county:6}{township:3}{community:3}{seq:2}",
        "community20": "000000{county:6}{township:3}{community:3}{seq:2:0-99}",
        "local12": "{parent:10}{seq:2}",
        "micro": "{parent:12}{seq:3}{micro:2}",
        "micro18": "{parent:12}{seq:3}{micro:3}",
        "id+3": "{parent}{seq:3}",
    }
)
"""The templates on offer and their layouts. The object class of ``community20`` (CJ/T 349-2010) is six zeros: a city
that uses one writes the layout with its own."""

MICRO_OF_GRIDS: Mapping[str, str] = MappingProxyType({"micro": "{parent:15}{seq:2}", "micro18": "{parent:15}{seq:3}"})
"""Layouts of micro-grids where the communities are themselves grids of 15 digits, drawn once more inside."""

TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {name: read_template(layout, name) for name, layout in LAYOUTS.items()}
)


def choose_template(name: str, community_ids: Iterable[str], *, parents: Mapping[str, str] | None = None) -> Template:
    """The template of that name or layout; ``"auto"`` is stat15 where it fits every community, else id+3.

    ``parents`` are the codes of communities that are not their ids. Raises a `RuleError` for a name that is not
    offered and a layout that cannot be read.
    """
    ids, parents = list(community_ids), parents or {}
    if name == AUTO:
        stat15 = TEMPLATES["stat15"].on(parents)
        return stat15 if all(stat15.fits(one) for one in ids) else TEMPLATES["id+3"].on(parents)
    if "{" in name:
        return read_template(name).on(parents)
    if name not in TEMPLATES:
        known = (AUTO, *TEMPLATES)
        raise RuleError(
            f'code template "{name}" is not offered; choose one of {", ".join(known)}, or write a layout like '
            '"{county:6}{township:3}{community:3}{seq:2}".',
            zh=f'编码模板 "{name}" 不可用；可选：{"、".join(known)}，'
            "或写成如“{county:6}{township:3}{community:3}{seq:2}”的格式。",
        )
    if name in MICRO_OF_GRIDS and ids and all(is_digits(one) and len(one) == 15 for one in ids):
        return read_template(MICRO_OF_GRIDS[name], name).on(parents)
    return TEMPLATES[name].on(parents)


def check_parents(template: Template, community_ids: Iterable[str]) -> None:
    """Raise a `RuleError` that names every community whose code a template cannot build on, and codes given twice."""
    ids = sorted(set(community_ids))
    misfits = [one for one in ids if not template.fits(one)]
    if misfits:
        digits = template.parent_digits
        asked, asked_zh = (f"of {digits} digits", f"为 {digits} 位数字") if digits else ("that are not empty", "不为空")
        if all(is_digits(one) and len(one) == digits for one in map(template.parent, misfits)):
            asked, asked_zh = f"in the ranges of {_ranges(template)}", f"在 {_ranges(template)} 的范围内"
        listed = preview(one if template.parent(one) == one else f"{one}: {template.parent(one)}" for one in misfits)
        raise RuleError(
            f"code template {template.name} needs community ids {asked}; {len(misfits)} are not: {listed}. "
            'Correct these ids, or set template = "id+3" under [rules.code].',
            zh=f"编码模板 {template.name} 要求村（社区）编码{asked_zh}；有 {len(misfits)} 个不符：{listed}。"
            '请改正编码，或在 [rules.code] 中设 template = "id+3"。',
        )
    _check_apart(template, ids)


def _ranges(template: Template) -> str:
    stated = [part for part in template.parts if part.name in LEVELS and part.high is not None]
    return ", ".join(f"{part.name} {part.low}-{part.high}" for part in stated)


def _check_apart(template: Template, ids: list[str]) -> None:
    """No two communities may share what the codes of their grids begin with."""
    holders: dict[str, list[str]] = {}
    for one in ids:
        holders.setdefault(template.code(one, 1), []).append(one)
    shared = [f"{' = '.join(several)}" for several in holders.values() if len(several) > 1]
    if shared:
        raise RuleError(
            f"code template {template.name} gives {len(shared)} sets of communities the same codes: {preview(shared)}. "
            "Take a template with more digits of the community's code, or give each community its own under "
            "[rules.code.parents].",
            zh=f"编码模板 {template.name} 使 {len(shared)} 组村（社区）编码相同：{preview(shared)}。"
            "请选用包含更多编码位数的模板，或在 [rules.code.parents] 中分别给出。",
        )
