"""Layers that compute in float32, made of layers that compute in half or mixed precision."""

from typing import Any

import keras

_POLICIES = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64")


def float32_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    """`layer` itself where all of it computes in float32, else a copy that does, with the same weights.

    Runtimes differ in what they know of half precision (ONNX Runtime refuses some of what Keras writes), so models
    leave as float32. Weights of mixed precision are float32 already; half-precision weights keep their values.
    """
    if all(_is_float32(part) for part in layer._flatten_layers()):
        return layer
    copy = keras.saving.deserialize_keras_object(_in_float32(keras.saving.serialize_keras_object(layer)))
    copy.set_weights([keras.ops.convert_to_numpy(keras.ops.cast(w.value, w.dtype)) for w in layer.weights])
    return copy


def _is_float32(layer):
    policy = layer.dtype_policy
    return getattr(policy, "name", "float32") not in _POLICIES and layer.compute_dtype not in _POLICIES


def _in_float32(config: Any) -> Any:
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy" and config["config"].get("name") in _POLICIES:
            return {**config, "config": {**config["config"], "name": "float32"}}
        return {
            key: "float32" if key == "dtype" and value in _POLICIES else _in_float32(value)
            for key, value in config.items()
        }
    if isinstance(config, (list, tuple)):
        return type(config)(_in_float32(value) for value in config)
    return config
