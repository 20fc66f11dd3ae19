"""Alarms and notes of `ltzoo train` and `ltzoo evaluate`: terminal, files and report."""

import json

import numpy as np
import pytest
from PIL import Image

from ltzoo import data
from ltzoo.cli.training_notes import training_notes
from ltzoo.data.gray import all_gray

pytestmark = pytest.mark.rotating(3)

SMALL = ("--backbone", "resnet8:width_multiplier=0.25", "--batch-size", "8", "--epochs", "1")


@pytest.fixture(scope="module", autouse=True)
def no_quick_look():
    """What `quick_look` finds in these few images is no part of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ltzoo.cli.training_notes.quick_look", lambda dataset: [])
        yield


def write(folder, counts, image):
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(image(number)).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def constant(tmp_path_factory):
    return write(
        tmp_path_factory.mktemp("constant") / "photos",
        {"cat": 12, "dog": 10, "owl": 8},
        lambda _: np.full((40, 48, 3), 90, "uint8"),
    )


def train(invoke, folder, out, *more):
    done = invoke(
        "train", "cross_entropy", "--data", folder, "--image-size", "8", "--out", out, *SMALL, *more
    )
    assert done.exit_code == 0, done.output
    alarms = [line.removeprefix("Alarm: ") for line in done.stdout.splitlines() if line.startswith("Alarm: ")]
    notes = [line.removeprefix("Note: ") for line in done.stdout.splitlines() if line.startswith("Note: ")]
    assert "Warning" not in done.stderr
    return alarms, notes, json.loads((out / "result.json").read_text())


@pytest.fixture(scope="module")
def trained(invoke, constant, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "constant"
    return out, *train(invoke, constant, out, "--validation-fraction", "0.3")


def test_alarms_are_printed_and_kept(trained):
    _, alarms, _, result = trained
    assert [alarm.partition(":")[0] for alarm in alarms] == [
        "a single predicted class",
        "accuracy at chance",
        "equal images",
        "constant features",
    ]
    assert all("validation images" in alarm for alarm in alarms[:2])
    assert result["alarms"] == alarms


def test_the_report_starts_with_the_alarms_and_praises_nothing(trained):
    out, alarms, _, _ = trained
    page = (out / "report" / "report.html").read_text()
    positions = [page.index(alarm.partition(": ")[0] + ":</strong>") for alarm in alarms]
    assert positions == sorted(positions) and positions[-1] < page.index('id="results"')
    assert 'class="tiles"' not in page


def test_notes_name_the_better_command(trained):
    _, _, notes, _ = trained
    assert notes[0] == "images of any shape are squashed to 8 x 8 pixels (--fit crop, squash or pad)"
    assert notes[1].startswith("all images are gray: --channels 1")
    assert (
        notes[2]
        == "photographs of 40 pixels are shrunk 5 times, to 8 pixels: --image-size 32 keeps more of them"
    )
    assert notes[3].startswith(
        "the network starts from random weights and learns from 21 images alone; the recipe 'transfer' "
    )
    assert len(notes) == 4


def test_without_other_images_the_training_images_are_judged(invoke, constant, tmp_path):
    alarms, _, result = train(invoke, constant, tmp_path / "run", "--validation-fraction", "0")
    assert result["split"] is None and result["result"] is None and result["alarms"] == alarms
    assert any(alarm.startswith("accuracy at chance") and "training images" in alarm for alarm in alarms)


def test_evaluate_says_so_too(invoke, trained, constant, tmp_path):
    done = invoke("evaluate", trained[0], "--json", tmp_path / "result.json")
    assert done.exit_code == 0, done.output
    alarms = json.loads((tmp_path / "result.json").read_text())["alarms"]
    assert [alarm.partition(":")[0] for alarm in alarms] == ["a single predicted class", "accuracy at chance"]
    assert all(f"Alarm: {alarm}" in done.stdout for alarm in alarms)


def test_a_resumed_run_keeps_its_alarms(invoke, trained):
    out, alarms, _, _ = trained
    done = invoke("train", "--out", out, "--resume")
    assert done.exit_code == 0, done.output
    assert [line for line in done.stdout.splitlines() if line.startswith("Alarm: ")] == [
        f"Alarm: {alarm}" for alarm in alarms
    ]
    assert json.loads((out / "result.json").read_text())["alarms"] == alarms


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    rng = np.random.default_rng(0)
    return write(
        tmp_path_factory.mktemp("color") / "photos",
        {"a": 3, "b": 2},
        lambda _: rng.integers(0, 256, (480, 640, 3)).astype("uint8"),
    )


def dataset_of(folder, size):
    return data.from_directory(folder, image_size=(size, size), validation_fraction=0.0)


def test_photographs_shrunk_for_a_network_with_trained_weights_of_the_zoo(photographs):
    arguments = {"data": str(photographs), "backbone": {"name": "resnet32"}}
    shrunk, random = training_notes(arguments, dataset_of(photographs, 32))
    assert (
        shrunk
        == "photographs of 480 pixels are shrunk 15 times, to 32 pixels: --image-size 128 keeps more of them"
    )
    assert "--start-from best_distilled_resnet32_cifar10_lt or the recipe 'transfer' " in random


@pytest.mark.parametrize(
    "arguments",
    [
        {"start_from": "best_resnet32_cifar10_lt"},
        {"backbone": {"name": "keras_applications:ResNet50", "weights": "imagenet"}},
        {"backbone": {"name": "keras_hub:resnet_50_imagenet"}},
        {"data": "digits_lt"},
    ],
)
def test_a_trained_start_and_named_data_need_no_note(photographs, arguments):
    given = {"data": str(photographs), "backbone": {"name": "resnet32"}, **arguments}
    assert training_notes(given, dataset_of(photographs, 32)) == []


@pytest.mark.parametrize(
    "backbone",
    [
        {"name": "keras_applications:ResNet50"},
        {"name": "keras_hub:resnet_50_imagenet", "weights": None},
        {"name": "keras_hub:ViTBackbone"},
        {"name": "resnet18"},
    ],
)
def test_random_weights_are_told(photographs, backbone):
    notes = training_notes({"data": str(photographs), "backbone": backbone}, dataset_of(photographs, 128))
    assert len(notes) == 1 and notes[0].startswith("the network starts from random weights")


def test_gray_means_three_equal_channels():
    gray = np.repeat(np.arange(12, dtype="uint8").reshape(3, 2, 2, 1), 3, -1)
    assert all_gray(gray) and not all_gray(gray[..., :1])
    gray[1, 0, 0, 2] += 1
    assert not all_gray(gray)
