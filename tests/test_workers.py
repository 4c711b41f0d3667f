"""Work side by side: the answers of one worker, in order, and faults that reach the caller."""

import os
import signal
import sys
import threading

import pytest

from gridopt.errors import GridoptError, TableError
from gridopt.workers import TURN, side_by_side


@pytest.mark.parametrize("workers", [1, 2, 5, None])
@pytest.mark.parametrize("forking", [True, False])
def test_answers_come_in_the_order_of_the_parts(workers, forking) -> None:
    assert list(side_by_side(lambda part: part * 2, range(9), workers=workers, forking=forking)) == list(
        range(0, 18, 2)
    )
    assert list(side_by_side(abs, [], workers=workers, forking=forking)) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are copied on Linux only")
def test_processes_do_the_work_unless_another_thread_runs() -> None:
    def where(_):
        return os.getpid()

    assert os.getpid() not in set(side_by_side(where, range(4), workers=2))
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    assert set(side_by_side(where, range(4), workers=2)) == {os.getpid()}
    done.set()
    other.join()


def test_threads_take_short_turns_only_while_they_work() -> None:
    usual = sys.getswitchinterval()
    found = list(side_by_side(lambda _: sys.getswitchinterval(), range(4), workers=2, forking=False))
    assert max(found) == pytest.approx(TURN) != pytest.approx(usual)
    assert sys.getswitchinterval() == usual


@pytest.mark.parametrize("forking", [True, False])
def test_what_a_task_raises_keeps_both_its_languages(forking) -> None:
    def refuse(_):
        raise TableError("no", zh="不")

    with pytest.raises(TableError) as raised:
        list(side_by_side(refuse, range(3), workers=2, forking=forking))
    assert raised.value.text("zh") == "不"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are copied on Linux only")
def test_a_worker_that_is_killed_is_an_error_with_what_to_do() -> None:
    def die(_):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(GridoptError, match="fewer --workers"):
        list(side_by_side(die, range(3), workers=2))
