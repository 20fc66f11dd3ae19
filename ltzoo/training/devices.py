"""What a Keras distribution asks of the batches."""

import keras


def batch_divisor() -> int:
    """The number that every batch must be divisible by: devices on the batch axis, 1 without a distribution."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return 1
    mesh = distribution.device_mesh
    return int(mesh.shape[list(mesh.axis_names).index(distribution.batch_dim_name)])


def check_batch_size(batch_size: int, divisor: int) -> None:
    """Raises a ValueError when the devices cannot share a batch evenly."""
    if batch_size % divisor:
        raise ValueError(
            f"`batch_size` must be a multiple of the {divisor} devices of keras.distribution. "
            f"Received: batch_size={batch_size}"
        )
