"""Training with all images on the accelerator, where one call runs all steps of an epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ltzoo.keras_internals import build_for_training

if TYPE_CHECKING:
    from ltzoo.data.splits import Split
    from ltzoo.recipes.recipe import Stage
    from ltzoo.sampling import ClassSampler


def check_on_device(stage: Stage, number: int) -> None:
    """Raise a ValueError that says why a stage cannot be trained this way."""
    backend = keras.backend.backend()
    if backend != "jax":
        raise ValueError(
            "`on_device` must be False without JAX, which compiles many steps into one call. Set KERAS_BACKEND=jax or "
            f"leave it out. Received: on_device=True with the backend {backend}"
        )
    if keras.distribution.distribution() is not None:
        raise ValueError(
            "`on_device` must be False under a `keras.distribution`: it trains on one device. Received: on_device=True"
        )
    if stage.augment_on == "host" and (stage.augmentation or stage.mixup_alpha):
        raise ValueError(
            "`on_device` must be False unless all stages have `augment_on='device'`, since no image passes the host. "
            "Use `ltzoo.recipes.get(name, augment_on='device')`. "
            f"Received: stage {number} with augment_on='host' and augmentation={list(stage.augmentation)}"
        )
    if stage.cache_features:
        raise ValueError(
            "`on_device` and `cache_features` must not both be True: cached features need no images. "
            f"Received: stage {number} with both"
        )


def device_feed(
    model: Any,
    split: Split,
    sampler: ClassSampler,
    *,
    first_epoch: int = 0,
    num_epochs: int = 1,
) -> dict[str, Any]:
    """Return the arguments of `keras.Model.fit` that train a compiled classifier on images on the device.

    The host sends the sampler's positions of an epoch, `[steps, batch]`. `jax.lax.scan` then runs the model's own
    `train_step` on `images[positions]`. Batches, losses, techniques and optimizer steps are the same as elsewhere. A
    shorter last batch of an epoch becomes a separate call, with one more compilation. To Keras a call is a step, so
    callbacks see one or two "batches" per epoch, with the logs of the last step in each.

    On a CPU each step is compiled by itself, because ResNet-32 trains twenty times slower there in a compiled loop
    (benchmarks/speed/results/on_device_cpu.txt).

    Args:
        model: a classifier, compiled for its current stage. This sets its `train_function` until the next `compile`.
        split: training images; all of them are put on the device as stored bytes.
        sampler: the source of the batches.
        first_epoch, num_epochs: epochs of the sampler.
    """
    import jax

    images = jax.device_put(np.asarray(split.load(np.arange(len(split.labels)))))
    labels = jax.device_put(np.asarray(split.labels, "int32"))
    first = sampler.batch(first_epoch, 0)
    build_for_training(model, (images[first], labels[first]))  # Keras would take positions for images.
    model.train_function = _many_steps(model.train_step, images, labels)
    calls = len(_calls(sampler, first_epoch))
    epochs = range(first_epoch, first_epoch + num_epochs)
    positions = ((array,) for epoch in epochs for array in _calls(sampler, epoch))
    return {"x": positions, "steps_per_epoch": calls, "shuffle": False}


def scans() -> bool:
    """Return whether the steps of a call are one compiled loop."""
    import jax

    return jax.default_backend() != "cpu"


def _many_steps(train_step, images, labels):
    import jax

    def step(state, chosen, images, labels):
        logs, state = train_step(state, (images[chosen], labels[chosen]))
        return state, logs

    def scanned(state, positions, images, labels):
        state, logs = jax.lax.scan(
            lambda state, chosen: step(state, chosen, images, labels), state, positions
        )
        return jax.tree_util.tree_map(lambda values: values[-1], logs), state

    def one_by_one(state, positions, images, labels):
        for chosen in positions:
            state, logs = compiled_step(state, chosen, images, labels)
        return logs, state

    compiled_step = jax.jit(step, donate_argnums=0)
    run = jax.jit(scanned, donate_argnums=0) if scans() else one_by_one
    return lambda state, iterator: run(state, next(iterator)[0], images, labels)


def _calls(sampler, epoch):
    """Return the positions of an epoch as arrays `[steps, batch]`: all full batches, then the shorter last one."""
    batches = [sampler.batch(epoch, step).astype("int32") for step in range(sampler.steps_per_epoch)]
    full = [batch for batch in batches if len(batch) == len(batches[0])]
    return [np.stack(full), *(batch[None] for batch in batches[len(full) :])]
