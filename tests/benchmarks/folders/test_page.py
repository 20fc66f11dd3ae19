"""README.md says what the records say, and the records what their predictions say."""

import dataclasses
import re

import pytest

from benchmarks.folders import markdown, records
from benchmarks.folders.rows import ROWS
from benchmarks.folders.sources import SOURCES

STORED = markdown.stored()


def record(row="transfer", predicted=None, **changes):
    """A record of three classes; by default all images are right."""
    train, test = [40, 30, 5], [8, 8, 8]
    labels = [label for label in range(3) for _ in range(8)]
    predicted = labels if predicted is None else predicted
    made = records.Record(
        dataset="grocery",
        row=row,
        options=["--epochs", "2"],
        seed=0,
        images="abc",
        train=train,
        test=test,
        measures=records.measures_of(predicted, labels, train),
        usage={"first_result": 10.2, "total": 12.0, "processor": 11.0, "memory": 1234.5, "others": 0.0},
        setup={
            "ltzoo": "1", "commit": "c", "backend": "jax", "versions": {"keras": "3"}, "system": "Linux x86_64",
            "processor": "", "cores": 1,
        },
        notes={},
        predicted=predicted,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def test_the_page_is_that_of_the_records():
    assert STORED
    assert markdown.README.read_text(encoding="utf-8") == markdown.page(STORED)


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: f"{stored.dataset}-{stored.row}")
def test_records_hold_what_their_predictions_say(stored):
    assert stored.measures == records.measures_of(stored.predicted, stored.labels, stored.train)
    assert len(stored.train) == SOURCES[stored.dataset].classes and len(stored.predicted) == sum(stored.test)
    assert stored.options == ROWS[stored.row].options_for(stored.dataset)
    assert "dirty" not in stored.setup["commit"]


def test_a_record_is_read_as_it_was_written(tmp_path):
    path = records.write(record(), tmp_path)
    assert path.name == "grocery-transfer.json" and records.read(path) == record()
    assert len(path.read_text().splitlines()) == 2 + len(dataclasses.fields(records.Record))


def test_measures_are_those_of_all_training_images():
    measures = record(predicted=[0] * 8 + [1] * 8 + [2] * 4 + [0] * 4).measures
    assert measures["many"] == [None] * 3
    assert measures["medium"][0] == 1.0 and measures["few"][0] == 0.5
    assert measures["top1"][0] == measures["balanced"][0] == round(5 / 6, 4)
    value, low, high = measures["few"]
    assert low < value < high


def test_lines_of_the_table():
    wrong = record("fast", [0] * 16 + [0] * 8, usage={**record().usage, "others": 0.7, "memory": 900.0})
    page = markdown.page([record(), wrong])
    best, other = (line for line in page.splitlines() if re.match(r"\| `(transfer|fast)` \| [*\d]*\d", line))
    assert best.endswith("| 10 | 12 | 11 | 1,234 |") and best.startswith("| `transfer` | **100.0** (")
    assert other.endswith("| 10\\* | 12\\* | 11 | 900 |") and "| 33.3 (" in other
    assert "Few-shot: 1 class with 8 test images." in page and "Other processes ran" in page
    assert "| `fast` | +66.7 (+66.7 to +66.7), better | +100.0 (+100.0 to +100.0), better |" in page
    assert "## plankton" not in page
    assert "Other processes ran" not in markdown.page([record()])
    assert "minus the other row" not in markdown.page([record("fast")])


def test_rows_of_other_images_are_not_compared():
    with pytest.raises(ValueError, match="must share their images"):
        markdown.page([record(), record("fast", images="other")])
