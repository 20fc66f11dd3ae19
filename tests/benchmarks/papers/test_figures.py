"""Figures are declared whole, record what they plot about their runs, and are drawn from the record."""

import json

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from benchmarks.papers import __main__ as command
from benchmarks.papers import figure, measures, registry
from benchmarks.papers.figure import Trained
from benchmarks.papers.plots import results
from benchmarks.papers.registry import Options
from benchmarks.papers.stand_in import SMALL, Network, recipe_of
from ltzoo import data
from tests import tiny

FIGURES = {
    "mislas": "1 2 3 4 5 6 7 8 9 10 11",
    "gcl": "1 2 3",
    "nbn": "1 2 3 4 5 6",
    "camc": "1 2 3 4 5 6 7 8",
    "fsa": "1 2 3 4 5 6 7 8 9 10 11 12",
}
# Drawings of ideas and methods, without numbers.
DRAWINGS = {"gcl": "2", "nbn": "3", "camc": "3 4", "fsa": "1 5"}
ONE = "resnet32/cifar10_lt/100"


def items():
    return [item for item in registry.items() if item.kind == "figure"]


def networks_of(monkeypatch):
    """The networks of all figures by paper and number, without training them."""
    monkeypatch.setattr(figure, "_make", lambda title, networks, measure, options: {"networks": networks})
    return {(item.paper, item.number): item.make(None)["networks"] for item in items() if not item.why_not}


def test_every_figure_of_the_papers_is_there_or_says_why_not():
    found, drawings = {}, {}
    for item in items():
        found.setdefault(item.paper, []).append(item.number)
        if item.why_not:
            drawings.setdefault(item.paper, []).append(item.number)
    assert {paper: " ".join(numbers) for paper, numbers in found.items()} == FIGURES
    assert {paper: " ".join(numbers) for paper, numbers in drawings.items()} == DRAWINGS
    with pytest.raises(SystemExit, match="GCL, Figure 2 .* is not made: it is a drawing of the method"):
        registry.find("gcl", "figure 2").make(Options(root=None))
    assert "| no: it is a drawing of the method |" in command.listing("gcl")


def test_every_network_has_a_recipe_for_its_own_data_and_for_digits(monkeypatch):
    seen = set()
    for networks in networks_of(monkeypatch).values():
        for trained in networks:
            if trained.method is None:
                continue
            own = Network(trained.network)
            small = own.on("digits_lt")
            for network in (own, small) if own.dataset in data.names() else (small,):
                recipe = recipe_of(trained.method, trained.setup, network)
                changed = recipe if trained.change is None else trained.change(recipe, network)
                assert changed.stages and len(changed.stages) <= len(recipe.stages)
                seen.add((json.dumps(changed.to_dict(), sort_keys=True), network.label))
    assert len(seen) > 150


def test_networks_of_a_figure_differ_on_digits(monkeypatch):
    for key, networks in networks_of(monkeypatch).items():
        found = {}
        for trained in networks:
            if trained.method is not None:
                here = Network(trained.network).on("digits_lt")
                recipe = recipe_of(trained.method, trained.setup, here)
                recipe = recipe if trained.change is None else trained.change(recipe, here)
                found.setdefault(
                    trained.label, (json.dumps(recipe.to_dict()["stages"]), str(recipe.conversions), here)
                )
        assert len(set(found.values())) == len(found), key


