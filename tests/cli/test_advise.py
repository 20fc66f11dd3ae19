"""`ltzoo advise`: counts, the recommended command, and what would help more."""

import json
import shlex

import numpy as np
import pytest
from PIL import Image

from ltzoo.cli import cli, expected_time, time_plan
from tests.cli.conftest import write_photos

COUNTS = {"cat": 14, "dog": 6, "owl": 3}


def advice(invoke, *words):
    done = invoke("advise", *words, "--json", "-")
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def kinds(content):
    return [one["kind"] for one in content["improvements"]]


def test_one_page_counts_recommends_and_improves(invoke, photos, monkeypatch):
    monkeypatch.setattr(time_plan, "seconds_per_view", lambda network: 0.05)
    done = invoke("advise", "--data", photos)
    assert done.exit_code == 0, (done.output, done.exception)
    shown = done.stdout
    assert f"23 images of 3 classes in {photos}: 23 train" in shown
    assert "few 3 23 3 to 14" in " ".join(shown.split())
    assert "imbalance factor 4.667: 14 images of cat, 3 of owl" in shown
    assert f"ltzoo train --data {photos} --out runs/photos" in shown
    assert (
        "  takes about 25 s here, at 128 pixels, 4 views of each" in shown
    )  # 20 + 23 x (4 x 0.05 + 0.005) s
    assert (
        "images of rare classes first: owl (3), dog (6), cat (14). 37 images would bring every class to 20"
        in shown
    )
    assert f"ltzoo check {photos} --out check.html (about 1 s)" in shown or "(about 2 s)" in shown
    assert "there are no test images" in shown and len(shown.splitlines()) < 40


def test_json_has_everything_as_numbers(invoke, photos, tmp_path):
    content = advice(invoke, "--data", photos, "--no-timing")
    assert content["class_counts"] == COUNTS and content["images"] == {"train": 23}
    assert content["groups"] == {"few": {"classes": 3, "images": 23, "fewest": 3, "most": 14}}
    assert content["recommended"]["expected"] is None and content["looked_at"] == 23
    few = content["improvements"][0]
    assert (
        few["kind"] == "images" and few["classes"] == {"owl": 3, "dog": 6, "cat": 14} and few["missing"] == 37
    )
    path = tmp_path / "advice.json"
    done = invoke("advise", "--data", photos, "--no-timing", "--json", path)
    assert json.loads(path.read_text()) == content and "recommended:" in done.stdout


def test_the_command_is_one_that_train_takes(invoke, photos, tmp_path):
    words = shlex.split(advice(invoke, "--data", photos, "--no-timing")["recommended"]["command"])
    assert words[:2] == ["ltzoo", "train"]
    train = cli.commands["train"]
    with train.make_context("train", words[2:]) as context:
        assert context.params["data"] == str(photos) and context.params["out"] == "runs/photos"


@pytest.fixture(scope="module")
def messy(tmp_path_factory):
    """Series of gray photographs with groups in their names, a broken file, and a copy among the test images."""
    folder = tmp_path_factory.mktemp("messy") / "my photos"
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for name, series in (("cat", 6), ("owl", 4)):
            (folder / split / name).mkdir(parents=True)
            for animal in range(series):
                pattern = rng.integers(0, 200, (40, 30))
                for shot in range(5):
                    pixels = (pattern + rng.integers(0, 25, pattern.shape)).astype("uint8")
                    color = Image.fromarray(pixels).convert("RGB")
                    color.save(folder / split / name / f"{split}{animal}_{shot}.png")
    copied = (folder / "train" / "cat" / "train0_0.png").read_bytes()
    (folder / "test" / "owl" / "again.png").write_bytes(copied)
    (folder / "train" / "cat" / "broken.png").write_bytes(copied[:60])
    return folder


