"""Does every unit have its grid, and do all figures add up?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridopt.verify.faults import Fault, fault, found
from gridopt.verify.files import Stored

_ALIKE = 1e-6
_RECORDED = 1e-8
"""plan.json keeps ten significant digits."""

_COUNTS = ("households", "residents", "buildings", "workload")


def once(table: Any) -> Any:
    """A table with each id once, so that the other checks can go on after a repeated id."""
    return table if table.index.is_unique else table[~table.index.duplicated()]


def labels(stored: Stored) -> Iterator[Fault]:
    """Total: every unit has a grid of its own community, every grid has units, every parent exists."""
    units, grids = stored.layers["units"], once(stored.layers["grids"])
    communities = once(stored.layers["communities"])
    stray = units.index[~units["grid_code"].isin(grids.index)]
    yield from found(("total", "units"), stray, "units have no grid that exists", "{n} 个划分单元没有对应的网格")
    empty = grids.index.difference(units["grid_code"])
    yield from found(("total", "grids"), empty, "grids have no unit", "{n} 个网格没有划分单元")
    for name, table in (("units", units), ("grids", grids)):
        lost = table.index[~table["community_id"].isin(communities.index)]
        yield from found(("total", name), lost, "rows belong to no community that exists", "{n} 行的村（社区）不存在")
    owner = units["grid_code"].map(grids["community_id"])
    crossed = units.index[owner.notna() & (owner != units["community_id"])]
    yield from found(
        ("community", "units"),
        crossed,
        "units lie in a grid of another community",
        "{n} 个划分单元被划入其他村（社区）的网格",
    )
    for column in ("community", "township_id", "county_id"):
        parent = grids["community_id"].map(communities[column])
        wrong = grids.index[parent.notna() & (parent != grids[column])]
        yield from found(
            ("community", "grids"),
            wrong,
            f"grids have another {column} than their community",
            f"{{n}} 个网格的 {column} 与所属村（社区）不符",
        )


def sums(stored: Stored) -> Iterator[Fault]:
    """Grids add up from their units and buildings; their area is that of their shape."""
    units, grids = once(stored.layers["units"]), once(stored.layers["grids"])
    buildings = once(stored.layers["buildings"])
    totals = units[list(_COUNTS)].fillna(0).groupby(units["grid_code"]).sum()
    for column in _COUNTS:
        yield from _compare(("sums", "grids"), grids[column], totals[column], f"{column} differ from their units'")
    held = units["grid_code"].value_counts()
    yield from _compare(("sums", "grids"), grids["units"], held, "number of units differs from the units layer")
    counted = buildings["grid_code"].value_counts()
    yield from _compare(("sums", "grids"), grids["buildings"], counted, "buildings differ from the buildings layer")
    counted = buildings["unit_id"].value_counts()
    yield from _compare(("sums", "units"), units["buildings"], counted, "buildings differ from the buildings layer")
    areas = pd.Series(shapely.area(grids.geometry.to_numpy()), grids.index)
    yield from _compare(("sums", "grids"), grids["area_m2"], areas, "area_m2 differs from their shape")


def roll_ups(stored: Stored) -> Iterator[Fault]:
    """Communities, townships and counties add up from their grids."""
    grids, communities = once(stored.layers["grids"]), stored.layers["communities"]
    for layer, key in (("communities", "community_id"), ("townships", "township_id"), ("counties", "county_id")):
        table = once(stored.layers[layer])
        wrong = table.index.symmetric_difference(communities.reset_index()[key].unique())
        yield from found(
            ("sums", layer), wrong, "rows more or fewer than the communities name", "与村（社区）图层相差 {n} 行"
        )
        totals = grids.groupby(key)[["households", "residents", "buildings", "area_m2"]].sum()
        for column in totals.columns.intersection(table.columns):
            yield from _compare(("sums", layer), table[column], totals[column], f"{column} differ from their grids'")
        held = grids[key].value_counts()
        yield from _compare(("sums", layer), table["n_grids"], held, "number of grids differs from the grids layer")
        if "n_communities" in table:
            held = communities[key].value_counts()
            yield from _compare(("sums", layer), table["n_communities"], held, "number of communities differs")


def _compare(where: tuple[str, str], stated: Any, counted: Any, what: str) -> list[Fault]:
    """Rows whose stated figure is another than the counted one, which is 0 where nothing was counted."""
    truth = counted.reindex(stated.index).fillna(0).astype(float)
    alike = np.isclose(stated.astype(float), truth, rtol=_ALIKE, atol=1e-3)
    return found(where, stated.index[~alike], f"rows: {what}", f"{{n}} 行数值不符：{what}")


def record(stored: Stored) -> Iterator[Fault]:
    """plan.json says the same as the layers, and its objective, terms, bound and gap agree with each other."""
    where = ("record", "plan.json")
    stated = stored.record
    layers = stored.layers
    grids, communities = once(layers["grids"]), once(layers["communities"])
    truth = {name: grids[name].sum() for name in ("households", "residents", "buildings", "area_m2")}
    truth |= {"grids": len(grids), "units": len(layers["units"]), "communities": len(communities)}
    wrong = [name for name, value in truth.items() if not _alike(stated["totals"].get(name), value)]
    yield from found(where, wrong, "totals differ from the layers", "{n} 项合计与图层不符")
    if len(stated["violations"]) != len(layers["violations"]):
        yield fault(where, [], "violations differ from the layer", "需说明事项与图层不符")
    yield from _objective(stated)
    listed = {str(one["id"]): one for one in stated["communities"]}
    wrong = sorted(set(listed) ^ set(communities.index))
    for name in ("n_grids", "objective", "bound", "gap"):
        column = communities[name]
        wrong += [one for one in column.index.intersection(list(listed)) if not _alike(listed[one][name], column[one])]
    yield from found(
        where, list(dict.fromkeys(wrong)), "communities differ from the layer", "{n} 个村（社区）与图层不符"
    )


def _objective(stated: Mapping[str, Any]) -> Iterator[Fault]:
    where = ("record", "plan.json")
    objective, bound = stated["objective"], stated["bound"]
    parts = [one["objective"] for one in stated["communities"]]
    bounds = [one["bound"] for one in stated["communities"]]
    if None not in parts and not _alike(objective, sum(parts)):
        yield fault(where, [], "the objective is not the sum of the communities'", "目标值不等于各村（社区）之和")
    if None not in stated["terms"].values() and not _alike(objective, sum(stated["terms"].values())):
        yield fault(where, [], "the objective is not the sum of its terms", "目标值不等于各项之和")
    if bound is not None and (None in bounds or not _alike(bound, sum(bounds))):
        yield fault(where, [], "the bound is not the sum of the communities'", "下界不等于各村（社区）之和")
    if stated["gap"] is not None and (bound is None or not _is_gap(stated["gap"], objective, bound)):
        yield fault(where, [], "the gap is not (objective - bound) / objective", "差距不等于（目标值-下界）/目标值")


def _is_gap(gap: float, objective: float, bound: float) -> bool:
    return math.isclose(gap, (objective - bound) / objective if objective else 0.0, rel_tol=1e-5, abs_tol=1e-8)


def _alike(stated: Any, truth: Any) -> bool:
    if stated is None or pd.isna(truth):
        return stated is None and bool(pd.isna(truth))
    return math.isclose(float(stated), float(truth), rel_tol=_RECORDED, abs_tol=1e-6)
