import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses.balanced_contrastive import balanced_contrastive
from tests.gradients import value_and_gradient

CASES = [("float32", 5e-6)] + ([("float64", 1e-10)] if keras.backend.backend() == "tensorflow" else [])


def unit(rng, *shape):
    vectors = rng.normal(size=shape)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def problem(labels=(0, 0, 1, 2, 0, 2, 0, 0), classes=4, size=5):
    rng = np.random.default_rng(3)
    return np.array(labels), unit(rng, len(labels), size), unit(rng, classes, size)


def by_loops(labels, features, prototypes, temperature, form):
    """The formula term by term: class after class, member after member."""
    losses = []
    for i, z in enumerate(features):
        denominator = 0.0
        for j, prototype in enumerate(prototypes):
            members = [features[k] for k in range(len(labels)) if labels[k] == j]
            if form == "published":
                members = [features[k] for k in range(len(labels)) if labels[k] == j and k != i]
            members = [*members, prototype]
            denominator += np.mean([np.exp(z @ member / temperature) for member in members])
        positives = [features[k] for k in range(len(labels)) if labels[k] == labels[i] and k != i]
        positives.append(prototypes[labels[i]])
        terms = [-np.log(np.exp(z @ positive / temperature) / denominator) for positive in positives]
        losses.append(np.sum(terms) / np.sum(labels == labels[i]))
    return np.array(losses)


@pytest.mark.parametrize("dtype, tolerance", CASES)
@pytest.mark.parametrize("form", ["published", "paper"])
def test_agrees_with_the_formula_by_loops(form, dtype, tolerance):
    labels, features, prototypes = problem()
    actual = balanced_contrastive(
        labels,
        ops.convert_to_tensor(features, dtype=dtype),
        ops.convert_to_tensor(prototypes, dtype=dtype),
        temperature=0.2,
        form=form,
    )
    expected = by_loops(labels, features, prototypes, 0.2, form)
    np.testing.assert_allclose(ops.convert_to_numpy(actual), expected, rtol=tolerance)


@pytest.mark.parametrize("form", ["published", "paper"])
def test_gradient_agrees_with_finite_differences_of_the_loops(form):
    labels, features, prototypes = problem()

    def total(tensors):
        return ops.mean(balanced_contrastive(labels, *tensors, temperature=0.2, form=form))

    _, gradients = value_and_gradient(total, [features, prototypes])
    step = 1e-6
    for which, gradient in enumerate(gradients):
        for index in [(0, 0), (1, 3), (2, 4), (3, 1)]:
            sides = []
            for sign in (1, -1):
                moved = [features.copy(), prototypes.copy()]
                moved[which][index] += sign * step
                sides.append(by_loops(labels, *moved, 0.2, form).mean())
            expected = (sides[0] - sides[1]) / (2 * step)
            np.testing.assert_allclose(gradient[index], expected, rtol=2e-4, atol=2e-6)


def test_equal_class_sizes_give_supervised_contrast_up_to_a_constant():
    # In the paper's form every class has n = 3 terms, so all weights are 1 / 3.
    labels, features, prototypes = problem(labels=(0, 0, 1, 1, 2, 2, 3, 3))
    everything = np.concatenate([features, prototypes])
    similarity = features @ everything.T / 0.1
    same = labels[:, None] == np.concatenate([labels, np.arange(4)])
    same[np.arange(8), np.arange(8)] = False
    log_probability = similarity - np.log(np.exp(similarity).sum(axis=1, keepdims=True))
    expected = -(same * log_probability).sum(axis=1) / same.sum(axis=1) - np.log(3)
    actual = balanced_contrastive(
        labels, ops.convert_to_tensor(features, "float32"), prototypes, temperature=0.1, form="paper"
    )
    np.testing.assert_allclose(ops.convert_to_numpy(actual), expected, rtol=1e-5)


def test_huge_similarities_and_half_precision():
    labels, features, prototypes = problem()

    def total(tensors):
        return ops.mean(balanced_contrastive(labels, *tensors, temperature=1e-4))

    value, gradients = value_and_gradient(total, [features, prototypes])
    assert np.isfinite(value) and all(np.isfinite(gradient).all() for gradient in gradients)
    half = [ops.convert_to_tensor(array, dtype="float16") for array in (features, prototypes)]
    actual = balanced_contrastive(labels, *half)
    assert keras.backend.standardize_dtype(actual.dtype) == "float32"
    full = balanced_contrastive(labels, *(ops.cast(array, "float32") for array in half))
    np.testing.assert_array_equal(ops.convert_to_numpy(actual), ops.convert_to_numpy(full))


def test_arguments_are_checked():
    labels, features, prototypes = (ops.convert_to_tensor(array) for array in problem())
    with pytest.raises(ValueError, match="temperature=0"):
        balanced_contrastive(labels, features, prototypes, temperature=0)
    with pytest.raises(ValueError, match="form='printed'"):
        balanced_contrastive(labels, features, prototypes, form="printed")
