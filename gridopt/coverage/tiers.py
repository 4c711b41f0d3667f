"""Tiers of service: their names, and how near one must be in each kind of area."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gridopt.errors import RuleError, check_keys, preview
from gridopt.rules import AREA_KINDS

Limits = tuple[float, ...]

VILLAGE = "village"
IN_THE_COMMUNITY = math.nan
"""The limit of a tier that asks for one facility in the community, whatever the distance."""

_TOWN: Limits = (500.0, 1_000.0, 10_000.0)
_COUNTRY: Limits = (IN_THE_COMMUNITY, 1_000.0, 10_000.0)
PRESETS: Mapping[str, Mapping[str, Limits]] = {
    "standard": {"default": _TOWN, "rural": _COUNTRY, "hill": _COUNTRY},
    "hundred": {"default": (100.0, 1_000.0, 10_000.0)},
}


@dataclass(frozen=True)
class Tiers:
    """Tiers from the nearest to the farthest, the table ``[rules.tiers]``; defaults to confirm locally.

    ``names`` are the values of the facilities' ``tier`` column. ``limits`` gives metres by area kind, in
    the order of names; kinds not listed take ``"default"``; `IN_THE_COMMUNITY` stands for "one in the
    village". ``target`` is the share of people to be reached. The standard preset is 500 / 1,000 /
    10,000 m, in rural and hill areas one in the village, then 1,000 and 10,000 m; ``"hundred"`` is
    100 / 1,000 / 10,000 m everywhere.
    """

    names: tuple[str, ...] = ("1", "2", "3")
    target: float = 0.9
    limits: Mapping[str, Limits] = field(default_factory=lambda: PRESETS["standard"])

    def __post_init__(self) -> None:
        object.__setattr__(self, "limits", MappingProxyType(dict(self.limits)))
        faults = list(_faults(self))
        if faults:
            raise RuleError(
                f"[rules.tiers]: {'; '.join(en for en, _ in faults)}.",
                zh=f"[rules.tiers]:{';'.join(zh for _, zh in faults)}。",
            )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], *, kinds: tuple[str, ...] = ()) -> Tiers:
        """The tiers of a project file: keys ``preset, names, target, limits``, a limit metres or ``"village"``.

        ``kinds`` are area kinds of the city beyond the usual ones. Raises a `RuleError` for unknown keys.
        """
        check_keys(settings, ("preset", "names", "target", "limits"), "[rules.tiers]")
        preset = str(settings.get("preset", "standard"))
        check_keys([preset], tuple(PRESETS), "[rules.tiers] preset")
        given = settings.get("limits", {})
        check_keys(given, tuple(dict.fromkeys(("default", *AREA_KINDS, *kinds))), "[rules.tiers.limits]")
        names = tuple(str(name) for name in settings.get("names", cls.names))
        usual = PRESETS[preset] if len(names) == len(_TOWN) else {}
        limits = {kind: tuple(_limit(value) for value in values) for kind, values in given.items()}
        return cls(names, settings.get("target", cls.target), {**usual, **limits})

    def limit(self, kind: str, tier: int) -> float:
        """Metres within which the tier of that number must be, in an area of that kind."""
        return self.limits.get(kind, self.limits["default"])[tier]


def _limit(value: object) -> float:
    if value == VILLAGE:
        return IN_THE_COMMUNITY
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else -1.0


def _faults(tiers: Tiers) -> list[tuple[str, str]]:
    """(English, Chinese) for each value that cannot hold."""
    faults = []
    if not tiers.names or len(set(tiers.names)) < len(tiers.names):
        shown = preview(tiers.names)
        faults.append((f"names must be one or more, each once: {shown}", f"names 至少一个且不得重复：{shown}"))
    if not isinstance(tiers.target, int | float) or not 0 <= tiers.target <= 1:
        faults.append((f"target = {tiers.target!r} is no share of 0-1", f"target = {tiers.target!r} 不在 0-1 之间"))
    if "default" not in tiers.limits:
        faults.append(("limits.default is needed with these names", "采用这些 names 时须给出 limits.default"))
    for kind, limits in tiers.limits.items():
        if len(limits) != len(tiers.names) or any(limit <= 0 for limit in limits):
            wanted = f"{len(tiers.names)} limits for {preview(tiers.names)}"
            faults.append(
                (
                    f'limits.{kind} must be {wanted}, each in metres above 0 or "{VILLAGE}"',
                    f'limits.{kind} 须依次给出 {len(tiers.names)} 个限值（米，大于 0）或 "{VILLAGE}"',
                )
            )
    return faults
