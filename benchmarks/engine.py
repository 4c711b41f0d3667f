"""The engine beside METIS on published and synthetic instances, scored alike.

The instances and the scorer are those of ``../shared`` (``data/instances``, ``bench/score.py``); nothing of either
partitioner is trusted. Ours runs at effort "standard" with three seeds, METIS k-way ``contig`` with twenty; each figure
is the median over seeds, with the share of runs whose every grid is connected and within bounds.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pymetis

import gridopt as go

HEAD = ["instance", "objective", "feasible", "METIS feasible", "inertia / METIS", "cut edges / METIS", "CPU s"]
NAMES = ("syn200_s1", "syn1000_s1", "syn1000_lakeriver_s5", "ne_tract_k13")
OURS, THEIRS = range(3), range(20)


def metis(instance, seed: int) -> np.ndarray:
    """Labels by METIS k-way with contiguity asked for."""
    indptr, neighbours, _ = instance.csr()
    options = pymetis.Options()
    options.set_defaults()
    options.seed, options.contig, options.ufactor = seed, 1, max(1, int(instance.tol * 1000))
    answer = pymetis.part_graph(
        instance.k, xadj=indptr.astype(np.int32), adjncy=neighbours.astype(np.int32),
        vweights=instance.pop.astype(np.int32), recursive=False, options=options,
    )  # fmt: skip
    return np.array(answer.vertex_part)


def ours(instance, seed: int, objective) -> np.ndarray:
    """Labels by gridopt."""
    graph = go.UnitGraph.from_arrays(instance.pop, instance.edges, xy=instance.xy)
    solution = go.partition_graph(graph, k=instance.k, tolerance=instance.tol, objective=objective, seed=seed)
    return solution.partition.labels


def medians(instance, score, runs) -> tuple[float, float, float, float]:
    """(inertia, cut edges, share feasible, CPU seconds) over runs, each a callable that gives labels."""
    rows, seconds = [], []
    for run in runs:
        started = time.process_time()
        labels = run()
        seconds.append(time.process_time() - started)
        rows.append(score(instance, labels))
    figures = [np.median([row[name] for row in rows]) for name in ("inertia", "cut_edges")]
    return (*figures, float(np.mean([row["feasible"] for row in rows])), float(np.median(seconds)))


def rows(shared: Path) -> list[list[str]]:
    """One row an instance and objective: ours against METIS."""
    sys.path.insert(0, str(shared / "bench"))
    from instances import load
    from score import score

    lines = []
    for name in NAMES:
        instance = load(shared / "data" / "instances" / f"{name}.npz")
        ours(instance, 0, "inertia")
        base = medians(instance, score, [partial(metis, instance, seed) for seed in THEIRS])
        for objective in ("inertia", "cut_edges", {"inertia": 1, "cut_edges": 1}):
            own = medians(instance, score, [partial(ours, instance, seed, objective) for seed in OURS])
            shown = objective if isinstance(objective, str) else " + ".join(objective)
            ratios = [f"{own[0] / base[0]:.3f}", f"{own[1] / base[1]:.3f}"]
            lines.append([name, shown, f"{own[2]:.0%}", f"{base[2]:.0%}", *ratios, f"{own[3]:.1f}"])
    return lines
