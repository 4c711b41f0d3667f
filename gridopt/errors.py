"""What can go wrong, and how it is said: one clear error, in English and in Chinese."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class GridoptError(Exception):
    """Base of every error that gridopt raises on purpose.

    ``str(error)`` is the English message; ``error.text("zh")`` the Chinese one where there is one.
    """

    def __init__(self, message: str, *, zh: str | None = None) -> None:
        super().__init__(message)
        self.zh = zh

    def text(self, lang: str = "en") -> str:
        """The message in the given language, ``"en"`` or ``"zh"``."""
        return self.zh if lang == "zh" and self.zh else str(self)


class TableError(GridoptError, ValueError):
    """A layer or table that cannot be used; one error lists all its faults."""


class RuleError(GridoptError, ValueError):
    """A rule, setting or decision that cannot hold as written."""


class InfeasibleError(GridoptError):
    """No plan exists under the rules that may not be relaxed."""


class SolverError(GridoptError):
    """A solver failed or returned something that is not a solution."""


def preview(ids: Iterable[object], most: int = 5) -> str:
    """The first few ids as text, with how many more there are."""
    listed = [str(one) for one in ids]
    shown = ", ".join(listed[:most])
    return shown if len(listed) <= most else f"{shown} … (+{len(listed) - most})"


def check_keys(given: Iterable[object], known: Sequence[str], where: str) -> None:
    """Raise one `RuleError` for all settings that do not exist, each with the nearest one that does."""
    unknown = sorted(str(key) for key in given if key not in known)
    if not unknown:
        return
    near = [difflib.get_close_matches(key, known, 1) for key in unknown]
    listed = [f"{key} (did you mean {best[0]}?)" if best else key for key, best in zip(unknown, near, strict=True)]
    listed_zh = [f"{key}（是否为 {best[0]}？）" if best else key for key, best in zip(unknown, near, strict=True)]
    raise RuleError(
        f"{where}: unknown {preview(listed)}. Known: {', '.join(known)}.",
        zh=f"{where}：未知项 {preview(listed_zh)}。可用：{'、'.join(known)}。",
    )
