"""Arguments in, exit status out: 0 done, 1 undecided or faulty, 2 bad input, 3 our fault, 130 interrupted."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from gridopt.cli import staffing, stored, verbs
from gridopt.cli.usage import Usage, metres, seconds, whole_number
from gridopt.cli.words import LANGUAGES, file_error, language, say
from gridopt.errors import GridoptError, SolverError

Verb = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Results go to stdout, progress and warnings to stderr."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    lang = language(given)
    asked = parser(lang).parse_args(given)
    asked.lang = lang
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    try:
        verb: Verb = asked.verb
        return verb(asked)
    except SolverError as error:
        return _own_fault(error, lang)
    except GridoptError as error:
        sys.stderr.write(f"{error.text(lang)}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write(f"{say('interrupted', lang)}\n")
        return 130
    except OSError as error:
        sys.stderr.write(f"{file_error(error, lang)}\n")
        return 2
    except Exception as error:
        return _unforeseen(error, lang)


def parser(lang: str) -> argparse.ArgumentParser:
    """The verbs and their options, with help in one language."""
    top = Usage(lang=lang, prog="gridopt", description=say("about", lang))
    choices = top.add_subparsers(required=True, metavar="verb")

    def verb(name: str, run: Verb) -> argparse.ArgumentParser:
        one = choices.add_parser(name, lang=lang, help=say(name, lang), description=say(name, lang))
        one.add_argument("--lang", choices=LANGUAGES, help=say("lang", lang))
        one.set_defaults(verb=run)
        return one

    demo = verb("demo", verbs.demo)
    demo.add_argument("--out", type=Path, default=Path("gridopt-demo"), help=say("out", lang))
    demo.set_defaults(effort=None, seed=None, workers=None, strict=False, prove=False, time_limit=None)
    new = verb("new", verbs.new)
    new.add_argument("folder", type=Path, help=say("layers", lang))
    inspect = verb("inspect", verbs.inspect)
    inspect.add_argument("project", type=Path, help=say("project", lang))
    inspect.add_argument("--html", type=Path, help=say("html", lang))
    inspect.add_argument("--sheets", type=Path, help=say("sheets", lang))
    inspect.add_argument("--json", action="store_true", help=say("json", lang))
    draw = verb("draw", verbs.draw)
    _drawing(draw, lang)
    draw.add_argument("--workers", type=whole_number(1, lang), help=say("workers", lang))
    draw.add_argument("--seed", type=whole_number(0, lang), help=say("seed", lang))
    draw.add_argument("--effort", choices=verbs.EFFORTS, help=say("effort", lang))
    draw.add_argument("--prove", action="store_true", help=say("prove", lang))
    draw.add_argument("--time-limit", type=seconds(lang), metavar="S", help=say("time_limit", lang))
    draw.add_argument("--only", action="append", default=[], metavar="COMMUNITY", help=say("only", lang))
    assess = verb("assess", verbs.assess)
    _drawing(assess, lang)
    assess.add_argument("--grids", type=Path, required=True, help=say("grids", lang))
    check = verb("check", verbs.check)
    check.add_argument("folder", type=Path, help=say("folder", lang))
    check.add_argument("--json", action="store_true", help=say("json", lang))
    reach = verb("reach", verbs.reach)
    reach.add_argument("folder", type=Path, help=say("folder", lang))
    reach.add_argument("--facilities", type=Path, help=say("facilities", lang))
    reach.add_argument("--project", type=Path, help=say("of_project", lang))
    _on_stored_plans(verb, lang)
    _staffing(verb("staff", staffing.staff), lang)
    locate = verb("locate", verbs.locate)
    locate.add_argument("folder", type=Path, help=say("folder", lang))
    locate.add_argument("--points", type=Path, required=True, help=say("points", lang))
    locate.add_argument("--out", type=Path, required=True, help=say("out", lang))
    locate.add_argument("--crs", default="", help=say("crs", lang))
    return top


def _drawing(one: argparse.ArgumentParser, lang: str) -> None:
    one.add_argument("project", type=Path, help=say("project", lang))
    one.add_argument("--out", type=Path, required=True, help=say("out", lang))
    one.add_argument("--strict", action="store_true", help=say("strict", lang))


def _on_stored_plans(verb: Callable[[str, Verb], argparse.ArgumentParser], lang: str) -> None:
    for name, run in (("export", stored.export), ("publish", stored.publish)):
        one = verb(name, run)
        one.add_argument("folder", type=Path, help=say("folder", lang))
        if name == "export":
            _exporting(one, lang)


def _exporting(one: argparse.ArgumentParser, lang: str) -> None:
    platforms, endings = ", ".join(stored.PLATFORMS), " ".join(stored.ENDINGS)
    one.add_argument("--to", required=True, metavar="PLATFORM", help=say("platform", lang, names=platforms))
    one.add_argument("--out", type=Path, required=True, help=say("export_out", lang, endings=endings))
    one.add_argument("--names", default="en", metavar="en|zh|FILE", help=say("names", lang))
    one.add_argument("--public", action="store_true", help=say("public", lang))
    one.add_argument("--simplify", type=metres(lang), default=0.0, metavar="METRES", help=say("simplify", lang))


def _staffing(one: argparse.ArgumentParser, lang: str) -> None:
    one.add_argument("folder", type=Path, help=say("folder", lang))
    one.add_argument("--roster", type=Path, help=say("roster", lang))


def _unforeseen(error: Exception, lang: str) -> int:
    """A package that is not installed is the user's to mend; all else is our fault."""
    package = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if package in ("", "gridopt"):
        traceback.print_exception(error, file=sys.stderr)
        return _own_fault(error, lang)
    sys.stderr.write(f"{say('missing_package', lang, package=package)}\n")
    return 2


def _own_fault(error: Exception, lang: str) -> int:
    sys.stderr.write(f"{say('own_fault', lang, error=f'{type(error).__name__}: {error}')}\n")
    return 3
