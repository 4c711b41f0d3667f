"""Independent parts of a task done side by side: in processes where the system can fork, else in threads."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from gridopt.errors import GridoptError

Part = TypeVar("Part")
Answer = TypeVar("Answer")

TURN = 2e-4
"""Seconds that a thread runs Python code while others wait. With Python's usual 5 ms two threads that each call kernels
of some milliseconds partition a million units 1.66 times as fast as one, with these 1.9 times."""

_HELD: list[Any] = []
"""In a worker process: the task and its parts, as they were when it was copied from the main process."""


def side_by_side(
    task: Callable[[Part], Answer], parts: Sequence[Part], *, workers: int | None = 1, forking: bool = True
) -> Iterator[Answer]:
    """The answers to a task for some parts, in the order of the parts, which are begun in that order.

    ``workers`` is the number of processes or threads, None for one a core. A process is a copy of this one: only
    answers, which must pickle, are sent, and Python code runs side by side. Threads do the work without ``forking``,
    and where the system cannot fork or other threads run that a copy would wait for. Answers do not depend on the
    number of workers. What a task raises is raised here; `GridoptError` where a process was ended from outside.
    """
    count = min(workers or os.cpu_count() or 1, len(parts))
    if count <= 1:
        return map(task, parts)
    if forking and _can_fork():
        return _in_processes(task, parts, count)
    return _in_threads(task, parts, count)


def _can_fork() -> bool:
    others = [one for one in threading.enumerate() if one is not threading.current_thread() and not one.daemon]
    return sys.platform == "linux" and not others


def _in_threads(task: Callable[[Part], Answer], parts: Sequence[Part], count: int) -> Iterator[Answer]:
    with _short_turns(), ThreadPoolExecutor(count) as pool:
        yield from pool.map(task, parts)


@contextmanager
def _short_turns() -> Iterator[None]:
    """While this holds, a thread that comes back from compiled code soon gets its turn at Python code again."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _in_processes(task: Callable[[Part], Answer], parts: Sequence[Part], count: int) -> Iterator[Answer]:
    with ProcessPoolExecutor(count, get_context("fork"), _hold, (task, parts)) as pool:
        with warnings.catch_warnings():
            # From Python 3.12 on any thread, also an idle one of a library, makes a fork suspect.
            warnings.simplefilter("ignore", DeprecationWarning)
            answers = pool.map(_answer, range(len(parts)))
        try:
            yield from answers
        except BrokenProcessPool as fault:
            raise GridoptError(
                f"One of {count} worker processes was ended from outside, perhaps for want of memory. "
                "Run again with fewer --workers.",
                zh=f"{count} 个工作进程中有一个被外部终止，可能内存不足。请减少 --workers 后重试。",
            ) from fault


def _hold(task: Callable[[Any], Any], parts: Sequence[Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process is interrupted, and ends the others
    _HELD[:] = task, parts


def _answer(place: int) -> Any:
    task, parts = _HELD
    return task(parts[place])
