"""NBN and detection losses on a RetinaNet of KerasHub, offline: a small random one and made boxes."""

import keras
import numpy as np
import pytest

from ltzoo.backbones import NormalizedWithin
from ltzoo.backbones.conversions import convert_batch_normalization
from ltzoo.backbones.inner_layers import inner_layers
from ltzoo.layers import NormalizedBatchNormalization
from ltzoo.losses import detection

keras_hub = pytest.importorskip("keras_hub", exc_type=ImportError)

IMAGES = np.random.default_rng(0).uniform(size=(2, 64, 64, 3)).astype("float32")
BOXES = {
    "boxes": np.array([[[4, 4, 40, 40], [8, 8, 60, 56]], [[16, 0, 48, 60], [-1, -1, -1, -1]]], "float32"),
    "labels": np.array([[1, 3], [0, -1]], "float32"),
}
COUNTS = [400, 90, 30, 5]
LAST_STAGE = ["stack3_block0_0_bn", "stack3_block0_2_bn"]
PYRAMID = [f"fpn/{kind}_norm_P{level}" for kind in ("lateral", "output") for level in (3, 4, 5)]


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def outputs(model):
    return {key: numpy(value) for key, value in model(IMAGES, training=False).items()}


def norms(model):
    return [
        (path, layer)
        for _, path, layer in inner_layers(model)
        if isinstance(layer, keras.layers.BatchNormalization)
    ]


def converted(model):
    return [path for path, layer in norms(model) if isinstance(layer, NormalizedBatchNormalization)]


def assert_same(one, other):
    # Sums of 2,304 products in float32: rounding is relative to the largest output.
    for key, expected in other.items():
        np.testing.assert_allclose(one[key], expected, rtol=0, atol=1e-5 * np.abs(expected).max())


