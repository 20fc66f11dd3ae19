"""The trunk of all kinds of Keras models."""

import keras
import numpy as np
import pytest
from keras import layers

from ltzoo.backbones import from_model, pixel_statistics, set_pixel_statistics
from tests import tiny, tiny_vit

IMAGES = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")


def numpy(x):
    return keras.ops.convert_to_numpy(x)


def network(end):
    """Two convolutions, the second with squeeze and excitation; `end` is put on top."""
    images = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, strides=2, name="conv1")(images)
    x = layers.Conv2D(4, 1, activation="relu", name="conv2")(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    gate = layers.Conv2D(4, 1, activation="sigmoid", name="excite")(gate)
    x = layers.Multiply(name="gated")([x, gate])
    return keras.Model(images, end(x), name="network")


def dense(x):
    return layers.Dense(3)(layers.GlobalAveragePooling2D()(x))


def convolutional_classifier(x):
    x = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return layers.Flatten()(layers.Conv2D(3, 1)(x))


def average_to_one(x):
    return layers.Dense(3)(layers.Flatten()(layers.AveragePooling2D(3)(x)))


@pytest.mark.parametrize("end", [dense, convolutional_classifier, average_to_one])
def test_the_last_feature_map_is_before_pooling_and_not_inside_of_a_branch(end):
    model = network(end)
    trunk = from_model(model)
    assert trunk.output_shape == (None, 3, 3, 4)
    expected = keras.Model(model.inputs, model.get_layer("gated").output)(IMAGES)
    np.testing.assert_array_equal(numpy(trunk(IMAGES)), numpy(expected))
    assert trunk.get_layer("conv1") is model.get_layer("conv1")


def test_a_network_that_ends_in_a_map_comes_back_as_it_is():
    model = network(lambda x: x)
    assert from_model(model) is model
    whole = keras.Sequential([keras.Input((8, 8, 1)), model, layers.GlobalMaxPooling2D(), layers.Dense(2)])
    assert from_model(whole) is model


def test_a_layer_by_name():
    model = network(dense)
    assert from_model(model, layer="conv1").output_shape == (None, 3, 3, 4)
    with pytest.raises(ValueError, match="layer='conv9'"):
        from_model(model, layer="conv9")


@pytest.mark.parametrize("classify", [False, True])
def test_tokens_become_the_class_token_or_the_mean_of_the_patches(classify):
    model = tokens = tiny_vit.tokens()
    if classify:
        model = keras.Model(tokens.inputs, layers.Dense(3)(tokens.outputs[0][:, 0]))
    expected = numpy(tokens(IMAGES))
    for choice, features in ((None, expected[:, 0]), ("mean", expected[:, 1:].mean(axis=1))):
        trunk = from_model(model, tokens=choice)
        assert trunk.output_shape == (None, 8)
        np.testing.assert_allclose(numpy(trunk(IMAGES)), features, rtol=1e-5, atol=1e-6)
    without = tiny_vit.tokens(class_token=False)
    np.testing.assert_allclose(
        numpy(from_model(without)(IMAGES)), numpy(without(IMAGES)).mean(axis=1), rtol=1e-5, atol=1e-6
    )


def test_models_that_have_no_trunk_say_why():
    flat = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(2)])
    with pytest.raises(ValueError, match="no feature map"):
        from_model(flat)
    images = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3)(images)
    with pytest.raises(ValueError, match="several outputs"):
        from_model(keras.Model(images, [x, layers.ReLU()(x)]))
    with pytest.raises(ValueError, match="one input"):
        from_model(keras.Model([images, keras.Input((1,))], x))
    with pytest.raises(ValueError, match="tokens='first'"):
        from_model(flat, tokens="first")


def test_pixel_statistics_come_along():
    model = set_pixel_statistics(network(dense), 0.5, 0.25)
    assert pixel_statistics(from_model(model)) == ((0.5,), (0.25,))
    assert pixel_statistics(network(dense)) is None
    classifier = tiny.model("cross_entropy")
    trunk = from_model(classifier)
    assert trunk is classifier.backbone
    assert pixel_statistics(trunk) == (classifier.mean, classifier.std)
    with pytest.raises(ValueError, match="std"):
        set_pixel_statistics(model, 0.5, 0.0)
