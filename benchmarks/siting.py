"""Siting beside spopt.locate: the same optimum, with time and memory; and a city's size, with the gap that is left."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.jobs import Job, Store
from benchmarks.methods import SITING, SPOPT
from benchmarks.tables import number, percent, table

TITLE = "Siting of facilities"
MINUTES = 10
BESIDE = 1

MODELS = {"fewest": "LSCP", "cover": "MCLP", "median": "PMedian", "center": "PCenter"}
"""Models by their name in gridopt, and in spopt.locate."""

SMALL = ((300, 40, 5), (1_500, 80, 8))
LARGE = (100_000, 2_000, 60)
"""Places, candidates and sites to choose: of spopt's size, and of a city's."""

VILLAGES, SCATTERED = "siting", "scattered"
"""Homes in villages; and homes everywhere, where no single far one decides the p-center: its hardest case."""

PEOPLE = 30
SPREAD = 900.0
"""Metres that homes lie about the middle of their village."""

PER_VILLAGE = 830
SIDE = {300: 3_000.0, 1_500: 5_000.0, 100_000: 20_000.0}
LIMIT = 800.0


def jobs(*, quick: bool) -> list[Job]:
    """Every model by both on the small instances, by gridopt alone on the large one."""
    small = [(method, size) for size in SMALL[: 1 if quick else None] for method in (SITING, SPOPT)]
    asked = small if quick else [*small, (SITING, LARGE)]
    every = [Job(method, _name(size), (0,), {"model": model}) for method, size in asked for model in MODELS]
    return every if quick else [*every, Job(SITING, _name(LARGE, SCATTERED), (0,), {"model": "center"})]


def _name(size: tuple[int, int, int], land: str = VILLAGES) -> str:
    return "-".join([land, *map(str, size)])


def homes(n_places: int, n_candidates: int, land: str = VILLAGES) -> tuple[Any, Any, Any]:
    """Places, the people of each, and candidates at some of them, or as scattered: (n, 2), (n,), (m, 2)."""
    rng = np.random.default_rng(1)
    side = SIDE[n_places]
    if land == SCATTERED:
        places, candidates = (rng.uniform(0, side, (n, 2)) for n in (n_places, n_candidates))
        return places, np.ones(n_places), candidates
    villages = rng.uniform(0, side, (n_places // PER_VILLAGE + 8, 2))
    places = villages[rng.integers(0, len(villages), n_places)] + rng.normal(0, SPREAD, (n_places, 2))
    people = rng.integers(1, PEOPLE, n_places).astype(float)
    return places, people, places[rng.choice(n_places, n_candidates, replace=False)]


def measure(job: Mapping[str, Any]) -> dict[str, Any]:
    """One model once, its libraries loaded before; what cannot be reached at all is left out of the covering."""
    land, *size = job["instance"].split("-")
    n_places, n_candidates, n_sites = map(int, size)
    places, people, candidates = homes(n_places, n_candidates, land)
    answer = _theirs if job["method"] == SPOPT else _ours
    answer(job["options"]["model"], *homes(300, 40), 5)
    wall, cpu = time.perf_counter(), time.process_time()
    facts = answer(job["options"]["model"], places, people, candidates, n_sites)
    spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": [{"seed": 0, **spent, **facts}], "memory": memory}


def _ours(model: str, places: Any, people: Any, candidates: Any, n_sites: int) -> dict[str, Any]:
    from gridopt.coverage import farthest, locations

    task = locations.Task.of(places, people, candidates, limit=LIMIT)
    if model == "fewest":
        found = locations.fewest_sites(task)[0]
    else:
        ways = {
            "cover": locations.most_covered,
            "median": locations.least_walking,
            "center": farthest.least_farthest,
        }
        found = ways[model](task, n_sites)
    return {"objective": float(found.objective), "gap": found.gap, "status": found.status}


def _theirs(model: str, places: Any, people: Any, candidates: Any, n_sites: int) -> dict[str, Any]:
    import pulp
    from spopt import locate

    metres = np.hypot(*(places[:, None] - candidates[None]).transpose(2, 0, 1))
    solver = pulp.HiGHS(msg=False, threads=1)
    if model == "fewest":
        reached = metres[metres.min(axis=1) <= LIMIT]
        solved = locate.LSCP.from_cost_matrix(reached, LIMIT).solve(solver)
    elif model == "cover":
        solved = locate.MCLP.from_cost_matrix(metres, people, LIMIT, p_facilities=n_sites).solve(solver)
    elif model == "median":
        solved = locate.PMedian.from_cost_matrix(metres, people, p_facilities=n_sites).solve(solver)
    else:
        solved = locate.PCenter.from_cost_matrix(metres, p_facilities=n_sites).solve(solver)
    value = float(pulp.value(solved.problem.objective))
    return {"objective": people.sum() - value if model == "cover" else value, "gap": None, "status": ""}


def report(store: Store, *, quick: bool) -> str:
    """One table: what each reached, with time and memory."""
    rows = []
    for job in jobs(quick=quick):
        outcome = store.get(job)
        if outcome is None:
            continue
        row, size = outcome.rows[0], job.instance.split("-")[1:]
        head = [MODELS[job.options["model"]], *(number(float(one), 0) for one in size), job.method]
        if "error" in row:
            rows.append([*head, row["error"], "", "", "", ""])
            continue
        gap = "" if row["gap"] is None else percent(row["gap"])
        objective = number(row["objective"], 1)
        head[0] += ", scattered" * job.instance.startswith(SCATTERED)
        rows.append([*head, objective, gap, number(row["wall"]), number(row["cpu"]), number(outcome.memory, 0)])
    head = ["model", "places", "candidates", "sites", "by", "objective", "gap", "wall s", "CPU s", "peak MB"]
    told = (
        "Sites (LSCP), people left out (MCLP), people times metres (p-median) and metres of the farthest (p-center) of "
        f"`go.site` and of spopt.locate with HiGHS, each in a process of its own; {LIMIT:.0f} m in a straight line. "
        "A gap is that which gridopt proves; spopt tells none. Homes lie in villages, so that one far from "
        "every candidate decides the large p-center; scattered evenly over the city none does, the hardest case: its "
        "bound is that of the covering's linear program."
    )
    return f"{told}\n\n{table(head, rows)}"
