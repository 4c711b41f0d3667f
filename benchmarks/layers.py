"""Whole runs on real layers: the gridopt command as a process of its own, from files on disk to the folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.jobs import Job, Store
from benchmarks.methods import WHOLE_RUN
from benchmarks.tables import number, percent, table

TITLE = "Whole runs on real layers"
MINUTES = 8
BESIDE = 1

PROJECTS = Path(__file__).resolve().parent / "projects"
DEMO = "demo town"
EDGES = (0, 300, 350, 400, 450, 500, np.inf)
FINE = (5, 60)
"""Units of a grid between which it is neither made of a few lumps nor of crumbs."""


def jobs(*, quick: bool) -> list[Job]:
    """The demo town, and every project of ``projects/``."""
    projects = [] if quick else sorted(file.stem for file in PROJECTS.glob("*.toml"))
    return [Job(WHOLE_RUN, name, (0,)) for name in (DEMO, *projects)]


def measure(job: Mapping[str, Any]) -> dict[str, Any]:
    """Draw once to compile and cache the kernels, then again, measured."""
    name = job["instance"]
    arguments = ["demo"] if name == DEMO else ["draw", str(PROJECTS / f"{name}.toml")]
    with tempfile.TemporaryDirectory() as place:
        drawn(arguments, Path(place) / "warm")
        row, memory = drawn(arguments, Path(place) / "out")
        _check(Path(place) / "out")
        return {"rows": [{"seed": 0, **row, **_facts(Path(place) / "out")}], "memory": memory}


def drawn(arguments: list[str], folder: Path) -> tuple[dict[str, float], float]:
    """Seconds and peak megabytes of one run of the command; ends with what the command says where it fails."""
    command = [sys.executable, "-m", "gridopt", *arguments, "--out", str(folder), "--lang", "en"]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            lines = told.read().strip().splitlines() or ["it said nothing"]
            raise SystemExit(f"status {process.returncode}: {lines[-1]}")
    spent = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime}
    return spent, usage.ru_maxrss / 1024


def _check(folder: Path) -> None:
    """End with what the verifier finds, if it finds anything."""
    command = [sys.executable, "-m", "gridopt", "check", str(folder), "--lang", "en"]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode:
        raise SystemExit(f"check, status {process.returncode}: {(process.stdout + process.stderr).strip()}")


def _facts(folder: Path) -> dict[str, Any]:
    """What the folder of a plan says of it."""
    import geopandas as gpd

    record = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    grids = gpd.read_file(folder / "plan.gpkg", layer="grids", ignore_geometry=True)
    units = gpd.read_file(folder / "plan.gpkg", layer="units", ignore_geometry=True)
    sizes = np.histogram(grids.loc[grids["kind"] == "base", "households"], EDGES)[0]
    return {
        "communities": len(record["communities"]),
        "units": len(units),
        "grids": len(grids),
        "met": float((grids["unmet"].fillna("") == "").mean()),
        "fine": float(grids.loc[grids["kind"] == "base", "units"].between(*FINE).mean()),
        "decide": sum(row["class"] == "decide" for row in record["violations"]),
        "proved": sum(one["gap"] == 0 for one in record["communities"]),
        "bounded": sum(one["gap"] is not None for one in record["communities"]),
        "sizes": sizes.tolist(),
    }


def report(store: Store, *, quick: bool) -> str:
    """Two tables: the runs, and the sizes of their grids."""
    found = [(job.instance, outcome) for job in jobs(quick=quick) if (outcome := store.get(job)) and outcome.answered]
    runs = [
        [
            name.replace("_", " "),
            *(number(one.rows[0][fact], 0) for fact in ("communities", "units", "grids")),
            *(percent(one.rows[0][fact]) for fact in ("fine", "met")),
            *(number(one.rows[0][fact], 0) for fact in ("decide", "proved", "bounded")),
            *(number(one.rows[0][fact]) for fact in ("wall", "cpu")),
            number(one.memory, 0),
        ]
        for name, one in found
    ]
    head = [
        *("layers", "communities", "units", "grids", "of 5-60 units", "grids that meet every rule", "to decide"),
        *("communities proved", "with a bound", "wall s", "CPU s", "peak MB"),
    ]
    bands = ["households in a grid", "< 300", "300-349", "350-399", "400-449", "450-500", "> 500"]
    sizes = [[name.replace("_", " "), *(number(n, 0) for n in one.rows[0]["sizes"])] for name, one in found]
    told = (
        "Whole processes, from files on disk to the published folder, kernels cached; `gridopt check` finds each "
        "folder whole and true. Built from raw layers, units are as fine as buildings allow: a tower is one unit."
    )
    return f"{told}\n\n{table(head, runs)}\n\n{table(bands, sizes)}"
