"""Tables are declared whole, print ours next to the paper's, and leave a record."""

import json
import re

import pytest

from benchmarks.papers import __main__ as command
from benchmarks.papers import registry, table
from benchmarks.papers.registry import Item, Options
from benchmarks.papers.rows import Lacks, Trains, rows
from benchmarks.papers.stand_in import SMALL, Network, folder_of, recipe_of
from tests import tiny
from tools.cards import paper_tables

pytestmark = pytest.mark.rotating(3)

TABLES = {
    "mislas": "1 2 3 4 5 6 7 8",
    "gcl": "1 2 3 4 5",
    "nbn": "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII",
    "camc": "I II III IV V",
    "fsa": "1 2 3 4",
}
ONE = "resnet32/cifar10_lt/100"


def all_rows(monkeypatch):
    """The rows of all tables by paper and number, without running them."""
    found = {}
    monkeypatch.setattr(table, "_make", lambda title, rows, options: {"rows": rows})
    for item in registry.items():
        if item.kind == "table":
            found[item.paper, item.number] = item.make(None)["rows"]
    return found


def test_every_table_of_the_papers_is_there():
    found = {paper: [] for paper in TABLES}
    for item in registry.items():
        if item.kind == "table":
            found[item.paper].append(item.number)
    assert {paper: " ".join(numbers) for paper, numbers in found.items()} == TABLES


def test_the_tables_hold_every_network_of_the_cards_with_its_figures(monkeypatch):
    declared = all_rows(monkeypatch)
    for network in paper_tables.networks():
        paper, number = network.table.split(" paper, Table ")
        label = "/".join(map(str, filter(None, (network.backbone, network.dataset, network.factor))))
        own = [
            row
            for row in declared[paper.lower(), number]
            if (row.method, row.network.label) == (network.method, label)
        ]
        assert own, (network.table, network.method, label)
        assert any(
            row.figures == {k: pytest.approx(100 * v) for k, v in network.result.items()} for row in own
        )


def test_every_row_has_a_recipe_for_its_own_data_and_for_digits(monkeypatch):
    seen = set()
    for found in all_rows(monkeypatch).values():
        for row in found:
            key = (row.method, row.setup, row.network)
            if row.method is None or key in seen:
                continue
            seen.add(key)
            assert recipe_of(row.method, row.setup, row.network).stages
            assert row.network.config(row.method)["name"]
    for method, setup in {(method, setup) for method, setup, _ in seen}:
        recipe = recipe_of(method, setup, Network("resnet8/digits_lt/50"))
        assert recipe.stages[0].batch_size <= 64, method
    assert len(seen) > 300


def test_records_are_what_runs_of_these_tables_wrote(monkeypatch):
    declared, seen = all_rows(monkeypatch), set()
    for item in registry.items():
        for path in item.records() if item.kind == "table" else ():
            record = json.loads(path.read_text(encoding="utf-8"))
            known = {(row.label, row.network.label) for row in declared[item.paper, item.number]}
            assert {(row["row"], row["of_paper"]) for row in record["rows"]} <= known
            assert ("-on-" in path.name) == (record["on"] is not None) and "dirty" not in record["commit"]
            for row in record["rows"]:
                assert row["status"].startswith("ran") == ("ours" in row), row
            seen.add((item.paper, item.number))
    assert seen == set(declared)


def test_rows_in_the_order_of_the_declaration():
    found = rows(
        "GCL",
        "Table 1",
        {"X": Lacks("1.0 -", quoted=True), "GCL": "gcl", "Y": Trains("mixup", "2.5 3")},
        "resnet32/cifar10_lt/200 resnet32/cifar10_lt/50",
    )
    assert [(row.label, row.network.factor, row.figures["top1"]) for row in found] == [
        ("X", 200, 1.0),
        ("GCL", 200, 79.03),
        ("GCL", 50, 85.46),
        ("Y", 200, 2.5),
        ("Y", 50, 3.0),
    ]
    with pytest.raises(ValueError, match="rows of GCL, Table 1. Received: 'Z': 'fsa'"):
        rows("GCL", "Table 1", {"Z": "fsa"})


def test_networks_and_what_stands_in_for_them(tmp_path):
    network = Network("resnet32x4/cifar100_lt/200")
    assert (network.backbone, network.dataset, network.factor) == ("resnet32x4", "cifar100_lt", 200)
    assert network.config() == {"name": "resnet32", "width_multiplier": 4}
    assert network.on("digits_lt").label == "resnet8/digits_lt/50" and network.on(None) is network
    assert Network("resnet50/cifar10_lt/1").on("digits_lt").factor == 1
    assert Network("resnet50/inaturalist2017").config("fsa")["name"] == "resnet50"
    (tmp_path / "cifar10_lt").mkdir()
    assert folder_of("cifar10_lt", tmp_path) == tmp_path / "cifar10_lt"
    assert folder_of("imagenet_lt", tmp_path) == tmp_path and folder_of("digits_lt", tmp_path) is None


