from collections import Counter

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.data.augmentation import DeviceAugmentation
from ltzoo.data.augmentation.auto_augment import CIFAR10_POLICY, RAND_AUGMENT_OPERATIONS
from ltzoo.data.augmentation.device_auto_augment import DeviceAutoAugment, DeviceRandAugment
from ltzoo.data.augmentation.device_random import Draws
from ltzoo.data.augmentation.pillow_operations import apply, to_array, to_pillow
from tests.compiled import compiled

IMAGES = np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3)).astype("uint8")


def draws(seed):
    return Draws(ops.convert_to_tensor(keras.random.SeedGenerator(seed).state))


def chosen(step, count, seed=1):
    return [ops.convert_to_numpy(numbers) for numbers in step.choose(count, draws(seed))]


def near(counted, expected, total):
    return abs(counted - total * expected) <= 5 * (total * expected) ** 0.5 + 1e-9


def test_sub_policies_are_uniform_and_applied_with_their_probabilities():
    step, total = DeviceAutoAugment(), 60_000
    pairs = Counter(zip(*(numbers.tolist() for numbers in chosen(step, total)), strict=True))
    expected, rest = Counter(), 50
    for policy, ((_, first, _), (_, second, _)) in enumerate(CIFAR10_POLICY):
        one = {2 * policy: first / 2, 2 * policy + 1: first / 2, rest: 1 - first}
        two = {2 * policy: second / 2, 2 * policy + 1: second / 2, rest: 1 - second}
        for a in one:
            for b in two:
                expected[a, b] += one[a] * two[b] / 25
    assert set(pairs) <= {pair for pair, chance in expected.items() if chance}
    assert all(near(pairs[pair], chance, total) for pair, chance in expected.items())
    for place in range(2):
        rows = step.choices(place)
        assert len(rows) == 51 and rows[50].name == "identity"
        for policy, pair in enumerate(CIFAR10_POLICY):
            for row, sign in zip(rows[2 * policy : 2 * policy + 2], (-1, 1), strict=True):
                assert (row.name, row.strength, row.sign) == (pair[place][0], pair[place][2] / 9, sign)


def test_rand_augment_draws_operations_and_signs_uniformly():
    step, total = DeviceRandAugment(3, 15, fill=4), 30_000
    numbers = chosen(step, total)
    rows = step.choices()
    assert {(row.name, row.sign) for row in rows} == {
        (name, sign) for name in RAND_AUGMENT_OPERATIONS for sign in (-1, 1)
    }
    assert len(rows) == 28 and {(row.strength, row.fill) for row in rows} == {(0.5, 4)}
    assert len(numbers) == 3
    for place in numbers:
        assert all(near(count, 1 / 28, total) for count in np.bincount(place, minlength=28))
    assert near((numbers[0] == numbers[1]).sum(), 1 / 28, total)


@pytest.mark.parametrize(
    ("step", "channels", "dtype"),
    [(DeviceAutoAugment(fill=9), 3, "bfloat16"), (DeviceRandAugment(2, 21), 1, "float32")],
)
def test_images_are_pillows_for_the_same_choices(step, channels, dtype):
    images = IMAGES[..., :channels]
    rows = [step.choices(0), step.choices(1)] if isinstance(step, DeviceAutoAugment) else [step.choices()] * 2
    same = draws(5)  # On TensorFlow XLA draws other numbers than the eager backend.
    function = compiled(
        lambda x: [
            ops.cast(step.on_device(ops.cast(x, dtype), same), "float32"),
            *step.choose(len(images), same),
        ]
    )
    result, *choices = map(ops.convert_to_numpy, function(images))
    expected = []
    for image, *numbers in zip(images, *choices, strict=True):
        picture = to_pillow(image)
        for place, number in zip(rows, numbers, strict=True):
            choice = place[number]
            picture = apply(picture, choice.name, choice.strength, choice.sign, choice.fill)
        expected.append(to_array(picture))
    # One grey level of "auto_contrast" may be more after the second operation.
    assert (np.abs(result - np.stack(expected)) > 1).mean() < 0.005
    assert (result == result.round()).all() and result.min() >= 0 and result.max() <= 255


def test_in_a_compiled_fit():
    steps = [{"name": "pad_crop_flip"}, {"name": "auto_augment"}, {"name": "cutout"}]
    policy = keras.DTypePolicy("mixed_bfloat16")
    model = keras.Sequential(
        [DeviceAugmentation(steps, seed=1, dtype=policy), keras.layers.GlobalAveragePooling2D()]
    )
    # On TensorFlow a plain graph of any batch size (the other tests use XLA), whose last batch is shorter.
    graph = keras.backend.backend() == "tensorflow"
    model.compile("sgd", loss="mse", jit_compile=False if graph else "auto")
    images = IMAGES[: 40 if graph else 48].astype("float32")
    history = model.fit(images, images.mean((1, 2)), batch_size=16, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all() and min(history["loss"]) > 1
    assert ops.convert_to_numpy(model.layers[0].seed_generator.state)[1] == 6


def test_errors():
    with pytest.raises(ValueError, match="magnitude=31"):
        DeviceAugmentation([{"name": "rand_augment", "magnitude": 31}])
    with pytest.raises(ValueError, match=r"one or three channels.*\(2, 4, 4, 2\)"):
        DeviceAugmentation([{"name": "auto_augment"}])(np.zeros((2, 4, 4, 2)), training=True)
