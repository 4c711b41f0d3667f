"""Rules restated one by one, by their dotted names: ``size.target``, ``area.rural.size.high``."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any

from gridopt.errors import RuleError, preview
from gridopt.rules import AREA_KINDS, Governance, Proximity, Relax, Rules, Size

PARTS = {"size": Size, "proximity": Proximity, "governance": Governance, "relax": Relax}
NAMES = tuple(f"{part}.{one.name}" for part, kind in PARTS.items() for one in dataclasses.fields(kind))
"""Every rule that can be restated; ``area.<kind>.`` before it restates it for an area kind."""
TABLES = {"size.also": ("low", "high"), "size.weight_by": None, "size.count": None, "governance.barriers": None}
"""Rules that are tables: one of their entries can be restated too, ``size.also.residents.high``."""


def restated(rules: Rules, values: Mapping[str, Any]) -> Rules:
    """The same rules with some of them changed, each under its dotted name.

    As in a project file, a comfort band that is not restated where ``low`` or ``high`` are keeps its place
    between them, and what an area kind restates for itself is not touched by the rule for all. Raises one
    `RuleError` for all names that do not exist, with those that do, or for rules that cannot hold.
    """
    check_names(values)
    tables = rules.to_dict()
    for name, value in values.items():
        _put(tables, name, value)
    bounded = [name for name in values if _split(name)[1] in ("size.low", "size.high")]
    for where in sorted({name.rpartition(".")[0] for name in bounded}):
        _keep_comfort(tables, rules, where, values)
    return Rules.from_dict(tables)


def check_names(names: Mapping[str, Any]) -> None:
    """Raise one `RuleError` for all names that no rule has, each with the nearest one that exists."""
    unknown = [name for name in names if not _is_known(name)]
    if unknown:
        near = [difflib.get_close_matches(name, NAMES, 1) for name in unknown]
        told = [f"{name} ({best[0]}?)" if best else name for name, best in zip(unknown, near, strict=True)]
        raise RuleError(
            f"there is no rule {preview(told)}; choose from {', '.join(NAMES)}, each also with area.<kind>. before it "
            f"({', '.join(AREA_KINDS)}).",
            zh=f"没有规则 {preview(told)}；可用：{'、'.join(NAMES)}，"
            f"前面均可加 area.<类型>.（{'、'.join(AREA_KINDS)}）。",
        )


def _is_known(name: str) -> bool:
    kind, rule = _split(name)
    if kind is not None and (kind not in AREA_KINDS or rule.startswith("relax.")):
        return False
    table = next((one for one in TABLES if rule.startswith(f"{one}.")), None)
    if table is None:
        return rule in NAMES
    ends = TABLES[table]
    key, _, end = rule.removeprefix(f"{table}.").rpartition(".")
    return bool(end) if ends is None else bool(key) and end in ends


def _split(name: str) -> tuple[str | None, str]:
    """(area kind, rule) of a dotted name; None where it is a rule for all."""
    if not name.startswith("area."):
        return None, name
    kind, _, rule = name.removeprefix("area.").partition(".")
    return kind, rule


def _put(tables: dict[str, Any], name: str, value: Any) -> None:
    kind, rule = _split(name)
    place = tables if kind is None else tables["area"].setdefault(kind, {})
    table = next((one for one in TABLES if rule.startswith(f"{one}.")), None)
    part, _, field = (table or rule).partition(".")
    place = place.setdefault(part, {})
    if table is None:
        place[field] = value
        return
    place[field] = dict(place[field]) if isinstance(place.get(field), Mapping) else {}
    key = rule.removeprefix(f"{table}.")
    if TABLES[table] is None:
        place[field][key] = value
    else:
        key, _, end = key.rpartition(".")
        place[field][key] = {**place[field].get(key, {}), end: value}


def _keep_comfort(tables: dict[str, Any], rules: Rules, where: str, values: Mapping[str, Any]) -> None:
    """The comfort band in the same place between the new bounds as it had between the old ones."""
    kind, _ = _split(f"{where}.low")
    size = (rules if kind is None else rules.at(kind)).size
    if f"{where}.comfort" in values or size.high <= size.low:
        return
    low, high = (float(values.get(f"{where}.{side}", getattr(size, side))) for side in ("low", "high"))
    shares = [(one - size.low) / (size.high - size.low) for one in size.comfort]
    _put(tables, f"{where}.comfort", tuple(low + share * (high - low) for share in shares))
