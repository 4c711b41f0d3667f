"""Arguments in, exit status out: 0 done, 1 undecided or faulty, 2 bad input, 3 our fault, 130 interrupted."""

from __future__ import annotations

import gc
import logging
import sys
import traceback
from collections.abc import Sequence

from gridopt.cli.parser import Verb, parser
from gridopt.cli.words import file_error, language, say
from gridopt.errors import GridoptError, SolverError

COLLECTED = (100_000, 50, 100)
"""Objects made between two searches for garbage: layers are many lasting objects, and each search looks at them all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Results go to stdout, progress and warnings to stderr."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    lang = language(given)
    asked = parser(lang).parse_args(given)
    asked.lang = lang
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    gc.set_threshold(*COLLECTED)
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