def test_faults_groups_and_gray_images_are_told(invoke, messy):
    content = advice(invoke, "--data", messy, "--no-timing")
    assert content["images"] == {"train": 51, "test": 51}
    assert {"unreadable", "exact_duplicates", "groups", "gray", "small"} <= set(kinds(content))
    found = {one["kind"]: one for one in content["improvements"]}
    assert found["unreadable"]["paths"] == ["train/cat/broken.png"]
    assert sorted(found["exact_duplicates"]["groups"][0]) == ["test/owl/again.png", "train/cat/train0_0.png"]
    command = shlex.split(content["recommended"]["command"])
    assert command[command.index("--data") + 1] == str(messy) and "--skip-unreadable" in command
    assert command[command.index("--group-by") + 1] == found["groups"]["rule"]
    assert "--channels" not in command and "--folds" not in command
    given = advice(
        invoke, "--data", messy, "--no-timing", "--group-by", r"regex:(\w+)_", "--time-limit", "90s"
    )
    command = shlex.split(given["recommended"]["command"])
    assert command.count("--group-by") == 1 and r"regex:(\w+)_" in command and "groups" not in kinds(given)
    assert command[command.index("--time-limit") + 1] == "90s"


def test_a_table_is_taken_as_train_takes_it(invoke, photos, tmp_path):
    rows = [f"{path.relative_to(photos)},{path.parent.name}" for path in sorted(photos.rglob("*.png"))]
    table = tmp_path / "survey.csv"
    table.write_text("\n".join(["file,species", *rows]) + "\n")
    columns = ("--image-column", "file", "--label-column", "species", "--image-root", photos)
    content = advice(invoke, "--data", table, *columns, "--no-timing")
    assert content["class_counts"] == COUNTS
    command = shlex.split(content["recommended"]["command"])
    assert command[command.index("--out") + 1] == "runs/survey"
    assert command[command.index("--image-root") + 1] == str(photos) and "species" in command


def test_labels_are_looked_at_when_asked(invoke, tmp_path, monkeypatch):
    monkeypatch.setattr(time_plan, "seconds_per_view", lambda network: 0.05)
    folder = write_photos(tmp_path / "photos", {"cat": 40, "dog": 40}, seed=3)
    wrong = folder / "cat" / "wrong.png"
    wrong.write_bytes((folder / "dog" / "0.png").read_bytes())
    (folder / "dog" / "0.png").unlink()
    content = advice(invoke, "--data", folder, "--labels")
    assert content["recommended"]["expected"]["image_size"] == 128
    labels = [one for one in content["improvements"] if one["kind"] == "labels"]
    assert labels and labels[0]["paths"] == ["cat/wrong.png"] and "ltzoo check" in labels[0]["text"]


def test_expected_time_follows_the_work(photos):
    from tests import tiny

    dataset = tiny.dataset((30, 20, 10))
    images = sum(len(split) for split in dataset.splits().values())
    fast = expected_time.expected_time("fast", {"data": str(photos), "epochs": [10]}, dataset, 0.0, 0.1)
    twice = expected_time.expected_time("fast", {"data": str(photos), "epochs": [20]}, dataset, 0.0, 0.1)
    assert fast.views == 1
    held_out = 0 if dataset.val is None else len(dataset.val)
    # 'fast' freezes its first layer: twice a pass in inference mode.
    per_epoch = (2 * len(dataset.train) + held_out) * 0.1 * (fast.image_size / 128) ** 2
    assert twice.seconds - fast.seconds == pytest.approx(10 * per_epoch)
    read = expected_time.expected_time("fast", {"data": str(photos), "epochs": [10]}, dataset, 1.0, 0.1)
    assert read.seconds - fast.seconds == pytest.approx(images)


def test_wrong_data_is_refused_in_one_line(one_line, photos, tmp_path):
    (tmp_path / "empty").mkdir()
    for words, message in (
        (("--data", "digits_lt"), "--data must be a folder with one sub-folder"),
        (("--data", tmp_path / "empty"), "one subfolder of images per class"),
        (("--data", photos, "--labels", "--no-timing"), "--labels needs a network"),
        (("--data", photos, "--image-column", "file"), "columns are for tables"),
        (("--data", photos, "--json", tmp_path / "no" / "a.json"), "must be an existing folder"),
    ):
        assert message in one_line("advise", *words), words
