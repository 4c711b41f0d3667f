"""Are codes and names what the recorded template promises?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

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


def codes(stored: Stored) -> Iterator[Fault]:
    """Codes unique, well-formed, of their own community, gapless from 1 with those retired; names unique.

    Numbers of an assessed drawing, of decisions and of locked grids are in force and may leave gaps; so may those
    that stand beside codes given up.
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
    listed = zip(grids.index, grids["community_id"], grids["seq"], strict=True)
    formed = {code: _formed(parents.get(community, community), int(seq), layout) for code, community, seq in listed}
    malformed = [code for code, right in formed.items() if code != right]
    yield from found(
        ("codes", "grids"),
        malformed,
        f"codes are not formed by template {template}",
        f"{{n}} 个编码不符合模板 {template}",
    )
    yield from _numbers(grids, template, layout)
    yield from _registered(stored, grids)
    yield from _gaps(stored, grids, layout, parents)
    repeated = grids.index[grids.duplicated(["community_id", "name"], keep=False)]
    yield from found(("names", "grids"), repeated, "names repeat in their community", "{n} 个名称在村（社区）内重复")
    nameless = grids.index[grids["name"] == ""]
    yield from found(("names", "grids"), nameless, "grids have no name", "{n} 个网格没有名称")


def _formed(parent: str, seq: int, layout: str) -> str:
    """The code that a layout makes of a community's code and a number, "" where it makes none."""
    written = []
    if layout.startswith("{parent:12}{seq:3}{micro") and len(parent) == 15:
        # The communities are grids themselves, and what is drawn in them are micro-grids.
        layout = layout.replace("12}{seq:3}{micro", "15}{seq")
    for part, width, text in _PARTS.findall(layout):
        if text:
            written.append(text)
        elif part in ("seq", "micro"):
            written.append(f"{seq if part == 'seq' else 0:0{width}d}")
        elif not width:
            written.append(parent if _is_digits(parent) else f"{parent}-")
        else:
            end = int(width) if part == "parent" else _ENDS[part]
            if not (_is_digits(parent) and len(parent) == (end if part == "parent" else 12)):
                return ""
            written.append(parent[end - int(width) : end])
    return "".join(written)


def _numbers(grids: Any, template: str, layout: str) -> Iterator[Fault]:
    """A number 0 only where the template keeps it for a community that is not split."""
    keeps_zero = template == "community20" or _FROM_ZERO.search(layout) is not None
    alone = ~grids["community_id"].duplicated(keep=False)
    wrong = grids.index[(grids["seq"] <= 0) & ~(alone & keeps_zero)]
    yield from found(("codes", "grids"), wrong, "sequence numbers are below 1", "{n} 个顺序号小于 1")


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _registered(stored: Stored, grids: Any) -> Iterator[Fault]:
    register = stored.layers["codes"]["grid_code"]
    missing = grids.index.difference(register)
    yield from found(("codes", "codes"), missing, "codes are not in the register", "{n} 个编码未登记")
    repeated = register[register.duplicated()].unique()
    yield from found(("codes", "codes"), repeated, "codes are registered twice", "{n} 个编码重复登记")


def _gaps(stored: Stored, grids: Any, layout: str, parents: Mapping[str, str]) -> Iterator[Fault]:
    """Communities that leave out a number that no code given up bears; numbers that people gave may."""
    if stored.record["city"].get("source") == "assess" or "decisions" in stored.record["inputs"]:
        return
    register = set(stored.layers["codes"]["grid_code"])
    by_hand: set[str] = set()
    if "units" in stored.layers:
        units = stored.layers["units"]
        by_hand = set(units.loc[units["locked_grid"] != "", "community_id"])
    broken = []
    for one, numbers in grids["seq"].astype(int).groupby(grids["community_id"]):
        missing = set(range(1, max(numbers) + 1)) - set(numbers)
        unexplained = [n for n in missing if _formed(parents.get(one, one), n, layout) not in register]
        if unexplained and one not in by_hand:
            broken.append(one)
    yield from found(("codes", "grids"), broken, "communities leave out a number", "{n} 个村（社区）编号不连续")
