"""Copy layers into another precision."""

from typing import Any, TypeVar

import keras

from ltzoo.keras_internals import layers_of

_POLICIES = ("mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64")
_Layer = TypeVar("_Layer", bound=keras.layers.Layer)


def float32_layer(layer: _Layer) -> _Layer:
    """Return `layer` if all of it computes in float32, else a float32 copy with the same weights.

    Models are exported in float32 because runtimes differ in their support of half precision: ONNX Runtime refuses
    some of what Keras writes. Weights under mixed precision are float32 already; half-precision weights keep their
    values.
    """
    if all(_is_float32(part) for part in layers_of(layer)):
        return layer
    return _copy(layer, _in_float32)


def mixed_layer(layer: _Layer, policy: str) -> _Layer:
    """Return a copy with the same weights whose float32 layers compute in the mixed precision `policy`."""
    return _copy(layer, lambda config: _mixed(config, policy))


def _copy(layer, change):
    copy = keras.saving.deserialize_keras_object(change(keras.saving.serialize_keras_object(layer)))
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


def _mixed(config, policy):
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy" and config["config"].get("name") == "float32":
            return {**config, "config": {**config["config"], "name": policy}}
        return {key: _mixed(value, policy) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_mixed(value, policy) for value in config)
    return config
