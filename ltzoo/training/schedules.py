"""The Keras schedule that reads a table with one learning rate per epoch."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegative, PositiveInt
from ltzoo.recipes.learning_rates import learning_rates as learning_rates


@keras.saving.register_keras_serializable(package="ltzoo")
class EpochSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of the epoch that an optimizer step falls in.

    It is a pure function of the optimizer's step counter, so a restored optimizer resumes at the right rate.

    Args:
        rates: one rate per epoch; the last one applies to all later steps.
        steps_per_epoch: optimizer steps per epoch.

    Raises:
        ValueError: if there are no rates, or `steps_per_epoch` is below 1.
    """

    @checked
    def __init__(self, rates: Sequence[NonNegative] | np.ndarray, steps_per_epoch: PositiveInt) -> None:
        super().__init__()
        self.rates = [float(rate) for rate in rates]
        self.steps_per_epoch = int(steps_per_epoch)
        if not self.rates or self.steps_per_epoch < 1:
            raise ValueError(
                "`rates` must hold at least one rate and `steps_per_epoch` must be positive. "
                f"Received: {len(self.rates)} rates, steps_per_epoch={steps_per_epoch}"
            )

    def __call__(self, step):
        """Return the float32 rate of optimizer step number `step`."""
        epoch = ops.cast(step, "int32") // self.steps_per_epoch
        epoch = ops.minimum(epoch, len(self.rates) - 1)
        return ops.take(ops.convert_to_tensor(self.rates, dtype="float32"), epoch)

    def get_config(self):
        """Return the constructor arguments."""
        return {"rates": self.rates, "steps_per_epoch": self.steps_per_epoch}
