"""Count what the training of an entry costs, from its network and recipe."""

import fnmatch
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ltzoo import shipped
from ltzoo.data.augmentation.registry import part as step_part

TABLE = Path(__file__).resolve().parent / "forward_macs.json"
_known = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.is_file() else {}


def cost(recipe: dict, backbone: dict, input_shape, class_counts) -> dict:
    """Return the `cost` of a card; see `ltzoo.models.Card`.

    If a stage draws several images or views per image, all that the network sees count; pairs that the augmentation
    merges into one image count once. A pass costs 2 operations per multiply-add, 2 more in layers that train, and 2
    more in layers that gradients pass through. Teachers from the zoo count with the passes in which they are asked, not
    with their own training. The optimizer "orthogonal_sgd" counts with its matrix products, for every convolution;
    other optimizers count as free.
    """
    conversions = recipe.get("conversions", ())
    macs, crops = forward_macs(backbone, conversions, input_shape)
    flips = [config for config in conversions if config["name"] == "flip_average"]  # in prediction only
    views = 2 ** sum(1 + (config.get("shift", 0) > 0) for config in flips)
    images = operations = 0
    for stage in recipe["stages"]:
        sampler, technique = stage["sampler"], stage["technique"] or {}
        merged = any(hasattr(step_part(step["name"]), "merges_pairs") for step in stage["augmentation"])
        passes = sampler.get("views", 1) + ("companion" in sampler and not merged)
        epoch = sum(class_counts)
        if "steps_per_epoch" in technique:
            epoch = technique["steps_per_epoch"] * stage["batch_size"]
        seen = stage["epochs"] * epoch * passes
        images += seen
        whole = technique.get("name") == "whole_images"  # CAMC++ uses crops from stage 2 on
        trained = backward_macs(backbone, conversions, input_shape, stage["trainable"], macs)
        operations += seen * 2 * (macs + trained) * (1 if whole else crops)
        if technique.get("name") == "distillation":
            operations += seen * 2 * _teaching(technique, input_shape)
        if stage["optimizer"]["name"] == "orthogonal_sgd":
            iterations = stage["optimizer"].get("newton_schulz_steps", 3)
            steps = stage["epochs"] * epoch / stage["batch_size"]
            macs_a_step = iterations * newton_schulz_macs(
                backbone, conversions, input_shape, stage["trainable"]
            )
            operations += steps * 2 * macs_a_step
    return {
        "images": images,
        "gmacs": round(macs * crops * views / 1e9, 4),
        "training_pflops": float(f"{operations / 1e15:.4g}"),
    }


def _teaching(technique, input_shape):
    """Return the multiply-adds of the teachers per image."""
    teachers = [shipped.read(name) for name in technique["teachers"]]
    macs = [
        forward_macs(card["backbone"], card["recipe"]["conversions"], input_shape)[0] for card in teachers
    ]
    return sum(macs) / (len(macs) if technique.get("ask") == "one" else 1)


def forward_macs(backbone: dict, conversions, input_shape) -> tuple[int, int]:
    """Count multiply-adds of convolutions and dense layers in one pass of the built network; also passes per image."""
    crops = [config["grid"] ** 2 for config in conversions if config["name"] == "camc_plus_plus"]
    key, counted = network_key(backbone, conversions, input_shape)
    if key not in _known:
        _known[key] = sum(macs for _, macs, _ in _count(backbone, counted, tuple(input_shape)))
    return _known[key], crops[0] if crops else 1


def backward_macs(backbone: dict, conversions, input_shape, trainable, forward: int) -> int:
    """Return the multiply-adds of one pass for the gradients of weights and activations."""
    if trainable in ("all", "head"):
        return 2 * forward if trainable == "all" else 0
    key, counted = network_key(backbone, conversions, input_shape, list(trainable))
    if key not in _known:
        layers = _count(backbone, counted, tuple(input_shape))
        trains = [_fits(name, trainable) for name, _, _ in layers]
        first = trains.index(True) if True in trains else len(layers)
        _known[key] = sum(
            macs * (trained + (place > first))
            for place, ((_, macs, _), trained) in enumerate(zip(layers, trains, strict=True))
        )
    return _known[key]


def newton_schulz_macs(backbone: dict, conversions, input_shape, trainable) -> int:
    """Return multiply-adds per iteration of `ltzoo.training.orthogonal_sgd.orthogonalize`, over trained kernels."""
    if trainable == "head":
        return 0
    key, counted = network_key(backbone, conversions, input_shape, "newton_schulz", trainable)
    if key not in _known:
        found = 0
        for name, _, kernel in _count(backbone, counted, tuple(input_shape)):
            if len(kernel) == 4 and (trainable == "all" or _fits(name, trainable)):
                short, long = sorted((math.prod(kernel[:-1]), kernel[-1]))
                found += 2 * short * short * long + short**3
        _known[key] = found
    return _known[key]


def _fits(name, rules):
    return any(fnmatch.fnmatchcase(name, rule) for rule in rules)


def network_key(backbone: dict, conversions, input_shape, *more) -> tuple[str, list]:
    """Return the key of a count of a network, and the conversions that count."""
    # Conversions that only change batch norm, or how often a network is called, are free in this count.
    free = ("nbn", "camc_plus_plus", "flip_average")
    counted = [config for config in conversions if config["name"] not in free]
    backbone = {key: value for key, value in backbone.items() if key != "initialization"}
    return json.dumps([backbone, counted, list(input_shape), *more]), counted


def remembered(key: str, count: Callable[[], Any]) -> Any:
    """Return a count by its key, made now if it is not known."""
    if key not in _known:
        _known[key] = count()
    return _known[key]


def trains(name: str, trainable) -> bool:
    """Return whether a layer of a backbone trains in a stage."""
    return trainable == "all" or (trainable != "head" and _fits(name, trainable))


def forget() -> None:
    """Forget the counts, so that all networks are counted again."""
    _known.clear()


def remember() -> None:
    """Write the counts next to this file."""
    lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(_known.items()))
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def built(backbone: dict, conversions, input_shape):
    """Return the network of an entry."""
    from ltzoo import backbones
    from ltzoo.backbones.conversions import convert

    arguments = dict(backbone)
    model = backbones.get(arguments.pop("name"), input_shape=input_shape, **arguments)
    return convert(model, conversions)


def _count(backbone, conversions, input_shape):
    """Return (name, multiply-adds, kernel shape) of each convolution and dense layer, in order of their calls."""
    import keras
    import numpy as np

    model = built(backbone, conversions, input_shape)
    found = []

    def counting(original):
        def call(layer, inputs, *arguments, **keywords):
            outputs = original(layer, inputs, *arguments, **keywords)
            kernel = layer.kernel.shape  # [..., inputs per group, outputs]
            found.append((layer.name, int(np.prod(outputs.shape[:-1])) * int(np.prod(kernel)), tuple(kernel)))
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
    return found
