"""Are codes and names what the recorded template promises?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gridopt.verify.counts import once
from gridopt.verify.faults import Fault, found
from gridopt.verify.files import Stored

_LAYOUTS = {
    "stat15": "{parent:12}{seq:3}",
    "unit14": "{parent:12}{seq:2}",
    "community20": "000000{parent:12}{seq:2}",
    "local12": "{parent:10}{seq:2}",
    "micro": "{parent:12}{seq:3}{micro:2}",
    "micro18": "{parent:12}{seq:3}{micro:3}",
    "id+3": "{parent}{seq:3}",
}
"""The parts of a code: those of the parent, of a sequence number, and signs that stand for themselves."""

_ENDS = {"province": 2, "prefecture": 4, "county": 6, "township": 9, "community": 12, "parent": 12}
_FROM_ZERO = re.compile(r"\{seq:\d+:0+-")
_PARTS = re.compile(r"\{([a-z]+)(?::(\d+))?[^}]*\}|([0-9A-Za-z-]+)")


@dataclass(frozen=True)
class _Frame:
    """What stands before and behind the sequence number of a community's codes, and the digits of the number."""

    head: str
    width: int
    tail: str

    def code(self, number: int) -> str:
        """The community's code of that number."""
        return f"{self.head}{number:0{self.width}d}{self.tail}"

    def number(self, code: str) -> int | None:
        """The number in a code of this community, None for any other text."""
        digits = code[len(self.head) : len(code) - len(self.tail)]
        return int(digits) if _is_digits(digits) and self.code(int(digits)) == code else None


def codes(stored: Stored) -> Iterator[Fault]:
    """Codes unique, well-formed, of their own community, gapless from 1 with those retired; names unique.

    Numbers of an assessed drawing, of decisions, of locked grids and of today's grids are in force and may leave
    gaps; so may those that stand beside codes given up. A code given up is no grid's; each code of today's grids
    is a grid's or given up; and the numbers of new grids beside them follow the highest ever used, without a gap.
    """
    grids = once(stored.layers["grids"])
    settings = stored.record["rules"].get("code", {})
    template = str(settings.get("template", ""))
    layout = template if "{seq:" in template else _LAYOUTS.get(template, "")
    if not layout:
        yield from found(
            ("codes", "plan.json"), [template], "the recorded code template is unknown", "记录的编码模板未知"
        )
        return
    parents = dict(settings.get("parents", {}))
    frames = {str(one): _frame(parents.get(one, one), layout) for one in grids["community_id"].unique()}
    listed = zip(grids.index, grids["community_id"], grids["seq"].astype(int), strict=True)
    malformed = [
        code for code, one, seq in listed if (frame := frames[one]) is None or seq < 0 or code != frame.code(seq)
    ]
    yield from found(
        ("codes", "grids"),
        malformed,
        f"codes are not formed by template {template}",
        f"{{n}} 个编码不符合模板 {template}",
    )
    sound = {one: frame for one, frame in frames.items() if frame is not None}
    standing = {} if settings.get("in_force") == "renumber" else _standing(stored, sound)
    yield from _numbers(grids, template, layout)
    in_force = [sound[one].code(number) for one, numbers in standing.items() for number in numbers]
    yield from _registered(stored, grids, in_force)
    yield from _gaps(stored, grids, sound, standing)
    repeated = grids.index[grids.duplicated(["community_id", "name"], keep=False)]
    yield from found(("names", "grids"), repeated, "names repeat in their community", "{n} 个名称在村（社区）内重复")
    nameless = grids.index[grids["name"] == ""]
    yield from found(("names", "grids"), nameless, "grids have no name", "{n} 个网格没有名称")


