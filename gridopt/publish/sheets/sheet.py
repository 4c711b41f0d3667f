"""One community on paper: planned first, so that its pages are known, then drawn page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas import isna

from gridopt.publish.sentences import number
from gridopt.publish.sheets import tables
from gridopt.publish.sheets.atlas import POSTS_SHOWN, Atlas
from gridopt.publish.sheets.details import Detail, crowded, details_of, with_tags
from gridopt.publish.sheets.drawing import Scene, draw
from gridopt.publish.sheets.furniture import (
    draw_boxes,
    draw_legend,
    draw_north,
    draw_scale,
    draw_strip,
    legend_rows,
    north_box,
    scale_box,
)
from gridopt.publish.sheets.labels import Lettered, lettered_map, pointed, short_name, write
from gridopt.publish.sheets.layout import NOTE, NOTE_LINES, NOTE_ROOM, PANEL, SUBTITLE, TITLE, Layout, layout_of
from gridopt.publish.sheets.paper import Box, Page, wrapped
from gridopt.publish.sheets.placing import Taken
from gridopt.publish.sheets.tables import Column, Grid, Row
from gridopt.publish.sheets.tones import tones_of
from gridopt.publish.sheets.view import View
from gridopt.publish.sheets.words import say


@dataclass(frozen=True, eq=False)
class Sheet:
    """A community's sheet, planned and not yet drawn.

    pages     the rows of its table that stand on each page; none where a page has enlarged maps only
    lettered  the letters of its map, those apart that stand on the enlarged maps
    n_left    building numbers that found no room anywhere
    """

    atlas: Atlas
    community_id: str
    layout: Layout
    table: Grid
    pages: Sequence[Sequence[Row]]
    scene: Scene
    lettered: Lettered
    details: Sequence[Detail]
    n_left: int

    @classmethod
    def of(cls, atlas: Atlas, community_id: str) -> Sheet:
        """The sheet of one community, upright or on its side as the community is."""
        west, south, east, north = atlas.grids(community_id).total_bounds
        landscape = bool(east - west >= 0.95 * (north - south))
        rows_of_legend = legend_rows(atlas, PANEL[atlas.paper, landscape])
        layout = layout_of(atlas.paper, landscape=landscape, legend_rows=rows_of_legend)
        table = grid_table(atlas, community_id)
        rows = tables.pages_of(table, layout.table.shrunk_south(NOTE_ROOM), layout.further, atlas.letters)
        scene = Scene.of(atlas, community_id, View.of(atlas.grids(community_id).total_bounds, layout.map))
        lettered, wanted = _lettered(atlas, scene)
        boxes = [layout.further if page else layout.table for page in range(len(rows))]
        rooms = [_room_left(atlas, table, some, box) for some, box in zip(rows, boxes, strict=True)]
        details = details_of(atlas, scene, wanted, rooms, layout.further)
        rows += [[]] * (max((one.page + 1 for one in details), default=0) - len(rows))
        n_left = len(wanted.difference(*(detail.map.numbered for detail in details)))
        tagged = with_tags(lettered, atlas, scene, _free(scene), details)
        return cls(atlas, community_id, layout, table, rows, scene, tagged, details, n_left)

    def drawn(self) -> Iterator[Page]:
        """The pages one after the other, so that no more than one is held."""
        yield self._first()
        for place in range(1, len(self.pages)):
            yield self._further(place)

    def _first(self) -> Page:
        page, layout = self._blank(0), self.layout
        drawn = draw_map(page, self)
        end = tables.draw_table(page, self.table, self.pages[0], layout.table)
        notes = wrapped(say("between", self.atlas.lang).join(self.notes()), layout.table.width, NOTE, page.letters)
        for line, text in enumerate(notes[:NOTE_LINES]):
            page.write((layout.table.west, end - 2 - line * NOTE.line), text, NOTE)
        draw_legend(page, self.atlas, drawn, layout.legend)
        draw_boxes(page, layout, self.atlas.lang)
        draw_details(page, self, 0)
        return page

    def notes(self) -> list[str]:
        """What stands under the table: that it goes on, where the building numbers are, how many stand nowhere."""
        said, lang = [], self.atlas.lang
        if sum(bool(rows) for rows in self.pages) > 1:
            said.append(say("goes_on", lang))
        if self.details:
            names = [self.details[place].name for place in sorted({0, len(self.details) - 1})]
            pages = [str(self.details[place].page + 1) for place in (0, -1)]
            span = {"names": "-".join(names), "pages": "-".join(dict.fromkeys(pages))}
            said.append(say("numbers_enlarged", lang, **span))
        if self.n_left:
            said.append(say("numbers_left", lang, n=self.n_left))
        return said

    def _further(self, place: int) -> Page:
        page = self._blank(place)
        if self.pages[place]:
            tables.draw_table(page, self.table, self.pages[place], self.layout.further)
        draw_details(page, self, place)
        return page

    def _blank(self, place: int) -> Page:
        page = Page.blank(self.atlas.paper, landscape=self.layout.landscape, letters=self.atlas.letters)
        draw_head(page, self, place)
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


def _room_left(atlas: Atlas, table: Grid, rows: Sequence[Row], box: Box) -> Box:
    """What a page's table leaves of its box, under the notes."""
    needed = tables.height_of(table, rows, box, atlas.letters) + NOTE_ROOM
    return Box(box.west, box.south, box.east, max(box.north - needed, box.south))


