import pathlib

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import CAMCalibration, NormalizedDense
from ltzoo.layers.prototypes import prototype_positions, tail_threshold
from tests.gradients import value_and_gradient
from tests.tensor_sizes import largest_tensor

REFERENCE = pathlib.Path(__file__).parents[1] / "reference"
COUNTS = (50, 4, 30, 5, 2)  # Classes 1, 3 and 4 are below 20.


def layer_with(case, **arguments):
    """The layer of a reference case."""
    counts = np.where(np.isin(np.arange(int(case["num_classes"])), case["tail_classes"]), 5, 50)
    side = case["fusion_kernel"].shape[1]
    layer = CAMCalibration(counts, threshold=20, kernel_size=side, **arguments)
    layer.build((None, *case["features"].shape[1:]))
    keys = ("prototypes", "fusion_kernel", "fusion_bias")
    layer.set_weights([case["classifier_weight"].T, *(case[key] for key in keys)])
    return layer


def random_layer(seed=0, counts=COUNTS, size=6, **arguments):
    layer = CAMCalibration(counts, **{"threshold": 20, "num_prototypes": 3, **arguments})
    layer.build((None, 4, 3, size))
    generator = np.random.default_rng(seed)
    layer.set_weights([generator.normal(0, 0.7, w.shape) for w in layer.weights])
    return layer


def features(seed=1, shape=(2, 4, 3, 6)):
    return np.maximum(np.random.default_rng(seed).normal(0.3, 1, shape), 0).astype("float32")


def scores_by_loops(layer, maps):
    """Eq. 4-8 with explicit loops in float64."""
    kernel = np.array(layer.get_weights()[0], np.float64)
    kernel = kernel / np.linalg.norm(kernel, axis=0)
    prototypes, fusion = (np.array(w, np.float64) for w in layer.get_weights()[1:3])
    bias = (
        np.array(layer.get_weights()[3], np.float64) if layer.use_fusion_bias else np.zeros(len(prototypes))
    )
    if layer.share_fusion:
        fusion, bias = (np.broadcast_to(a, (len(prototypes), *a.shape[-3:])) for a in (fusion, bias[:1]))
    images, height, width, _ = maps.shape
    edge = layer.kernel_size // 2
    scores = np.zeros((images, kernel.shape[1]))
    for image in range(images):
        for label in range(kernel.shape[1]):
            weights = np.ones((height, width))
            if label in layer.tail_classes:
                place = layer.tail_classes.index(label)
                response = np.pad(maps[image] @ prototypes[place].T, ((edge, edge), (edge, edge), (0, 0)))
                for y, x in np.ndindex(height, width):
                    window = response[y : y + layer.kernel_size, x : x + layer.kernel_size]
                    fused = np.sum(window * fusion[place]) + np.ravel(bias[place])[0]
                    weights[y, x] += 1 / (1 + np.exp(-fused))
            embedding = np.mean(weights[..., None] * maps[image], axis=(0, 1))
            scores[image, label] = layer.scale * embedding @ kernel[:, label] / np.linalg.norm(embedding)
    return scores


def test_class_activation_maps():
    case = dict(np.load(REFERENCE / "camc_02.npz"))
    layer = layer_with(case, scale=1.0, normalize_kernel=False)
    maps = case["features"].astype("float32")
    np.testing.assert_allclose(layer.class_vectors(), case["classifier_weight"].T, rtol=1e-6)
    plain = case["features"] @ case["classifier_weight"].T
    actual = ops.convert_to_numpy(layer.activation_maps(maps, calibrated=False))
    np.testing.assert_allclose(actual, plain, atol=1e-5)
    tail = case["tail_classes"]
    plain[..., tail] *= 1 + np.moveaxis(case["gate"], 0, -1)
    np.testing.assert_allclose(ops.convert_to_numpy(layer.activation_maps(maps)), plain, atol=1e-5)


@pytest.mark.parametrize(
    "arguments", [{"kernel_size": 3, "share_fusion": True}, {"fusion_bias": False, "scale": 4.0}]
)
def test_variants_of_the_fusion(arguments):
    layer = random_layer(**arguments)
    maps = features()
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer(maps)), scores_by_loops(layer, maps), rtol=1e-5, atol=1e-5
    )


def test_no_embedding_of_a_class_is_built():
    """With D much larger than the number of positions: nothing of the size [B, T, D], forward or backward."""
    counts, size, batch = [50] * 3 + [5] * 13, 64, 16
    for side in (1, 3):
        layer = CAMCalibration(counts, threshold=20, num_prototypes=2, kernel_size=side)
        layer.build((None, 2, 2, size))
        arrays = [features(shape=(batch, 2, 2, size)), *layer.get_weights()]

        def total(tensors, layer=layer):
            return ops.sum(layer.stateless_call(tensors[1:], [], tensors[0])[0])

        # The largest is the features, or the filters that the prototypes fold into.
        assert max(arrays[0].size, 13 * size * side**2) <= largest_tensor(total, arrays) < batch * 13 * size


