"""An image that is damaged after the check stops `fit` with the same error on every backend."""

import numpy as np
import pytest
from PIL import Image

from ltzoo import data
from ltzoo.data import UnreadableImageError
from tests import tiny


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name, count in (("ant", 4), ("bee", 2), ("cat", 2)):
        (tmp_path / name).mkdir()
        for number in range(count):
            pixels = rng.integers(0, 256, (12, 12), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number} \N{BUG}.png")
    return tmp_path


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("held_out", [False, True])
def test_fit_names_the_file(folder, workers, held_out):
    dataset = data.from_directory(folder, image_size=(8, 8), channels=1, validation_fraction=0.5, seed=1)
    recipe = tiny.recipe("cross_entropy", epochs=1, batch_size=1)
    model = tiny.ltzoo.models.build("tiny_cnn", recipe, dataset)
    damaged = (dataset.val if held_out else dataset.train).paths[-1]
    with open(damaged, "r+b") as file:
        file.truncate(100)
    with pytest.raises(UnreadableImageError, match="cannot read image .*png: ") as caught:
        model.fit(dataset, workers=workers, verbose=0)
    assert caught.value.path == damaged
