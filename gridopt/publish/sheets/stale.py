"""Which files of a folder of sheets are gridopt's own: those of communities that are gone are removed, no others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

RECORD = "sheets.json"
SCHEMA = "gridopt.sheets/1"


def written_before(folder: Path) -> dict[str, str]:
    """The files that gridopt wrote into a folder, by name, with the digest of each; none where no record is."""
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    files = record.get("files") if isinstance(record, dict) and record.get("schema") == SCHEMA else None
    return {str(name): str(digest) for name, digest in files.items()} if isinstance(files, dict) else {}


def write_record(folder: Path, names: Iterable[str], kept: Mapping[str, str]) -> None:
    """Put on record the files just written into ``folder``, and those ``kept`` from before."""
    files = {**kept, **{name: _digest(folder / name) for name in names}}
    text = json.dumps({"schema": SCHEMA, "files": dict(sorted(files.items()))}, indent=1)
    (folder / RECORD).write_text(f"{text}\n", encoding="utf-8", newline="\n")


def remove_stale(folder: Path, stale: Mapping[str, str]) -> tuple[str, ...]:
    """Remove files of an earlier record that nobody has changed since; the names of those removed."""
    gone = [name for name, digest in sorted(stale.items()) if _is_own(folder, name, digest)]
    for name in gone:
        (folder / name).unlink()
    return tuple(gone)


def _is_own(folder: Path, name: str, digest: str) -> bool:
    path = folder / name
    return Path(name).name == name and path.is_file() and not path.is_symlink() and _digest(path) == digest


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
