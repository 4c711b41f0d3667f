"""``write_sheets``: every community on paper, bound by township, and the form for what is to be changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.backends.backend_pdf import PdfPages

from gridopt.errors import RuleError, TableError, preview
from gridopt.grids.plan import Plan
from gridopt.publish.atomic import move_all, new_folder, write_bytes
from gridopt.publish.lettering import lettering
from gridopt.publish.sheets.atlas import Atlas
from gridopt.publish.sheets.contents import Contents
from gridopt.publish.sheets.form import decisions_form
from gridopt.publish.sheets.paper import PAPERS, Page
from gridopt.publish.sheets.sheet import Sheet
from gridopt.publish.sheets.stale import RECORD, remove_stale, write_record, written_before

PNG_DPI = 200
FORM = "decisions.xlsx"
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Sheets:
    """What was written: ``pictures`` and ``documents`` a page and a community, ``townships`` bound, the ``form``."""

    pictures: tuple[Path, ...]
    documents: tuple[Path, ...]
    townships: tuple[Path, ...]
    form: Path

    def __iter__(self) -> Iterator[Path]:
        return iter((*self.pictures, *self.documents, *self.townships, self.form))

    def _repr_html_(self) -> str:
        return f"{len(self.documents)} sheets, {len(self.townships)} bound; {self.form.parent}"


def write_sheets(
    plan: Plan,
    folder: str | Path,
    *,
    posts: pd.DataFrame | None = None,
    communities: Sequence[str] | None = None,
    paper: str = "A3",
    lang: str | None = None,
) -> Sheets:
    """Write one map sheet a community to be signed, as PNG and PDF, and one PDF a township with an index.

    A sheet shows the grids in tones that print in black and white, roads, water, estates, gates and building
    numbers, last year's line dashed (the city's ``current_grids``), a table of the grids with 四至, and room
    for opinions and seals; a long table goes on over the page. Where building numbers find no room on the map, as
    in hamlets, enlarged maps under the table and on further pages show them; what fits nowhere is counted there.
    ``decisions.xlsx`` takes the changes asked
    for and is read as the layer ``decisions``. ``posts`` fills the columns of chiefs and workers;
    ``communities`` are ids, all unless given; ``paper`` is "A3" or "A4", on its side where the community
    is broad. Where all are written again, files that an earlier call wrote for communities that are gone are
    removed, unless somebody changed them (``sheets.json`` keeps the record). The same plan gives the same bytes: what
    a sheet says of time is the project's ``valid_from``.

    Raises:
        RuleError: a paper that is not known.
        TableError: communities that the plan does not have.
        GridoptError: the files cannot be written whole; older ones then stand.
    """
    if paper not in PAPERS:
        raise RuleError(
            f"paper = {paper!r} is none of {', '.join(PAPERS)}.", zh=f"纸张 {paper!r} 不在可选范围：A3、A4。"
        )
    letters = lettering()
    language = letters.language(lang or plan.city.settings.lang)
    atlas = Atlas.of(plan, posts=posts, paper=paper, letters=letters, lang=language)
    chosen = _chosen(atlas, communities)
    target = Path(folder)
    with new_folder(target) as new:
        written = _write_all(atlas, chosen, new)
        write_bytes(new / FORM, decisions_form(atlas))
        names = [*(name for kind in written for name in kind), FORM]
        stale = {name: digest for name, digest in written_before(target).items() if name not in names}
        write_record(new, names, {} if communities is None else stale)
        move_all(new, target, names=[*names, RECORD])
    if communities is None:
        remove_stale(target, stale)
    pictures, documents, townships = (tuple(target / name for name in kind) for kind in written)
    return Sheets(pictures, documents, townships, target / FORM)


def _chosen(atlas: Atlas, asked: Sequence[str] | None) -> list[str]:
    """The communities to be drawn, in the order of the atlas."""
    known = atlas.communities.index
    unknown = [one for one in asked or () if one not in known]
    if unknown:
        raise TableError(
            f"the plan has no grids of the communities {preview(unknown)}; it has {preview(known)}.",
            zh=f"方案中没有这些村（社区）的网格：{preview(unknown)}；现有：{preview(known)}。",
        )
    return [str(one) for one in known if asked is None or one in asked]


def _write_all(atlas: Atlas, chosen: Sequence[str], new: Path) -> tuple[list[str], list[str], list[str]]:
    """The files of every township, by name: pictures, documents, bound volumes; one page is held at a time."""
    pictures: list[str] = []
    documents: list[str] = []
    volumes: list[str] = []
    names = _file_names(atlas.communities.index.tolist())
    owners = atlas.communities.loc[list(chosen)].groupby("township_id", sort=True).groups
    volume_names = _file_names([f"township-{one}" if one else "all" for one in owners])
    for township_id, own in owners.items():
        volume = f"{volume_names[f'township-{township_id}' if township_id else 'all']}.pdf"
        sheets = [Sheet.of(atlas, str(one)) for one in own]
        with _document(new / volume) as bound:
            for page in Contents(atlas, str(township_id), sheets).drawn():
                _bind(page, bound)
            for sheet in sheets:
                name = names[sheet.community_id]
                pictures += _write_sheet(sheet, name, new, bound)
                documents.append(f"{name}.pdf")
        volumes.append(volume)
    return pictures, documents, volumes


def _write_sheet(sheet: Sheet, name: str, new: Path, bound: PdfPages) -> list[str]:
    """A community's own PDF, its pages in the bound volume, and a picture of each; the pictures' names."""
    pictures = []
    with _document(new / f"{name}.pdf") as document:
        for place, page in enumerate(sheet.drawn()):
            _bind(page, document)
            _bind(page, bound)
            pictures.append(f"{name}.png" if place == 0 else f"{name}-{place + 1}.png")
            _write_picture(page, new / pictures[-1])
    return pictures


def _document(path: Path) -> PdfPages:
    """A PDF without the moment of its making."""
    told = {"Creator": "gridopt", "Producer": None, "CreationDate": None}
    return PdfPages(path, metadata=told)


def _bind(page: Page, document: PdfPages) -> None:
    document.savefig(page.figure)  # type: ignore[no-untyped-call]


def _write_picture(page: Page, path: Path) -> None:
    page.figure.savefig(path, dpi=PNG_DPI, metadata={"Software": None})


def _file_names(ids: Sequence[str]) -> dict[str, str]:
    """A name for the files of each id: the id, its odd characters replaced, numbered where two would meet."""
    names: dict[str, str] = {}
    for one in ids:
        plain = _UNSAFE.sub("_", one).strip("._") or "sheet"
        taken = {name.casefold() for name in names.values()}
        numbered = (plain if n == 1 else f"{plain}~{n}" for n in range(1, len(ids) + 2))
        names[one] = next(name for name in numbered if name.casefold() not in taken)
    return names
