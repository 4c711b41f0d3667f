"""Tiers of service: their names, and how near one must be in each kind of area."""

from __future__ import annotations

import math
import re
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

STRAIGHT, WALK = "straight", "walk"
METRICS = (STRAIGHT, WALK)

METRES_A_MINUTE = 66.0
"""On foot, at 1.1 m/s: a quarter of an hour is about a kilometre."""

_MINUTES = re.compile(r"(\d+(?:\.\d+)?)\s*(?:min|minutes|分钟)")
_TOWN: Limits = (500.0, 1_000.0, 10_000.0)
_COUNTRY: Limits = (IN_THE_COMMUNITY, 1_000.0, 10_000.0)
PRESETS: Mapping[str, Mapping[str, Limits]] = {
    "standard": {"default": _TOWN, "rural": _COUNTRY, "hill": _COUNTRY},
    "hundred": {"default": (100.0, 1_000.0, 10_000.0)},
    "circle": {"default": (15 * METRES_A_MINUTE,) * 3},
}
PRESET_METRICS: Mapping[str, Mapping[str, str]] = {
    "standard": {"default": STRAIGHT, "rural": WALK, "hill": WALK},
    "hundred": {"default": STRAIGHT},
    "circle": {"default": WALK},
}


@dataclass(frozen=True)
class Tiers:
    """Tiers from the nearest to the farthest, the table ``[rules.tiers]``; defaults to confirm locally.

    ``names`` are the values of the facilities' ``tier`` column. ``limits`` gives metres by area kind, in
    the order of names; kinds not listed take ``"default"``; `IN_THE_COMMUNITY` stands for "one in the
    village". ``target`` is the share of people to be reached. ``metric`` says by area kind how distance is
    taken: ``"straight"``, or ``"walk"``, along the streets where the city has them.

    The standard preset is 500 / 1,000 / 10,000 m, in rural and hill areas one in the village, then 1,000
    and 10,000 m along the streets; ``"hundred"`` is 100 / 1,000 / 10,000 m everywhere; ``"circle"`` every tier
    within 15 minutes' walk (十五分钟生活圈), 990 m along the streets.
    """

    names: tuple[str, ...] = ("1", "2", "3")
    target: float = 0.9
    limits: Mapping[str, Limits] = field(default_factory=lambda: PRESETS["standard"])
    metric: Mapping[str, str] = field(default_factory=lambda: {"default": STRAIGHT})

    def __post_init__(self) -> None:
        object.__setattr__(self, "metric", MappingProxyType({"default": STRAIGHT, **self.metric}))
        object.__setattr__(self, "limits", MappingProxyType(dict(self.limits)))
        faults = list(_faults(self))
        if faults:
            raise RuleError(
                f"[rules.tiers]: {'; '.join(en for en, _ in faults)}.",
                zh=f"[rules.tiers]:{';'.join(zh for _, zh in faults)}。",
            )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], *, kinds: tuple[str, ...] = ()) -> Tiers:
        """The tiers of a project file: keys ``preset, names, target, limits, metric``.

        A limit is metres, minutes on foot (``"15 min"``) or ``"village"``; ``metric`` one name for all area
        kinds or a table. ``kinds`` are area kinds of the city beyond the usual ones.
        Raises a `RuleError` for unknown keys.
        """
        check_keys(settings, ("preset", "names", "target", "limits", "metric"), "[rules.tiers]")
        preset = str(settings.get("preset", "standard"))
        check_keys([preset], tuple(PRESETS), "[rules.tiers] preset")
        given, known = settings.get("limits", {}), tuple(dict.fromkeys(("default", *AREA_KINDS, *kinds)))
        check_keys(given, known, "[rules.tiers.limits]")
        asked = settings.get("metric", {})
        metric = {"default": str(asked)} if isinstance(asked, str) else {**PRESET_METRICS[preset], **asked}
        check_keys(metric, known, "[rules.tiers.metric]")
        names = tuple(str(name) for name in settings.get("names", cls.names))
        usual = PRESETS[preset] if len(names) == len(_TOWN) else {}
        limits = {kind: tuple(_limit(value) for value in values) for kind, values in given.items()}
        return cls(names, settings.get("target", cls.target), {**usual, **limits}, metric)

    def limit(self, kind: str, tier: int) -> float:
        """Metres within which the tier of that number must be, in an area of that kind."""
        return self.limits.get(kind, self.limits["default"])[tier]

    def metric_of(self, kind: str) -> str:
        """How distance is taken in an area of that kind."""
        return self.metric.get(kind, self.metric["default"])


def _limit(value: object) -> float:
    if value == VILLAGE:
        return IN_THE_COMMUNITY
    minutes = _MINUTES.fullmatch(value.strip()) if isinstance(value, str) else None
    if minutes:
        return float(minutes[1]) * METRES_A_MINUTE
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
    for kind, metric in tiers.metric.items():
        if metric not in METRICS:
            listed = ", ".join(METRICS)
            faults.append(
                (f"metric.{kind} = {metric!r}; choose {listed}", f"metric.{kind} = {metric!r}；可选 {listed}")
            )
    for kind, limits in tiers.limits.items():
        if len(limits) != len(tiers.names) or any(limit <= 0 for limit in limits):
            wanted = f"{len(tiers.names)} limits for {preview(tiers.names)}"
            faults.append(
                (
                    f'limits.{kind} must be {wanted}, each in metres above 0, "15 min" or "{VILLAGE}"',
                    f'limits.{kind} 须依次给出 {len(tiers.names)} 个限值（大于 0 的米数、"15 分钟" 或 "{VILLAGE}"）',
                )
            )
    return faults
