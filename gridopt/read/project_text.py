"""The text of a project file: however it was saved, it becomes plain tables or one error with the line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from gridopt.errors import RuleError, TableError, preview
from gridopt.read.encodings import UTF16_MARKS, decode

_PATH = re.compile(r'(\bpath"?\s*=\s*)"([^"\n]*)"')
_BASIC_STRING = re.compile(r'"([^"\n]*\\[^"\n]*)"')
_BARE_VALUE = re.compile(r"""^(\s*[\w-]+\s*=\s*)([^\s"'#\[{][^#"']*?)(\s*(?:#.*)?)$""")
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_FULL_WIDTH = str.maketrans(
    dict.fromkeys("“”＂", '"') | dict.fromkeys("‘’＇", "'") | dict(zip("＝［］｛｝，．＃", "=[]{},.#", strict=True))
)
_REASONS = {
    "Cannot declare": ("this table is already there", "该表已经出现过"),
    "Cannot overwrite": ("this key already has a value", "该键已有值"),
    "Expected '='": ('a key needs "=" and a value', "键后缺少“=”和值"),
    "Expected ']'": ("the closing ] is missing", "缺少右方括号 ]"),
    "Expected newline": ("one key a line: something follows the value", "每行只写一个键：值的后面还有多余内容"),
    "Illegal character": ("a quotation mark is missing, or a strange character is here", "缺少引号，或有非法字符"),
    "Invalid initial character": ("this is no key", "此处不是合法的键名"),
    "Invalid statement": ("this is neither a key nor a [table]", "此处既不是键，也不是 [表]"),
    "Invalid value": ("this is no value: text stands in double quotes", "此处不是合法的值：文字须加英文双引号"),
    "Unclosed array": ("the closing ] is missing", "缺少右方括号 ]"),
    "Unescaped": ("a backslash stands in a text", "文字中有反斜杠"),
    "Unterminated string": ("the closing quotation mark is missing", "缺少右引号"),
}
"""How the parser's complaint begins -> what it means, in English and in Chinese."""


def load_project_text(file: Path) -> dict[str, Any]:
    r"""The tables of a project file.

    A byte order mark, GB18030 and Big5 are understood, and so are backslash paths in ordinary strings
    (``path = "data\villages.gpkg"``), which TOML itself refuses or takes for control characters.

    Raises:
        TableError: there is no such file.
        RuleError: a line that is not TOML, shown with its number and, where it can be told, corrected.
    """
    if not file.is_file():
        raise _no_file(file)
    raw = file.read_bytes()
    if b"\0" in raw and not raw.startswith(UTF16_MARKS):
        raise RuleError(
            f"{file} is no text file. Name the project file (.toml).",
            zh=f"{file} 不是文本文件。请指定项目文件（.toml）。",
        )
    text = decode(raw)[0].replace("\r\n", "\n").replace("\r", "\n")
    try:
        return _parse(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(file.name, text, str(error)) from error


def _no_file(file: Path) -> TableError:
    if file.is_dir():
        found = preview(sorted(one.name for one in file.glob("*.toml")))
        there, there_zh = (f"Name the file in it: {found}", f"请指明其中的文件：{found}")
        if not found:
            there, there_zh = f"Write one with: gridopt new {file}", f"可用 gridopt new {file} 新建"
        return TableError(
            f"{file} is a folder, not a project file. {there}.", zh=f"{file} 是文件夹，不是项目文件。{there_zh}。"
        )
    return TableError(
        f"no project file {file}. Write one with: gridopt new {file.parent}",
        zh=f"没有项目文件 {file}。可用 gridopt new {file.parent} 新建。",
    )


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
    english, chinese = next(
        (said for start, said in _REASONS.items() if reason.startswith(start)), (reason, f"无法理解（{reason}）")
    )
    corrected = _corrected(line)
    return RuleError(
        f"{name}, line {number}, column {column}: {english}.{shown}"
        + (f"\nWrite it: {corrected}" if corrected else ""),
        zh=f"{name} 第 {number} 行第 {column} 列有语法错误：{chinese}。{shown}"
        + (f"\n请写成：{corrected}" if corrected else ""),
    )


def _corrected(line: str) -> str:
    """The line as it was probably meant, "" where that cannot be told."""
    slashed = _BASIC_STRING.sub(lambda match: f'"{slashes(match[1])}"', line)
    plain = line.translate(_FULL_WIDTH)
    for meant in (slashed, plain, f'{line}"', f"{line}]", _BARE_VALUE.sub(r'\1"\2"\3', line)):
        try:
            if meant != line and tomllib.loads(meant):
                return meant.strip()
        except tomllib.TOMLDecodeError:
            continue
    return ""
