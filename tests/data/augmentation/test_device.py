import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.data.augmentation import DeviceAugmentation
from ltzoo.data.augmentation.device_random import Draws

CROP = {"name": "pad_crop_flip", "padding": 2, "flip": True}
IMAGES = np.random.default_rng(0).integers(0, 256, (8, 6, 6, 3)).astype("uint8")


def coordinates(count, side):
    rows, columns = np.meshgrid(np.arange(side) + 1, np.arange(side) + 1, indexing="ij")
    return np.repeat(np.stack([rows, columns], axis=-1)[None], count, axis=0).astype("uint8")


def augmented(layer, images):
    return ops.convert_to_numpy(layer(images, training=True))


@pytest.mark.parametrize("mode", ["constant", "reflect"])
def test_windows_and_flips_have_the_distribution_of_the_host(mode):
    images = coordinates(6000, 5)
    config = {**CROP, "mode": "zero" if mode == "constant" else mode}
    result = augmented(DeviceAugmentation([config], seed=1), images).astype("uint8")
    padded = np.pad(images[0], ((2, 2), (2, 2), (0, 0)), mode)
    expected = {}
    for top in range(5):
        for left in range(5):
            window = padded[top : top + 5, left : left + 5]
            for image in (window, window[:, ::-1]):
                expected[image.tobytes()] = expected.get(image.tobytes(), 0) + 120
    seen = {}
    for image in result:
        seen[image.tobytes()] = seen.get(image.tobytes(), 0) + 1
    assert set(seen) == set(expected)
    assert all(abs(seen[key] - count) < 5 * count**0.5 for key, count in expected.items())


@pytest.mark.parametrize("size", [4, 5])
def test_cutout_has_the_distribution_of_the_host(size):
    side, count = 8, 12_800
    images = np.full((count, side, side, 1), 9, dtype="uint8")
    layer = DeviceAugmentation([{"name": "cutout", "size": size, "fill": 2}], seed=3)
    result = augmented(layer, images)
    assert set(np.unique(result)) == {2, 9}
    blank = result[..., 0] == 2
    expected = np.zeros((side, side))
    for row in range(side):
        for column in range(side):
            top, left = row - size // 2, column - size // 2
            expected[max(top, 0) : top + size, max(left, 0) : left + size] += 1 / side**2
    np.testing.assert_allclose(blank.mean(0), expected, atol=0.025)
    rows, columns = blank.any(2).sum(1), blank.any(1).sum(1)
    assert (blank.sum((1, 2)) == rows * columns).all() and rows.max() == size


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_lambda_has_the_beta_distribution(alpha):
    state = ops.convert_to_tensor(keras.random.SeedGenerator(5).state)
    draws = ops.convert_to_numpy(Draws(state).beta(0, alpha, (40_000,)))
    assert np.isfinite(draws).all() and draws.min() >= 0 and draws.max() <= 1
    reference = np.random.default_rng(0).beta(alpha, alpha, 40_000)
    for point in (0.001, 0.05, 0.2, 0.5, 0.8, 0.95, 0.999):
        np.testing.assert_allclose((draws < point).mean(), (reference < point).mean(), atol=0.016)
    np.testing.assert_allclose(draws.var(), 0.25 / (2 * alpha + 1), rtol=0.04)


def test_images_and_labels_share_lambda_and_permutation():
    layer = DeviceAugmentation([], 1.0, 8, seed=2)
    images = np.broadcast_to(np.eye(8, dtype="uint8")[:, None, None, :] * 200, (8, 2, 2, 8))
    lambdas, orders = [], set()
    for _ in range(60):
        mixed = augmented(layer, images)
        assert np.array_equal(mixed, augmented(layer, images))
        labels = ops.convert_to_numpy(layer.mix_labels(ops.convert_to_tensor(np.arange(8))))
        np.testing.assert_allclose(mixed[:, 0, 1] / 200, labels, atol=1e-5)
        np.testing.assert_allclose(labels.sum(1), 1.0, rtol=1e-5)
        own = np.diag(labels)[np.diag(labels) < 0.99999]
        if len(own):
            assert np.ptp(own) < 1e-5
            lambdas.append(own[0])
        orders.add((labels > 0).tobytes())
    assert len(orders) > 55 and len(set(lambdas)) > 50
    assert abs(np.mean(lambdas) - 0.5) < 0.15


