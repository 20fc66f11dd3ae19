import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses.parametric_contrastive import parametric_contrastive
from tests.gradients import value_and_gradient

CASES = [("float32", 5e-6)] + ([("float64", 1e-10)] if keras.backend.backend() == "tensorflow" else [])
COUNTS = (50, 10, 2)
SETTINGS = {"temperature": 0.3, "center_temperature": 1.5, "alpha": 0.2, "beta": 0.7}


def problem():
    rng = np.random.default_rng(5)

    def unit(rows):
        vectors = rng.normal(size=(rows, 4))
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)

    labels = np.array([0, 2, 0, 1, 0])
    contrast_labels = np.array([0, 2, 0, 1, 0, 1, 1, -1, -1])
    return labels, rng.normal(size=(5, 3)), unit(5), unit(9), contrast_labels


def by_loops(labels, logits, queries, contrasts, contrast_labels, counts, form, settings=SETTINGS):
    losses = []
    for i, y in enumerate(labels):
        centers = [
            (logits[i, j] + (0 if counts is None else np.log(counts[j] / sum(counts))))
            / settings["center_temperature"]
            for j in range(logits.shape[1])
        ]
        samples = [(queries[k], labels[k]) for k in range(len(labels)) if k != i]
        samples += [(contrasts[k], label) for k, label in enumerate(contrast_labels) if label >= 0]
        similar = [(queries[i] @ sample / settings["temperature"], label) for sample, label in samples]
        log_sum = np.log(sum(np.exp(a) for a in centers) + sum(np.exp(s) for s, _ in similar))
        positives = [s for s, label in similar if label == y]
        total = settings["beta"] * (centers[y] - log_sum)
        total += settings["alpha"] * sum(s - log_sum for s in positives)
        weight = settings["beta"] + settings["alpha"] * len(positives) if form == "published" else 1.0
        losses.append(-total / weight)
    return np.array(losses)


@pytest.mark.parametrize("dtype, tolerance", CASES)
@pytest.mark.parametrize("form, counts", [("published", COUNTS), ("paper", COUNTS), ("published", None)])
def test_agrees_with_the_formula_by_loops(form, counts, dtype, tolerance):
    labels, logits, queries, contrasts, contrast_labels = problem()
    actual = parametric_contrastive(
        labels,
        *(ops.convert_to_tensor(array, dtype=dtype) for array in (logits, queries, contrasts)),
        contrast_labels,
        class_counts=counts,
        form=form,
        **SETTINGS,
    )
    expected = by_loops(*problem(), counts, form)
    np.testing.assert_allclose(ops.convert_to_numpy(actual), expected, rtol=tolerance)


def test_gradient_agrees_with_finite_differences_and_leaves_the_contrasts_alone():
    labels, logits, queries, contrasts, contrast_labels = problem()

    def total(tensors):
        z, q, k = tensors
        loss = parametric_contrastive(labels, z, q, k, contrast_labels, class_counts=COUNTS, **SETTINGS)
        # The second term gives the contrasts a gradient of 0 where a backend would have none.
        return ops.mean(loss) + 0.0 * ops.sum(k)

    _, gradients = value_and_gradient(total, [logits, queries, contrasts])
    step = 1e-6
    for which in (0, 1):
        for index in [(0, 0), (1, 2), (3, 1), (4, 2)]:
            sides = []
            for sign in (1, -1):
                moved = [logits.copy(), queries.copy()]
                moved[which][index] += sign * step
                sides.append(by_loops(labels, *moved, contrasts, contrast_labels, COUNTS, "published").mean())
            expected = (sides[0] - sides[1]) / (2 * step)
            np.testing.assert_allclose(gradients[which][index], expected, rtol=2e-4, atol=2e-6)
    np.testing.assert_array_equal(gradients[2], 0.0)


def test_without_other_samples_it_is_balanced_softmax_and_with_equal_counts_cross_entropy():
    _, logits, queries, contrasts, _ = problem()
    empty = np.full(len(contrasts), -1)
    one = [ops.convert_to_tensor(array[:1], dtype="float32") for array in (logits, queries)]
    for counts in (COUNTS, (7, 7, 7)):
        adjusted = logits[0] + np.log(counts)
        expected = np.log(np.exp(adjusted).sum()) - adjusted[2]
        loss = parametric_contrastive(np.array([2]), *one, contrasts, empty, class_counts=counts)
        np.testing.assert_allclose(ops.convert_to_numpy(loss), [expected], rtol=1e-5)


def test_huge_logits_and_half_precision():
    labels, logits, queries, contrasts, contrast_labels = problem()

    def total(tensors):
        z, q = tensors
        loss = parametric_contrastive(labels, z * 1e4, q, contrasts, contrast_labels, temperature=1e-4)
        return ops.mean(loss)

    value, gradients = value_and_gradient(total, [logits, queries])
    assert np.isfinite(value) and all(np.isfinite(gradient).all() for gradient in gradients)
    half = [ops.convert_to_tensor(array, dtype="float16") for array in (logits, queries, contrasts)]
    actual = parametric_contrastive(labels, *half, contrast_labels)
    assert keras.backend.standardize_dtype(actual.dtype) == "float32"
    full = parametric_contrastive(labels, *(ops.cast(array, "float32") for array in half), contrast_labels)
    np.testing.assert_array_equal(ops.convert_to_numpy(actual), ops.convert_to_numpy(full))


def test_arguments_are_checked():
    for wrong in ({"temperature": 0.0}, {"alpha": -1.0}, {"form": "printed"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            parametric_contrastive(*(ops.convert_to_tensor(array) for array in problem()), **wrong)
