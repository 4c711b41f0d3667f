"""Files written so that a failure leaves the old ones as they were: beside the target, read back, then moved."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import sys
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyogrio.errors import DataLayerError, DataSourceError

from gridopt.errors import GridoptError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_LONGEST_REASON = 300
_NEW, _OLD = ".new-", ".old-"
LEFTOVERS = (_NEW, _OLD)
"""How the names of our working folders begin."""


def write_bytes(path: str | Path, content: bytes) -> Path:
    """Put ``content`` at ``path``, whole or not at all."""
    with beside(path) as partial:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if partial.read_bytes() != content:
            raise _short(Path(path).name)
    return Path(path)


@contextmanager
def beside(path: str | Path) -> Iterator[Path]:
    """A path in the same folder to write to; it takes the target's place once the block ends well.

    The ending of the name is kept, for writers that go by it. `GridoptError` if the target is a device,
    a folder or anything else than a regular file, or if what was written is empty.
    """
    target = Path(path).resolve()
    refuse_irregular(target)
    partial = target.with_name(f".{os.getpid()}-{target.name}")
    with _trouble_named(target, {str(partial): str(target)}):
        try:
            yield partial
            if not partial.is_file() or partial.stat().st_size == 0:
                raise _short(target.name)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


def refuse_irregular(path: Path) -> None:
    """Raise if something that is no regular file stands at ``path``."""
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise GridoptError(
            f"{path} is not a regular file and is left as it is. Name another file.",
            zh=f"{path} 不是普通文件，未作改动。请换一个文件名。",
        )


@contextmanager
def new_folder(target: Path, *, asked: Path | None = None) -> Iterator[Path]:
    """An empty ``.new-<pid>`` inside ``target``, gone afterwards; ``target`` too if this made it and failed.

    What fails is told of ``asked``, the file or folder that the user named: ``target`` unless given.
    """
    is_made_here = not target.exists()
    target.mkdir(parents=True, exist_ok=True)
    clear_leftovers(target)
    new = target / f"{_NEW}{os.getpid()}"
    new.mkdir()
    try:
        with _trouble_named(asked or target, {str(new): str(target)}):
            yield new
    finally:
        with _undisturbed():
            shutil.rmtree(new, ignore_errors=True)
            if is_made_here and not any(target.iterdir()):
                target.rmdir()


@contextmanager
def _trouble_named(target: Path, working: Mapping[str, str]) -> Iterator[None]:
    """Say of a full disk, or a writer that failed, what could not be written, in the names that the user knows.

    ``working`` maps the path that is written to onto the one that it stands for.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            if error.filename is not None:
                error.filename = _renamed(error.filename, working)
            raise
        raise _unwritten(target, str(error.strerror)) from error
    except (DataSourceError, DataLayerError) as error:
        raise _unwritten(target, str(_renamed(str(error), working)).rstrip(".")) from error
    except GridoptError as error:
        said = _renamed(str(error), working)
        if said == str(error):
            raise
        raise type(error)(said, zh=_renamed(error.zh, working)) from error
    except zlib.error as error:
        # The writer of PDF pages, stopped by a full disk, fails again over its stream while it closes the file.
        first = error.__context__
        if not isinstance(first, OSError) or first.errno not in _FULL:
            raise
        raise _unwritten(target, str(first.strerror)) from error


def _renamed(said: Any, working: Mapping[str, str]) -> Any:
    """A text, or a file's name, with the target's path for the working one; anything else as it is."""
    if isinstance(said, str):
        for path, stands_for in working.items():
            said = said.replace(path, stands_for)
    return said


def _unwritten(target: Path, reason: str) -> GridoptError:
    free = shutil.disk_usage(target if target.exists() else target.parent).free / 2**20
    half = _LONGEST_REASON // 2
    said = reason if len(reason) <= _LONGEST_REASON else f"{reason[:half]} … {reason[-half:]}"
    return GridoptError(
        f"{target} could not be written whole ({said}); {free:.1f} MB of its disk are free. Nothing was replaced: "
        "make room or name another place.",
        zh=f"{target} 未能完整写出（{said}），所在磁盘剩余 {free:.1f} MB。原有文件未改动：请腾出空间或换一个位置。",
    )


def clear_leftovers(folder: Path) -> None:
    """Remove what runs that were killed left behind; a run still alive keeps its own."""
    for leftover in [one for one in folder.iterdir() if one.name.startswith(LEFTOVERS)]:
        number = leftover.name.rpartition("-")[2]
        if leftover.is_dir() and number.isdigit() and not _is_running(int(number)):
            shutil.rmtree(leftover, ignore_errors=True)


def _is_running(process: int) -> bool:
    if process == os.getpid():
        return False
    if sys.platform == "win32":  # there os.kill would end the process instead of asking after it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def move_all(source: Path, target: Path, *, names: Sequence[str]) -> None:
    """Move files from one folder to another in the order of ``names``; on any failure put the old ones back."""
    for name in names:
        refuse_irregular(target / name)
        with (source / name).open("rb+") as file:
            os.fsync(file.fileno())
    kept = target / f"{_OLD}{os.getpid()}"
    moved: list[str] = []
    with _undisturbed():
        try:
            for name in names:
                _keep(target / name, kept / name)
            for name in names:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                moved.append(name)
                (source / name).replace(target / name)
        except BaseException:
            for name in reversed(moved):
                _put_back(kept / name, target / name, is_new=not (source / name).exists())
            raise
        finally:
            shutil.rmtree(kept, ignore_errors=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold Ctrl-C back until the block is done: it takes milliseconds, and half of it is worse than none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)
    if held and callable(before):
        before(held[0], None)


def _keep(path: Path, copy: Path) -> None:
    """A second name for a file, or a copy where the disk knows no second names."""
    if not path.exists():
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, copy)
    except OSError:
        shutil.copy2(path, copy)


def _put_back(copy: Path, path: Path, *, is_new: bool) -> None:
    if copy.exists():
        copy.replace(path)
    elif is_new:
        path.unlink(missing_ok=True)


def _short(name: str) -> GridoptError:
    return GridoptError(
        f"{name} was not written whole: the disk may be full. Nothing was replaced.",
        zh=f"{name} 未能完整写出，磁盘可能已满。原有文件未改动。",
    )