def _frame(parent: str, layout: str) -> _Frame | None:
    """What a layout makes of a community's code, None where it makes nothing of it."""
    if layout.startswith("{parent:12}{seq:3}{micro") and len(parent) == 15:
        # The communities are grids themselves, and what is drawn in them are micro-grids.
        layout = layout.replace("12}{seq:3}{micro", "15}{seq")
    written, sides, digits = "", [], 0
    for part, width, text in _PARTS.findall(layout):
        if text:
            written += text
        elif part == "seq":
            sides, written, digits = [written], "", int(width)
        elif part == "micro":
            written += "0" * int(width)
        elif not width:
            written += parent if _is_digits(parent) else f"{parent}-"
        else:
            end = int(width) if part == "parent" else _ENDS[part]
            if not (_is_digits(parent) and len(parent) == (end if part == "parent" else 12)):
                return None
            written += parent[end - int(width) : end]
    return _Frame(sides[0], digits, written)


def _numbers(grids: Any, template: str, layout: str) -> Iterator[Fault]:
    """A number 0 only where the template keeps it for a community that is not split."""
    keeps_zero = template == "community20" or _FROM_ZERO.search(layout) is not None
    alone = ~grids["community_id"].duplicated(keep=False)
    wrong = grids.index[(grids["seq"] <= 0) & ~(alone & keeps_zero)]
    yield from found(("codes", "grids"), wrong, "sequence numbers are below 1", "{n} 个顺序号小于 1")


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _standing(stored: Stored, frames: Mapping[str, _Frame]) -> dict[str, set[int]]:
    """The numbers of today's grids that are in force, by community: those of codes that the template makes."""
    today = stored.layers.get("current_grids")
    owners = {(frame.head, frame.tail): one for one, frame in frames.items()}
    width = next((frame.width for frame in frames.values()), 0)
    tail = next((len(frame.tail) for frame in frames.values()), 0)
    standing: dict[str, set[int]] = {}
    for code in [] if today is None else today["grid_code"]:
        end = len(code) - tail
        one = owners.get((code[: max(end - width, 0)], code[max(end, 0) :]), "")
        number = frames[one].number(code) if one else None
        if number is not None:
            standing.setdefault(one, set()).add(number)
    return standing


def _registered(stored: Stored, grids: Any, lost: Sequence[str]) -> Iterator[Fault]:
    codes = stored.layers["codes"]
    register = codes["grid_code"]
    missing = grids.index.difference(register)
    yield from found(("codes", "codes"), missing, "codes are not in the register", "{n} 个编码未登记")
    repeated = register[register.duplicated()].unique()
    yield from found(("codes", "codes"), repeated, "codes are registered twice", "{n} 个编码重复登记")
    again = grids.index.intersection(pd.Index(register[_given_up(codes)]))
    yield from found(("codes", "codes"), again, "codes were given up and are used again", "{n} 个编码已停用，不得再用")
    unlisted = sorted(set(lost) - set(register))
    yield from found(
        ("codes", "codes"),
        unlisted,
        "codes of today's grids are neither a grid's nor given up",
        "{n} 个现有网格编码既未沿用，也未登记停用",
    )


def _given_up(codes: Any) -> Any:
    """Which rows of the register have an end or a successor."""
    return (codes[["valid_to", "successor"]].fillna("").astype(str) != "").any(axis=1)


def _gaps(
    stored: Stored, grids: Any, frames: Mapping[str, _Frame], standing: Mapping[str, set[int]]
) -> Iterator[Fault]:
    """Communities that leave out a number that no code given up bears; numbers that people gave may."""
    if stored.record["city"].get("source") == "assess" or "decisions" in stored.record["inputs"]:
        return
    register = set(stored.layers["codes"]["grid_code"])
    by_hand: set[str] = set()
    if "units" in stored.layers:
        units = stored.layers["units"]
        by_hand = set(units.loc[units["locked_grid"] != "", "community_id"])
    broken = []
    for one, column in grids["seq"].astype(int).groupby(grids["community_id"]):
        if one in by_hand or one not in frames:
            continue
        numbers, held = set(column), standing.get(one, set())
        new = numbers - held
        missing = set(range(max(held, default=0) + 1, max(new, default=0) + 1)) - new
        if any(frames[one].code(number) not in register for number in missing) or (
            new and min(new) < max(held, default=0)
        ):
            broken.append(one)
    yield from found(("codes", "grids"), broken, "communities leave out a number", "{n} 个村（社区）编号不连续")