def test_batches_and_rates_of_a_stand_in():
    own = recipe_of("gcl", "cifar", Network(ONE)).stages[0]
    small = recipe_of("gcl", "cifar", Network("resnet8/digits_lt/50")).stages[0]
    assert (own.batch_size, small.batch_size) == (128, 32)
    assert small.schedule["learning_rate"] == pytest.approx(own.schedule["learning_rate"] / 4)
    # Baselines of NBN get the augmentation that its networks have on small images.
    steps = [
        step["name"]
        for step in recipe_of("cross_entropy", "nbn", Network("resnet8/digits_lt/50")).stages[0].augmentation
    ]
    assert "cutout" in steps


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A function that runs a table of two rows on digits and returns the printed lines, and its record."""
    found = rows(
        "GCL",
        "Table 1",
        {"GCL": "gcl", "mixup": Trains("mixup", "72.96"), "OLTR": Lacks("50.0", quoted=True)},
        ONE,
    )
    monkeypatch.setitem(SMALL, "digits_lt", (tiny.tiny_cnn.__name__, 50))
    monkeypatch.setattr(registry, "_ITEMS", {})
    monkeypatch.setattr(registry, "_load", lambda: None)
    table.table("gcl", "1", "two rows", found)

    def run(capsys, *words):
        folders = ["--root", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
        command.main(["gcl", "Table 1", "--epochs-share", "1e-9", *folders, *words])
        path = next(iter((tmp_path / "results").glob("*.json")), None)
        return capsys.readouterr().out.splitlines(), path and json.loads(path.read_text(encoding="utf-8"))

    return run


def test_a_table_on_digits(small, capsys, tmp_path):
    printed, record = small(capsys, "--on", "digits_lt")
    assert printed[:3] == [
        "GCL on tiny_cnn/digits_lt/50: ran",
        "mixup on tiny_cnn/digits_lt/50: ran",
        "OLTR on resnet32/cifar10_lt/100: missing, quoted",
    ]
    ran, other, missing = record["rows"]
    assert ran["paper"] == {"top1": 82.68} and 0 <= ran["ours"]["top1"] <= 100 and ran["epochs"] == [1, 1]
    assert record["on"] == "digits_lt" and other["epochs"] == [1] and "ours" not in missing
    assert "ours is on digits_lt, not on the paper's data" in printed[3]
    assert printed[5] == "| Row | Network | Paper | Ours | Status |"
    assert printed[7] == f"| GCL | {ONE} | 82.68 | {ran['ours']['top1']:.1f} | ran |"
    assert printed[9] == f"| OLTR | {ONE} | 50.0 |  | missing, quoted |"
    again, same = small(capsys, "--on", "digits_lt", "--no-training")
    assert again == printed[3:] and same == record
    listed = command.listing(results=tmp_path / "results")
    assert listed.splitlines()[2] == (
        "| `python -m benchmarks.papers gcl table1` | two rows | 2 of 3 rows on digits_lt, 1e-09 of the epochs |"
    )


def test_without_files_nothing_runs_and_differences_have_a_column(small, capsys, tmp_path):
    printed, record = small(capsys, "--data-dir", str(tmp_path))
    assert record["rows"][0]["status"].startswith("not run: ")
    assert printed[5] == "| Row | Network | Paper | Ours | Difference | Status |"


def test_differences_are_ours_less_the_papers():
    line = {"row": "A", "of_paper": ONE, "paper": {"top1": 70.25, "few": 5.0}, "ours": {"top1": 71.0}}
    text = table.show({"title": "T", "on": None, "epochs_share": 1, "rows": [{**line, "status": "ran"}]})
    assert text.splitlines()[0] == "T. Figures: all / few."
    assert text.splitlines()[-1] == f"| A | {ONE} | 70.25 / 5.0 | 71.0 / – | +0.8 / – | ran |"


def test_a_row_that_fails_says_why_and_the_others_run(small, capsys, monkeypatch):
    trained = table.trained

    def fails(recipe, *given, **more):
        if recipe.name == "mixup":
            raise RuntimeError("out of memory\ndetails")
        return trained(recipe, *given, **more)

    monkeypatch.setattr(table, "trained", fails)
    _, record = small(capsys, "--on", "digits_lt")
    assert [row["status"] for row in record["rows"]] == [
        "ran",
        "failed: RuntimeError: out of memory",
        "missing, quoted",
    ]


@pytest.mark.parametrize(
    "words, said",
    [
        (["gcl", "table9"], "one of table1, .*Did you mean 'table"),
        (["gcd", "table1"], "`paper` must be one of mislas, gcl, nbn, camc, fsa"),
        (["gcl"], "PAPER and TABLE or FIGURE"),
        (["gcl", "table1", "--epochs-share", "2"], "at most 1. Received: 2"),
    ],
)
def test_wrong_words(words, said, capsys):
    with pytest.raises(SystemExit):
        command.main(words)
    assert re.search(said, capsys.readouterr().err)


def test_items_sort_by_number_and_names_are_spelled_freely(monkeypatch):
    monkeypatch.setattr(registry, "_ITEMS", {})
    monkeypatch.setattr(registry, "_load", lambda: None)
    for kind, number in (("figure", "2"), ("table", "XII"), ("table", "IX"), ("table", "IV")):
        registry.register(Item("nbn", kind, number, "", dict, str))
    assert [item.name for item in registry.items()] == ["tableIV", "tableIX", "tableXII", "figure2"]
    assert registry.find("nbn", "Table xii").number == "XII"
    with pytest.raises(ValueError, match="must be new"):
        registry.register(Item("nbn", "table", "IV", "", dict, str))
    options = Options(root=None, on="digits_lt")
    assert registry.find("nbn", "figure 2").record(options).name == "nbn-figure2-on-digits_lt.json"
