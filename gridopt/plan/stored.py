"""A plan folder back into a Plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyproj

from gridopt.city import City, Settings
from gridopt.contracts import SURROUNDINGS
from gridopt.errors import TableError, preview
from gridopt.grids import Plan
from gridopt.read import plan_folder
from gridopt.read.decisions import COLUMNS
from gridopt.rules import Rules

_COUNTED_ANEW = ("buildings", "floor_area", "events", "workload")
_SETTINGS = ("code", "staff", "tiers", "workload", "people", "publish")


def read_plan(folder: str | Path) -> Plan:
    """The plan that `publish` wrote, or one mended by hand since.

    The city comes back with its communities, rules and settings, its buildings, and the plan's units as
    ready-made units, its facilities, the decisions it was drawn under, and what the plan is shown on and compared
    with (`contracts.SURROUNDINGS`: roads, water, estates, today's grids); the other layers stay in the project's own
    files. Publishing the plan again writes the same bytes. Raises `TableError` where the folder holds no plan, or
    lacks layers.
    """
    path = plan_folder.find_plan_folder(folder)
    record = plan_folder.read_record(path)
    tables = plan_folder.read_layers(path)
    missing = [name for name in plan_folder.LAYERS if name not in tables]
    if missing:
        raise TableError(
            f"{path}: plan.gpkg lacks the layers {preview(missing, 20)}. Publish the plan again from its project.",
            zh=f"{path}：plan.gpkg 缺少图层 {preview(missing, 20)}。请由项目文件重新发布方案。",
        )
    return Plan(
        city=_city(record, tables),
        grids=tables["grids"],
        units=tables["units"],
        borders=tables["borders"],
        buildings=tables["buildings"],
        communities=tables["communities"],
        violations=tables["violations"],
        objective=_objective(record["objective"]),
        terms={name: _objective(value) for name, value in record["terms"].items()},
        bound=record["bound"],
        gap=record["gap"],
        seed=record["seed"],
        effort=record["effort"],
        source=record["city"]["source"],
        code_template=record["rules"]["code"]["template"],
        codes=tables["codes"],
        details={
            "parts": _parts(record["communities"]),
            "time_limited": tuple(record.get("time_limited", ())),
            "decided": record.get("decided", {}),
            "decisions": {int(one["row"]): tuple(one["units"]) for one in record.get("decisions", ())},
            **({"events": tables["events"]} if len(tables["events"]) else {}),
            **({"roster": pd.DataFrame(record["roster"])} if record.get("roster") else {}),
            "drawn": {one["id"]: one["drawn"] for one in record["communities"] if "drawn" in one},
        },
        log=_log(path),
    )


def _objective(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _city(record: Mapping[str, Any], tables: Mapping[str, Any]) -> City:
    facts, rules = record["city"], record["rules"]
    settings = Settings(**{name: rules.get(name, {}) for name in _SETTINGS}, lang=facts["lang"])
    layers = {"units": tables["units"].drop(columns=list(_COUNTED_ANEW)).assign(grid_code="")}
    if len(tables["buildings"]):
        layers["buildings"] = _buildings(tables["buildings"])
    if record.get("decisions"):
        layers["decisions"] = _decisions(record["decisions"])
    layers |= {name: tables[name] for name in ("facilities", *SURROUNDINGS) if len(tables[name])}
    return City(
        name=facts["name"],
        crs=pyproj.CRS(facts["crs"]),
        communities=_communities(tables),
        rules=Rules.from_dict(rules),
        layers=layers,
        settings=settings,
        repairs=tables["repairs"],
        disputes=tables["disputes"],
        inputs=record["inputs"],
        edition=facts["edition"],
        valid_from=facts["valid_from"],
    )


def _decisions(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The decisions with who took them and when, as their table was read."""
    table = pd.DataFrame(rows).set_index("decision_id").sort_index()
    return table[[*COLUMNS]].astype(dict.fromkeys(COLUMNS[1:], "str"))


def _buildings(table: Any) -> Any:
    """The city's buildings; their floor area is that of the footprint on every floor."""
    floor_area = table.geometry.area * table["floors"].fillna(1.0)
    return table.drop(columns=["unit_id", "grid_code", "community_id"]).assign(floor_area=floor_area)


def _communities(tables: Mapping[str, Any]) -> Any:
    """The city's communities: their own columns, and the names of township and county where there are some."""
    table = tables["communities"][["community", "township_id", "county_id", "area_kind", "geometry"]]
    for level, layer in (("township", "townships"), ("county", "counties")):
        names = tables[layer][level]
        if (names != "").any():
            table = table.assign(**{level: table[f"{level}_id"].map(names).fillna("")})
    return table


def _parts(communities: list[dict[str, Any]]) -> pd.DataFrame:
    """One row a community: figures, terms before scaling, and their scales, as the solver gave them."""
    rows = []
    for one in communities:
        scales = {f"{term}_scale": value for term, value in one["scales"].items()}
        bounds = {f"{term}_bound": value for term, value in one.get("term_bounds", {}).items()}
        figures = {name: one[name] for name in ("n_grids", "objective", "bound", "gap", "status")}
        rows.append({**figures, **one["terms"], **scales, **bounds})
    return pd.DataFrame(rows, index=pd.Index([one["id"] for one in communities], name="community_id"))


def _log(path: Path) -> Mapping[str, Any]:
    try:
        return dict(plan_folder.read_record(path, "run.json").get("log", {}))
    except TableError:
        return {}
