"""Weights by meta-learning, against NumPy: a linear classifier on pixels, whose gradients are known."""

import keras
import numpy as np
import pytest
from keras import ops

import ltzoo
from ltzoo.backbones.registry import register
from ltzoo.recipes import Recipe, Stage
from ltzoo.techniques.meta_learning.meta_weight_net import weight_of
from tests import tiny

RATE = 0.3
PAIRS = {"strategy": "instance_balanced", "companion": {"strategy": "class_balanced"}}


@register
def pixels(input_shape):
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, keras.layers.Flatten(name="flat")(inputs), name="pixels")


def classifier(technique, seed=1, **arguments):
    stage = Stage(
        epochs=2,
        loss={"name": "cross_entropy"},
        batch_size=6,
        sampler=PAIRS,
        optimizer={"name": "sgd"},
        schedule={"name": "constant", "learning_rate": RATE},
        technique={"name": technique, **arguments},
    )
    recipe = Recipe(name=technique, head={"name": "dense"}, stages=(stage,))
    model = ltzoo.models.build("pixels", recipe, tiny.dataset(), seed=seed)
    model.set_stage(0, 4)
    model.technique.on_epoch_begin(0, 2)
    return model


def batch():
    generator = np.random.default_rng(3)
    images = generator.integers(0, 256, (12, 8, 8, 1)).astype("float32")
    labels = generator.integers(0, 3, 12)
    return images, labels


