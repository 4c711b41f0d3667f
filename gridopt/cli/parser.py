"""The verbs of the command line and their options, with help in one language."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from gridopt.cli import staffing, stored, verbs
from gridopt.cli.usage import Usage, metres, seconds, whole_number
from gridopt.cli.words import say
from gridopt.terms import LANGUAGES

Verb = Callable[[argparse.Namespace], int]
Options = Callable[[argparse.ArgumentParser, str], None]


def parser(lang: str) -> argparse.ArgumentParser:
    """The parser of ``gridopt``; each verb names the function that runs it."""
    top = Usage(lang=lang, prog="gridopt", description=say("about", lang))
    choices = top.add_subparsers(required=True, metavar="verb")
    for name, (run, options) in _VERBS.items():
        one = choices.add_parser(name, lang=lang, help=say(name, lang), description=say(name, lang))
        one.add_argument("--lang", choices=LANGUAGES, help=say("lang", lang))
        one.set_defaults(verb=run)
        options(one, lang)
    return top


def _demo(one: argparse.ArgumentParser, lang: str) -> None:
    one.add_argument("--out", type=Path, default=Path("gridopt-demo"), help=say("out", lang))
    one.set_defaults(effort=None, seed=None, workers=None, strict=False, prove=False, time_limit=None)


def _new(one: argparse.ArgumentParser, lang: str) -> None:
    one.add_argument("folder", type=Path, help=say("layers", lang))


def _inspect(one: argparse.ArgumentParser, lang: str) -> None:
    one.add_argument("project", type=Path, help=say("project", lang))
    one.add_argument("--html", type=Path, help=say("html", lang))
    one.add_argument("--sheets", type=Path, help=say("sheets", lang))
    one.add_argument("--json", action="store_true", help=say("json", lang))


def _project(one: argparse.ArgumentParser, lang: str) -> None:
    one.add_argument("project", type=Path, help=say("project", lang))
    one.add_argument("--out", type=Path, required=True, help=say("out", lang))
    one.add_argument("--strict", action="store_true", help=say("strict", lang))


def _draw(one: argparse.ArgumentParser, lang: str) -> None:
    _project(one, lang)
    one.add_argument("--workers", type=whole_number(1, lang), help=say("workers", lang))
    one.add_argument("--seed", type=whole_number(0, lang), help=say("seed", lang))
    one.add_argument("--effort", choices=verbs.EFFORTS, help=say("effort", lang))
    one.add_argument("--prove", action="store_true", help=say("prove", lang))
    one.add_argument("--time-limit", type=seconds(lang), metavar="S", help=say("time_limit", lang))
    one.add_argument("--only", action="append", default=[], metavar="COMMUNITY", help=say("only", lang))


def _assess(one: argparse.ArgumentParser, lang: str) -> None:
    _project(one, lang)
    one.add_argument("--grids", type=Path, required=True, help=say("grids", lang))


def _folder(one: argparse.ArgumentParser, lang: str) -> None:
    one.add_argument("folder", type=Path, help=say("folder", lang))


def _check(one: argparse.ArgumentParser, lang: str) -> None:
    _folder(one, lang)
    one.add_argument("--json", action="store_true", help=say("json", lang))


def _staff(one: argparse.ArgumentParser, lang: str) -> None:
    _folder(one, lang)
    one.add_argument("--roster", type=Path, help=say("roster", lang))


def _reach(one: argparse.ArgumentParser, lang: str) -> None:
    _folder(one, lang)
    one.add_argument("--facilities", type=Path, help=say("facilities", lang))
    one.add_argument("--project", type=Path, help=say("of_project", lang))


def _publish(one: argparse.ArgumentParser, lang: str) -> None:
    _folder(one, lang)
    one.add_argument("--sheets", nargs="?", const="A3", choices=("A3", "A4"), help=say("map_sheets", lang))


def _export(one: argparse.ArgumentParser, lang: str) -> None:
    _folder(one, lang)
    platforms, endings = ", ".join(stored.PLATFORMS), " ".join(stored.ENDINGS)
    one.add_argument("--to", required=True, metavar="PLATFORM", help=say("platform", lang, names=platforms))
    one.add_argument("--out", type=Path, required=True, help=say("export_out", lang, endings=endings))
    one.add_argument("--names", default="en", metavar="en|zh|FILE", help=say("names", lang))
    one.add_argument("--public", action="store_true", help=say("public", lang))
    one.add_argument("--simplify", type=metres(lang), default=0.0, metavar="METRES", help=say("simplify", lang))


def _locate(one: argparse.ArgumentParser, lang: str) -> None:
    _folder(one, lang)
    one.add_argument("--points", type=Path, required=True, help=say("points", lang))
    one.add_argument("--out", type=Path, required=True, help=say("out", lang))
    one.add_argument("--crs", default="", help=say("crs", lang))
    one.add_argument("--crosswalk", type=Path, help=say("crosswalk", lang))


_VERBS: dict[str, tuple[Verb, Options]] = {
    "demo": (verbs.demo, _demo),
    "new": (verbs.new, _new),
    "inspect": (verbs.inspect, _inspect),
    "draw": (verbs.draw, _draw),
    "assess": (verbs.assess, _assess),
    "staff": (staffing.staff, _staff),
    "reach": (stored.reach, _reach),
    "publish": (stored.publish, _publish),
    "check": (verbs.check, _check),
    "export": (stored.export, _export),
    "locate": (verbs.locate, _locate),
}
