"""One community on paper: planned first, so that its pages are known, then drawn page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas import isna

from gridopt.publish.sentences import number
from gridopt.publish.sheets import tables
from gridopt.publish.sheets.atlas import POSTS_SHOWN, Atlas
from gridopt.publish.sheets.drawing import Scene, draw
from gridopt.publish.sheets.furniture import draw_boxes, draw_legend, draw_north, draw_scale, legend_rows
from gridopt.publish.sheets.labels import Lettered, letter, short_name
from gridopt.publish.sheets.layout import NOTE, PANEL, SUBTITLE, TITLE, Layout, layout_of
from gridopt.publish.sheets.paper import Box, Page, wrapped
from gridopt.publish.sheets.placing import Taken
from gridopt.publish.sheets.tables import Column, Grid, Row
from gridopt.publish.sheets.tones import tones_of
from gridopt.publish.sheets.words import say


@dataclass(frozen=True, eq=False)
class Sheet:
    """A community's sheet, planned and not yet drawn: which rows of its table stand on which page."""

    atlas: Atlas
    community_id: str
    layout: Layout
    table: Grid
    pages: Sequence[Sequence[Row]]

    @classmethod
    def of(cls, atlas: Atlas, community_id: str) -> Sheet:
        """The sheet of one community, upright or on its side as the community is."""
        west, south, east, north = atlas.grids(community_id).total_bounds
        landscape = bool(east - west >= 0.95 * (north - south))
        rows_of_legend = legend_rows(atlas, PANEL[atlas.paper, landscape])
        layout = layout_of(atlas.paper, landscape=landscape, legend_rows=rows_of_legend)
        table = grid_table(atlas, community_id)
        rows = tables.pages_of(table, layout.table.shrunk_south(3.0), layout.further, atlas.letters)
        return cls(atlas, community_id, layout, table, rows)

    def drawn(self) -> Iterator[Page]:
        """The pages one after the other, so that no more than one is held."""
        yield self._first()
        for place in range(1, len(self.pages)):
            yield self._further(place)

    def _first(self) -> Page:
        page, layout = self._blank(0), self.layout
        scene, lettered = draw_map(page, self.atlas, self.community_id, layout.map)
        end = tables.draw_table(page, self.table, self.pages[0], layout.table)
        notes = [say("goes_on", self.atlas.lang)] if len(self.pages) > 1 else []
        if lettered.numbers_left:
            notes.append(say("numbers_left", self.atlas.lang, n=lettered.numbers_left))
        page.write((layout.table.west, end - 2), say("between", self.atlas.lang).join(notes), NOTE)
        draw_legend(page, self.atlas, scene, layout.legend)
        draw_boxes(page, layout, self.atlas.lang)
        return page

    def _further(self, place: int) -> Page:
        page = self._blank(place)
        tables.draw_table(page, self.table, self.pages[place], self.layout.further)
        return page

    def _blank(self, place: int) -> Page:
        page = Page.blank(self.atlas.paper, landscape=self.layout.landscape, letters=self.atlas.letters)
        draw_head(page, self, is_further=place > 0)
        draw_foot(page, self, place)
        return page


def grid_table(atlas: Atlas, community_id: str) -> Grid:
    """Code, name, counts and posts of each grid, what it holds and where it ends, and the totals."""
    grids, lang = atlas.grids(community_id), atlas.lang
    counts = ("households", "residents", "buildings")
    columns = [Column(say("grid", lang), 27), Column(say("name", lang), 30)]
    columns += [Column(say(name, lang), 12, is_number=True) for name in (*counts, *POSTS_SHOWN)]
    figures = grids[list(counts)].join(atlas.posts).reindex(columns=[*counts, *POSTS_SHOWN])
    if len(atlas.posts):
        figures = figures.fillna(0)
    shown = figures.map(lambda value: "" if isna(value) else number(value))
    rows = [
        Row([str(code), _name_on_sheet(atlas, grids.loc[code]), *shown.loc[code]], _told(atlas, grids.loc[code]), tone)
        for code, tone in zip(grids.index, tones_of(grids.geometry.to_numpy()), strict=True)
    ]
    sums = ["" if isna(total) else number(total) for total in figures.sum(min_count=1)]
    rows.append(Row([say("total", lang), number(len(grids)), *sums], is_total=True))
    return Grid(columns, rows, has_swatches=True)


def _name_on_sheet(atlas: Atlas, grid: pd.Series[Any]) -> str:
    return atlas.letters.name(short_name(str(grid["name"]), str(grid["community"])), str(grid["seq"]))


def _told(atlas: Atlas, grid: pd.Series[Any]) -> list[str]:
    """What the grid holds, and its 四至."""
    texts = {"scope": grid["scope"], "bounds": grid["bounds_text"]}
    return [say(kind, atlas.lang, text=atlas.prose(str(text) or "—")) for kind, text in texts.items()]


def draw_map(page: Page, atlas: Atlas, community_id: str, frame: Box) -> tuple[Scene, Lettered]:
    """The map with its letters, north arrow and scale bar; nothing is written outside its frame."""
    scene = draw(page, atlas, community_id, frame)
    taken = Taken(frame.shrunk(0.8).shape)
    for box in (draw_north(page, frame, atlas.lang), draw_scale(page, scene.view, frame)):
        taken.add(box.shape)
    lettered = letter(page, atlas, scene, taken)
    page.frame(frame, 1.2)
    return scene, lettered


def draw_head(page: Page, sheet: Sheet, *, is_further: bool) -> None:
    """Title, codes, totals, 四至 of the community, version and date."""
    atlas, box, lang = sheet.atlas, sheet.layout.head, sheet.atlas.lang
    community = atlas.name(sheet.community_id)
    title = say("title", lang, community=community)
    page.write((box.west, box.north - 4.5), say("continued", lang, title=title) if is_further else title, TITLE)
    grids = atlas.grids(sheet.community_id)
    sums = {name: number(grids[name].sum()) for name in ("households", "residents", "buildings")}
    said = [_places(atlas, sheet.community_id), say("totals", lang, grids=len(grids), **sums)]
    page.write((box.west, box.north - 12), say("between", lang).join(said), SUBTITLE)
    bounds = say("community_bounds", lang, text=atlas.prose(atlas.bounds[sheet.community_id]))
    page.write((box.west, box.north - 17), wrapped(bounds, box.width, SUBTITLE, page.letters)[0], SUBTITLE)
    for place, text in enumerate(atlas.edition):
        page.write((box.east, box.north - 3.5 - 4.2 * place), text, SUBTITLE, ha="right")


def _places(atlas: Atlas, community_id: str) -> str:
    """Township and community with their codes; what is not known is left out."""
    township_id = str(atlas.communities.loc[community_id, "township_id"])
    pairs = [(atlas.township(township_id), township_id), (atlas.name(community_id), community_id)]
    said = [say("place", atlas.lang, name=name, code=code) if name != code else code for name, code in pairs if code]
    return say("between", atlas.lang).join(said)


def draw_foot(page: Page, sheet: Sheet, place: int) -> None:
    """The page's number, and what the letters could not say."""
    box, lang = sheet.layout.foot, sheet.atlas.lang
    text = say("page", lang, n=place + 1, of=len(sheet.pages))
    page.write((box.east, box.south + 1.5), text, NOTE, ha="right")
    if not page.letters.writes_chinese:
        page.write((box.west, box.south + 1.5), say("no_font", lang), NOTE)
