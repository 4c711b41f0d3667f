"""The [rules] tables of a project file as `Rules`; a key that cannot be honoured is an error, never skipped."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from gridopt.errors import RuleError
from gridopt.formula import EXAMPLE
from gridopt.rules import AREA_KINDS, Bounds, Governance, Proximity, Relax, Rules, Size

GROUP_LAYERS = ("estates", "groups")
BARRIERS = ("wall", "seam", "none")
BARRIER_LAYERS = ("road", "water", "rail", "wall")
SETTINGS = ("code", "staff", "tiers", "workload", "people", "publish")
PARTS = ("size", "proximity", "governance", "relax")
KEYS = {
    "size": ("measure", "low", "target", "high", "comfort", "stretch", "count", "also", "weight", "weight_by"),
    "proximity": ("weight", "metric", "max_walk", "posts"),
    "governance": ("weight", "keep_whole", "min_border", "enclosed", "barriers", "homogeneity"),
    "relax": ("order", "never"),
}
_VALUES = {"size": Size, "proximity": Proximity, "governance": Governance, "relax": Relax}
_RURAL = {"low": 100, "target": 250, "high": 400, "comfort": (150, 350)}


def read_rules(tables: Mapping[str, Any]) -> Rules:
    """The drawing rules, from the ``[rules.*]`` tables.

    A ``comfort`` band that is not restated where ``low`` or ``high`` are keeps its place between them
    (15 to 75 per cent of the way up). ``[rules.area.rural.size]`` adds to the rural defaults.

    Raises:
        RuleError: unknown keys (with the nearest known one), values of the wrong type, and settings of
            the whole city that are written for one area kind.
    """
    check_keys(tables, (*PARTS, "area", "kinds", *SETTINGS), "rules", is_table=True)
    values = {part: _part(part, table_of(tables, part, "rules"), f"rules.{part}") for part in PARTS}
    areas = _areas(table_of(tables, "area", "rules"))
    parts: dict[str, Any] = {part: _VALUES[part](**values[part]) for part in PARTS}
    return Rules(**parts, area=areas)


def check_keys(table: Mapping[str, Any], known: Iterable[str], where: str, *, is_table: bool = False) -> None:
    """Raise one `RuleError` that names every unknown key with the nearest known one."""
    choices = list(known)
    faults = []
    for key in table:
        if key not in choices:
            near = get_close_matches(key, choices, 1, 0.6)
            name = f"[{where}.{key}]".replace("[.", "[") if is_table else f"[{where}] {key}"
            faults.append(
                (
                    f"unknown {'table' if is_table else 'key'} {name}"
                    + (f' (did you mean "{near[0]}"?)' if near else f"; known: {', '.join(choices)}"),
                    f"未知的{'表' if is_table else '键'} {name}"
                    + (f"（是否应为“{near[0]}”？）" if near else f"；可用：{'、'.join(choices)}"),
                )
            )
    _raise(faults)


def table_of(tables: Mapping[str, Any], name: str, where: str = "") -> dict[str, Any]:
    """A sub-table by name, empty where it is not given; ``where`` is the table it stands in."""
    table = tables.get(name, {})
    if not isinstance(table, dict):
        full = f"{where}.{name}".lstrip(".")
        raise RuleError(
            f"{full} must be a table, not {table!r}. Write it as [{full}] with one key a line.",
            zh=f"{full} 应为表，而不是 {table!r}。请写成 [{full}]，每行一个键。",
        )
    return table


def read_date(value: object, where: str) -> str | None:
    """A date as "2026-01-01", None where none is written; ``where`` is the key it stands at.

    Raises:
        RuleError: it is no date.
    """
    if value is None:
        return None
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        key = where.rsplit(" ", 1)[-1]
        raise RuleError(
            f'{where} = "{value}" is not a date. Write it like {key} = "2026-01-01".',
            zh=f'{where} = "{value}" 不是日期。请写成 {key} = "2026-01-01"。',
        ) from error


def _areas(tables: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    check_keys(tables, AREA_KINDS, "rules.area", is_table=True)
    areas: dict[str, dict[str, dict[str, Any]]] = {"rural": {"size": dict(_RURAL)}}
    for kind in tables:
        where = f"rules.area.{kind}"
        parts = table_of(tables, kind, "rules.area")
        check_keys(parts, PARTS, where, is_table=True)
        for part in parts:
            given = _part(part, table_of(parts, part, where), f"{where}.{part}")
            if part == "relax" or "barriers" in given:
                key = part if part == "relax" else "governance.barriers"
                _raise([_not_by_area_kind(f"{where}: {key}", f"[rules.{part}]")])
            areas.setdefault(kind, {}).setdefault(part, {}).update(given)
    return areas


def _part(part: str, table: dict[str, Any], where: str) -> dict[str, Any]:
    check_keys(table, KEYS[part], where)
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for key, value in table.items():
        fault, values[key] = _checked(key, value, where)
        faults += [fault] if fault else []
    _raise(faults)
    low, high = values.get("low", _default(where, "low")), values.get("high", _default(where, "high"))
    # Where low is above high the band is left alone: that fault is said by `Rules`, once.
    if part == "size" and {"low", "high"} & values.keys() and "comfort" not in values and low <= high:
        values["comfort"] = (low + 0.15 * (high - low), low + 0.75 * (high - low))
    return values


def _default(where: str, key: str) -> float:
    rural = where.startswith("rules.area.rural")
    return float(_RURAL[key] if rural else getattr(Size(), key))  # type: ignore[arg-type]


Fault = tuple[str, str]


def _checked(key: str, value: Any, where: str) -> tuple[Fault | None, Any]:  # noqa: PLR0911 — one line a type
    name = f"[{where}] {key}"
    if key in ("low", "stretch", "weight", "min_border", "homogeneity"):
        return (None if _is_number(value) else _wrong(name, value, "a number of at least 0", "不小于 0 的数")), value
    if key in ("target", "high", "max_walk"):
        fits = _is_number(value) and value > 0
        return (None if fits else _wrong(name, value, "a number above 0", "大于 0 的数")), value
    if key == "comfort":
        pair = isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))
        return (None, tuple(value)) if pair else (_wrong(name, value, "two numbers", "两个数"), value)
    if key == "keep_whole":
        return _keep_whole(name, value)
    if key in ("order", "never"):
        texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return (None, tuple(value)) if texts else (_wrong(name, value, "a list of names", "名称列表"), value)
    if key == "also":
        return _also(name, value)
    judges = {"measure": _measure, "weight_by": _weight_by, "barriers": _barriers}
    return (judges[key](name, value) if key in judges else None), value


def _keep_whole(name: str, value: Any) -> tuple[Fault | None, Any]:
    if isinstance(value, list) and all(layer in GROUP_LAYERS for layer in value):
        return None, tuple(value)
    layers, layers_zh = ", ".join(GROUP_LAYERS), "、".join(GROUP_LAYERS)
    return _wrong(name, value, f"a list of layers out of {layers}", f"图层列表，可选 {layers_zh}"), value


def _measure(name: str, value: Any) -> Fault | None:
    return None if isinstance(value, str) else _wrong(name, value, f'text like "{EXAMPLE}"', f'文字，如 "{EXAMPLE}"')


def _weight_by(name: str, value: Any) -> Fault | None:
    if isinstance(value, dict) and all(map(_is_number, value.values())):
        return None
    return _wrong(name, value, "a table like { elderly_alone = 0.5 }", "{ elderly_alone = 0.5 }")


def _also(name: str, value: Any) -> tuple[Fault | None, Any]:
    if not isinstance(value, dict):
        return _wrong(
            name, value, "a table like { residents = { high = 2500 } }", "{ residents = { high = 2500 } }"
        ), value
    bounds = {}
    for measure, limits in value.items():
        fits = isinstance(limits, dict) and limits.keys() <= {"low", "high"} and all(map(_is_number, limits.values()))
        if not fits:
            return _wrong(f"{name}.{measure}", limits, "{ low = ..., high = ... }", "{ low = ..., high = ... }"), value
        bounds[measure] = Bounds(**limits)
    return None, bounds


def _barriers(name: str, value: Any) -> Fault | None:
    example = '{ "road.primary" = "wall" }'
    if not isinstance(value, dict):
        return _wrong(name, value, f"a table like {example}", f"形如 {example} 的表")
    strange = [key for key in value if key.partition(".")[0] not in BARRIER_LAYERS or not key.partition(".")[2]]
    if strange:
        layers = ", ".join(f"{layer}.<class>" for layer in BARRIER_LAYERS)
        return _wrong(name, strange[0], f"keyed by {layers}", f"以 {layers} 为键")
    wrong = [kind for kind in value.values() if kind not in BARRIERS]
    return (
        _wrong(name, wrong[0], f"one of {', '.join(BARRIERS)}", f"以下之一：{'、'.join(BARRIERS)}") if wrong else None
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _wrong(name: str, value: Any, wanted: str, wanted_zh: str) -> Fault:
    return f"{name} must be {wanted}, not {_shown(value)}", f"{name} 应为{wanted_zh}，而不是 {_shown(value)}"


def _not_by_area_kind(what: str, instead: str) -> Fault:
    return (
        f"{what} is not given by area kind; write it once, in {instead}",
        f"{what} 不分区域类型，请只在 {instead} 中写一次",
    )


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise RuleError(
            "project file: " + "; ".join(english for english, _ in faults) + ".",
            zh="项目文件：" + "；".join(chinese for _, chinese in faults) + "。",
        )
