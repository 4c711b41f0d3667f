"""The form that goes out with the sheets: it comes back as the decisions table."""

import openpyxl
import pytest

from gridopt.publish.lettering import lettering
from gridopt.publish.sheets.atlas import Atlas
from gridopt.publish.sheets.form import decisions_form
from gridopt.read.decisions import KINDS, read_decisions
from gridopt.read.project import LayerSpec
from tests.folders import full_plan


@pytest.fixture(params=["zh", "en"])
def form(request, tmp_path):
    atlas = Atlas.of(full_plan(), posts=None, paper="A4", letters=lettering(), lang=request.param)
    file = tmp_path / "decisions.xlsx"
    file.write_bytes(decisions_form(atlas))
    return file


def read(file):
    return read_decisions(LayerSpec("decisions", file.name, file))


def test_an_empty_form_is_read_without_a_fault_and_decides_nothing(form):
    assert len(read(form).table) == 0


def test_a_filled_form_is_read_as_it_was_filled(form):
    book = openpyxl.load_workbook(form)
    sheet = book.worksheets[0]
    choices = sheet.data_validations.dataValidation[0].formula1.strip('"').split(",")
    for row, (kind, target) in enumerate(zip(choices, ("二网格", "5幢", "6幢", "", "", "新名", "001"), strict=True), 2):
        sheet.cell(row, 1, kind)
        sheet.cell(row, 2, f"金狮小区{row}幢")
        sheet.cell(row, 3, target or None)
        sheet.cell(row, 5, "王书记")
    book.save(form)
    table = read(form).table
    assert sorted(table["kind"]) == sorted(KINDS)
    assert set(table["who"]) == {"王书记"}
    assert table.set_index("kind")["target"].to_dict()["belongs"] == "二网格"
    assert (table["community"] != "").all()


def test_each_grid_has_a_row_that_says_what_it_holds(form):
    sheet = openpyxl.load_workbook(form).worksheets[0]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    codes = [row[7] for row in rows if row[7]]
    assert codes == list(full_plan().grids.index)
    assert all(isinstance(code, str) for code in codes)
