"""What can go wrong, and how it is said: one clear error, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Iterable


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
