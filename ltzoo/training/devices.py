"""Training on several devices, and the kinds of several processes that cannot work."""

from __future__ import annotations

import json
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras


def batch_divisor() -> int:
    """Return the number of devices that share each batch; 1 without a distribution."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return 1
    mesh = distribution.device_mesh
    return int(mesh.shape[list(mesh.axis_names).index(distribution.batch_dim_name)])


def device_kind() -> str:
    """Return the name of the accelerator that Keras computes on, or "CPU"."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        kind = str(jax.devices()[0].device_kind)
        return "CPU" if kind == "cpu" else kind
    if backend == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    return (
        "CPU" if not found else tf.config.experimental.get_device_details(found[0]).get("device_name", "GPU")
    )


def check_batch_size(batch_size: int, divisor: int) -> None:
    """Raise a ValueError if the devices cannot share a batch evenly."""
    if batch_size % divisor:
        raise ValueError(
            f"`batch_size` must be a multiple of the {divisor} devices of the `keras.distribution`. "
            f"Received: batch_size={batch_size}"
        )


def strategy_scope(model: Any) -> AbstractContextManager[Any]:
    """Return the scope of the `tf.distribute` strategy that a model was built under, if there is one.

    Stages make optimizers. Made outside of the scope, an optimizer has one state for all replicas, and the weights of
    the replicas part.

    Raises:
        ValueError: `fit` is called in the scope of a strategy and the model was built outside of it.
    """
    if keras.backend.backend() != "tensorflow":
        return nullcontext()
    import tensorflow as tf

    own = model.distribute_strategy
    variables = [variable.value for variable in model.weights]
    if tf.distribute.has_strategy() and not all(own.extended.variable_created_in_scope(v) for v in variables):
        raise ValueError(
            "`model` must be built in the scope of the strategy that trains it. Call `ltzoo.models.build` or `load` "
            f"inside of `strategy.scope()`. Received: a model from outside of {type(own).__name__}"
        )
    return nullcontext() if own is tf.distribute.get_strategy() else own.scope()


def check_processes() -> None:
    """Raise a ValueError if several processes train that do not exchange gradients: their weights would part."""
    check_torch_processes()
    if keras.backend.backend() == "tensorflow":
        _refuse(_tensorflow_workers())
    elif keras.backend.backend() == "jax" and keras.distribution.distribution() is None:
        import jax

        count = jax.process_count()
        _refuse(f"jax.process_count()={count} without a `keras.distribution`" if count > 1 else None)


def check_torch_processes() -> None:
    """Raise a ValueError if several PyTorch processes train; neither this library nor Keras joins their gradients."""
    if keras.backend.backend() == "torch":
        _refuse(_torch_processes())


def _refuse(found):
    if found is not None:
        raise ValueError(
            "`fit` must run in one process; the weights of several would part without a word. Train on all devices of "
            "this host from one process (`keras.distribution` on JAX, `tf.distribute.MirroredStrategy` on TensorFlow), "
            "or start one training without torchrun, WORLD_SIZE and TF_CONFIG. "
            f"Received: {found}"
        )


def _torch_processes():
    distributed = getattr(sys.modules.get("torch"), "distributed", None)
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        count = distributed.get_world_size()
        return f"torch.distributed with {count} processes" if count > 1 else None
    count = os.environ.get("WORLD_SIZE", "1")
    return f"WORLD_SIZE={count}" if count.isdigit() and int(count) > 1 and "RANK" in os.environ else None


def _tensorflow_workers():
    try:
        cluster = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
        workers = [task for job in ("chief", "worker") for task in cluster.get(job, ())]
    except (ValueError, AttributeError, TypeError):
        return None
    return f"TF_CONFIG with {len(workers)} workers" if len(workers) > 1 else None
