"""The first pages of a township's sheets: its communities on a map, and on which page each is found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely

from gridopt.publish.sentences import number
from gridopt.publish.sheets import tables
from gridopt.publish.sheets.atlas import Atlas
from gridopt.publish.sheets.furniture import draw_north, draw_scale, north_box, scale_box
from gridopt.publish.sheets.layout import FOOT_HEIGHT, GAP, HEAD_HEIGHT, MARGIN, PANEL, SUBTITLE, TITLE
from gridopt.publish.sheets.paper import Box, Page, Type, sheet_box, text_box
from gridopt.publish.sheets.placing import Form, Taken, Wish, inside_points, place
from gridopt.publish.sheets.sheet import Sheet
from gridopt.publish.sheets.tables import Column, Grid, Row
from gridopt.publish.sheets.tones import fill, tones_of
from gridopt.publish.sheets.view import View
from gridopt.publish.sheets.words import say

NAMES = (Type(10, "bold"), Type(8.5, "bold"), Type(7, "bold"), Type(5.5, "bold"))


@dataclass(frozen=True, eq=False)
class Contents:
    """The index of one township's sheets, on as many pages as its table needs."""

    atlas: Atlas
    township_id: str
    sheets: Sequence[Sheet]

    def drawn(self) -> Iterator[Page]:
        """The pages one after the other."""
        head, body = sheet_box(self.atlas.paper, landscape=True).shrunk(MARGIN[self.atlas.paper]).cut_top(HEAD_HEIGHT)
        body = Box(body.west, body.south + FOOT_HEIGHT, body.east, body.north)
        panel, plot = body.cut_east(PANEL[self.atlas.paper, True], GAP)
        split = self._split(panel, body)
        for number_of_page, rows in enumerate(split):
            page = Page.blank(self.atlas.paper, landscape=True, letters=self.atlas.letters)
            self._head(page, head)
            if number_of_page == 0:
                self._map(page, plot, len(split))
            tables.draw_table(page, self._table(len(split)), rows, body if number_of_page else panel)
            yield page

    def _split(self, panel: Box, body: Box) -> list[Sequence[Row]]:
        """The rows page by page; how many pages there are moves the page numbers, not the rows."""
        pages = len(tables.pages_of(self._table(1), panel, body, self.atlas.letters))
        return tables.pages_of(self._table(pages), panel, body, self.atlas.letters)

    def page_numbers(self, n_contents: int) -> list[int]:
        """The page on which each community's sheet begins."""
        lengths = [n_contents, *(len(sheet.pages) for sheet in self.sheets)]
        return [int(before) + 1 for before in np.cumsum(lengths)[:-1]]

    def _table(self, n_contents: int) -> Grid:
        atlas, lang = self.atlas, self.atlas.lang
        columns = [Column(say("community_id", lang), 27), Column(say("community", lang), 32)]
        names = ("n_grids", "households", "residents", "buildings", "sheet")
        columns += [Column(say(name, lang), 12, is_number=True) for name in names]
        rows = []
        for sheet, begins in zip(self.sheets, self.page_numbers(n_contents), strict=True):
            grids = atlas.grids(sheet.community_id)
            sums = [number(grids[name].sum()) for name in ("households", "residents", "buildings")]
            cells = [sheet.community_id, atlas.name(sheet.community_id), number(len(grids)), *sums, str(begins)]
            rows.append(Row(cells))
        return Grid(columns, rows)

    def _head(self, page: Page, box: Box) -> None:
        atlas, lang = self.atlas, self.atlas.lang
        name = atlas.township(self.township_id) if self.township_id else say("whole", lang)
        page.write((box.west, box.north - 4.5), say("index_title", lang, township=name), TITLE)
        grids = [atlas.grids(sheet.community_id) for sheet in self.sheets]
        sums = {one: number(sum(own[one].sum() for own in grids)) for one in ("households", "residents", "buildings")}
        counted = say("totals", lang, grids=number(sum(len(own) for own in grids)), **sums)
        code = say("place", lang, name=name, code=self.township_id) if self.township_id else name
        page.write((box.west, box.north - 12), say("between", lang).join([code, counted]), SUBTITLE)
        for line, text in enumerate(atlas.edition):
            page.write((box.east, box.north - 3.5 - 4.2 * line), text, SUBTITLE, ha="right")

    def _map(self, page: Page, frame: Box, n_contents: int) -> None:
        """The communities in their tones, each with its name and page."""
        atlas = self.atlas
        own = atlas.communities.loc[[sheet.community_id for sheet in self.sheets]]
        view = View.of(own.total_bounds, frame)
        shapes = view.project(own.geometry.to_numpy())
        for shape, tone in zip(shapes, tones_of(own.geometry.to_numpy()), strict=True):
            fill(page, shape, tone)
        page.lines(shapes, linewidths=1.4, joinstyle="round")
        taken = Taken(frame.shrunk(0.8).shape)
        draw_north(page, frame, atlas.lang)
        draw_scale(page, view)
        for box in (north_box(frame), scale_box(view)):
            taken.add(box.shape)
        numbers, measure = self.page_numbers(n_contents), partial(text_box, letters=page.letters)
        for row in np.argsort(shapely.area(shapes).round(3), kind="stable"):
            name = atlas.name(str(own.index[row]))
            forms = [Form(f"{name}\n{numbers[row]}", kind) for kind in NAMES]
            forms += [Form(str(numbers[row]), kind) for kind in NAMES]
            found = place(Wish(forms, inside_points(shapes[row]), shapes[row]), taken, measure)
            if found is not None:
                style = {"ha": "center", "va": "center", "halo": True}
                page.write((found.x, found.y), found.form.text, found.form.kind, **style)
        page.frame(frame, 1.2)
