"""Batch sizes under a Keras distribution."""

import keras


def batch_divisor() -> int:
    """Return the number of devices that share each batch; 1 without a distribution."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return 1
    mesh = distribution.device_mesh
    return int(mesh.shape[list(mesh.axis_names).index(distribution.batch_dim_name)])


def check_batch_size(batch_size: int, divisor: int) -> None:
    """Raise a ValueError if the devices cannot share a batch evenly."""
    if batch_size % divisor:
        raise ValueError(
            f"`batch_size` must be a multiple of the {divisor} devices of the `keras.distribution`. "
            f"Received: batch_size={batch_size}"
        )
