"""The cheapest assignment of rows to columns."""

import numpy as np


def cheapest_assignment(costs: np.ndarray) -> np.ndarray:
    """Return the column of each row, int64 `[n]`, whose costs have the smallest sum; each column is taken once.

    The Hungarian method with shortest augmenting paths, O(n^3), whose inner loops are vectorized.

    Args:
        costs: finite numbers `[n, n]`.

    Raises:
        ValueError: the costs are not square or not finite.
    """
    costs = np.asarray(costs, np.float64)
    if costs.ndim != 2 or costs.shape[0] != costs.shape[1] or not np.isfinite(costs).all():
        raise ValueError(f"`costs` must be a square matrix of finite numbers. Received: shape {costs.shape}")
    size = len(costs)
    of_row, of_column = np.zeros(size), np.zeros(size)
    row_at = np.full(size, -1)
    for start in range(size):
        shortest, came_from = np.full(size, np.inf), np.full(size, -1)
        done = np.zeros(size, bool)
        row, column, length = start, -1, 0.0
        while True:
            reached = length + costs[row] - of_row[row] - of_column
            better = ~done & (reached < shortest)
            shortest[better], came_from[better] = reached[better], column
            column = int(np.argmin(np.where(done, np.inf, shortest)))
            length = shortest[column]
            done[column] = True
            if row_at[column] < 0:
                break
            row = row_at[column]
        closed = done & (row_at >= 0)
        of_row[start] += length
        of_row[row_at[closed]] += length - shortest[closed]
        of_column[done] -= length - shortest[done]
        while column >= 0:
            before = came_from[column]
            row_at[column] = start if before < 0 else row_at[before]
            column = before
    found = np.empty(size, np.int64)
    found[row_at] = np.arange(size)
    return found