@pytest.fixture(scope="module")
def detector():
    """A detector whose batch normalization is as after training."""
    keras.utils.set_random_seed(0)
    encoder = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 8, 8, 8],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
        image_shape=(64, 64, 3),
    )
    backbone = keras_hub.models.RetinaNetBackbone(
        image_encoder=encoder,
        min_level=3,
        max_level=5,
        use_p5=False,
        use_fpn_batch_norm=True,
        image_shape=(64, 64, 3),
    )
    model = keras_hub.models.RetinaNetObjectDetector(
        backbone=backbone, num_classes=4, bounding_box_format="yxyx", pre_logits_num_conv_layers=1
    )
    generator = np.random.default_rng(0)
    for _, layer in norms(model):
        layer.set_weights([generator.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    return model


@pytest.mark.parametrize(
    "placement, paths",
    [
        ("paper", LAST_STAGE),
        (["fpn/lateral*", "conv1_bn"], ["conv1_bn", *PYRAMID[:3]]),
        ("C", None),
    ],
)
def test_nbn_keeps_what_a_detector_computes(detector, placement, paths):
    expected, count = outputs(detector), detector.count_params()
    model = convert_batch_normalization(detector, placement)
    assert type(model) is type(detector) and isinstance(model.backbone, NormalizedWithin)
    everything = [path for path, _ in norms(detector)]
    assert set(PYRAMID) < set(everything) and converted(model) == (paths or everything)
    assert_same(outputs(model), expected)
    originals = dict(norms(detector))
    for path in converted(model):
        scale, offset = dict(norms(model))[path].effective_parameters(model.backbone.magnitudes[0].magnitude)
        np.testing.assert_allclose(numpy(scale), numpy(originals[path].gamma), rtol=1e-6)
        np.testing.assert_allclose(numpy(offset), numpy(originals[path].beta), rtol=1e-6)
    # Two factors per layer and one magnitude are new; the heads stay shared by all levels.
    assert model.count_params() == count + 2 * len(converted(model)) + 1
    assert not converted(detector) and detector.count_params() == count
    assert_same(outputs(detector), expected)


def test_the_magnitude_is_shared_and_groups_are_separate(detector):
    model = convert_batch_normalization(detector, "C", groups=["fpn/*"])
    assert [layer.name for layer in model.backbone.magnitudes] == ["magnitude", "magnitude_fpn"]
    before = outputs(model)
    model.backbone.magnitudes[1].magnitude.assign(0.0)
    after = outputs(model)
    assert np.ptp(after["cls_logits"], axis=0).max() == 0 < np.ptp(before["cls_logits"], axis=0).max()
    blocks = convert_batch_normalization(detector.backbone, "A", sharing="partial")
    assert len(blocks.magnitudes) == 1 and len(converted(blocks)) == 3
    single = convert_batch_normalization(detector, ["fpn/lateral*"], sharing="none")
    assert [layer.name for layer in single.backbone.magnitudes] == [
        f"magnitude_fpn_lateral_norm_P{level}" for level in (3, 4, 5)
    ]


def test_a_frozen_network_leaves_the_magnitude_to_be_trained(detector):
    model = convert_batch_normalization(detector, "C")
    model.backbone.network.trainable = False
    assert [variable.path for variable in model.backbone.trainable_variables] == ["magnitude/magnitude"]


def test_the_published_start(detector):
    model = convert_batch_normalization(detector, initialization="published", magnitude=2.0)
    for path, layer in norms(model):
        if path in LAST_STAGE:
            scale, offset = layer.effective_parameters(model.backbone.magnitudes[0].magnitude)
            np.testing.assert_allclose(numpy(scale), 2 / np.sqrt(8), rtol=1e-5)
            np.testing.assert_array_equal(numpy(offset), 0.0)


@pytest.mark.parametrize("loss", detection.names())
def test_two_steps_on_made_boxes_and_a_file(detector, loss, tmp_path):
    model = convert_batch_normalization(detector, "C")
    model.preprocessor = None
    model.compile(
        optimizer=keras.optimizers.SGD(1e-3),
        classification_loss=detection.get({"name": loss, "gamma": 2.0}, class_counts=COUNTS),
    )
    start = [numpy(variable).copy() for variable in model.trainable_variables]
    history = model.fit(IMAGES, BOXES, batch_size=1, epochs=1, shuffle=False, verbose=0).history
    assert (
        history and all(np.isfinite(values).all() for values in history.values()) and history["loss"][0] > 0
    )
    moved = {
        variable.path
        for variable, old in zip(model.trainable_variables, start, strict=True)
        if (numpy(variable) != old).any()
    }
    # KerasHub makes output norms of the levels 3 to 5, but calls those of coarser levels only.
    still = {variable.path for variable in model.trainable_variables if "output_norm" in variable.path}
    assert moved == {variable.path for variable in model.trainable_variables} - still
    assert any(path.endswith("magnitude/magnitude") for path in moved)

    model.save(tmp_path / "detector.keras")
    with pytest.warns(UserWarning, match="`compile\\(\\)` was not called"):
        again = keras.saving.load_model(tmp_path / "detector.keras")
    assert type(again) is type(model) and converted(again) == converted(model)
    assert_same(outputs(again), outputs(model))
    model.prediction_decoder = keras_hub.layers.NonMaxSuppression(
        "yxyx", from_logits=True, confidence_threshold=1e-4, max_detections=7
    )
    found = model.predict(IMAGES, verbose=0)
    assert found["boxes"].shape == (2, 7, 4) and np.isfinite(found["confidence"]).all()


def test_sigmoid_activation_survives(detector):
    plain = keras_hub.models.RetinaNetObjectDetector(
        backbone=detector.backbone, num_classes=4, activation=keras.activations.sigmoid
    )
    assert convert_batch_normalization(plain).activation is keras.activations.sigmoid


def test_what_cannot_be_converted(detector):
    with pytest.raises(ValueError, match=r"`placement` must each match.*Received: placement=\['heads/\*'\]"):
        convert_batch_normalization(detector, ["heads/*"])
    with pytest.raises(ValueError, match="an NBN layer already"):
        convert_batch_normalization(convert_batch_normalization(detector))
