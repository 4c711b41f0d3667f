"""A headless Chromium spoken to through its own pipe (Chrome DevTools protocol), without any further library."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser import chromium

FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --hide-scrollbars --remote-debugging-pipe --window-size=1200,800"
).split()
PATIENCE = 60.0
"""Seconds that an answer may take."""


class Tab:
    """One page of the browser: orders go out as JSON, each ended by a zero byte, and answers come back."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders, self._answers, self._number, self._rest = orders, answers, 0, b""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def ask(self, method: str, **options: Any) -> dict[str, Any]:
        """One order to the page, and its answer."""
        return self._ask(method, self._session, **options)

    def value(self, expression: str) -> Any:
        """What a script (its promise, if it is one) comes to."""
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        return self.ask("Runtime.evaluate", **asked)["result"].get("value")

    def _ask(self, method: str, session: str | None = None, **options: Any) -> dict[str, Any]:
        self._number += 1
        order = {"id": self._number, "method": method, "params": options}
        own = order if session is None else {**order, "sessionId": session}
        os.write(self._orders, json.dumps(own).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            while b"\0" in self._rest:
                message, _, self._rest = self._rest.partition(b"\0")
                answer = json.loads(message)
                if answer.get("id") == self._number:
                    found: dict[str, Any] = answer.get("result", answer)
                    return found
            self._rest += os.read(self._answers, 1 << 20)
        raise TimeoutError(f"Chromium did not answer {method}.")


@contextmanager
def opened() -> Iterator[Tab]:
    """A tab of a browser of its own, which is ended afterwards."""
    browser = chromium()
    assert browser is not None
    theirs_in, orders = os.pipe()
    answers, theirs_out = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # The browser reads its orders from descriptor 3 and answers on 4.
        shell = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        command = ["bash", "-c", shell, "bash", browser, *FLAGS, f"--user-data-dir={profile}"]
        process = subprocess.Popen(command, pass_fds=(theirs_in, theirs_out), stderr=subprocess.DEVNULL)
        try:
            yield Tab(orders, answers)
        finally:
            process.terminate()
            process.wait(10)
            for one in (theirs_in, orders, answers, theirs_out):
                os.close(one)


def paints(tab: Tab, page: Path) -> dict[str, float]:
    """Seconds from opening a map to its first paint, first content, begin of drawing, and all it draws by itself."""
    tab.ask("Page.enable")
    tab.ask("Page.navigate", url=page.as_uri())
    tab.value(
        "new Promise((done) => { const look = () => document.body && document.body.dataset.ready"
        " ? requestAnimationFrame(() => requestAnimationFrame(done)) : setTimeout(look, 5); look(); })"
    )
    drawn = float(tab.value("performance.now()")) / 1000
    entries = tab.value(
        "[...performance.getEntriesByType('paint'), ...performance.getEntriesByType('mark')]"
        ".map((one) => [one.name, one.startTime / 1000])"
    )
    return {**dict(entries), "drawn": drawn}
