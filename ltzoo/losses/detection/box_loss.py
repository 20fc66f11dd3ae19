"""Base class of losses per box."""

from __future__ import annotations

from typing import Any

from ltzoo.losses.detection.box_labels import check_box_labels
from ltzoo.losses.function_loss import FunctionLoss


class BoxLoss(FunctionLoss):
    """Keras loss that wraps a pure function of rows and logits [batch, boxes, C] -> [batch, boxes].

    A row is one-hot, or zeros for a box without an object (background). Boxes that count neither way get the sample
    weight 0, as KerasHub's RetinaNet does. Wrong rows raise a ValueError where their values are known, and give a loss
    of NaN in a compiled program.

    The reduction is "sum" unless another one is given: KerasHub's sample weights already divide by the number of boxes
    with an object.
    """

    def check_labels(self, y_true: Any, shape: tuple) -> None:
        """Raise a ValueError if the labels are known and wrong; see `check_box_labels`."""
        check_box_labels(y_true, shape)
