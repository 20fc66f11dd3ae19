"""Estimate the memory that the training of an entry needs, from its network and recipe.

In the stage that needs most, with 4 bytes per number in float32:

    4 (P + T (1 + S) + B V A)

P are all weights of backbone and classifier and T those that train. S is 1 for the velocity of SGD and 2 for Adam and
its kin; each trained weight has a gradient too. B is the batch, V the images that the network sees for each of its
images (views, companions, crops). A are the numbers that are kept for the backward pass of one image: the outputs of
convolutions, norms, activations, paddings and poolings, from the first layer that trains on.

Compiled by JAX, small networks need that (tests/tools/test_memory.py). A backend that computes norms again or shares
buffers needs less, down to 2/3. PyTorch needs up to 1.4 times as much where it copies the inputs of convolutions. Work
space of convolutions, copies of images and the framework itself come on top.
"""

import math

from tools.cards import training_cost

LARGE, FITS = 10e9, 16e9
_KEPT = (
    "Conv2D", "DepthwiseConv2D", "Dense", "BatchNormalization", "NormalizedBatchNormalization", "ReLU", "Activation",
    "ZeroPadding2D", "MaxPooling2D", "AveragePooling2D", "PaddedShortcut",
)  # fmt: skip
_CONTRASTS = ("balanced_contrastive", "hybrid_contrastive", "parametric_contrastive", "targeted_contrastive")
_TWO_SLOTS = ("adam", "adamw", "nadam", "adamax", "lamb")


def training_bytes(recipe: dict, backbone: dict, input_shape, num_classes: int, accumulate: int = 1) -> float:
    """Return the estimate for a recipe, with batches in `accumulate` parts; see the module."""
    conversions = recipe.get("conversions", ())
    _, crops = training_cost.forward_macs(backbone, conversions, input_shape)
    needed = []
    for stage in recipe["stages"]:
        if not stage["epochs"]:
            continue
        weights, trained, kept, width = numbers(backbone, conversions, input_shape, stage["trainable"])
        head = width * num_classes
        technique = (stage["technique"] or {}).get("name")
        images = stage["sampler"].get("views", 1) + ("companion" in stage["sampler"])
        images *= stage["batch_size"] / accumulate
        images *= 1 if technique == "whole_images" else crops
        slots = 2 if stage["optimizer"]["name"] in _TWO_SLOTS else 1
        slots += accumulate > 1
        needed.append(4 * (weights + head + (trained + head) * (1 + slots) + images * kept))
    return max(needed, default=0.0)


def note(recipe: dict, backbone: dict, input_shape, num_classes: int) -> list[str]:
    """Return a sentence on the memory of a run that needs much, and on the parts that need less."""
    arguments = (recipe, backbone, input_shape, num_classes)
    whole = training_bytes(*arguments)
    if whole < LARGE:
        return []
    batches = [stage["batch_size"] for stage in recipe["stages"] if stage["epochs"]]
    said = f"Training needs about {_gigabytes(whole)} in float32 at batch {max(batches)} (estimated)"
    parts = [number for number in (2, 4, 8, 16, 32, 64) if not any(batch % number for batch in batches)]
    enough = next((number for number in parts if training_bytes(*arguments, number) <= FITS), None)
    if enough is None:
        return [f"{said}."]
    techniques = {(stage["technique"] or {}).get("name") for stage in recipe["stages"]}
    contrasts = " and contrasts" if techniques & set(_CONTRASTS) else ""
    return [
        f"{said}; --accumulate {enough} about {_gigabytes(training_bytes(*arguments, enough))}, with batch-norm "
        f"statistics{contrasts} of each part."
    ]


def numbers(backbone: dict, conversions, input_shape, trainable) -> tuple[int, int, int, int]:
    """Return the backbone's weights, those that train, the numbers it keeps per image, and its features."""
    key, counted = training_cost.network_key(backbone, conversions, input_shape, "memory", trainable)
    return tuple(training_cost.remembered(key, lambda: _count(backbone, counted, input_shape, trainable)))


def _count(backbone, conversions, input_shape, trainable):
    model = training_cost.built(backbone, conversions, tuple(input_shape))
    weights = trained = kept = 0
    began = trainable == "all"
    for layer in model.layers:
        weights += sum(math.prod(weight.shape) for weight in layer.weights)
        own = sum(math.prod(weight.shape) for weight in layer.trainable_weights)
        if own and training_cost.trains(layer.name, trainable):
            trained += own
            began = True
        if began and type(layer).__name__ in _KEPT:
            kept += math.prod(layer.output.shape[1:])
    return [weights, trained, kept, int(model.output_shape[-1])]


def _gigabytes(number):
    return f"{number / 1e9:.2g} GB" if number < 9.95e9 else f"{number / 1e9:.0f} GB"
