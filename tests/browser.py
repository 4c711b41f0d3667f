"""A headless Chromium without a network: what a page shows, what it complains of, and what it asks for."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --enable-logging=stderr --virtual-time-budget=6000"
).split()
# What the browser asks on its own account, whatever page is open.
_OWN_ERRANDS = ", ".join(f"MAP {host} ~NOTFOUND" for host in ("*.google.com", "update.googleapis.com"))
_CONSOLE = re.compile(r"CONSOLE[:(]\d+\)?\] (.*)")
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def chromium() -> str | None:
    """The browser of this machine: what CHROMIUM names, or the first one found."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return named or next((path for path in found if path), None)


def needs_chromium(test: Callable[..., None]) -> Callable[..., None]:
    """Marks a test as one of the browser, skipped where there is none."""
    marked = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")(test)
    return pytest.mark.browser(marked)


@dataclass(frozen=True)
class Visit:
    """The document as scripts left it, what was written to the console, and the opening of every request made."""

    dom: str
    console: tuple[str, ...]
    requests: tuple[bytes, ...]

    def text(self) -> str:
        """The words between the tags."""
        return re.sub(r"\s+", " ", re.sub(r"<script.*?</script>|<[^>]*>", " ", self.dom, flags=re.DOTALL))


def visit(page: Path, folder: Path, *, anchor: str = "") -> Visit:
    """Open a page and return what became of it; every host that a page may ask is a trap of this process."""
    with _trap() as (port, requests):
        run = _run(["--dump-dom", f"{page.as_uri()}{anchor}"], folder, f"{_OWN_ERRANDS}, MAP * 127.0.0.1:{port}")
    return Visit(run.stdout, tuple(_CONSOLE.findall(run.stderr)), tuple(requests))


def screenshot(page: Path, folder: Path, *, size: tuple[int, int] = (1200, 800), anchor: str = "") -> Path:
    """A picture of a page as PNG."""
    target = folder / f"{page.stem}-{size[0]}.png"
    arguments = [f"--screenshot={target}", f"--window-size={size[0]},{size[1]}", f"{page.as_uri()}{anchor}"]
    _run(arguments, folder, "MAP * ~NOTFOUND")
    return target


def with_script(page: Path, script: str) -> Path:
    """A copy of a page without its policy that also runs a script once it is loaded, and its map, if any, drawn."""
    text = _POLICY.sub("", page.read_text(encoding="utf-8"))
    waits = "document.getElementById('gridopt-data') && !document.body.dataset.ready"
    late = f"const late = () => ({waits} ? setTimeout(late, 50) : setTimeout(() => {{ {script} }}, 200));"
    late = f"<script>window.addEventListener('load', () => {{ {late} late(); }});</script>"
    copy = page.with_name(f"{page.stem}-scripted.html")
    copy.write_text(text.replace("</body>", f"{late}</body>", 1), encoding="utf-8")
    return copy


@contextmanager
def _trap() -> Iterator[tuple[int, list[bytes]]]:
    """A port that answers nobody and keeps the first bytes of whoever knocks."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    knock, _ = server.accept()
                except OSError:
                    return
                with knock:
                    knock.settimeout(1)
                    try:
                        heard.append(knock.recv(500))
                    except OSError:
                        heard.append(b"")

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)


def _run(arguments: list[str], folder: Path, hosts: str) -> subprocess.CompletedProcess[str]:
    browser = chromium()
    assert browser is not None
    profile = folder / "profile"
    shutil.rmtree(profile, ignore_errors=True)
    command = [browser, *_FLAGS, f"--host-resolver-rules={hosts}", f"--user-data-dir={profile}", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    shutil.rmtree(profile, ignore_errors=True)
    return run
