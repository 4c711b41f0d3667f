"""Are codes and names what the recorded template promises?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gridopt.verify.counts import once
from gridopt.verify.faults import Fault, found
from gridopt.verify.files import Stored

_TEMPLATES = {"stat15": (15, 3), "local12": (12, 2), "id+3": (None, 3), "unit14": (14, 2), "community20": (20, 2)}
"""Digits of a code (None: as many as the community's id has, and the sequence) and of its sequence number."""

_NOT_BY_ID = {"unit14", "community20"}
"""Templates whose first digits are not the community's id as it stands."""


def codes(stored: Stored) -> Iterator[Fault]:
    """Codes unique, well-formed, of their own community, gapless from 1 with those retired; names unique.

    Numbers of an assessed drawing, of decisions and of locked grids are in force and may leave gaps.
    """
    grids = once(stored.layers["grids"])
    template = str(stored.record["rules"].get("code", {}).get("template", ""))
    if template not in _TEMPLATES:
        yield from found(
            ("codes", "plan.json"), [template], "the recorded code template is unknown", "记录的编码模板未知"
        )
        return
    listed = zip(grids.index, grids["community_id"], grids["seq"], strict=True)
    malformed = [code for code, community, seq in listed if not _fits(code, community, int(seq), template)]
    yield from found(
        ("codes", "grids"),
        malformed,
        f"codes are not formed by template {template}",
        f"{{n}} 个编码不符合模板 {template}",
    )
    yield from _registered(stored, grids)
    yield from _gaps(stored, grids, _TEMPLATES[template][1])
    repeated = grids.index[grids.duplicated(["community_id", "name"], keep=False)]
    yield from found(("names", "grids"), repeated, "names repeat in their community", "{n} 个名称在村（社区）内重复")
    nameless = grids.index[grids["name"] == ""]
    yield from found(("names", "grids"), nameless, "grids have no name", "{n} 个网格没有名称")


def _fits(code: str, community_id: str, seq: int, template: str) -> bool:
    length, width = _TEMPLATES[template]
    number = code[-width:]
    if not (_is_digits(number) and int(number) == seq) or (length is not None and len(code) != length):
        return False
    if template in _NOT_BY_ID:
        return _is_digits(code)
    bar = "" if _is_digits(community_id) else "-"
    return code == f"{community_id}{bar}{number}"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _registered(stored: Stored, grids: Any) -> Iterator[Fault]:
    register = stored.layers["codes"]["grid_code"]
    missing = grids.index.difference(register)
    yield from found(("codes", "codes"), missing, "codes are not in the register", "{n} 个编码未登记")
    repeated = register[register.duplicated()].unique()
    yield from found(("codes", "codes"), repeated, "codes are registered twice", "{n} 个编码重复登记")


def _gaps(stored: Stored, grids: Any, width: int) -> Iterator[Fault]:
    """Communities whose numbers, with those once used, leave one out; numbers that people gave may."""
    if stored.record["city"].get("source") == "assess" or "decisions" in stored.record["inputs"]:
        return
    by_hand = set()
    if "units" in stored.layers:
        units = stored.layers["units"]
        by_hand = set(units.loc[units["locked_grid"] != "", "community_id"])
    retired = [code for code in stored.layers["codes"]["grid_code"] if code not in grids.index]
    heads = {code[:-width]: community for code, community in zip(grids.index, grids["community_id"], strict=True)}
    used: dict[str, set[int]] = {}
    for code in [*grids.index, *retired]:
        community = heads.get(code[:-width])
        if community is not None and _is_digits(code[-width:]):
            used.setdefault(community, set()).add(int(code[-width:]))
    broken = sorted(one for one, numbers in used.items() if numbers - {0} != set(range(1, max(numbers) + 1)))
    broken = [one for one in broken if one not in by_hand]
    yield from found(("codes", "grids"), broken, "communities leave out a number", "{n} 个村（社区）编号不连续")
