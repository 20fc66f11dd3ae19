"""CSV files: cells that no spreadsheet runs, and files of strangers."""

import csv
import math

import pytest

from ltzoo.readers.spreadsheet import Exact, plain_text, read_rows, safe_cell, write_rows

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "  =1", "＝1", "'", "'=1", "''x"]


@pytest.mark.parametrize("text", [*FORMULAS, "cat", "a'b", "1-2", " x", "", "模型", 'a "b", c'])
def test_cells_are_safe_and_come_back(text, tmp_path):
    cell = safe_cell(text)
    assert plain_text(cell) == text
    assert not cell.lstrip(" ").startswith(tuple("=+-@＝＋－＠")) and (cell == text) == (text not in FORMULAS)
    write_rows(tmp_path / "a.csv", ["name", "value"], [[text, 1]])
    assert [plain_text(row[0]) for row in read_rows(tmp_path / "a.csv", ["name"])] == [text]


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "a\x1b[31m\nb", "\u202egpj.exe", "b\udcff"])
def test_control_characters_become_escapes(text, tmp_path):
    write_rows(tmp_path / "a.csv", ["name"], [[text]])
    content = (tmp_path / "a.csv").read_bytes()
    assert content.count(b"\n") == 2 and b"\\" in content and b"\x1b" not in content and b"\t" not in content


def test_numbers_and_empty_cells(tmp_path):
    write_rows(tmp_path / "a.csv", list("abcde"), [[1, 1 / 3, Exact(1 / 3), math.nan, None]])
    with open(tmp_path / "a.csv", newline="") as file:
        assert list(csv.reader(file))[1] == ["1", "0.333333", "0.333333333", "", ""]


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "must have the columns a, b. Received: "),
        (b"a,c\n1,2\n", "must have the columns a, b. Received: a, c"),
        (b"\x1b[31m,b\n1,2\n", r"Received: \\x1b\[31m, b"),
        (b"a,b\n1\n", "2 cells in each row. Received: 1"),
        (b"a,b\n1,2,3\n", "2 cells in each row. Received: 3"),
        (b"a,b\n\xff\xfe,1\n", "CSV file in UTF-8"),
        (b'a,b\n"1,2\n', "CSV file in UTF-8"),
        (b"a,b\n" + b"x" * 200_000 + b",1\n", "CSV file in UTF-8|cells in each row"),
    ],
)
def test_other_files_are_refused(content, message, tmp_path):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list(read_rows(tmp_path / "a.csv", ["a", "b"]))


def test_folders_are_refused(tmp_path):
    with pytest.raises(ValueError, match="regular file"):
        list(read_rows(tmp_path, ["a"]))
