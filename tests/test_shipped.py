"""Cards that lie in files of their own and in the table of those without weights."""

import json
import os
import time

import pytest
from click.testing import CliRunner

from ltzoo import shipped
from ltzoo.cli import cli

CARD = {
    "name": "gcl_tiny_stripes",
    "backbone": {"name": "tiny"},
    "dataset": {"name": "stripes"},
    "class_counts": [3, 2],
    "class_names": None,
    "weights": None,
}


def line(**changes):
    return json.dumps({**CARD, **changes}, separators=(",", ":")) + "\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path)
    return tmp_path


def test_a_card_of_its_own_wins_over_the_table(folder):
    (folder / shipped.PAPERS).write_text(line() + line(name="ldam_tiny_stripes", seed=4))
    assert shipped.names() == ["gcl_tiny_stripes", "ldam_tiny_stripes"]
    assert shipped.names("l*") == ["ldam_tiny_stripes"]
    assert shipped.read("ldam_tiny_stripes")["seed"] == 4
    assert shipped.read("gcl_tiny_stripes")["class_names"] == ["0", "1"]
    assert shipped.siblings_with_weights("other", CARD["backbone"], CARD["dataset"]) == []
    (folder / "gcl_tiny_stripes.json").write_text(line(weights={"size": 1}))
    assert shipped.names("gcl*") == ["gcl_tiny_stripes"]
    assert shipped.read("gcl_tiny_stripes")["weights"] == {"size": 1}
    assert shipped.siblings_with_weights("other", CARD["backbone"], CARD["dataset"]) == ["gcl_tiny_stripes"]


def test_what_is_read_can_be_changed_and_the_table_is_read_again(folder):
    table = folder / shipped.PAPERS
    table.write_text(line())
    shipped.read("gcl_tiny_stripes")["class_counts"].append(9)
    assert shipped.read("gcl_tiny_stripes")["class_counts"] == [3, 2]
    table.write_text(line(name="ldam_tiny_stripes"))
    os.utime(table, ns=(0, time.time_ns() + 10**9))
    assert shipped.names() == ["ldam_tiny_stripes"]
    with pytest.raises(KeyError):
        shipped.read("gcl_tiny_stripes")


def test_listing_takes_milliseconds():
    shipped.names()
    start = time.process_time()
    for _ in range(10):
        assert len(shipped.names()) > 300
    assert time.process_time() - start < 0.2


@pytest.mark.parametrize(
    "text",
    [
        line() + line(),
        line() + "\n" + line(name="other"),
        '{"name":"cut',
        line().replace(":", ": "),
        "\ufeff" + line(),
    ],
)
def test_a_damaged_table_is_reported_on_one_line(folder, text):
    (folder / shipped.PAPERS).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"Line \d of .*papers.jsonl must start with"):
        shipped.names()
    for arguments in (["list"], ["info", "gcl_tiny_stripes"]):
        done = CliRunner().invoke(cli, arguments, prog_name="ltzoo")
        assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1, done.output


@pytest.mark.parametrize("table", [b"\xff\xfe", line().encode()])
def test_a_card_that_lacks_fields_is_reported_on_one_line(folder, table):
    (folder / shipped.PAPERS).write_bytes(table)
    done = CliRunner().invoke(cli, ["info", "gcl_tiny_stripes"], prog_name="ltzoo")
    assert done.exit_code == 2 and len(done.stderr.splitlines()) == 1, done.output
