"""gridopt staff: posts of a stored plan again, its grids byte for byte, nothing half written."""

import pandas as pd
import pytest

from gridopt.cli import main
from gridopt.read import plan_folder
from gridopt.verify import check
from tests.folders import full_plan, write


@pytest.fixture
def folder(tmp_path):
    return write(full_plan(), tmp_path / "out")


def month(folder, *rows):
    """This month's roster as a spreadsheet writes it."""
    path = folder.parent / "人员.csv"
    pd.DataFrame(list(rows), columns=["编号", "姓名", "岗位", "驻地"]).to_csv(path, index=False, encoding="utf-8-sig")
    return path


def test_a_new_roster_changes_posts_and_no_grid(folder, capsys):
    grids, plan = (folder / "grids.geojson").read_bytes(), plan_folder.read_record(folder)
    codes = plan_folder.read_layer(folder, "grids").index
    roster = month(folder, *((f"P{i}", f"张{i}", "网格长", code) for i, code in enumerate(codes)))
    assert main(["staff", str(folder), "--roster", str(roster), "--lang", "en"]) == 0
    assert (folder / "grids.geojson").read_bytes() == grids
    record = plan_folder.read_record(folder)
    assert record.pop("roster")[0]["people"] == 1
    assert record == plan
    listed = plan_folder.read_list(folder, "posts.csv")
    chiefs = listed[listed["role"] == "chief"]
    assert chiefs["staff_id"].tolist() == [f"P{i}" for i in range(len(codes))]
    assert (listed.loc[listed["role"] == "worker", "status"] == "vacant").all()
    assert "张1" not in (folder / "posts.csv").read_text("utf-8-sig")
    assert len(check(folder)) == 0
    printed = capsys.readouterr()
    assert f"{len(codes)} held" in printed.out
    assert "lacks" in printed.err


def test_people_without_a_post_stay_in_the_workbook_when_the_plan_is_published_again(folder):
    codes = plan_folder.read_layer(folder, "grids").index
    rows = [(f"P{i}", f"张{i}", "网格长", codes[0]) for i in range(len(codes) + 3)]
    assert main(["staff", str(folder), "--roster", str(month(folder, *rows)), "--lang", "en"]) == 0
    assert main(["publish", str(folder), "--lang", "en"]) == 0
    sheet = pd.read_excel(folder / "tables.xlsx", sheet_name="Staff balance", header=1, dtype=str, engine="calamine")
    city = sheet[(sheet.iloc[:, 0] == "city") & (sheet["role name"] == "grid chief")].iloc[0]
    held = (plan_folder.read_list(folder, "posts.csv")["status"] == "held").sum()
    assert (city["people"], city["without a post"]) == (str(len(rows)), str(len(rows) - held))
    assert len(check(folder)) == 0
    assert "张1" not in (folder / "plan.json").read_text("utf-8")


def test_what_a_roster_leaves_open_is_told(folder, capsys, caplog):
    path = folder.parent / "人员.xlsx"
    people = [("P1", "网格指导员", "专职", "东门里", 1), ("P2", "网格员", "兼职", "东门里", 2)]
    pd.DataFrame(people, columns=["工号", "岗位", "用工性质", "家住", "容量"]).to_excel(path, index=False)
    assert main(["staff", str(folder), "--roster", str(path), "--lang", "zh"]) == 0
    assert "所有人员均无驻地（2）" in caplog.text
    assert "家住（1）：未读取" in caplog.text
    listed = plan_folder.read_list(folder, "posts.csv")
    assert set(listed.loc[listed["staff_id"] == "P2", "employment"]) == {"part_time"}
    least = (listed.loc[listed["role"] == "adviser", "grid_code"].str.count(";") + 1).min()
    assert least == 4
    assert "网格指导员：1 人的容量少于一个岗位的网格数（至少 4 个）" in capsys.readouterr().err


def test_without_a_roster_the_posts_needed_are_listed_and_a_second_run_says_the_same(folder):
    assert main(["staff", str(folder), "--lang", "zh"]) == 0
    first = (folder / "posts.csv").read_bytes()
    page = (folder / "report.html").read_text("utf-8")
    assert main(["staff", str(folder), "--lang", "zh"]) == 0
    assert (folder / "posts.csv").read_bytes() == first
    assert (folder / "report.html").read_text("utf-8") == page
    assert set(plan_folder.read_list(folder, "posts.csv")["status"]) == {"needed"}


def test_a_roster_with_faults_is_refused_and_the_folder_stands(folder, capsys):
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    roster = month(folder, ("P1", "张", "网格长", ""), ("P2", "李", "站长", "天边"))
    assert main(["staff", str(folder), "--roster", str(roster), "--lang", "zh"]) == 2
    said = capsys.readouterr().err
    assert "没有驻地：P1" in said
    assert "站长" in said
    assert "天边" in said
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
