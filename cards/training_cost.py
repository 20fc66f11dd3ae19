"""What the training of an entry costs, counted from its network and its recipe."""

import json
from pathlib import Path

TABLE = Path(__file__).resolve().parent / "forward_macs.json"
_known = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.is_file() else {}


def cost(recipe: dict, backbone: dict, input_shape, class_counts) -> dict:
    """The `cost` of a card; see `ltzoo.models.Card`.

    A stage that draws several images or views an image counts all of them. A stage that trains some layers of the
    backbone counts as one that trains none, so its figure is a little low.
    """
    macs, crops = forward_macs(backbone, recipe.get("conversions", ()), input_shape)
    images = operations = 0
    for stage in recipe["stages"]:
        sampler, technique = stage["sampler"], stage["technique"] or {}
        passes = sampler.get("views", 1) * (2 if "companion" in sampler else 1)
        epoch = sum(class_counts)
        if "steps_per_epoch" in technique:
            epoch = technique["steps_per_epoch"] * stage["batch_size"]
        seen = stage["epochs"] * epoch * passes
        images += seen
        whole = technique.get("name") == "whole_images"  # CAMC++ sees crops from stage 2 on.
        operations += seen * macs * (1 if whole else crops) * (6 if stage["trainable"] == "all" else 2)
    return {
        "images": images,
        "gmacs": round(macs * crops / 1e9, 4),
        "training_pflops": float(f"{operations / 1e15:.4g}"),
    }


def forward_macs(backbone: dict, conversions, input_shape) -> tuple[int, int]:
    """Multiply-adds of convolutions and dense layers for one pass, counted in the built network; passes an image."""
    # Conversions that only change batch norm cost nothing in this count.
    counted = [config for config in conversions if config["name"] not in ("nbn", "camc_plus_plus")]
    crops = [config["grid"] ** 2 for config in conversions if config["name"] == "camc_plus_plus"]
    key = json.dumps([backbone, counted, list(input_shape)])
    if key not in _known:
        _known[key] = _count(backbone, counted, tuple(input_shape))
    return _known[key], crops[0] if crops else 1


def forget() -> None:
    """Counts all networks anew."""
    _known.clear()


def remember() -> None:
    """Writes the counts beside this file."""
    lines = (f"{json.dumps(key)}: {value}" for key, value in sorted(_known.items()))
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _count(backbone, conversions, input_shape):
    import keras
    import numpy as np

    from ltzoo import backbones
    from ltzoo.backbones.conversions import convert

    arguments = dict(backbone)
    model = backbones.get(arguments.pop("name"), input_shape=input_shape, **arguments)
    model = convert(model, conversions)
    total = 0

    def counting(original):
        def call(layer, inputs, *arguments, **keywords):
            nonlocal total
            outputs = original(layer, inputs, *arguments, **keywords)
            kernel = layer.kernel.shape  # [..., inputs of a group, outputs]
            total += int(np.prod(outputs.shape[:-1])) * int(np.prod(kernel))
            return outputs

        return call

    kinds = (keras.layers.Conv2D, keras.layers.Dense)
    originals = [kind.call for kind in kinds]
    try:
        for kind, original in zip(kinds, originals, strict=True):
            kind.call = counting(original)
        model(np.zeros((1, *input_shape), "float32"))
    finally:
        for kind, original in zip(kinds, originals, strict=True):
            kind.call = original
    return total
