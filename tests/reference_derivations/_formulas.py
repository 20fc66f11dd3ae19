"""What several derivations share: gradients, softmax, class-weighted means. NumPy float64 alone."""

import numpy as np

STEP = 1e-30


def gradient(function, x):
    """The gradient of a scalar function, exact to rounding: Im f(x + i h e_k) / h.

    `function` takes complex arrays, so it must be made of analytic operations. What is constant in differentiation it
    computes from `held(x)`.
    """
    x = np.asarray(x, "float64")
    result = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        moved = x.astype("complex128")
        moved[index] += 1j * STEP
        result[index] = np.imag(function(moved)) / STEP
    return result


def held(x):
    """The value of `x` without its derivative."""
    return np.real(x)


def log_sum_exp(z, axis=-1, keepdims=False):
    """log sum exp(z), shifted by the largest real part."""
    largest = np.max(np.real(z), axis=axis, keepdims=True)
    result = np.log(np.sum(np.exp(z - largest), axis=axis, keepdims=True)) + largest
    return result if keepdims else np.squeeze(result, axis=axis)


def log_softmax(z):
    return z - log_sum_exp(z, keepdims=True)


def cross_entropy(z, labels, class_weight=None):
    """The mean cross-entropy; with class weights, sum_i w_i l_i / sum_i w_i."""
    losses = -log_softmax(z)[np.arange(len(labels)), labels]
    if class_weight is None:
        return losses.mean()
    weights = class_weight[labels]
    return np.sum(weights * losses) / weights.sum()


def effective_number_weights(counts, beta):
    """(1 - beta) / (1 - beta^n), scaled so that their sum is the number of classes."""
    weights = (1.0 - beta) / (1.0 - beta ** np.asarray(counts, "float64"))
    return weights / weights.sum() * len(weights)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def rounded(x, digits=4):
    """Inputs have few digits, so that a case file is small."""
    return np.round(x, digits)
