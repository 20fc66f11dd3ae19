"""The original names of a head's variables."""

from __future__ import annotations

from typing import Any

import keras

from ltzoo.checkpoint_layouts import Layout
from ltzoo.heads.experts import ExpertsHead
from ltzoo.heads.rectified import RectifiedHead
from ltzoo.heads.tau_normalized import TauNormalized
from ltzoo.layers import LearnableWeightScaling, NormalizedDense
from ltzoo.models.convert.slots import MATRIX, CheckpointError, ShiftedKernel, Slot, Table


def add_head(table: Table, head: keras.layers.Layer, layout: Layout, name: str | None = None) -> None:
    """Add the slots of one head for C classes and D features; a head without a form in the layout gets none.

    - linear, and the kernel of a tau-normalized classifier: `weight` `[C, D]` and `bias`;
    - cosine, in the layouts of GCL and LDAM-DRW: `weight` `[D, C]`; the scale is not in the file;
    - learnable weight scaling: the same as linear, and the class scales if the layout has a place for them. A file of
      the first stage has none; they are then 1, where the second stage starts;
    - rectified: the inner head, and the moving statistics under `bn`;
    - experts, in the layout of NBN: one head each under `linears.0`, `linears.1`, ...

    Raises:
        CheckpointError: the head does not compute the function of the layout's classifier.
    """
    key = f"{layout.classifier[0]}/{layout.linear if name is None else name}"
    if isinstance(head, RectifiedHead):
        add_head(table, head.head, layout, name)
        table.add_norm(f"{key}.bn", head.rectification)
    elif isinstance(head, ExpertsHead) and name is None:
        if layout.experts is not None:
            for number, expert in enumerate(head.experts):
                add_head(table, expert, layout, layout.experts.format(number))
    elif isinstance(head, NormalizedDense):
        if layout.cosine and head.normalize_features and head.scale_weight is None:
            table.add(Slot(f"{key}.weight", (head.kernel,)))
    elif isinstance(head, LearnableWeightScaling):
        _add_scaled(table, key, head, layout)
    elif isinstance(head, (keras.layers.Dense, TauNormalized)):
        table.add(Slot(f"{key}.weight", (head.kernel,), MATRIX))
        _add_bias(table, key, head)


def _add_scaled(table: Table, key: str, head: Any, layout: Layout) -> None:
    if head.bias is not None and not head.scale_bias:
        raise CheckpointError(
            "`scale_bias` must be True: the published classifiers multiply the bias by the learned scales too. "
            f"Received: head {head.name!r} with scale_bias=False"
        )
    if head.shift is None:
        table.add(Slot(f"{key}.weight", (head.kernel,), MATRIX))
    else:
        variables = (head.kernel, head.shift)
        table.add(ShiftedKernel(f"{key}.weight", variables, MATRIX, base_factor=head.base_factor))
    _add_bias(table, key, head)
    if layout.scales is not None:
        paths, name, row = layout.scales
        table.add(Slot(f"{paths[0]}/{name}", (head.class_scale,), row=row, default=1.0))


def _add_bias(table, key, head):
    if head.bias is not None:
        table.add(Slot(f"{key}.bias", (head.bias,)))
