"""Growth: time and memory from 1,000 to 1,000,000 units, whole graphs and cities of communities."""

from __future__ import annotations

from benchmarks.jobs import Job, Outcome, Store
from benchmarks.methods import OURS
from benchmarks.tables import median, number, table

TITLE = "Growth"
MINUTES = 5
BESIDE = 1
"""One job at a time: wall time counts here."""

WHOLE = ("town-1000-31", "town-10000-32", "town-30000-33", "syn100000_s1")
CITIES = ("city-11-923-41", "city-108-923-42", "city-1084-923-43")
LIGHT = "quick"
"""The effort of cities: one run a community, a longer one only where bounds were missed."""


def jobs(*, quick: bool) -> list[Job]:
    """Whole graphs on one worker, cities on one and on two."""
    whole, cities = (WHOLE[:1], CITIES[:1]) if quick else (WHOLE, CITIES)
    return [_whole(town) for town in whole] + [_city(city, n) for city in cities for n in (1, 2)]


def _whole(town: str) -> Job:
    return Job(OURS, town, (0,), {"effort": "standard"})


def _city(city: str, workers: int) -> Job:
    return Job(OURS, city, (0, 1, 2), {"effort": LIGHT, "workers": workers})


def report(store: Store, *, quick: bool) -> str:
    """Two tables: whole graphs, and cities with the speed-up of two workers."""
    whole, cities = (WHOLE[:1], CITIES[:1]) if quick else (WHOLE, CITIES)
    head = ["units", "grids", "out of bounds", "in pieces", "named", "wall s", "CPU s", "peak MB"]
    first = table(["whole graph", *head], [[town, *_figures(store.get(_whole(town)))] for town in whole])
    second = table(
        ["city", *head, "wall s, 2 workers", "speed-up"],
        [[city, *_figures(store.get(_city(city, 1))), *_two(city, store)] for city in cities],
    )
    told = (
        "Whole graphs at effort `standard` (sweeps and restarts fall with size), +-10 %, one worker; cities of "
        "`city-communities-units` cut along their communities at effort `quick`, +-15 %, on one and two "
        "workers, three seeds (what is said of grids is of the first, times are medians). Time from arrays to "
        "solution, kernels cached; memory of the whole process; *named* are the rows of `violations`."
    )
    return f"{told}\n\n{first}\n\n{second}"


def _figures(outcome: Outcome | None) -> list[str]:
    if outcome is None or not outcome.answered:
        return ["-"] * 8
    row = outcome.answered[0]
    return [
        number(row["n_units"], 0), number(row["n_grids"], 0), number(row["out_of_bounds"], 0),
        number(row["excess_pieces"], 0), number(row["claims"]["named"], 0), number(median(outcome.figures("wall"))),
        number(median(outcome.figures("cpu"))), number(outcome.memory, 0),
    ]  # fmt: skip


def _two(city: str, store: Store) -> list[str]:
    one, two = (store.get(_city(city, workers)) for workers in (1, 2))
    if one is None or two is None or not (one.answered and two.answered):
        return ["-", "-"]
    walls = [median(outcome.figures("wall")) for outcome in (one, two)]
    return [number(walls[1]), f"{walls[0] / walls[1]:.2f}"]
