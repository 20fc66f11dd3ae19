"""The image operations of AutoAugment and RandAugment on Pillow images, by name and strength."""

import numpy as np
from PIL import Image, ImageEnhance, ImageOps


def to_pillow(image: np.ndarray) -> Image.Image:
    """Return a uint8 array [H, W, 1 or 3] as a Pillow image."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] not in (1, 3):
        raise ValueError(
            "`image` must be uint8 [H, W, 1 or 3] here; apply mixup after the other augmentations. "
            f"Received: {image.dtype} of shape {image.shape}"
        )
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def to_array(image: Image.Image) -> np.ndarray:
    """Return a Pillow image as a uint8 array [H, W, C]."""
    array = np.asarray(image, dtype=np.uint8)
    return array if array.ndim == 3 else array[..., None]


def apply(image: Image.Image, name: str, strength: float, sign: int, fill: int) -> Image.Image:
    """Apply one operation.

    Args:
        image: Pillow image, mode "L" or "RGB".
        name: key of `OPERATIONS`.
        strength: 0 (none or weakest) to 1 (strongest).
        sign: +1 or -1, the direction of operations that have one.
        fill: gray value of pixels from outside the image.
    """
    return OPERATIONS[name](image, strength, sign, fill)


def _affine(image, coefficients, fill):
    color = fill if image.mode == "L" else (fill,) * 3
    return image.transform(image.size, Image.Transform.AFFINE, coefficients, fillcolor=color)


def _enhance(enhancer):
    return lambda image, strength, sign, fill: enhancer(image).enhance(1.0 + sign * 0.9 * strength)


def _rotate(image, strength, sign, fill):
    return image.rotate(sign * 30.0 * strength, fillcolor=fill if image.mode == "L" else (fill,) * 3)


# The ranges of AutoAugment (Cubuk et al., CVPR 2019, Table 6). Its shift by 150 of 331 pixels becomes a
# share of the side.
OPERATIONS = {
    "identity": lambda image, s, sign, fill: image,
    "shear_x": lambda image, s, sign, fill: _affine(image, (1, sign * 0.3 * s, 0, 0, 1, 0), fill),
    "shear_y": lambda image, s, sign, fill: _affine(image, (1, 0, 0, sign * 0.3 * s, 1, 0), fill),
    "translate_x": lambda image, s, sign, fill: _affine(
        image, (1, 0, sign * s * 150 / 331 * image.width, 0, 1, 0), fill
    ),
    "translate_y": lambda image, s, sign, fill: _affine(
        image, (1, 0, 0, 0, 1, sign * s * 150 / 331 * image.height), fill
    ),
    "rotate": _rotate,
    "brightness": _enhance(ImageEnhance.Brightness),
    "color": _enhance(ImageEnhance.Color),
    "contrast": _enhance(ImageEnhance.Contrast),
    "sharpness": _enhance(ImageEnhance.Sharpness),
    "posterize": lambda image, s, sign, fill: ImageOps.posterize(image, 8 - round(4 * s)),
    "solarize": lambda image, s, sign, fill: ImageOps.solarize(image, 256 * (1 - s)),
    "auto_contrast": lambda image, s, sign, fill: ImageOps.autocontrast(image),
    "equalize": lambda image, s, sign, fill: ImageOps.equalize(image),
    "invert": lambda image, s, sign, fill: ImageOps.invert(image),
}