def test_records_are_what_runs_of_these_figures_wrote_and_are_drawn(monkeypatch):
    declared, seen = networks_of(monkeypatch), set()
    for item in items():
        for path in item.records():
            record = json.loads(path.read_text(encoding="utf-8"))
            known = {(network.label, network.network) for network in declared[item.paper, item.number]}
            assert {(line["label"], line["of_paper"]) for line in record["runs"]} <= known
            assert "dirty" not in record["commit"] and ("-on-" in path.name) == (record["on"] is not None)
            for line in record["runs"]:
                assert line["status"].startswith("ran") == ("numbers" in line), line
            drawn = item.draw(record, Options(root=None))
            assert isinstance(drawn, Figure) and record["title"][:20] in drawn.get_supxlabel()
            assert path.stat().st_size < 60_000
            seen.add((item.paper, item.number))
    assert seen == set(declared)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A function that runs a figure of two networks on digits, and returns printed lines, record and picture."""
    monkeypatch.setitem(SMALL, "digits_lt", (tiny.tiny_cnn.__name__, 50))
    monkeypatch.setattr(registry, "_ITEMS", {})
    monkeypatch.setattr(registry, "_load", lambda: None)
    networks = [Trained("CE", ONE, "cross_entropy"), Trained("GCL", ONE, "gcl"), Trained("CE", ONE, "mixup")]
    figure.figure("gcl", "9", "two networks", networks, measures.calibration, results.reliability)

    def run(capsys, *words):
        folders = ["--root", str(tmp_path / "runs"), "--results", str(tmp_path / "results")]
        command.main(["gcl", "figure 9", "--epochs-share", "1e-9", *folders, *words])
        path = next(iter((tmp_path / "results").glob("*.json")), None)
        picture = next(iter((tmp_path / "runs" / "figures").glob("*.png")), None)
        return capsys.readouterr().out.splitlines(), path and json.loads(path.read_text()), picture

    return run


def test_a_figure_on_digits(small, capsys, tmp_path, monkeypatch):
    printed, record, picture = small(capsys, "--on", "digits_lt")
    assert printed[:2] == ["CE on tiny_cnn/digits_lt/50: ran", "GCL on tiny_cnn/digits_lt/50: ran"]
    ce, gcl = record["runs"]  # The second network of a label stands for other data.
    assert ce["epochs"] == [1] and gcl["epochs"] == [1, 1] and ce["run"] != gcl["run"]
    about = json.loads((tmp_path / "runs" / ce["run"] / "result.json").read_text())["result"]
    assert ce["numbers"]["top1"] == pytest.approx(100 * about["top1"])
    assert ce["numbers"]["bins"]["bin_count"] == about["bin_count"] and sum(about["bin_count"]) == 500
    assert printed[4] == "| Network | Of the paper | Here | top1 | ece | Status |"
    assert printed[-1] == f"Picture: {picture}" and picture.name == "gcl-figure9-on-digits_lt.png"
    pixels = matplotlib.image.imread(picture)
    assert pixels.shape[0] > 400 and pixels[..., :3].std() > 0.1
    monkeypatch.setattr(figure, "run_of", None)  # The record is enough.
    again, same, _ = small(capsys, "--on", "digits_lt", "--from-record")
    assert same == record and again == printed[2:]
    assert "| 2 of 2 networks on digits_lt, 1e-09 of the epochs |" in command.listing(
        results=tmp_path / "results"
    )


def test_without_runs_there_is_no_picture(small, capsys, tmp_path):
    printed, record, picture = small(capsys, "--on", "digits_lt", "--no-training")
    assert record is None and picture is None and printed[-1].endswith("| not run |")
    printed, record, picture = small(capsys, "--data-dir", str(tmp_path))
    assert record["runs"][0]["status"].startswith("not run: ") and picture is None
    with pytest.raises(SystemExit):
        small(capsys, "--on", "digits_lt", "--from-record")
    assert "--from-record needs" in capsys.readouterr().err


def test_a_network_that_cannot_be_measured_says_why_and_the_others_are_drawn(tmp_path):
    def measure(reading):
        if reading.network.factor == 7:
            raise RuntimeError("no maps\ndetails")
        return {"value": np.float32(1 / 3), "list": np.array([np.nan, 2]), "first": reading.first}

    networks = [Trained("A", "-/cifar10_lt/5", None), Trained("B", "-/cifar10_lt/7", None)]
    record = figure._make("T", networks, measure, Options(root=tmp_path, on="digits_lt"))
    first, second = record["runs"]
    assert record["on"] is None  # Nothing is trained, so nothing needs to stand in.
    assert first["numbers"] == {"value": 0.3333, "list": [None, 2.0], "first": None}
    assert second["status"] == "failed: RuntimeError: no maps"
    drawn = figure.picture(
        lambda lines, load: Figure() if len(lines) == 1 else None, record, Options(root=tmp_path)
    )
    assert drawn.get_supxlabel() == "T. 1 of 2, computed without training."


def test_what_has_no_name_is_not_run(tmp_path):
    networks = [Trained("A", "resnet50/imagenet/1", "cross_entropy")]
    record = figure._make("T", networks, measures.accuracy, Options(root=tmp_path))
    assert record["runs"][0]["status"] == "not run: imagenet is no dataset by name"


def test_the_first_run_on_the_same_data_is_the_baseline(tmp_path, monkeypatch):
    monkeypatch.setitem(SMALL, "digits_lt", (tiny.tiny_cnn.__name__, 50))
    seen = []
    networks = [Trained("A", ONE, "cross_entropy"), Trained("B", ONE, "mixup")]
    figure._make(
        "T",
        networks,
        lambda reading: seen.append((reading.run.folder, reading.first.folder)) or {},
        Options(root=tmp_path, on="digits_lt", epochs_share=1e-9),
    )
    assert seen[0][0] == seen[0][1] == seen[1][1] != seen[1][0]