class Linear:
    """The classifier in NumPy, float64: softmax(x W + b)."""

    def __init__(self, model):
        self.kernel = np.array(ops.convert_to_numpy(model.head.kernel), "float64")
        self.bias = np.array(ops.convert_to_numpy(model.head.bias), "float64")
        self.mean, self.std = np.float64(model.mean[0]), np.float64(model.std[0])

    def rows(self, images):
        return ((images.astype("float64") / 255 - self.mean) / self.std).reshape(len(images), -1)

    def losses(self, rows, labels):
        """Return losses [B] and their gradients by W [B, D, C] and by b [B, C]."""
        logits = rows @ self.kernel + self.bias
        logits -= logits.max(axis=1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        apart = np.exp(log_p) - np.eye(3)[labels]
        return -log_p[np.arange(len(labels)), labels], rows[:, :, None] * apart[:, None], apart

    def step(self, rows, labels, weights, rate):
        _, by_kernel, by_bias = self.losses(rows, labels)
        self.kernel = self.kernel - rate * np.tensordot(weights, by_kernel, 1)
        self.bias = self.bias - rate * np.tensordot(weights, by_bias, 1)

    def help_of_images(self, images, labels, start_weights):
        """Return dM(w') / de [B] for w' = w - r sum_i (start_weights + e)_i dl_i, at e = 0."""
        rows, meta_rows = self.rows(images[0::2]), self.rows(images[1::2])
        _, by_kernel, by_bias = self.losses(rows, labels[0::2])
        self.step(rows, labels[0::2], start_weights, RATE)
        _, meta_kernel, meta_bias = self.losses(meta_rows, labels[1::2])
        products = (by_kernel * meta_kernel.mean(axis=0)).sum(axis=(1, 2))
        return -RATE * (products + (by_bias * meta_bias.mean(axis=0)).sum(axis=1))


def loss_of(model, images, labels):
    output = model(images, training=True)
    return float(model.compute_loss(images, ops.convert_to_tensor(labels), output))


def test_l2rw_weighs_images_by_their_help():
    images, labels = batch()
    model = classifier("learning_to_reweight")
    linear = Linear(model)
    losses = linear.losses(linear.rows(images[0::2]), labels[0::2])[0]
    helpful = np.maximum(-linear.help_of_images(images, labels, np.zeros(6)), 0)
    assert 0 < (helpful > 0).sum() < 6
    expected = (helpful / helpful.sum() * losses).sum()
    np.testing.assert_allclose(loss_of(model, images, labels), expected, rtol=1e-5)


def test_l2rw_without_a_helpful_image_learns_nothing():
    images, labels = batch()
    images[:], labels[0::2], labels[1::2] = (
        images[:1],
        0,
        1,
    )  # Each step towards one class leads away from another.
    model = classifier("learning_to_reweight")
    model.head.kernel.assign(np.zeros(model.head.kernel.shape))
    assert loss_of(model, images, labels) == 0


def test_meta_class_weights_correct_the_weights_of_classes():
    images, labels = batch()
    model = classifier("meta_class_weights", beta=0.9, step=0.5)
    linear = Linear(model)
    losses = linear.losses(linear.rows(images[0::2]), labels[0::2])[0]
    share = (1 - 0.9) / (1 - 0.9 ** np.array(tiny.CLASS_COUNTS, "float64"))
    own = (3 * share / share.sum())[labels[0::2]]
    weights = own - 0.5 * linear.help_of_images(images, labels, own)
    np.testing.assert_allclose(loss_of(model, images, labels), (weights * losses).mean(), rtol=1e-5)


def numpy_weights(losses, network):
    kernel_1, bias_1, kernel_2, bias_2 = network
    hidden = np.maximum(losses[:, None] * kernel_1 + bias_1, 0)
    return 1 / (1 + np.exp(-(hidden @ kernel_2 + bias_2)))[:, 0]


def test_meta_weight_net_steps_down_the_meta_loss():
    images, labels = batch()
    model = classifier("meta_weight_net", units=5, learning_rate=0.02, weight_decay=0.1)
    technique = model.technique
    network = [np.array(ops.convert_to_numpy(weight), "float64") for weight in technique.network]
    first = Linear(model)
    rows, meta_rows = first.rows(images[0::2]), first.rows(images[1::2])
    losses = first.losses(rows, labels[0::2])[0]
    np.testing.assert_allclose(
        ops.convert_to_numpy(weight_of(ops.convert_to_tensor(losses, "float32"), technique.network)),
        numpy_weights(losses, network),
        rtol=1e-5,
    )

    def meta_loss(network):
        moved = Linear(model)
        moved.step(rows, labels[0::2], numpy_weights(losses, network) / 6, RATE)
        return moved.losses(meta_rows, labels[1::2])[0].mean()

    expected = []
    for number, weight in enumerate(network):
        gradient = np.zeros_like(weight)
        for place in np.ndindex(weight.shape):
            moved = [[other.copy() for other in network] for _ in range(2)]
            moved[0][number][place] += 1e-5
            moved[1][number][place] -= 1e-5
            gradient[place] = (meta_loss(moved[0]) - meta_loss(moved[1])) / 2e-5
        expected.append(gradient + 0.1 * weight)
    found = loss_of(model, images, labels)
    for mean, gradient in zip(technique.means, expected, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(mean), 0.1 * gradient, rtol=2e-4, atol=1e-7)
    # The first step of Adam moves each weight by the rate, against the sign of its gradient.
    stepped = [
        weight - 0.02 * gradient / (np.abs(gradient) + 1e-8)
        for weight, gradient in zip(network, expected, strict=True)
    ]
    for weight, value in zip(technique.network, stepped, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(weight), value, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found, (numpy_weights(losses, stepped) * losses).mean(), rtol=1e-4)


@pytest.mark.parametrize("name", ["learning_to_reweight", "meta_weight_net", "meta_class_weights"])
def test_a_real_step_updates_moving_statistics_once(name):
    model = tiny.model(name)
    stage = len(model.recipe.stages) - 1
    model.set_stage(stage, 4)
    model.technique.on_epoch_begin(0, 2)
    plain = tiny.model("cross_entropy")
    plain.set_stage(0, 4)
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1)).astype("float32")
    labels = np.arange(16) % 3
    loss_of(model, images, labels)
    loss_of(plain, images[0::2], labels[0::2])
    for name in ("block0_norm", "block1_norm"):
        np.testing.assert_allclose(
            ops.convert_to_numpy(model.backbone.get_layer(name).moving_mean),
            ops.convert_to_numpy(plain.backbone.get_layer(name).moving_mean),
            rtol=1e-5,
            atol=1e-6,
        )


def test_a_fit_changes_the_network_of_weights_and_a_file_keeps_it(tmp_path):
    model, data = tiny.model("meta_weight_net"), tiny.dataset()
    start = [ops.convert_to_numpy(weight).copy() for weight in model.techniques[0].network]
    history = model.fit(data, verbose=0)
    assert np.all(np.isfinite(history.history["loss"]))
    end = [ops.convert_to_numpy(weight) for weight in model.techniques[0].network]
    assert any(np.abs(a - b).max() > 0 for a, b in zip(start, end, strict=True))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one, other in zip(loaded.techniques[0].network, end, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), other)


def test_a_sampler_without_a_companion_is_refused():
    with pytest.raises(ValueError, match="`sampler` of LearningToReweight must have a companion"):
        tiny.model("learning_to_reweight", sampler={"strategy": "instance_balanced"})