def test_without_tail_classes_it_is_a_cosine_classifier():
    layer = CAMCalibration([9, 9, 9], scale=3.0)
    layer.build((None, 4, 3, 6))
    plain = NormalizedDense(3, scale=3.0)
    plain.build((None, 6))
    plain.kernel.assign(layer.kernel)
    maps = features()
    assert layer.tail_classes == () and len(layer.weights) == 1
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer(maps)), ops.convert_to_numpy(plain(maps.mean((1, 2)))), atol=1e-6
    )
    layer.set_prototypes(np.zeros((0, 6)), np.zeros(0, int))
    layer.standardize_fusion(maps)
    plain_maps, maps = (
        ops.convert_to_numpy(layer.activation_maps(maps, calibrated=c)) for c in (False, True)
    )
    np.testing.assert_array_equal(maps, plain_maps)


def test_all_tail_and_untouched_prototypes_score_like_plain_features():
    layer = CAMCalibration([3, 2, 1], threshold=10)
    maps = features()
    logits = ops.convert_to_numpy(layer(maps))
    assert layer.tail_classes == (0, 1, 2)
    np.testing.assert_allclose(np.linalg.norm(layer.class_vectors(), axis=0), 1, rtol=1e-6)
    plain = NormalizedDense(3, scale=16.0)
    plain.build((None, 6))
    plain.kernel.assign(layer.kernel)
    np.testing.assert_allclose(logits, ops.convert_to_numpy(plain(maps.mean((1, 2)))), atol=2e-5)


def test_zero_and_huge_features_and_half_precision():
    layer = random_layer()
    maps = features()
    maps[0] = 0.0
    maps[1] *= 1e4
    value, gradient = value_and_gradient(lambda x: ops.sum(layer(x)), maps)
    assert np.isfinite(value) and np.isfinite(gradient).all()
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(maps))[0], 0.0)
    half = random_layer(dtype="mixed_bfloat16")
    half_maps = ops.cast(features(), "bfloat16")
    logits = half(half_maps)
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"
    expected = ops.convert_to_numpy(layer(ops.cast(half_maps, "float32")))
    np.testing.assert_array_equal(ops.convert_to_numpy(logits), expected)


def test_prototypes_come_from_seeded_images_of_their_class():
    labels = np.array([0] * 50 + [1] * 4 + [2] * 30 + [3] * 5 + [4] * 2)
    pooled = np.arange(len(labels))[:, None] * np.ones(6)
    layer = random_layer(num_prototypes=4)
    layer.set_prototypes(pooled, labels, seed=3)
    chosen = ops.convert_to_numpy(layer.prototypes)[..., 0].astype(int)
    for place, label in enumerate(layer.tail_classes):
        assert set(labels[chosen[place]]) == {label}
    assert len(set(chosen[0])) == len(set(chosen[1])) == 4
    # Two images for four prototypes: in turns.
    assert set(chosen[2]) == {89, 90} and list(chosen[2][:2]) == list(chosen[2][2:])
    np.testing.assert_array_equal(prototype_positions(labels, (4, 1), 4, seed=3), chosen[[2, 0]])
    draws = {tuple(prototype_positions(labels, (0,), 4, seed=seed)[0]) for seed in range(5)}
    assert len(draws) > 1
    with pytest.raises(ValueError, match="class 7"):
        prototype_positions(labels, (7,), 4)


@pytest.mark.parametrize("share", [False, True])
def test_the_fusion_starts_on_the_bend_of_the_sigmoid(share):
    layer = random_layer(kernel_size=3, share_fusion=share)
    maps = 100 * features(shape=(8, 4, 3, 6))
    layer.standardize_fusion(maps)
    prototypes, fusion, bias = (ops.convert_to_numpy(w) for w in layer.weights[1:])
    assert np.count_nonzero(fusion) == fusion.size // 9
    middle = fusion[..., 1, 1, :] * np.ones((3, 1))
    fused = np.einsum("nyxd,tkd,tk->nyxt", maps, prototypes, middle) + bias
    np.testing.assert_allclose(fused.mean() if share else fused.mean((0, 1, 2)), 0.0, atol=1e-4)
    np.testing.assert_allclose(fused.std() if share else fused.std((0, 1, 2)), 1.0, atol=1e-4)


def test_threshold():
    assert tail_threshold([5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]) == 516
    assert CAMCalibration([100, 50, 49], threshold=50).tail_classes == (2,)
    assert CAMCalibration([100, 50, 49]).tail_classes == (2,)


def test_survives_a_keras_file(tmp_path):
    inputs = keras.Input((4, 3, 6))
    model = keras.Model(
        inputs, CAMCalibration(COUNTS, threshold=20, kernel_size=3, share_fusion=True, seed=3)(inputs)
    )
    generator = np.random.default_rng(0)
    model.set_weights([generator.normal(size=w.shape) for w in model.weights])
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    assert copy.layers[-1].get_config() == model.layers[-1].get_config()
    np.testing.assert_array_equal(*(ops.convert_to_numpy(m(features())) for m in (copy, model)))


@pytest.mark.parametrize(
    "arguments", [{"threshold": 0}, {"num_prototypes": 0}, {"kernel_size": 2}, {"scale": 0}]
)
def test_bad_arguments(arguments):
    name, value = next(iter(arguments.items()))
    with pytest.raises(ValueError, match=f"Received: {name}={value}"):
        CAMCalibration(COUNTS, **arguments)


def test_pooled_features_are_refused():
    with pytest.raises(ValueError, match="feature map"):
        CAMCalibration(COUNTS).build((None, 6))
