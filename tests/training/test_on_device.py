import keras
import numpy as np
import pytest

from ltzoo.training import Stage, on_device
from ltzoo.training.on_device import check_on_device
from tests import tiny

# A low rate keeps the rounding of two ways of compiling from growing.
DEVICE = {
    "augment_on": "device",
    "mixup_alpha": 1.0,
    "schedule": {"name": "constant", "learning_rate": 0.01},
}
on_jax = pytest.mark.skipif(keras.backend.backend() != "jax", reason="written for JAX")


@on_jax
@pytest.mark.parametrize("batch_size, scans", [(12, True), (8, False)])
def test_same_weights_and_logs_as_batches_from_the_host(monkeypatch, batch_size, scans):
    # 40 images: batches of 12 leave a shorter one.
    monkeypatch.setattr(on_device, "scans", lambda: scans)
    data = tiny.dataset()
    models = [tiny.model("gcl", batch_size=batch_size, **DEVICE) for _ in range(2)]
    histories = [
        model.fit(data, verbose=0, seed=3, on_device=whether).history
        for model, whether in zip(models, (False, True), strict=True)
    ]
    assert histories[0]["stage"] == histories[1]["stage"] == [1, 1, 2, 2]
    for key in ("loss", "accuracy", "val_loss", "learning_rate"):
        np.testing.assert_allclose(histories[1][key], histories[0][key], rtol=1e-4)
    start = tiny.weights(tiny.model("gcl", batch_size=batch_size, **DEVICE))
    moved = [np.abs(one - two).max() for one, two in zip(tiny.weights(models[1]), start, strict=True)]
    assert max(moved) > 1e-2
    for one, other in zip(*map(tiny.weights, models), strict=True):
        assert np.abs(one - other).max() <= 1e-4 * np.abs(other).max()


@on_jax
def test_merged_pairs_are_those_of_batches_from_the_host(monkeypatch):
    monkeypatch.setattr(on_device, "scans", lambda: True)
    data = tiny.dataset()
    crop = {"name": "pad_crop_flip", "padding": 1, "flip": False}
    pasted = {"augmentation": [crop, {"name": "cmo"}]}
    settings = {**DEVICE, "mixup_alpha": 0.0, "augmentation": [crop], "stage1": pasted, "batch_size": 12}
    models = [tiny.model("cmo", **settings) for _ in range(2)]
    histories = [
        model.fit(data, verbose=0, seed=3, on_device=whether).history
        for model, whether in zip(models, (False, True), strict=True)
    ]
    for key in ("loss", "accuracy", "val_loss"):
        np.testing.assert_allclose(histories[1][key], histories[0][key], rtol=1e-4)


@on_jax
def test_resumed_training_and_the_usual_fit_after_it(tmp_path):
    data = tiny.dataset(val=False)
    whole = tiny.model("gcl", **DEVICE)
    whole.fit(data, verbose=0, on_device=True)

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                raise InterruptedError

    parts = tiny.model("gcl", **DEVICE)
    with pytest.raises(InterruptedError):
        parts.fit(data, verbose=0, on_device=True, checkpoint=tmp_path, callbacks=[Stop()])
    parts = tiny.model("gcl", **DEVICE)
    parts.fit(data, verbose=0, on_device=True, checkpoint=tmp_path, resume=True)
    for one, other in zip(tiny.weights(whole), tiny.weights(parts), strict=True):
        np.testing.assert_array_equal(one, other)
    images, labels = data.train.load(np.arange(40)), data.train.labels
    history = parts.fit(images, labels, batch_size=20, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


@on_jax
def test_what_needs_the_host_is_refused():
    host = tiny.model("gcl", augment_on="host")
    with pytest.raises(ValueError, match="stage 1 with augment_on='host'"):
        host.fit(tiny.dataset(), verbose=0, on_device=True)
    cached = Stage(
        epochs=1, loss={"name": "cross_entropy"}, trainable="head", batch_norm="frozen", cache_features=True
    )
    with pytest.raises(ValueError, match="Received: stage 2 with both"):
        check_on_device(cached, 2)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="the other backends")
def test_other_backends_are_refused():
    with pytest.raises(ValueError, match="on_device=True with the backend"):
        tiny.model("gcl", **DEVICE).fit(tiny.dataset(), verbose=0, on_device=True)
