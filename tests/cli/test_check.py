"""`ltzoo check`: what it prints and writes, and that its list of images is what `ltzoo train` leaves out."""

import json
import os
import shutil

import pytest
from PIL import Image

from tests.cli.conftest import SMALL
from tests.data.auditing.pictures import write
from tests.data.auditing.test_grouping import series


@pytest.fixture
def pictures(tmp_path):
    """Two classes with an exact copy, a near copy, a broken file and a blank image."""
    folder = write(tmp_path / "pictures", {"train/ant": 14, "train/owl": 12, "test/ant": 3, "test/owl": 3})
    shutil.copy(folder / "test/ant/ant1.png", folder / "train/ant/leak.png")
    Image.open(folder / "train/owl/owl2.png").resize((40, 30)).save(folder / "train/owl/near.png")
    (folder / "train/owl/broken.png").write_bytes((folder / "train/owl/owl0.png").read_bytes()[:80])
    Image.new("RGB", (40, 40)).save(folder / "train/ant/black.png")
    return folder


BAD = ["train/ant/black.png", "train/ant/leak.png", "train/owl/broken.png", "train/owl/near.png"]


def listed(path):
    return sorted(line.partition(",")[0] for line in path.read_text().splitlines()[1:])


def test_what_is_printed(invoke, pictures):
    done = invoke("check", pictures, "--no-features", "--image-size", 32)
    assert done.exit_code == 0, done.output
    for words in (
        "36 images in 2 classes", "labels not checked", "1  unreadable images", "train/owl/broken.png",
        "1  exact duplicates", "1  near duplicates", "1 across splits", "1  blank images", "--out check.html writes",
    ):  # fmt: skip
        assert words in done.stdout, words
    assert not done.stderr


def test_clean_images(invoke, tmp_path):
    folder = write(tmp_path / "p", {"ant": 12, "owl": 12})
    done = invoke("check", folder, "--no-features", "--image-size", 32, "--strict")
    assert done.exit_code == 0 and "nothing found" in done.stdout


@pytest.mark.parametrize(
    "fault, code",
    [("broken", 1), ("copy", 1), ("blank", 1), ("untrained", 1), ("tiny", 0), ("small", 0)],
)
def test_strict_fails_for_what_is_serious(invoke, tmp_path, fault, code):
    folder = write(
        tmp_path / "p", {"train/ant": 12, "train/owl": 4 if fault == "tiny" else 12, "test/ant": 2}
    )
    if fault == "broken":
        (folder / "train/ant/x.png").write_bytes(b"x")
    elif fault == "copy":
        shutil.copy(folder / "train/ant/ant1.png", folder / "train/ant/x.png")
    elif fault == "blank":
        Image.new("RGB", (40, 40)).save(folder / "train/ant/x.png")
    elif fault == "untrained":
        write(folder, {"test/yak": 2}, 1)
    arguments = ("check", folder, "--no-features", "--image-size", 200 if fault == "small" else 32)
    assert invoke(*arguments).exit_code == 0
    assert invoke(*arguments, "--strict").exit_code == code


def test_json_on_standard_output_is_all_there_is(invoke, pictures):
    done = invoke("check", pictures, "--no-features", "--json", "-", "--strict")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["images"] == {"train": 30, "val": 0, "test": 6}
    kinds = [finding["kind"] for finding in told["findings"]]
    assert {"unreadable", "exact_duplicates", "near_duplicates", "blank"} <= set(kinds)
    assert told["findings"][kinds.index("unreadable")]["paths"] == ["train/owl/broken.png"]


