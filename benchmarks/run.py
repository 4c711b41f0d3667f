"""Whole runs on real layers, and the engine beside METIS; writes the tables of results.md and README.

    pip install '.[benchmark]' && python benchmarks/run.py      # the layers are looked for in ../shared

Each project is drawn once to compile and cache the kernels and then measured: wall time, CPU time and peak memory of
the whole process, from files on disk to the published folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import engine
import geopandas as gpd
import numpy as np

HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared"
README = HERE.parent / "README.md"
RESULTS = HERE / "results.md"
START, END = "<!-- measured: benchmarks/run.py -->", "<!-- end of measured -->"
BESIDE = (
    "The bare engine (`go.partition_graph`, effort standard, median of 3 seeds) against METIS k-way with contiguity "
    "(median of 20 seeds), same tolerance, scored by one scorer; below 1 is better than METIS:"
)
EDGES = (0, 300, 350, 400, 450, 500, np.inf)


@dataclass(frozen=True)
class Run:
    """One measured run: seconds, megabytes, and the folder it left."""

    name: str
    wall: float
    cpu: float
    memory: float
    folder: Path


def measured(name: str, arguments: list[str], folder: Path) -> Run:
    """Run gridopt as a process of its own and account for it."""
    command = [sys.executable, "-m", "gridopt", *arguments, "--out", str(folder), "--lang", "en"]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status != 0:
        raise SystemExit(f"{name}: gridopt ended with status {os.waitstatus_to_exitcode(status)}")
    return Run(name, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, folder)


def facts(run: Run) -> list[str]:
    """One row of the table of runs."""
    record = json.loads((run.folder / "plan.json").read_text(encoding="utf-8"))
    grids = gpd.read_file(run.folder / "plan.gpkg", layer="grids", ignore_geometry=True)
    units = gpd.read_file(run.folder / "plan.gpkg", layer="units", ignore_geometry=True)
    proved = sum(one["gap"] is not None for one in record["communities"])
    decide = sum(row["class"] == "decide" for row in record["violations"])
    met = (grids["unmet"].fillna("") == "").mean()
    return [
        run.name, f"{len(record['communities']):,}", f"{len(units):,}", f"{len(grids):,}", f"{met:.1%}",
        f"{decide}", f"{proved}", f"{run.wall:.1f}", f"{run.cpu:.1f}", f"{run.memory:,.0f}",
    ]  # fmt: skip


def sizes(run: Run) -> list[str]:
    """How many grids have how many households."""
    grids = gpd.read_file(run.folder / "plan.gpkg", layer="grids", ignore_geometry=True)
    counts = np.histogram(grids.loc[grids["kind"] == "base", "households"], EDGES)[0]
    return [run.name, *(f"{count:,}" for count in counts)]


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Measure every project and write the tables."""
    projects = sorted((HERE / "projects").glob("*.toml"))
    with tempfile.TemporaryDirectory() as place:
        jobs = [("demo town", ["demo"])] + [(p.stem.replace("_", " "), ["draw", str(p)]) for p in projects]
        runs = []
        for name, arguments in jobs:
            measured(name, arguments, Path(place) / "warm" / name)
            runs.append(measured(name, arguments, Path(place) / name))
        head = ["layers", "communities", "units", "grids", "grids that meet every rule", "to decide",
                "communities proved best", "wall s", "CPU s", "peak MB"]  # fmt: skip
        bands = ["households in a grid", "< 300", "300-349", "350-399", "400-449", "450-500", "> 500"]
        text = f"{table(head, [facts(run) for run in runs])}\n\n{table(bands, [sizes(run) for run in runs])}\n"
    text += f"\n{BESIDE}\n\n{table(engine.HEAD, engine.rows(SHARED))}\n"
    cores = os.cpu_count()
    RESULTS.write_text(f"# Measured on {cores} cores\n\n{text}", encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    before, rest = readme.split(START)
    README.write_text(f"{before}{START}\n\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
