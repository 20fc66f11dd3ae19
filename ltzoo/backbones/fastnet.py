"""A few wide convolutions behind whitened patches, for small images and short runs."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from ltzoo.backbones.registry import register
from ltzoo.checks import Seed, Size
from ltzoo.layers.batch_normalization import BatchNormalization
from ltzoo.precision import float32_or_float64

WIDTHS = (64, 128, 256)
SMALLEST_POOLED = 4


@register(image_size=(32, 96, 8))
def fastnet(
    input_shape: Sequence[int | None] = (32, 32, 3),
    widths: Sequence[Size] = WIDTHS,
    seed: Seed | None = None,
) -> keras.Model:
    """A plain network in the spirit of the CIFAR-10 speed records (Page, 2019; Jordan, 2024).

        2x2 convolution "whiten", ReLU
        for each width: 3x3 convolution, 2x2 max-pooling, batch norm, ReLU, 3x3 convolution, batch norm, ReLU

    It learns quickly. The technique "whitened_patches" sets "whiten" from the training images, so that it turns patches
    into uncorrelated channels of equal variance, each with a filter and its negative. The 3x3 convolutions start as
    the identity on as many channels as they have inputs. "whiten" computes in float32 under mixed precision too: the
    filters of weak directions subtract large, nearly equal numbers, which half precision has rounded.

    Args:
        input_shape: (height, width, channels) of the normalized images; height and width may be None. Maps with a
            known height or width below 4 are no longer pooled, so 8x8 images end in 3x3.
        widths: channels after each pooling.
        seed: seed of the convolution weights; None draws one.

    Returns:
        A functional `keras.Model` from images `[batch, height, width, channels]` to a feature map
        `[batch, h, w, widths[-1]]` with h = (height - 1) // 2^len(widths) for images of 32 pixels and more. Layers:
        "whiten", "stage1_conv1", "stage1_pool", "stage1_bn1", "stage1_relu1", "stage1_conv2", ...

    Raises:
        ValueError: `widths` is empty or has an entry below 1, or `input_shape` lacks the number of channels or has a
            side below 2.

    Deviations from Jordan (2024): ReLU instead of GELU, batch norm with a scale and the usual momentum, and the mean
    over all remaining positions instead of the maximum.
    """
    widths = tuple(int(width) for width in widths)
    if not widths or min(widths) < 1:
        raise ValueError(f"`widths` must hold numbers of 1 or more. Received: widths={widths}")
    if len(input_shape) != 3 or input_shape[-1] is None:
        raise ValueError(
            f"`input_shape` must be (height, width, channels). Received: input_shape={tuple(input_shape)}"
        )
    if any(side is not None and side < 2 for side in input_shape[:2]):
        raise ValueError(
            "`input_shape` must have a height and width of 2 or more, the size of the first convolution. "
            f"Received: input_shape={tuple(input_shape)}"
        )
    seeds = iter(np.random.SeedSequence(seed).generate_state(2 * len(widths) + 1).tolist())
    images = keras.Input(input_shape, name="images")
    whitened = 2 * 4 * input_shape[-1]  # One filter of each sign per number in a patch.
    x = layers.Conv2D(
        whitened,
        2,
        kernel_initializer=keras.initializers.HeNormal(seed=next(seeds)),
        dtype=float32_or_float64(keras.config.dtype_policy().compute_dtype),
        name="whiten",
    )(images)
    x = layers.ReLU(name="whiten_relu")(x)
    for stage, width in enumerate(widths, start=1):
        for number in (1, 2):
            x = layers.Conv2D(
                width,
                3,
                padding="same",
                use_bias=False,
                kernel_initializer=IdentityOfChannels(seed=next(seeds)),
                name=f"stage{stage}_conv{number}",
            )(x)
            if number == 1 and all(side is None or side >= SMALLEST_POOLED for side in x.shape[1:3]):
                x = layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
            x = BatchNormalization(name=f"stage{stage}_bn{number}")(x)
            x = layers.ReLU(name=f"stage{stage}_relu{number}")(x)
    return keras.Model(images, x, name="fastnet")


@keras.saving.register_keras_serializable(package="ltzoo")
class IdentityOfChannels(keras.initializers.Initializer):
    """Start output channel c of a convolution as input channel c, and channels beyond the inputs at random.

    The random filters are uniform in +- 1 / sqrt(fan_in).

    Args:
        seed: seed of the random filters; None draws one.
    """

    def __init__(self, seed: Seed | None = None) -> None:
        self.seed = int(np.random.SeedSequence(seed).generate_state(1)[0] >> 1) if seed is None else int(seed)

    def __call__(self, shape, dtype=None):
        """Return the initial kernel."""
        height, width, inputs, outputs = shape
        bound = 1.0 / np.sqrt(height * width * inputs)
        rest = keras.random.uniform(shape, -bound, bound, dtype=dtype, seed=self.seed)
        taken = min(inputs, outputs)
        identity = np.zeros(shape)
        identity[height // 2, width // 2, range(taken), range(taken)] = 1.0
        kept = np.arange(outputs) >= taken
        return keras.ops.where(kept, rest, keras.ops.convert_to_tensor(identity, rest.dtype))

    def get_config(self):
        """Return the constructor arguments."""
        return {"seed": self.seed}
