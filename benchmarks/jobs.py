"""Jobs: what is to be run, each in a process of its own, and the store that keeps what was measured."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.instances import PUBLISHED
from benchmarks.methods import APPORTIONED, LOCATING, MAPPING, OURS, SITING, TOBLER, WHOLE_RUN
from benchmarks.peers import LIBRARIES

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
ENGINE = ("graph.py", "partition.py", "objective.py", "solvers", "milp", "_kernels")
"""The sources that decide what the engine answers."""

GROUND = ("people.py", "read", "units")
"""The sources that decide where people live."""


ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Matrix libraries would take every core: a method's own workers are the only threads that count."""

NOT_INSTALLED = " (not installed)"

MOST_SECONDS = 3600
"""After which a process is given up: no method may hold up the rest."""


@dataclass(frozen=True)
class Job:
    """One method on one instance, over seeds."""

    method: str
    instance: str
    seeds: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What tells this job from every other."""
        return json.dumps([self.method, self.instance, list(self.seeds), dict(self.options)], sort_keys=True)


@dataclass(frozen=True)
class Outcome:
    """What a job left: a row a seed (`benchmarks.child`), and the peak memory of its process in MB."""

    rows: tuple[dict[str, Any], ...]
    memory: float

    @property
    def answered(self) -> list[dict[str, Any]]:
        """The rows of the seeds that gave labels."""
        return [row for row in self.rows if "error" not in row]

    def figures(self, name: str) -> list[float]:
        """One figure over the seeds that gave labels."""
        return [row[name] for row in self.answered]


class Store:
    """Outcomes of one part in ``results/<part>.json``, written after every job so that a run can be resumed.

    An outcome holds for the sources of the engine, or the version of the peer, that it was measured with;
    others are measured again.
    """

    def __init__(self, part: str, *, fresh: bool = False, folder: Path = RESULTS) -> None:
        self.path = folder / f"{part}.json"
        known = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() and not fresh else {}
        self._entries: dict[str, dict[str, Any]] = known

    def get(self, job: Job) -> Outcome | None:
        """What is stored of a job, whatever it was measured with."""
        entry = self._entries.get(job.key)
        return None if entry is None else Outcome(tuple(entry["rows"]), entry["memory"])

    def is_current(self, job: Job) -> bool:
        """Whether a job was measured with what is installed now; a run of the command that failed never was.

        What is known of a peer that is not installed here stands.
        """
        entry, present = self._entries.get(job.key), made_with(job.method)
        failed = entry is not None and job.method == WHOLE_RUN and any("error" in row for row in entry["rows"])
        return entry is not None and not failed and (entry["made_with"] == present or present.endswith(NOT_INSTALLED))

    def put(self, job: Job, outcome: Mapping[str, Any]) -> None:
        """Keep an outcome, on disk too."""
        self._entries[job.key] = {"made_with": made_with(job.method), **outcome}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dict(sorted(self._entries.items())), indent=1)
        self.path.write_text(text + "\n", encoding="utf-8")

    def keep(self, jobs: Iterable[Job]) -> None:
        """Forget what no job asks for any more."""
        asked = {job.key for job in jobs}
        self._entries = {key: entry for key, entry in self._entries.items() if key in asked}


def made_with(method: str) -> str:
    """The library and version of a method; of gridopt, a digest of the engine's sources."""
    own = {OURS: ENGINE, WHOLE_RUN: ("",), APPORTIONED: GROUND, LOCATING: ("locate", "coordinates.py")}
    rooms = {**own, MAPPING: ("publish",), SITING: ("coverage", "_kernels", "milp")}.get(method)
    if rooms is not None:
        return f"gridopt {_digest(rooms)}"
    library = TOBLER if method == TOBLER else LIBRARIES[method.split(maxsplit=1)[0]]
    try:
        return f"{library} {importlib.metadata.version(library)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{library}{NOT_INSTALLED}"


@cache
def _digest(rooms: tuple[str, ...]) -> str:
    package = ROOT / "gridopt"
    files = [file for name in rooms for file in sorted([package / name, *(package / name).rglob("*.py")])]
    files += [file for name in rooms for file in sorted((package / name).rglob("*.js"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files if file.is_file())).hexdigest()[:12]


def carry_out(jobs: list[Job], store: Store, *, beside: int = 1) -> None:
    """Run the jobs that the store does not hold, at most ``beside`` at once, and put them into it."""
    store.keep(jobs)
    todo = [job for job in jobs if not store.is_current(job)]
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(beside) as threads:
        folder = Path(place)
        for name in sorted({job.instance for job in todo}):
            _make(name, folder)
        running = {threads.submit(_run, job, folder): job for job in todo}
        try:
            for number, done in enumerate(as_completed(running), 1):
                job = running[done]
                outcome = done.result()
                store.put(job, outcome)
                failed = [f"  failed: {row['error']}" for row in outcome["rows"] if "error" in row][:1]
                told = f"  {number}/{len(todo)}  {job.method}  {job.instance}  {dict(job.options)}"
                sys.stderr.write("".join([told, *failed]) + "\n")
        finally:
            threads.shutdown(cancel_futures=True)


def _file(name: str, folder: Path) -> Path:
    """Where an instance lies: published ones where they are, synthetic ones in the run's own folder."""
    return folder / f"{name}.npz" if name.startswith(("town-", "city-")) else PUBLISHED / f"{name}.npz"


def _make(name: str, folder: Path) -> None:
    file = _file(name, folder)
    if not file.exists() and file.parent == folder:
        _child({"method": "make", "instance": name, "file": str(file)})


def _run(job: Job, folder: Path) -> dict[str, Any]:
    file = str(_file(job.instance, folder))
    own = {"method": job.method, "instance": job.instance, "seeds": job.seeds, "options": dict(job.options)}
    return _child({**own, "file": file})


def _child(job: Mapping[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.child"]
    given = json.dumps(job)
    try:
        process = subprocess.run(
            command, input=given, capture_output=True, text=True, cwd=ROOT, check=True, timeout=MOST_SECONDS,
            env={**os.environ, **ONE_THREAD},
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        return _failed(job, (error.stderr.strip().splitlines() or [f"ended with {error.returncode}"])[-1])
    except subprocess.TimeoutExpired:
        return _failed(job, f"still at work after {MOST_SECONDS:,} seconds")
    found: dict[str, Any] = json.loads(process.stdout)
    return found


def _failed(job: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """An outcome without labels: a row with the reason for each seed."""
    return {"rows": [{"seed": seed, "error": reason[:200]} for seed in job.get("seeds", ())], "memory": 0.0}
