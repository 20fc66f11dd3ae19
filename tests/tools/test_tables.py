"""Tables in the documents are current, and find their places."""

import pytest

from benchmarks.cifar10_lt import runs
from tools.tables import cifar10_lt, digits_lt
from tools.tables.__main__ import full_length, inserted


@pytest.mark.parametrize(
    "document, name, layout, short",
    [
        ("README.md", "cifar10_lt", cifar10_lt, False),
        ("docs/results.md", "cifar10_lt", cifar10_lt, True),
        ("docs/digits_lt.md", "digits_lt", digits_lt, True),
    ],
)
def test_documents_hold_the_current_table(document, name, layout, short):
    rows = runs.read(runs.RESULTS / f"{name}.csv")
    table = layout.table(rows if short else full_length(rows))
    text = (runs.ROOT / document).read_text(encoding="utf-8")
    assert inserted(text, name, table) == text


def test_full_length_rows_have_all_epochs():
    rows = full_length(runs.read(runs.RESULTS / "cifar10_lt.csv"))
    assert {row["recipe"] for row in rows} == {
        "best",
        "best_distilled",
        "cross_entropy",
        "fast",
        "gcl_published",
    }
    assert all(row["epochs"] == runs.own_epochs(row["recipe"]) for row in rows)


def test_a_document_without_a_place_is_refused():
    with pytest.raises(SystemExit, match="begin results"):
        inserted("nothing", "results", "| a |")
    assert inserted("<!-- begin a -->old<!-- end a -->", "a", "new").count("new") == 1
