"""What a model stores to decide with: prediction sets and a threshold for "unknown"."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from ltzoo.posthoc.conformal import PredictionSets
from ltzoo.posthoc.outputs import as_logits, softmax
from ltzoo.posthoc.unknown import Unknown


@dataclasses.dataclass(frozen=True, eq=False)
class Decisions:
    """Decision rules for the outputs of a model.

    Attributes:
        sets: prediction sets, or None.
        unknown: a threshold for images of no known class, or None.
    """

    sets: PredictionSets | None = None
    unknown: Unknown | None = None

    def sets_for(self, probabilities: Any) -> list[np.ndarray]:
        """Return the class indices in the set of each image, the most probable first.

        Args:
            probabilities: `[N, C]`, or `[C]` for one image: the softmax of what the model returns.

        Raises:
            ValueError: the model has no prediction sets.
        """
        if self.sets is None:
            raise ValueError(
                "`model` must have prediction sets; make them with ltzoo.posthoc.prediction_sets. Received: none"
            )
        return self.sets.sets_for(probabilities)

    def is_unknown(self, logits: Any = None, features: Any = None) -> np.ndarray:
        """Return whether each image counts as unknown, bool `[N]`; see `Unknown.is_unknown`.

        Raises:
            ValueError: the model has no threshold.
        """
        if self.unknown is None:
            raise ValueError(
                "`model` must have a threshold for unknown images; make one with ltzoo.posthoc.abstention. "
                "Received: none"
            )
        return self.unknown.is_unknown(logits, features)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, with the keys "sets" and "unknown" where there are such."""
        parts = {"sets": self.sets, "unknown": self.unknown}
        return {name: part.to_dict() for name, part in parts.items() if part is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any] | None, bank: np.ndarray | None = None) -> Self:
        """Make decision rules of the result of `to_dict`; other keys are left alone.

        Raises:
            ValueError: an entry is wrong.
        """
        values = values or {}
        sets, unknown = values.get("sets"), values.get("unknown")
        return cls(
            None if sets is None else PredictionSets.from_dict(sets),
            None if unknown is None else Unknown.from_dict(unknown, bank),
        )


def probabilities_of(outputs: Any, kind: str | None = None) -> np.ndarray:
    """Return probabilities float64 `[N, C]` of logits or probabilities."""
    logits, kind = as_logits(outputs, kind, "outputs")
    return softmax(logits)