def test_only_mix_labels_advances_the_state_with_mixup():
    layer = DeviceAugmentation([CROP], 0.4, 3, seed=9)
    first = augmented(layer, IMAGES)
    layer.mix_labels(ops.convert_to_tensor(np.zeros(8, "int32")))
    second = augmented(layer, IMAGES)
    assert not np.array_equal(first, second)
    assert ops.convert_to_numpy(layer.seed_generator.state)[1] == 1


def test_without_mixup_every_call_is_fresh_and_labels_stay():
    layer = DeviceAugmentation([CROP], seed=9)
    labels = ops.convert_to_tensor(np.arange(8))
    assert layer.mix_labels(labels) is labels
    assert not np.array_equal(augmented(layer, IMAGES), augmented(layer, IMAGES))
    assert np.array_equal(ops.convert_to_numpy(layer(IMAGES)), IMAGES)
    assert np.array_equal(ops.convert_to_numpy(layer(IMAGES, training=False)), IMAGES)


class Mixed(keras.Model):
    """Its prediction is the mean pixel of the augmented image, whose channels hold the one-hot label."""

    def __init__(self, alpha, mixing):
        super().__init__()
        steps = [{"name": "pad_crop_flip", "padding": 0}, *mixing]
        self.augmentation = DeviceAugmentation(steps, alpha, 4, seed=1)
        self.bias = keras.layers.Dense(4, kernel_initializer="zeros")

    def call(self, images, training=None):
        images = self.augmentation(images, training=training)
        return ops.mean(images, axis=(1, 2)) + self.bias(images[:, 1, 1])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if training:
            y = self.augmentation.mix_labels(y)
        return super().compute_loss(x=x, y=y, y_pred=y_pred)


class Losses(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.worst = []

    def on_train_batch_end(self, batch, logs=None):
        self.worst.append(logs["loss"])


@pytest.mark.rotating(3)
@pytest.mark.parametrize("alpha, mixing", [(0.3, []), (1.0, []), (0.0, [{"name": "cmo", "probability": 1}])])
@pytest.mark.parametrize(
    "jit_compile", ["auto", True] if keras.backend.backend() == "tensorflow" else ["auto"]
)
def test_labels_follow_images_inside_a_compiled_fit(alpha, mixing, jit_compile):
    labels = np.arange(24) % 4
    images = np.broadcast_to(np.eye(4, dtype="float32")[labels][:, None, None], (24, 8, 8, 4))
    losses = {}
    for target in ("mixed", "hardest"):
        model = Mixed(alpha, mixing)
        if target == "mixed":
            loss = lambda y, p: ops.max(ops.abs(y - p), axis=-1)  # noqa: E731
        else:
            loss = lambda y, p: ops.max(y, axis=-1) + 0.0 * ops.sum(p, axis=-1)  # noqa: E731
        model.compile(keras.optimizers.SGD(0.0), loss=loss, jit_compile=jit_compile)
        record = Losses()
        # In this order, so that the seed of the augmentation decides which classes are mixed.
        model.fit(
            images, np.eye(4)[labels], batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=[record]
        )
        losses[target] = record.worst
        assert ops.convert_to_numpy(model.augmentation.seed_generator.state)[1] == 6
    assert max(losses["mixed"]) < 1e-5
    assert len(set(np.round(losses["hardest"], 6))) > 3 and min(losses["hardest"]) < 0.9999


def test_layer_survives_a_file(tmp_path):
    inputs = keras.Input((6, 6, 3))
    model = keras.Model(inputs, DeviceAugmentation([CROP], 0.5, 3, seed=4)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    config = loaded.layers[-1].get_config()
    assert config["config_list"] == [CROP] and config["mixup_alpha"] == 0.5
    assert config["num_classes"] == 3 and config["seed"] == 4
    np.testing.assert_array_equal(
        ops.convert_to_numpy(loaded(IMAGES, training=True)),
        ops.convert_to_numpy(model(IMAGES, training=True)),
    )


def test_errors():
    with pytest.raises(ValueError, match="on the device, one of auto_augment, .*Received: name='remix'"):
        DeviceAugmentation([{"name": "remix"}])
    with pytest.raises(ValueError, match="mixup_alpha=1.0, num_classes=None"):
        DeviceAugmentation([], 1.0)
    with pytest.raises(ValueError, match="cmo.*num_classes"):
        DeviceAugmentation([{"name": "cmo"}])
    for steps, alpha in ([{"name": "cutmix"}, CROP], 0.0), ([{"name": "cutmix"}], 1.0):
        with pytest.raises(ValueError, match="the last one.*cutmix"):
            DeviceAugmentation(steps, alpha, 3)