def test_all_files_are_written(invoke, pictures, tmp_path):
    out = tmp_path / "out"
    done = invoke(
        "check", pictures, "--no-features", "--out", out / "x" / "page.html", "--json", tmp_path / "f.json",
        "--write", tmp_path / "e.csv",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "<h2" in (out / "x" / "page.html").read_text() and f"pictures: {out}" in done.stdout
    assert json.loads((tmp_path / "f.json").read_text())["root"] == str(pictures)
    assert listed(tmp_path / "e.csv") == BAD
    assert f"4 images listed in {tmp_path / 'e.csv'}" in done.stdout
    assert f"ltzoo train --data {pictures} --exclude {tmp_path / 'e.csv'} --out RUN" in done.stdout
    assert invoke("check", pictures, "--no-features", "--out", out).exit_code == 0
    assert (out / "check.html").is_file()


def test_the_list_is_what_a_training_leaves_out(invoke, pictures, tmp_path):
    assert invoke("check", pictures, "--no-features", "--write", tmp_path / "e.csv").exit_code == 0
    words = ("train", "gcl", "--data", pictures, "--epochs", 1, *SMALL)
    done = invoke(*words, "--exclude", tmp_path / "e.csv", "--out", tmp_path / "run")
    assert done.exit_code == 0, (done.output, done.exception)
    assert f"left out 4 images listed in {tmp_path / 'e.csv'}" in done.output
    assert "another split or class" not in done.stdout
    saved = json.loads((tmp_path / "run" / "run.json").read_text())["arguments"]
    assert saved["exclude"][0] == str(tmp_path / "e.csv") and len(saved["exclude"][1]) == 32
    (tmp_path / "e.csv").write_text("path\ntrain/ant/ant0.png\n")
    done = invoke("evaluate", tmp_path / "run")
    assert done.exit_code == 2 and "must be as they were" in done.stderr
    (tmp_path / "e.csv").unlink()
    done = invoke("evaluate", tmp_path / "run")
    assert done.exit_code == 2 and "must be where they were" in done.stderr


def test_a_table_and_its_list(invoke, pictures, tmp_path):
    rows = sorted(path.relative_to(tmp_path).as_posix() for path in pictures.rglob("*.png"))
    lines = [f"{row},{row.split('/')[2]},{row.split('/')[1]}" for row in rows]
    table = tmp_path / "t.csv"
    table.write_text("\n".join(["file,kind,part", *lines]))
    columns = ("--image-column", "file", "--label-column", "kind", "--split-column", "part")
    done = invoke("check", table, "--no-features", *columns, "--write", tmp_path / "e.csv")
    assert done.exit_code == 0, (done.output, done.exception)
    assert listed(tmp_path / "e.csv") == [f"pictures/{name}" for name in BAD]
    from ltzoo.cli.data import load_dataset
    from ltzoo.cli.exclude_option import _take

    arguments = {
        "data": str(table), "image_column": "file", "label_column": "kind", "split_column": "part",
        "exclude": _take(None, None, str(tmp_path / "e.csv")), "image_size": [8, 8],
    }  # fmt: skip
    with pytest.warns(UserWarning, match="left out 4 images"):
        dataset = load_dataset(arguments)
    assert len(dataset.train) + len(dataset.val) == 26 and len(dataset.test) == 6


def test_images_with_suspicious_labels_are_listed_on_request(invoke, pictures, tmp_path, monkeypatch):
    from ltzoo.data.auditing import audit as module
    from ltzoo.data.auditing.findings import Finding

    def suspect(images, positions, rows, together, seed):
        facts = {"given": "ant", "predicted": "owl", "given_probability": 0.01, "predicted_probability": 0.9}
        return [Finding("suspicious_label", "looks wrong", (2,), 9.0, facts)]

    monkeypatch.setattr(module.labels, "suspicious_labels", suspect)
    monkeypatch.setattr(
        module.encoders, "encoder", lambda name: lambda images: images[:, 0, 0].astype("float32")
    )
    done = invoke("check", pictures, "--write", tmp_path / "e.csv", "--max-features", 9)
    assert done.exit_code == 0 and listed(tmp_path / "e.csv") == BAD
    assert "labels of 8 images checked" in done.stdout and "looks wrong" in done.stdout
    done = invoke("check", pictures, "--write", tmp_path / "e.csv", "--write-labels")
    assert done.exit_code == 0 and len(listed(tmp_path / "e.csv")) == 5


def test_groups_are_printed_as_an_option_to_copy(invoke, tmp_path):
    folder = series(tmp_path / "p")
    done = invoke("check", folder, "--no-features")
    rule = r"regex:([^/]+)[-_. ][^-_. /]+\.[^.]+$"
    assert f"ltzoo train --data {folder} --group-by '{rule}' --out RUN\n" in done.stdout


def test_names_that_no_terminal_shows(invoke, tmp_path):
    folder = write(tmp_path / "p", {"ant": 3})
    for name in (b"[red]x[blue].png", b"new\nline.png", b"\xff.png", b"\x1b[31m.png", b"=cmd.png"):
        (folder / "ant" / os.fsdecode(name)).write_bytes(b"x")
    done = invoke("check", folder, "--no-features", "--write", tmp_path / "e.csv", "--json", "-")
    assert done.exit_code == 0 and len(json.loads(done.stdout)["findings"]) >= 5
    done = invoke("check", folder, "--no-features")
    assert done.exit_code == 0 and "\x1b" not in done.stdout
    with pytest.warns(UserWarning, match="left out 5 images"):
        from ltzoo.data import from_directory

        write(folder, {"owl": 2})
        from_directory(folder, image_size=(8, 8), exclude=tmp_path / "e.csv")


def test_wrong_command_lines(one_line, pictures, tmp_path):
    (tmp_path / "t.csv").write_text("path,label\na.png,a\n")
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.csv").mkdir()
    for words, received in (
        (["nowhere"], "nowhere"),
        ([tmp_path / "file"], "file"),
        ([tmp_path / "no.csv"], "no.csv"),
        ([tmp_path / "t.csv"], "a.png"),  # No image is there.
        ([tmp_path / "t.csv", "--label-column", "kind"], "label"),
        ([tmp_path / "t.csv", "--write", tmp_path / "t.csv"], "t.csv"),
        ([pictures, "--write-labels"], "without --write"),
        ([pictures, "--write-labels", "--no-features", "--write", tmp_path / "e"], "with --no-features"),
        ([pictures, "--image-column", "x"], "x"),
        ([pictures, "--image-root", tmp_path], tmp_path),
        ([pictures, "--write", tmp_path / "folder.csv"], "folder.csv"),
        ([pictures, "--write", tmp_path / "no" / "e.csv"], "no"),
        ([pictures, "--json", tmp_path / "no" / "e.json"], "no"),
        ([pictures, "--write", tmp_path / "e", "--json", tmp_path / "e"], "e"),
        ([pictures, "--write", tmp_path / "e.html", "--out", tmp_path / "e.html"], "e.html"),
        ([pictures, "--out", tmp_path / "file"], "file"),
        ([pictures, "--out", tmp_path / "file" / "c.html"], "c.html"),
        ([""], "''"),
    ):
        line = one_line("check", *words)
        assert str(received) in line.partition("Received: ")[2], line
    assert (tmp_path / "t.csv").read_text() == "path,label\na.png,a\n"
    assert not (tmp_path / "e").exists()


def test_wrong_lists_of_excluded_images(one_line, pictures, tmp_path):
    (tmp_path / "zip.csv").write_bytes(b"PK\0\0")
    (tmp_path / "other.csv").write_text("file\nx.png\n")
    for name in ("no.csv", "zip.csv", "other.csv", "pictures"):
        train = ("train", "fast", "--data", pictures, "--out", tmp_path / "run", "--exclude", tmp_path / name)
        assert name in one_line(*train).partition("Received: ")[2]
    assert not (tmp_path / "run").exists()
