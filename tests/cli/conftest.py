"""The command in process, a folder of small photos, and one finished training on it."""

import os

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from ltzoo.cli import cli

COUNTS = {"cat": 14, "dog": 6, "owl": 3}
SMALL = (
    "--image-size", "8", "--backbone", "resnet8:width_multiplier=0.25", "--batch-size", "8",
    "--validation-fraction", "0.2", "--set", "mixup_alpha=0",
)  # fmt: skip


def write_photos(folder, counts=COUNTS, seed=0):
    """Noisy images of one color a class, 12 x 10 pixels, one sub-folder a class."""
    rng = np.random.default_rng(seed)
    for channel, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 80, (12, 10, 3))
            pixels[..., channel] += 150
            Image.fromarray(pixels.astype("uint8")).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="package", autouse=True)
def own_cache(tmp_path_factory):
    """Decoded images are kept in a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LTZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    return write_photos(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture(scope="session")
def invoke():
    """Runs the command; a `BaseException` of a bug is in `.exception`, the streams in `.stdout` and `.stderr`."""

    def run(*arguments):
        return CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="ltzoo")

    return run


@pytest.fixture(scope="session")
def run(photos, invoke, tmp_path_factory):
    """The folder of a finished training of two stages; `run.output` is what it printed."""
    folder = tmp_path_factory.mktemp("runs") / "photos"
    done = invoke("train", "gcl", "--data", photos, "--epochs", "2,1", "--out", folder, *SMALL)
    assert done.exit_code == 0, done.output
    (folder.parent / "output.txt").write_text(done.stdout)
    return folder


@pytest.fixture
def one_line(invoke):
    """Runs the command with a user's mistake in it; returns the one line of the error, which says what was received."""

    def run(*arguments):
        done = invoke(*arguments)
        assert done.exit_code == 2, (done.output, done.exception)
        assert isinstance(done.exception, SystemExit)
        lines = done.stderr.splitlines()
        assert len(lines) == 1 and lines[0].startswith("Error: "), done.stderr
        assert "Received: " in lines[0], lines[0]
        return lines[0]

    return run


@pytest.fixture
def wide_images(tmp_path):
    """A folder of two classes with five images of 250 x 300 pixels each, and a file that is no image."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(5):
            Image.fromarray(np.zeros((250, 300), "uint8")).save(tmp_path / name / f"{number}.png")
    (tmp_path / "a" / "notes.txt").write_text("no image")
    return tmp_path


@pytest.fixture
def truncated(photos, tmp_path):
    """A broken image file."""
    path = tmp_path / "broken.png"
    path.write_bytes((photos / "cat" / "0.png").read_bytes()[:100])
    assert os.path.getsize(path) == 100
    return path
