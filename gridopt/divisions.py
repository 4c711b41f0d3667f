"""Statistical codes of divisions (统计用区划代码): their levels, parents and ranges, and which codes are any."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gridopt.coordinates import is_in_china

DIGITS = 12
ENDS: Mapping[str, int] = MappingProxyType({"city": 4, "county": 6, "township": 9, "village": 12})
"""Level of a row -> digits of its code before the zeros."""

PROVINCES = frozenset("11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 "
                      "81 82".split())  # fmt: skip
"""Heads of the codes (GB/T 2260)."""

TOWNSHIPS = ((1, 99, "street"), (100, 199, "town"), (200, 399, "township"), (400, 599, "town-like"))
"""Ranges of the township part of a code (GB/T 10114)."""

VILLAGES = ((1, 199, "residents"), (200, 399, "villagers"), (400, 599, "alike"))
"""Ranges of the community part: residents' committees, villagers' committees, alike units."""

VIRTUAL = (498, 598)
"""Community parts of virtual units, which hold no land of their own."""

MERGED = (601, 999)
"""Community parts of merged communities (CJ/T 349-2010)."""

MOSTLY = 0.75
"""Share of sound codes from which a table of codes is one of divisions, and the rest are slips."""

TAIWAN = re.compile(r"(?:090[0-9]{2}|100[0-9]{2}|6[3-8]0[0-9]{2})[0-9]{3}-?[0-9]{3}")
"""Codes of villages (村里代碼): county or municipality of 5 digits, township of 3, village of 3."""


def heads(codes: Sequence[str], longitude: float, latitude: float) -> tuple[list[str], list[str]]:
    """The township and the county at the head of each community's code, "" where it is no code of a division.

    Codes of a place in degrees are statistical ones (12 digits, or the 15 of a grid) or those of Taiwan's villages
    where nearly all of them have the digits, the province and the ranges; any other number, and any outside China,
    says nothing of what lies above.
    """
    if not is_in_china(longitude, latitude):
        return [""] * len(codes), [""] * len(codes)
    least = MOSTLY * len(codes)
    if sum(map(_is_statistical, codes)) >= max(least, 1):
        cut = [code if _is_statistical(code) else "" for code in codes]
        return [code[: ENDS["township"]] for code in cut], [code[: ENDS["county"]] for code in cut]
    if sum(map(_is_taiwanese, codes)) >= max(least, 1):
        cut = [code if _is_taiwanese(code) else "" for code in codes]
        return [code[:-3].rstrip("-") for code in cut], [code[:5] for code in cut]
    return [""] * len(codes), [""] * len(codes)


def _is_statistical(code: str) -> bool:
    head = code[:DIGITS]
    if len(code) not in (DIGITS, DIGITS + 3) or not is_sound(head) or code[:2] not in PROVINCES:
        return False
    return bool(kind_of(parent_of(head) if level_of(head) == "village" else head))


def _is_taiwanese(code: str) -> bool:
    return TAIWAN.fullmatch(code) is not None


def is_sound(code: str) -> bool:
    """Whether a code has twelve digits."""
    return len(code) == DIGITS and code.isascii() and code.isdigit()


def level_of(code: str) -> str:
    """The level of a 12-digit code: the last that has digits of its own."""
    return next((level for level, end in ENDS.items() if not code[end:].strip("0")), "village")


def parent_of(code: str) -> str:
    """The code one level up; "" for a city."""
    level = level_of(code)
    ends = list(ENDS.values())
    place = list(ENDS).index(level)
    return code[: ends[place - 1]].ljust(DIGITS, "0") if place else ""


def kind_of(code: str) -> str:
    """What a township or community is by the range of its part, "" where it lies in none."""
    level = level_of(code)
    if level == "township":
        return next((kind for low, high, kind in TOWNSHIPS if low <= _part(code, 6, 9) <= high), "")
    if level != "village":
        return ""
    part = _part(code, 9, 12)
    if part in VIRTUAL:
        return "virtual"
    if MERGED[0] <= part <= MERGED[1]:
        return "merged"
    return next((kind for low, high, kind in VILLAGES if low <= part <= high), "")


def _part(code: str, start: int, end: int) -> int:
    digits = code[start:end]
    return int(digits) if digits.isascii() and digits.isdigit() else -1


def full_code(code: str) -> str:
    """A code of 4, 6 or 9 digits filled up to 12."""
    return code.ljust(DIGITS, "0") if len(code) in (4, 6, 9) else code
