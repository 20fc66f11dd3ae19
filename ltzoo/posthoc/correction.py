"""The correction of logits: a temperature, a share of the training prior, a target prior and a bias per class."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from ltzoo.checks import is_number
from ltzoo.posthoc.outputs import checked_outputs

# Added to the logits of excluded classes. The probability of such a class is exactly 0 in every precision, and the
# number fits in float16.
EXCLUDED = -1e4


@dataclasses.dataclass(frozen=True, eq=False)
class Correction:
    """Logits `z' = z / temperature + shift`, where `shift = target - prior_share log p + bias` per class.

    Attributes:
        temperature: T > 0; above 1 it makes predictions less confident (Guo et al., ICML 2017).
        prior_share: tau, the share of the log training prior that is taken out of the logits (Menon et al., ICLR
            2021, Eq. 9).
        shift: what is added to the logits per class `[C]`, float64; -10,000 for an excluded class.
        steps: what was fitted: "none", "temperature", "prior" or "bias", each of which includes those before it.
    """

    temperature: float
    prior_share: float
    shift: np.ndarray
    steps: str = "prior"

    @property
    def allowed(self) -> np.ndarray:
        """Whether a class can be predicted, bool `[C]`."""
        return self.shift > EXCLUDED / 2

    def apply(self, logits: Any) -> np.ndarray:
        """Return the corrected logits, float64 `[N, C]`."""
        return checked_outputs(logits, num_classes=len(self.shift)) / self.temperature + self.shift

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and lists for JSON."""
        return {**dataclasses.asdict(self), "shift": self.shift.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make a correction of the result of `to_dict`.

        Raises:
            ValueError: an entry is missing or wrong.
        """
        shift = values.get("shift") if isinstance(values, Mapping) else None
        right = isinstance(shift, list) and len(shift) >= 2 and all(map(is_number, shift))
        right = right and all(is_number(values.get(key)) for key in ("temperature", "prior_share"))
        if not right or not values["temperature"] > 0:
            raise ValueError(
                "`values` must have a `temperature` above 0, a `prior_share`, and a `shift` with a number per class. "
                f"Received: values={str(values)[:200]}"
            )
        return cls(
            float(values["temperature"]),
            float(values["prior_share"]),
            np.array(shift, "float64"),
            str(values.get("steps", "prior")),
        )


def unchanged(num_classes: int) -> Correction:
    """Return the correction that changes nothing."""
    return Correction(1.0, 0.0, np.zeros(num_classes), "none")
