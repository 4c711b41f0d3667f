"""``plan.json``, what the plan is and how good, and ``run.json``, how it came about."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridopt import __version__
from gridopt.contracts import VIOLATIONS
from gridopt.grids import Plan
from gridopt.people import People
from gridopt.read.plan_folder import RUN_SCHEMA, SCHEMA

_DIGITS = 10
_TERMS = ("proximity", "governance", "size")
_SETTINGS = ("code", "staff", "tiers", "workload", "people", "publish")
_LIBRARIES = "numpy pandas scipy shapely pyproj pyogrio geopandas numba highspy folium".split()


def plan_record(plan: Plan) -> dict[str, Any]:
    """The plan in figures: the same for the same plan, whenever, wherever and however fast it was made.

    ``decided`` is there where decisions number or name grids: by a unit of each, so that coding anew keeps them;
    ``decisions`` where there are any: their rows, with who decided and when, and the units that each speaks of;
    ``roster`` where there is one: how many people of each role are based where, and how many of them without a post.
    """
    city, rules = plan.city, plan.city.rules.to_dict()
    settings = {name: dict(getattr(city.settings, name)) for name in _SETTINGS}
    settings["code"]["template"] = plan.code_template
    settings["people"] = dataclasses.asdict(People.from_table(settings["people"]))
    record = {
        "schema": SCHEMA,
        "city": {
            "name": city.name,
            "crs": _crs_text(plan),
            "edition": city.edition,
            "valid_from": city.valid_from,
            "lang": city.settings.lang,
            "source": plan.source,
        },
        "rules": {**rules, **settings},
        "seed": plan.seed,
        "effort": plan.effort,
        "inputs": city.inputs,
        "totals": {
            **plan.totals,
            "grids": len(plan.grids),
            "units": len(plan.units),
            "communities": len(plan.communities),
        },
        "objective": plan.objective,
        "terms": plan.terms,
        "bound": plan.bound,
        "gap": plan.gap,
        "violations": plan.violations[VIOLATIONS].to_dict("records"),
        "communities": _communities(plan),
    }
    if plan.details.get("time_limited"):
        # The answer then depends on the machine: a record without the key promises the same bytes anywhere.
        record["time_limited"] = plan.details["time_limited"]
    decided = {what: dict(told) for what, told in plan.details.get("decided", {}).items() if told}
    if decided:
        record["decided"] = decided
    decisions = plan.city.layer("decisions")
    if decisions is not None and len(decisions):
        record["decisions"] = _decisions(decisions, plan.details.get("decisions", {}))
    roster = plan.details.get("roster")
    if roster is not None and len(roster):
        record["roster"] = roster.to_dict("records")
    return dict(plain(record))


def _decisions(table: pd.DataFrame, units: Mapping[int, Sequence[str]]) -> list[dict[str, Any]]:
    """Every decision as it was written, in the order of its table."""
    rows = table.rename_axis(index="decision_id").reset_index().sort_values("row", kind="stable").to_dict("records")
    facts = [{str(name): value for name, value in row.items()} for row in rows]
    return [{**row, "units": list(units.get(int(row["row"]), ()))} for row in facts]


def _crs_text(plan: Plan) -> str:
    crs = plan.city.crs
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.to_wkt())


def _communities(plan: Plan) -> list[dict[str, Any]]:
    """One record a community: its figures, and its terms before scaling with their scales and bounds where known.

    ``drawn`` is there where a community was drawn again with another seed or effort than the plan.
    """
    parts = _by_community(plan.details.get("parts"))
    names = ["n_grids", "objective", "bound", "gap", "status"]
    again = plan.details.get("drawn", {})
    rows = []
    for identity, row in plan.communities.sort_index()[names].to_dict("index").items():
        facts = parts.get(str(identity), {})
        terms = {term: facts.get(term) for term in _TERMS if term in facts}
        scales = {term: facts.get(f"{term}_scale") for term in _TERMS if f"{term}_scale" in facts}
        bounds = {term: facts.get(f"{term}_bound") for term in _TERMS if f"{term}_bound" in facts}
        drawn = {"drawn": again[identity]} if identity in again else {}
        figures = {str(k): v for k, v in row.items()}
        rows.append({"id": identity, **figures, "terms": terms, "scales": scales, "term_bounds": bounds, **drawn})
    return rows


def _by_community(parts: Any) -> Mapping[str, Mapping[str, Any]]:
    if isinstance(parts, pd.DataFrame):
        return {str(identity): {str(k): v for k, v in row.items()} for identity, row in parts.to_dict("index").items()}
    return parts if isinstance(parts, Mapping) else {}


def plain(value: Any) -> Any:
    """A value as JSON knows it: text keys, no NaN or infinity (null), numbers to ten significant digits."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return _number(value)
    return None if value is pd.NA or value is pd.NaT else str(value)


def _number(value: float) -> float | int | None:
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None


def as_json(record: Mapping[str, Any]) -> bytes:
    """A record as the bytes of its file, keys sorted."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1)
    return f"{text}\n".encode()


def run_record(plan: Plan, started: datetime, hashes: Mapping[str, str]) -> dict[str, Any]:
    """How the folder came about: times, memory, machine, versions, the solver's log, each file's SHA-256."""
    finished = datetime.now(UTC)
    versions = {"gridopt": __version__, "python": platform.python_version(), **_versions(_LIBRARIES)}
    record = {
        "schema": RUN_SCHEMA,
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "publish_seconds": (finished - started).total_seconds(),
        "peak_memory_mb": _peak_memory(),
        "machine": {"system": platform.platform(), "processor": platform.machine(), "cpus": os.cpu_count()},
        "versions": versions,
        "log": plan.log,
        "sha256": dict(hashes),
    }
    return dict(plain(record))


def _versions(libraries: Iterable[str]) -> dict[str, str]:
    installed = {}
    for name in libraries:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed[name] = "not installed"
    return installed


def _peak_memory() -> float | None:
    """Peak resident memory of this process in MB; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024), 1)


def file_hashes(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """SHA-256 of each file, by its name relative to the folder."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