def _lettered(atlas: Atlas, scene: Scene) -> tuple[Lettered, frozenset[str]]:
    """The letters of a community's map, and the buildings whose numbers it leaves to enlarged ones."""
    tried, free = lettered_map(atlas, scene, _free(scene)), _free(scene)
    dense = crowded(atlas, scene, tried.left)
    kept = tried.without(dense)
    kept.take(free, atlas.letters)
    lettered = pointed(atlas, scene, free, kept)
    return lettered, dense.union(lettered.left)


def _free(scene: Scene) -> Taken:
    """The ground for letters: all of the frame but north arrow and scale bar."""
    taken = Taken(scene.view.frame.shrunk(0.8).shape)
    for box in (north_box(scene.view.frame), scale_box(scene.view)):
        taken.add(box.shape)
    return taken


def draw_map(page: Page, sheet: Sheet) -> frozenset[str]:
    """The map with its letters, north arrow and scale bar, and frames around what is drawn larger elsewhere."""
    scene, frame = sheet.scene, sheet.scene.view.frame
    window = page.within(frame)
    drawn = draw(window, sheet.atlas, scene)
    draw_north(page, frame, sheet.atlas.lang)
    draw_scale(page, scene.view)
    frames = scene.view.shown(np.array([detail.map.outline() for detail in sheet.details], dtype=object))
    window.lines(frames, colors="white", linewidths=2.8)
    window.lines(frames, linewidths=1.1)
    write(page, sheet.lettered)
    page.frame(frame, 1.2)
    return drawn


def draw_details(page: Page, sheet: Sheet, place: int) -> None:
    """The enlarged maps of one page, each under its name and scale."""
    for detail in sheet.details:
        if detail.page != place:
            continue
        frame = detail.map.scene.view.frame
        draw(page.within(frame), sheet.atlas, detail.map.scene)
        write(page, detail.map.lettered)
        page.frame(frame, 0.9)
        draw_strip(page, detail.map.scene.view, detail.strip, say("detail", sheet.atlas.lang, name=detail.name))


def draw_head(page: Page, sheet: Sheet, place: int) -> None:
    """Title, codes, totals, 四至 of the community, version and date."""
    atlas, box, lang = sheet.atlas, sheet.layout.head, sheet.atlas.lang
    community = atlas.name(sheet.community_id)
    title = say("title", lang, community=community)
    if place:
        title = say("continued" if sheet.pages[place] else "enlarged", lang, title=title)
    page.write((box.west, box.north - 4.5), title, TITLE)
    grids = atlas.grids(sheet.community_id)
    sums = {name: number(grids[name].sum()) for name in ("households", "residents", "buildings")}
    said = [_places(atlas, sheet.community_id), say("totals", lang, grids=len(grids), **sums)]
    page.write((box.west, box.north - 12), say("between", lang).join(said), SUBTITLE)
    bounds = say("community_bounds", lang, text=atlas.prose(atlas.bounds[sheet.community_id]))
    page.write((box.west, box.north - 17), wrapped(bounds, box.width, SUBTITLE, page.letters)[0], SUBTITLE)
    for line, text in enumerate(atlas.edition):
        page.write((box.east, box.north - 3.5 - 4.2 * line), text, SUBTITLE, ha="right")


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
