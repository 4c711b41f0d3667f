"""A disk that fills up while a file is written: one clear message, the old file as it was."""

import errno
import zlib
from pathlib import Path

import pytest
from pyogrio.errors import DataSourceError

from gridopt.errors import GridoptError
from gridopt.publish.atomic import beside, new_folder

FULL = OSError(errno.ENOSPC, "No space left on device")


class Pages:
    """A writer of pages that stumbles over its own stream while it closes, as that of PDFs does."""

    def __init__(self, first: Exception) -> None:
        self.first = first

    def write(self) -> None:
        try:
            raise self.first
        finally:
            raise zlib.error("Error -2 while flushing: inconsistent stream state")


def test_a_disk_that_fills_up_under_a_pdf_is_named_and_the_old_file_stays(tmp_path: Path) -> None:
    old = tmp_path / "sheets.pdf"
    old.write_bytes(b"old")
    with pytest.raises(GridoptError, match="could not be written whole \\(No space left on device\\)"), beside(old):
        Pages(FULL).write()
    assert old.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [old]


def test_another_failure_of_the_writer_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(zlib.error), beside(tmp_path / "sheets.pdf"):
        Pages(ValueError("a page without letters")).write()
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_fails_is_told_under_the_name_that_was_asked_for(tmp_path: Path) -> None:
    asked = tmp_path / "grids.gpkg"
    with pytest.raises(GridoptError) as told, new_folder(tmp_path, asked=asked) as new:
        raise DataSourceError(f"Failed to create {new / asked.name}: File name too long")
    for lang in ("en", "zh"):
        assert told.value.text(lang).startswith(f"{asked} ")
        assert f"Failed to create {asked}:" in told.value.text(lang)
        assert ".new-" not in told.value.text(lang)


def test_a_file_that_cannot_be_made_in_the_new_folder_is_named_as_it_would_have_been(tmp_path: Path) -> None:
    asked = tmp_path / "grids.csv"
    with (
        pytest.raises(PermissionError) as told,
        new_folder(tmp_path, asked=asked) as new,
        beside(new / asked.name) as one,
    ):
        raise PermissionError(errno.EACCES, "Permission denied", str(one))
    assert told.value.filename == str(asked)


def test_a_disk_that_fills_up_inside_the_new_folder_names_the_file_asked_for(tmp_path: Path) -> None:
    asked = tmp_path / "grids.csv"
    with pytest.raises(GridoptError) as told, new_folder(tmp_path, asked=asked) as new, beside(new / asked.name):
        raise FULL
    assert f"{asked} could not be written whole" in str(told.value)
    assert f"{asked} 未能完整写出" in told.value.text("zh")


def test_a_name_that_is_too_long_with_the_working_prefix_is_told_as_it_was_given(tmp_path: Path) -> None:
    asked = tmp_path / f"{'a' * 248}.csv"
    with pytest.raises(OSError, match="too long") as told, beside(asked) as one:
        one.write_text("x")
    assert told.value.filename == str(asked)
