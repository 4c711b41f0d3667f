"""Is every grid within its bounds, or the exception declared?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridopt.verify.counts import once
from gridopt.verify.faults import Fault, fault, found
from gridopt.verify.files import Stored
from gridopt.verify.formulas import sums_by_grid

_CLASSES = ("decide", "information")
_SIZES = ("size.low", "size.high", "size.also.")
_COUNTS = ("households", "residents", "buildings", "workload")
_ALIKE = 1e-6


def bounds(stored: Stored) -> Iterator[Fault]:
    """Every grid keeps the bounds of its community's area kind, or violations say that it does not.

    Grids that hold a dedicated unit have no bounds of size.
    """
    grids, units = once(stored.layers["grids"]), stored.layers["units"]
    kind_of = once(stored.layers["communities"])["area_kind"].to_dict()
    kinds = pd.Series([kind_of.get(one, "") for one in grids["community_id"]], grids.index, dtype=object)
    institutions = set(units.loc[units["dedicated"] != "", "grid_code"]) | set(
        grids.index[grids["kind"] == "dedicated"]
    )
    for kind in sorted(set(kinds)):
        inside = grids[(kinds == kind) & ~grids.index.isin(list(institutions))]
        for rule, measure, low, high in _limits(stored.record["rules"], kind):
            sizes = _sizes(measure, inside, units)
            for side, outside in (("low", sizes < _number(low, -1) - 1e-6), ("high", sizes > _number(high, 1) + 1e-6)):
                known = declared(stored.layers["violations"], _names(rule, side))
                silent = [code for code in sizes.index[outside] if code not in known]
                limit = low if side == "low" else high
                yield from found(
                    ("bounds", "grids"),
                    silent,
                    f"grids break {rule}.{side} = {limit} of {measure}, undeclared",
                    f"{{n}} 个网格超出 {rule}.{side} = {limit}（{measure}），且未列入需说明事项",
                )


def deviations(stored: Stored) -> Iterator[Fault]:
    """``deviation`` is the size of a grid over the target of its area kind, less one."""
    grids, units = once(stored.layers["grids"]), stored.layers["units"]
    kinds = once(stored.layers["communities"])["area_kind"].to_dict()
    kind_of = pd.Series([kinds.get(one, "") for one in grids["community_id"]], grids.index, dtype=object)
    for kind in sorted(set(kind_of)):
        inside = grids[kind_of == kind]
        size = _size_rule(stored.record["rules"], kind)
        truth = _sizes(_counted(size), inside, units) / float(size.get("target") or np.nan) - 1
        wrong = inside.index[(inside["deviation"] - truth).abs() > _ALIKE]
        yield from found(
            ("sums", "grids"), wrong, "deviation is not size / target - 1", "{n} 个网格的规模偏差与规模和目标不符"
        )


def _size_rule(rules: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {**rules.get("size", {}), **rules.get("area", {}).get(kind, {}).get("size", {})}


def _limits(rules: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str, Any, Any]]:
    """(rule, measure, low, high) for an area kind."""
    size = _size_rule(rules, kind)
    counted = _counted(size)
    yield "size", counted, size.get("low"), size.get("high")
    for measure, limits in size.get("also", {}).items():
        if measure == counted:
            continue  # what grids are sized by has the bounds of the size rule alone
        yield f"size.also.{measure}", measure, limits.get("low"), limits.get("high")


def _counted(size: Mapping[str, Any]) -> str:
    """The size measure with its care load, as one formula."""
    loads = [f'{weight!r}*"{column}"' for column, weight in (size.get("weight_by") or {}).items()]
    return " + ".join([size.get("measure", "households"), *loads])


def _sizes(measure: str, grids: Any, units: Any) -> Any:
    """A measure of each grid, as its own count or counted anew from its units."""
    if measure in _COUNTS:
        return grids[measure]
    return sums_by_grid(units, measure).reindex(grids.index).fillna(0)


def _number(limit: Any, sign: int) -> float:
    return sign * float("inf") if limit is None else float(limit)


def _names(rule: str, side: str) -> Callable[[str], bool]:
    """Rules of violations that excuse a bound; a relaxed bound may carry a longer name."""
    return lambda name: name.startswith(f"{rule}.{side}") or name == rule


def declared(violations: pd.DataFrame, concerns: Callable[[str], bool]) -> set[str]:
    """Grid codes named by violations of the rules that a test accepts."""
    rows = violations[violations["rule"].map(concerns).astype(bool)] if len(violations) else violations
    return {code for listed in rows["grid_codes"] for code in str(listed).split(";") if code}


def declarations(stored: Stored) -> Iterator[Fault]:
    """Violations name grids, units and communities that exist, a known class, a reason, and the size as it is."""
    table = stored.layers["violations"]
    for column, layer in (("grid_codes", "grids"), ("unit_ids", "units"), ("community_id", "communities")):
        named = {one for listed in table[column] for one in str(listed).split(";") if one}
        lost = sorted(named - set(stored.layers[layer].index))
        yield from found(
            ("violations", "violations"),
            lost,
            f"{layer} are named that do not exist",
            f"提到的 {{n}} 个 {layer} 不存在",
        )
    strange = sorted(set(table["class"]) - set(_CLASSES))
    yield from found(("violations", "violations"), strange, "classes are unknown", "{n} 种类别未知")
    if (table["reason"] == "").any():
        yield fault(("violations", "violations"), [], "a row gives no reason", "有事项未写原因")
    yield from _stale(stored, table)


def _stale(stored: Stored, table: Any) -> list[Fault]:
    """Grids whose declared size is no longer theirs: such a row excuses nothing."""
    grids, units = once(stored.layers["grids"]), stored.layers["units"]
    kinds = once(stored.layers["communities"])["area_kind"]
    counted: dict[str, Any] = {}
    wrong = []
    for rule, code, value in zip(table["rule"], table["grid_codes"], table["value"], strict=True):
        if not rule.startswith(_SIZES) or code not in grids.index:
            continue
        measure = rule.removeprefix("size.also.").rpartition(".")[0] if rule.startswith("size.also.") else None
        if measure is None:
            kind = str(kinds.get(grids.loc[code, "community_id"], ""))
            measure = next(_limits(stored.record["rules"], kind))[1]
        sizes = counted.setdefault(measure, _sizes(measure, grids, units))
        if not math.isclose(value, sizes[code], rel_tol=_ALIKE, abs_tol=_ALIKE):
            wrong.append(code)
    return found(
        ("violations", "violations"),
        sorted(set(wrong)),
        "grids have another size than their violation says",
        "{n} 个网格的规模与需说明事项所述不符",
    )
