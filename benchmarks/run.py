"""gridopt beside its peers, and its growth: measures, and writes the tables of results.md and the README.

    pip install '.[benchmark]' && python -m benchmarks.run              # every part
    python -m benchmarks.run --only quality --only growth               # some of them
    python -m benchmarks.run --tables                                   # only the tables, from what is stored

What was measured is kept in benchmarks/results/ and measured again only where the engine (or the peer) has changed
since, so that a run that was cut off goes on where it stopped. Published instances are looked for in
../shared/data/instances; synthetic ones are made from seeds.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

from benchmarks import apportioning, growth, layers, locating, mapping, mass, proof, published, quality, siting, tables
from benchmarks.jobs import RESULTS, ROOT, Job, Store, carry_out
from benchmarks.methods import TOBLER
from benchmarks.peers import LIBRARIES


class Part(Protocol):
    """One part: the jobs it asks for, and its tables from what they left."""

    TITLE: str
    MINUTES: int
    BESIDE: int
    jobs: Callable[..., list[Job]]
    report: Callable[..., str]


PARTS = cast(
    "dict[str, Part]",
    {
        "quality": quality,
        "published": published,
        "proof": proof,
        "growth": growth,
        "layers": layers,
        "mass": mass,
        "locate": locating,
        "map": mapping,
        "siting": siting,
        "apportioning": apportioning,
    },
)
PAGES = (ROOT / "benchmarks" / "results.md", ROOT / "README.md")


def measured_with(part: str) -> str:
    """Cores, Python and the versions of the libraries that a part's figures rest on."""
    peers = {"quality": sorted(set(LIBRARIES.values())), "apportioning": [TOBLER], "siting": ["spopt"]}
    names = ["numpy", *([] if part in ("apportioning", "map") else ["numba", "highspy"]), *peers.get(part, [])]
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} not installed")
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {', '.join(versions)}."


def main(arguments: list[str] | None = None) -> None:
    """Measure the parts asked for and put their tables into the pages."""
    chosen = _arguments().parse_args(arguments)
    for name in chosen.only or PARTS:
        part = PARTS[name]
        folder = RESULTS / "quick" if chosen.quick else RESULTS
        store = Store(name, fresh=chosen.fresh, folder=folder)
        if not chosen.tables:
            sys.stderr.write(f"{name}: about {part.MINUTES} minutes on 2 quiet cores\n")
            carry_out(part.jobs(quick=chosen.quick), store, beside=part.BESIDE)
        text = f"{part.report(store, quick=chosen.quick)}\n\n{measured_with(name)}"
        sys.stdout.write(f"## {part.TITLE}\n\n{text}\n\n")
        if not chosen.quick:
            for page in PAGES:
                tables.put(page, name, f"### {part.TITLE}\n\n{text}")


def _arguments() -> argparse.ArgumentParser:
    minutes = ", ".join(f"{name} {part.MINUTES}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description=f"gridopt beside its peers. Minutes on 2 quiet cores: {minutes}.",
    )
    parser.add_argument("--only", action="append", choices=list(PARTS), help="one part; may be given again")
    parser.add_argument("--quick", action="store_true", help="a few small jobs of each part, pages untouched")
    parser.add_argument("--tables", action="store_true", help="measure nothing, write the tables from what is stored")
    parser.add_argument("--fresh", action="store_true", help="forget what is stored and measure all again")
    return parser


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
