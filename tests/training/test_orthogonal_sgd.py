"""OrthogonalSGD against the update written out in NumPy."""

import keras
import numpy as np
import pytest

from ltzoo.training import SGD, OrthogonalSGD, optimizers
from ltzoo.training.orthogonal_sgd import QUINTIC, orthogonalize


def numpy_orthogonalize(matrix, steps):
    """The quintic applied to each singular value."""
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    s = s / np.sqrt(np.sum(s**2))
    a, b, c = QUINTIC
    for _ in range(steps):
        s = a * s + b * s**3 + c * s**5
    return (u * s) @ v


def variables(*shapes, names=None):
    generator = np.random.default_rng(0)
    names = names or [f"kernel{number}" for number in range(len(shapes))]
    found = [
        keras.Variable(generator.normal(size=shape).astype("float32"), name=name)
        for shape, name in zip(shapes, names, strict=True)
    ]
    return found, generator


def apply(optimizer, found, gradients):
    tensors = [keras.ops.convert_to_tensor(gradient.astype("float32")) for gradient in gradients]
    optimizer.apply(tensors, found)


def to_numpy(variable):
    return keras.ops.convert_to_numpy(variable.value).astype("float64")


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
@pytest.mark.parametrize("steps", [1, 3, 5])
def test_orthogonalize_is_a_polynomial_of_the_singular_values(shape, steps):
    matrix = np.random.default_rng(1).normal(size=shape)
    found = keras.ops.convert_to_numpy(orthogonalize(keras.ops.convert_to_tensor(matrix, "float32"), steps))
    np.testing.assert_allclose(found, numpy_orthogonalize(matrix, steps), rtol=2e-4, atol=2e-5)


def test_singular_values_come_near_one():
    matrix = np.random.default_rng(1).normal(size=(36, 8))
    found = keras.ops.convert_to_numpy(orthogonalize(keras.ops.convert_to_tensor(matrix, "float32"), 5))
    values = np.linalg.svd(found, compute_uv=False)
    assert values.min() > 0.65 and values.max() < 1.25


def test_orthogonalize_of_nothing_is_nothing():
    found = keras.ops.convert_to_numpy(orthogonalize(keras.ops.zeros((4, 3))))
    np.testing.assert_array_equal(found, np.zeros((4, 3)))


def test_kernels_and_everything_else():
    (kernel, dense), generator = variables((3, 3, 2, 4), (5, 2))
    w, p = to_numpy(kernel), to_numpy(dense)
    optimizer = OrthogonalSGD(0.1, momentum=0.9, nesterov=True, l2=0.05, kernel_rate=2.0, kernel_momentum=0.6)
    v, u = np.zeros_like(w), np.zeros_like(p)
    for rate in (0.1, 0.1, 0.02):
        optimizer.learning_rate = rate
        g, h = generator.normal(size=w.shape), generator.normal(size=p.shape)
        apply(optimizer, [kernel, dense], [g, h])
        v = 0.6 * v + g
        step = numpy_orthogonalize((g + 0.6 * v).reshape(-1, 4), 3).reshape(w.shape)
        w = 2.0 * w / np.sqrt(np.sum(w**2)) - rate * 2.0 * step
        h = h + 0.05 * p
        u = 0.9 * u + h
        p = p - rate * (h + 0.9 * u)
    np.testing.assert_allclose(to_numpy(kernel), w, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(to_numpy(dense), p, rtol=1e-5, atol=1e-6)


def test_kernels_that_no_pattern_fits_or_that_do_not_learn():
    shapes = [(3, 3, 2, 4), (3, 3, 2, 4), (3, 3, 2, 4), (3, 3, 4, 1)]
    names = ["excluded", "conv", "frozen", "conv_depthwise"]
    settings = {"l2": 0.1, "learning_rate_multipliers": {"frozen": 0.0}}
    results = []
    for optimizer in (OrthogonalSGD(0.1, kernels="[cf]*", **settings), SGD(0.1, **settings)):
        found, generator = variables(*shapes, names=names)
        before = to_numpy(found[2])
        apply(optimizer, found, [generator.normal(size=shape) for shape in shapes])
        np.testing.assert_array_equal(to_numpy(found[2]), before)
        results.append([to_numpy(variable) for variable in found])
    for plain in (0, 3):
        np.testing.assert_array_equal(results[0][plain], results[1][plain])
    assert np.abs(results[0][1] - results[1][1]).max() > 0.01


def test_it_is_an_entry_of_recipes_and_comes_back_from_its_config():
    optimizer = optimizers.get(
        {
            "name": "orthogonal_sgd",
            "kernel_rate": 0.3,
            "kernel_momentum": 0.5,
            "newton_schulz_steps": 5,
            "l2": 1e-3,
            "kernels": ["stage*"],
        },
        0.2,
    )
    assert isinstance(optimizer, OrthogonalSGD)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert copy.get_config() == optimizer.get_config()
    assert (copy.kernel_rate, copy.kernel_momentum, copy.newton_schulz_steps) == (0.3, 0.5, 5)
    assert (copy.kernels, copy.l2) == (("stage*",), 1e-3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"momentum": 0.0},
        {"kernel_momentum": 1.0},
        {"kernel_rate": 0.0},
        {"newton_schulz_steps": 0},
        {"newton_schulz_steps": 1.5},
    ],
)
def test_arguments_out_of_range_are_named(arguments):
    ((name, value),) = arguments.items()
    with pytest.raises(ValueError, match=f"{name}={value}"):
        OrthogonalSGD(**arguments)
