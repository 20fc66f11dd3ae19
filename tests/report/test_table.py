"""The table for the terminal."""

import dataclasses
import io

from rich.console import Console

from ltzoo.report import results_table
from ltzoo.report.columns import table_cells


def printed(table, width=80):
    file = io.StringIO()
    Console(file=file, width=width).print(table)
    return file.getvalue()


def test_rows_columns_and_width(synthetic):
    results = synthetic.results(synthetic.counts())
    text = printed(results_table(results, {"cross entropy": 12.34}))
    lines = [line.split() for line in text.splitlines() if line.strip()]
    assert lines[0] == ["model", "top-1", "many", "medium", "few", "balanced", "ECE", "seconds"]
    assert f"{100 * results['cross entropy'].top1:.1f}" in text
    assert "12.3" in text and "…" not in text
    assert "GCL, stage 2" in text


def test_the_caption_names_the_split(synthetic):
    results = synthetic.results(synthetic.counts())
    assert "accuracies and ECE in %, of the validation images" in printed(results_table(results, split="val"))
    assert "accuracies and ECE in %, of the [b] images" in printed(results_table(results, split="[b]"))
    assert ", of the" not in printed(results_table(results))


def test_best_value_of_a_column_is_marked_only_when_models_differ(synthetic):
    counts = synthetic.counts()
    same = synthetic.result(counts, 3.0)
    cells = table_cells({"a": same, "b": same})
    assert not any(cell.best for row in cells.values() for cell in row)
    cells = table_cells({"weak": synthetic.result(counts, 1.0), "strong": synthetic.result(counts, 6.0)})
    assert cells["strong"][0].best and not cells["weak"][0].best


def test_empty_group_is_a_dash(synthetic):
    counts = synthetic.counts(3, 50, 2)
    cells = table_cells({"model": synthetic.result(counts, 3.0)})["model"]
    assert [cell.text for cell in cells][1] == "–"
    assert not any(cell.best for cell in cells)


def test_intervals_stand_below_values_and_few_images_are_marked(synthetic):
    counts = synthetic.counts()
    result = synthetic.result(counts, 3.0)
    cells = table_cells({"model": result})["model"]
    low, high = result.intervals["top1"]
    assert cells[0].interval == f"{100 * low:.0f}–{100 * high:.0f}" and not cells[0].small
    assert cells[1].small and result.groups["many"].images == 8
    text = printed(results_table({"model": result}))
    assert cells[0].interval in text and cells[1].text + "*" in text
    assert "*: fewer than 10 images" in text and "second line: 95 % interval" in text
    words = " ".join(text.split())
    assert "few: 5 classes, 40 images training images of a class: many over 100, medium 20 to 100" in words


def test_results_without_intervals_have_one_line(synthetic):
    counts = synthetic.counts()
    old = dataclasses.replace(synthetic.result(counts, 3.0), intervals={}, class_counts=None)
    text = printed(results_table({"model": old}))
    assert "interval" not in text and "*" not in text and "classes" not in text
