"""What a grid's work is counted by: minutes of service a month, as the project file states them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from gridopt.errors import RuleError, check_keys
from gridopt.formula import parse, quoted

OTHER = "other"
"""The kind that stands for every kind of event that is not named."""


@dataclass(frozen=True)
class Workload:
    """Minutes of service a month. Every default is an assumption: confirm locally.

    ``service`` gives the minutes for one of each counted column (households: half an hour a quarter), ``area``
    those for a hectare, ``events`` those for one event, by kind (``"other"``: every kind not named); the events
    layer covers ``months``. ``patrols`` rounds a month pass every one of ``stops`` (a formula over columns; "" is
    buildings, or households where the city has no buildings) at ``patrol_speed`` kilometres an hour.
    """

    service: Mapping[str, float] = field(default_factory=lambda: {"households": 10.0})
    events: Mapping[str, float] = field(default_factory=lambda: {OTHER: 40.0})
    months: float = 12.0
    area: float = 0.0
    patrols: float = 8.0
    stops: str = ""
    patrol_speed: float = 4.0

    def __post_init__(self) -> None:
        events = self.events if isinstance(self.events, Mapping) else {OTHER: self.events}
        object.__setattr__(self, "events", MappingProxyType(dict(events)))
        service = self.service if isinstance(self.service, Mapping) else {"": self.service}
        object.__setattr__(self, "service", MappingProxyType(dict(service)))
        faults = _faults(self)
        if faults:
            raise RuleError(
                "rules.workload: " + "; ".join(en for en, _ in faults) + ".",
                zh="rules.workload：" + "；".join(zh for _, zh in faults) + "。",
            )

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Workload:
        """From the table [rules.workload]; `RuleError` for keys that do not exist and values that cannot hold."""
        known = [one.name for one in fields(cls)]
        check_keys(table, known, "rules.workload")
        return cls(**{name: table[name] for name in known if name in table})

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of units that it is counted from, each once."""
        stops = parse(self.stops).columns if self.stops else ()
        return tuple(dict.fromkeys([*self.service, *stops]))


def _faults(workload: Workload) -> list[tuple[str, str]]:
    """(English, Chinese) for each value that cannot hold."""
    figures = {name: getattr(workload, name) for name in ("months", "area", "patrols", "patrol_speed")}
    figures |= {f"service.{name}": value for name, value in workload.service.items()}
    figures |= {f"events.{name}": value for name, value in workload.events.items()}
    faults = []
    for name, value in figures.items():
        above = name in ("months", "patrol_speed")
        if not _is_figure(value) or (above and value == 0):
            least, least_zh = ("above 0", "大于 0 的数") if above else ("of at least 0", "不小于 0 的数")
            faults.append(
                (f"{name} must be a number {least}, not {value!r}", f"{name} 应为{least_zh}，而不是 {value!r}")
            )
    for text in (*map(quoted, workload.service), *([workload.stops] if workload.stops else [])):
        try:
            if "workload" in parse(text).columns:
                faults.append(("the workload cannot be counted from itself", "工作量不能由自身推算"))
        except RuleError as error:
            faults.append((str(error), error.text("zh")))
    return faults


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
