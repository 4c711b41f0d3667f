"""One process of one method: warmed on a tiny town, then timed over seeds, its labels scored.

    python -m benchmarks.child < job.json > outcome.json

CPU seconds are those of the process and its children (`resource.getrusage`), memory is the peak of the whole process,
libraries included. A method that fails on a seed leaves the kind of its error.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import apportioning, instances, layers, locating, mapping, mass, siting
from benchmarks.instances import Instance
from benchmarks.methods import APPORTIONED, LOCATING, MAPPING, SITING, SPOPT, TOBLER, WHOLE_RUN, answer
from benchmarks.scorer import score


def run(job: Mapping[str, Any]) -> dict[str, Any]:
    """Every seed of a job, one after another, after a tiny warm-up that is not timed."""
    instance = instances.read(Path(job["file"]))
    changed = {name: job["options"][name] for name in ("k", "tolerance") if name in job["options"]}
    options = {name: value for name, value in job["options"].items() if name not in changed}
    instance = dataclasses.replace(instance, **changed)
    _warm(job["method"], options)
    rows = [_timed(job["method"], instance, seed, options) for seed in job["seeds"]]
    return {"rows": rows, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _warm(method: str, options: Mapping[str, Any]) -> None:
    """Load every library and compiled kernel that the timed runs will need."""
    small = instances.synthetic_town(48, 3, k=3, tolerance=0.25)
    try:
        answer(method, small, 0, options)
    except Exception as error:
        sys.stderr.write(f"warm-up: {error!r}\n")


def _timed(method: str, instance: Instance, seed: int, options: Mapping[str, Any]) -> dict[str, Any]:
    cpu, wall = _cpu(), time.perf_counter()
    try:
        found = answer(method, instance, seed, options)
    except Exception as error:
        return {"seed": seed, "error": f"{type(error).__name__}: {error}"[:200]}
    spent = {"cpu": _cpu() - cpu, "wall": time.perf_counter() - wall}
    worth = score(instance, np.asarray(found.labels))
    own = {"n_units": instance.n_units, **dataclasses.asdict(worth), "feasible": worth.is_feasible}
    return {"seed": seed, **spent, **own, "claims": dict(found.claims)}


def _cpu() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def main() -> None:
    """Read a job from standard input, write its outcome to standard output, whatever a peer prints."""
    warnings.simplefilter("ignore")
    job = json.load(sys.stdin)
    if job["method"] == "make":
        instances.write(instances.find(job["instance"]), Path(job["file"]))
        outcome: dict[str, Any] = {"rows": [], "memory": 0.0}
    elif job["method"] == WHOLE_RUN:
        outcome = (mass if job["instance"].startswith("mass-") else layers).measure(job)
    elif job["method"] == LOCATING:
        outcome = locating.measure(job)
    elif job["method"] == MAPPING:
        outcome = mapping.measure(job)
    elif job["method"] in (SITING, SPOPT):
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            outcome = siting.measure(job)
    elif job["method"] in (APPORTIONED, TOBLER):
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            outcome = apportioning.measure(job)
    else:
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(sys.stderr):
            outcome = run(job)
    json.dump(outcome, sys.stdout)


if __name__ == "__main__":
    main()
