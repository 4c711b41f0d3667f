"""HTML for the pages: every value escaped, no network."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True)
class Table:
    """Rows of texts under headings.

    ``numeric`` columns stand flush right, ``short`` ones keep to one line, ``strong`` rows are totals.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    short: frozenset[int] = frozenset()
    strong: frozenset[int] = frozenset()


def asset(name: str) -> str:
    """The text of a style or script that travels inside a page."""
    return (files("gridopt.publish") / "assets" / name).read_text(encoding="utf-8")


def text(value: object) -> str:
    """A value as it may stand between tags or inside quotes."""
    return html.escape(str(value), quote=True).replace("`", "&#96;").replace("${", "&#36;{")


def element(tag: str, content: object, style: str = "") -> str:
    """An element around escaped text."""
    opening = f'{tag} class="{style}"' if style else tag
    return f"<{opening}>{text(content)}</{tag}>"


def table(content: Table) -> str:
    """The table, its heading repeated on every printed page."""
    styles = [_column_style(content, column) for column in range(len(content.headings))]
    head = "".join(f"<th{style}>{text(name)}</th>" for name, style in zip(content.headings, styles, strict=True))
    body = []
    for place, row in enumerate(content.rows):
        cells = "".join(f"<td{style}>{text(cell)}</td>" for cell, style in zip(row, styles, strict=True))
        body.append(f'<tr class="total">{cells}</tr>' if place in content.strong else f"<tr>{cells}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{chr(10).join(body)}\n</tbody></table>"


def _column_style(content: Table, column: int) -> str:
    if column in content.numeric:
        return ' class="number"'
    return ' class="short"' if column in content.short else ""


def picture(png: bytes, caption: str, style: str = "") -> str:
    """A picture inside the page, with its caption."""
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    shown = f'<img src="{source}" alt="{text(caption)}"/>{element("figcaption", caption)}'
    return f'<figure class="{style}">{shown}</figure>' if style else f"<figure>{shown}</figure>"


def section(title: str, parts: Iterable[str], style: str = "") -> str:
    """A titled part of the page, or "" where there is nothing to say."""
    content = "\n".join(part for part in parts if part)
    opening = f'<section class="{style}">' if style else "<section>"
    return f"{opening}\n{element('h2', title)}\n{content}\n</section>" if content else ""


def page(title: str, *, lang: str, style: str, content: str) -> str:
    """A whole page."""
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if lang == "zh" else "en"}">\n<head>\n<meta charset="utf-8"/>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{content}\n</body>\n</html>\n"
    )
