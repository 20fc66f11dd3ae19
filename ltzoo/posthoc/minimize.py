"""Minimize a smooth convex function: L-BFGS in NumPy, without random numbers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

_MEMORY = 12
_SUFFICIENT = 1e-4


def minimize(
    function: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    iterations: int = 500,
    tolerance: float = 1e-9,
) -> np.ndarray:
    """Return the point where a smooth convex function is least, float64 `[P]`.

    L-BFGS with 12 pairs and backtracking (Nocedal & Wright, "Numerical Optimization", Algorithms 7.4 and 7.5).

    Args:
        function: point `[P]` -> value and gradient `[P]`.
        start: where to start, `[P]`.
        iterations: the most steps.
        tolerance: stop when no entry of the gradient exceeds this, or the value no longer falls.
    """
    point = np.array(start, "float64")
    value, gradient = function(point)
    pairs: deque[tuple[np.ndarray, np.ndarray]] = deque(maxlen=_MEMORY)
    for _ in range(iterations):
        if np.abs(gradient).max(initial=0.0) <= tolerance:
            break
        direction = -_times_inverse_hessian(gradient, pairs)
        slope = float(gradient @ direction)
        if slope >= 0:  # Rounding errors at the end; start again from the gradient.
            pairs.clear()
            direction, slope = -gradient, -float(gradient @ gradient)
        step = 1.0 if pairs else min(1.0, 1.0 / np.abs(gradient).sum())
        for _ in range(50):
            next_point = point + step * direction
            next_value, next_gradient = function(next_point)
            if next_value <= value + _SUFFICIENT * step * slope:
                break
            step /= 2.0
        else:
            break
        moved, changed = next_point - point, next_gradient - gradient
        if moved @ changed > 1e-14 * (moved @ moved):
            pairs.append((moved, changed))
        point, value, gradient = next_point, next_value, next_gradient
    return point


def _times_inverse_hessian(gradient, pairs):
    """Return the product of the approximate inverse Hessian and the gradient, by the two-loop recursion."""
    result, factors = gradient.copy(), []
    for moved, changed in reversed(pairs):
        rho = 1.0 / (moved @ changed)
        factor = rho * (moved @ result)
        result -= factor * changed
        factors.append((rho, factor))
    if pairs:
        moved, changed = pairs[-1]
        result *= (moved @ changed) / (changed @ changed)
    for (moved, changed), (rho, factor) in zip(pairs, reversed(factors), strict=True):
        result += moved * (factor - rho * (changed @ result))
    return result
