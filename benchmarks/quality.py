"""Quality: gridopt beside METIS and the other peers, relative to METIS k-way with contiguity, median of its seeds."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.jobs import Job, Outcome, Store
from benchmarks.methods import OURS
from benchmarks.tables import geometric_mean, median, number, percent, ratio, table

TITLE = "Quality beside METIS and other peers"
MINUTES = 8
BESIDE = 2

TOWNS = (
    "syn200_s1", "syn1000_s1", "syn1000_lakeriver_s5", "ne_tract_k13", "syn10000_s1",
    "town-200-11", "town-400-12-lake", "town-800-13-river", "town-1600-14", "town-3200-15-lake-river",
)  # fmt: skip
DISCONNECTED = "ri_tract_k6"
SMALL = "syn200_s1"
COMMUNITY = "town-1000-21-k16"

BOTH = {"inertia": 1, "cut_edges": 1}
FEWER_CUTS = {"inertia": 1, "cut_edges": 4}
CORE = "ne_tract_k13"
"""The town with one dense core, on which both terms pull apart most: asked for fewer cuts too."""

OBJECTIVES = ("inertia", BOTH, "cut_edges", "cut_border")
SEEDS, FEW, THOROUGH = tuple(range(20)), tuple(range(5)), tuple(range(10))
PEER_SEEDS = {
    "METIS k-way": SEEDS, "METIS recursive": SEEDS, "KaHIP eco": SEEDS, "GerryChain tree": SEEDS,
    "GerryChain ReCom": FEW, "spopt SKATER": (0,), "spopt AZP": (0, 1), "spopt max-p": (0,),
}  # fmt: skip
"""Peers beside METIS contig, on the smallest town alone: seeds as many as their speed allows."""


def jobs(*, quick: bool) -> list[Job]:
    """Every town with METIS and each objective of ours, then the peers and one community at two efforts."""
    towns = (SMALL, "town-200-11") if quick else (*TOWNS, DISCONNECTED)
    many, few = (FEW[:2], FEW[:2]) if quick else (SEEDS, FEW)
    found = [job for town in towns for job in _beside_metis(town, many, few)]
    if quick:
        return found
    found += [Job(peer, SMALL, seeds) for peer, seeds in PEER_SEEDS.items()]
    found.append(Job(OURS, CORE, FEW, {"objective": FEWER_CUTS}))
    return [*found, Job(OURS, COMMUNITY, FEW), Job(OURS, COMMUNITY, THOROUGH, {"effort": "thorough"})]


def _beside_metis(town: str, many: tuple[int, ...], few: tuple[int, ...]) -> list[Job]:
    metis = [Job("METIS contig", town, many), Job("METIS border", town, many), Job("METIS best of 50", town, (0,))]
    return metis + [Job(OURS, town, many if goal == "inertia" else few, {"objective": goal}) for goal in OBJECTIVES]


def report(store: Store, *, quick: bool) -> str:
    """The tables of this part from what is stored."""
    asked = jobs(quick=quick)
    towns = list(dict.fromkeys(job.instance for job in asked if job.method == "METIS contig"))
    connected = [town for town in towns if town != DISCONNECTED]
    found = _Outcomes(store, asked)
    parts = [_towns(connected, found), _cost(towns, found)]
    parts += [] if quick else [_peers(found), _community(found)]
    return "\n\n".join(parts)


class _Outcomes:
    """Stored outcomes by method, instance and objective (or effort); an empty one where nothing is stored."""

    def __init__(self, store: Store, asked: list[Job]) -> None:
        self._found = {_name(job): store.get(job) for job in asked}

    def of(self, method: str, town: str, variant: object = "") -> Outcome:
        return self._found.get((method, town, str(variant))) or Outcome((), 0.0)

    def ours(self, town: str, objective: object) -> Outcome:
        return self.of(OURS, town, objective)


def _name(job: Job) -> tuple[str, str, str]:
    return job.method, job.instance, str(job.options.get("objective", job.options.get("effort", "")))


def _towns(towns: list[str], found: _Outcomes) -> str:
    """Ratios to METIS on every town, with the geometric mean below."""
    head = ["instance", "inertia", "inertia / best of 50", "both: inertia", "both: cut edges", "cut edges",
            "Polsby-Popper / METIS border"]  # fmt: skip
    rows = [[town, *_ratios(town, found)] for town in towns]
    means = [geometric_mean(row[column] for row in rows) for column in range(1, len(head))]
    told = (
        "Medians over seeds at effort `standard`, relative to the median of METIS k-way with contiguity (20 seeds) at "
        "the same tolerance; below 1 is better, but for Polsby-Popper, where more is. *Both* is one plan for inertia "
        "and cut edges, weighed alike; the other columns are each objective alone. `town-n-seed` are fresh towns."
    )
    return f"{told}\n\n{table(head, [*rows, ['**geometric mean**', *means]])}{_fewer_cuts(found)}"


def _fewer_cuts(found: _Outcomes) -> str:
    """What other weights give where both terms pull apart most, and against the runs of METIS that are plans."""
    ours, metis = found.ours(CORE, FEWER_CUTS), found.of("METIS contig", CORE)
    if not ours.rows or not metis.rows:
        return ""
    plans = [row["cut_edges"] for row in metis.answered if row["feasible"]]
    alike = _median(found.ours(CORE, BOTH), "cut_edges")
    return (
        f"\n\nOn `{CORE}` {len(metis.rows) - len(plans)} of METIS's runs are no plans (a grid out of bounds or in "
        f"pieces); beside the median of those that are, *both* cuts {ratio(alike, median(plans))}. Weighed 1 to 4, one "
        f"plan has {ratio(_median(ours, 'inertia'), _median(metis, 'inertia'))} of the inertia and "
        f"{ratio(_median(ours, 'cut_edges'), _median(metis, 'cut_edges'))} of the cut edges of all of them."
    )


def _ratios(town: str, found: _Outcomes) -> list[str]:
    metis, careful = found.of("METIS contig", town), found.of("METIS best of 50", town)
    border = found.of("METIS border", town)

    def beside(objective: object, figure: str, base: Outcome) -> str:
        return ratio(_median(found.ours(town, objective), figure), _median(base, figure))

    return [
        beside("inertia", "inertia", metis), beside("inertia", "inertia", careful),
        beside(BOTH, "inertia", metis), beside(BOTH, "cut_edges", metis),
        beside("cut_edges", "cut_edges", metis), beside("cut_border", "polsby_popper", border),
    ]  # fmt: skip


def _median(outcome: Outcome, figure: str) -> float:
    return median([one for one in outcome.figures(figure) if one is not None])


def _cost(towns: list[str], found: _Outcomes) -> str:
    """Feasible runs, CPU seconds and peak memory, ours and METIS."""
    head = ["instance", "feasible: inertia", "both", "cut edges", "cut border", "METIS contig", "CPU s: inertia",
            "both", "METIS contig", "best of 50", "peak MB", "METIS"]  # fmt: skip
    rows = []
    for town in towns:
        ours = [found.ours(town, objective) for objective in OBJECTIVES]
        metis, careful = found.of("METIS contig", town), found.of("METIS best of 50", town)
        seconds = [number(_median(one, "cpu"), 2) for one in (*ours[:2], metis, careful)]
        rows.append([town, *map(_feasible, (*ours, metis)), *seconds, number(ours[0].memory, 0),
                     number(metis.memory, 0)])  # fmt: skip
    told = (
        "Runs whose every grid is there, connected and within bounds, of all runs; CPU seconds of a run (median, "
        "libraries loaded, kernels cached); peak memory of the process with its libraries."
    )
    if DISCONNECTED in towns:
        told += f" `{DISCONNECTED}` has an island too light for a grid: one grid must be in two pieces, and is named."
    return f"{told}\n\n{table(head, rows)}"


def _feasible(outcome: Outcome) -> str:
    return f"{sum(outcome.figures('feasible'))}/{len(outcome.rows)}" if outcome.rows else "-"


def _peers(found: _Outcomes) -> str:
    """Every peer on the smallest town."""
    metis = found.of("METIS contig", SMALL)
    head = ["method", "runs", "feasible", "worst grid off by", "inertia", "cut edges", "CPU s", "peak MB"]
    contenders: list[tuple[str, Outcome]] = [("**gridopt**, inertia", found.ours(SMALL, "inertia"))]
    contenders.append(("**gridopt**, both", found.ours(SMALL, BOTH)))
    contenders += [(name, found.of(name, SMALL)) for name in ("METIS contig", "METIS best of 50", *PEER_SEEDS)]
    rows = [
        [
            name, str(len(one.rows)), _feasible(one), percent(_median(one, "largest_deviation")),
            ratio(_median(one, "inertia"), _median(metis, "inertia")),
            ratio(_median(one, "cut_edges"), _median(metis, "cut_edges")),
            number(_median(one, "cpu"), 3), number(one.memory, 0),
        ]
        for name, one in contenders
    ]  # fmt: skip
    told = (
        f"All peers on `{SMALL}` (200 units, 5 grids, 10 %), the slow ones on fewer seeds: ReCom makes 200 steps in "
        "short bursts, max-p 5 constructions; spopt's methods know no upper bound on people."
    )
    return f"{told}\n\n{table(head, rows)}"


def _community(found: _Outcomes) -> str:
    """One community of 1,000 units at two efforts."""
    best = min(found.of(OURS, COMMUNITY, "thorough").figures("inertia"), default=float("nan"))
    worth: Callable[[float], str] = lambda one: percent(one / best - 1, 2)  # noqa: E731
    usual = found.of(OURS, COMMUNITY)
    figures = usual.figures("inertia")
    if not figures:
        return ""
    return (
        f"One community of 1,000 units, 16 grids, 10 % (`{COMMUNITY}`), at effort `standard`: "
        f"{number(_median(usual, 'cpu'), 2)} CPU s, median {worth(median(figures))} and at worst {worth(max(figures))} "
        f"above the best of {len(THOROUGH)} thorough runs."
    )
