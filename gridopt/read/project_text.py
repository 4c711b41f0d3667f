"""The text of a project file: however it was saved, it becomes plain tables or one error with the line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from gridopt.errors import RuleError, TableError
from gridopt.read.encodings import decode

_PATH = re.compile(r'(\bpath"?\s*=\s*)"([^"\n]*)"')
_BASIC_STRING = re.compile(r'"([^"\n]*\\[^"\n]*)"')
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")


def load_project_text(file: Path) -> dict[str, Any]:
    r"""The tables of a project file.

    A byte order mark, GB18030 and Big5 are understood, and so are backslash paths in ordinary strings
    (``path = "data\villages.gpkg"``), which TOML itself refuses or takes for control characters.

    Raises:
        TableError: there is no such file.
        RuleError: a line that is not TOML, shown with its number and, where it can be told, corrected.
    """
    if not file.is_file():
        raise TableError(
            f"no project file {file}. Write one with: gridopt new {file.parent}",
            zh=f"没有项目文件 {file}。可用 gridopt new {file.parent} 新建。",
        )
    text = decode(file.read_bytes())[0].replace("\r\n", "\n").replace("\r", "\n")
    try:
        return _parse(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(file.name, text, str(error)) from error


def _parse(text: str) -> dict[str, Any]:
    slashed = _PATH.sub(lambda match: f'{match[1]}"{slashes(match[2])}"', text)
    if slashed == text:
        return tomllib.loads(text)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return tomllib.loads(slashed)
    # "\t" and "\b" are lawful TOML, but no path holds a control character: the author meant folders.
    meant = any(ord(letter) < 32 for path in _paths(tables) for letter in path)
    return tomllib.loads(slashed) if meant else tables


def slashes(path: str) -> str:
    """A path with forward slashes, a doubled backslash counting once."""
    return path.replace("\\\\", "/").replace("\\", "/")


def _paths(tables: dict[str, Any]) -> list[str]:
    layers = tables.get("layers", {})
    entries = layers.values() if isinstance(layers, dict) else []
    return [str(entry["path"]) for entry in entries if isinstance(entry, dict) and "path" in entry]


def _syntax_error(name: str, text: str, message: str) -> RuleError:
    place = _PLACE.search(message)
    reason = _PLACE.sub("", message).replace("(at end of document)", "").strip()
    lines = text.split("\n")
    number = int(place[1]) if place else len(lines)
    column = int(place[2]) if place else 1
    line = lines[min(number, len(lines)) - 1]
    shown = f"\n    {line}\n    {' ' * (column - 1)}^" if place else f"\n    {line}"
    english, chinese = "", ""
    if _BASIC_STRING.search(line):
        corrected = _BASIC_STRING.sub(lambda match: f'"{slashes(match[1])}"', line).strip()
        english, chinese = f"\nWrite it with forward slashes: {corrected}", f"\n请用正斜杠书写：{corrected}"
    return RuleError(
        f"{name}, line {number}, column {column}: {reason}.{shown}{english}",
        zh=f"{name} 第 {number} 行第 {column} 列有语法错误：{reason}。{shown}{chinese}",
    )
