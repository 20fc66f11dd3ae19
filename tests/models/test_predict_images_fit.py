"""`predict_images` sees files of any shape and size as the training did."""

import numpy as np
import pytest
from PIL import Image

from ltzoo import models
from ltzoo.data import FileSplit
from ltzoo.data.image_fit import FITS
from tests import tiny


@pytest.mark.parametrize("fit", FITS)
def test_files_are_fitted_and_reduced_as_in_training(fit, tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (5, 6, 3)).astype("uint8"))
    noise.resize((300, 170), Image.Resampling.BICUBIC).save(tmp_path / "large.jpg")
    noise.resize((20, 9)).save(tmp_path / "small.png")
    paths = [str(tmp_path / "large.jpg"), str(tmp_path / "small.png")]
    model = models.build("tiny_cnn", tiny.recipe(), tiny.dataset(), image_fit=fit)
    images = FileSplit(paths, [0, 0], (8, 8), channels=1, fit=fit).load([0, 1])
    logits = model.predict(images, verbose=0)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = np.sort(odds / odds.sum(axis=1, keepdims=True), axis=1)[:, ::-1]
    found = [prediction.probabilities for prediction in model.predict_images(paths, top_k=3)]
    np.testing.assert_allclose(found, expected, atol=1e-5)
