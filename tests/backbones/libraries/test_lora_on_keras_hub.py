"""LoRA's default patterns on tiny random image encoders of each KerasHub family with attention."""

import keras
import numpy as np
import pytest

from ltzoo.backbones.conversions import convert

keras_hub = pytest.importorskip("keras_hub")
models = keras_hub.models

ENCODERS = {
    "ViTBackbone": {
        "image_shape": (32, 32, 3), "patch_size": 16, "num_layers": 2, "num_heads": 2, "hidden_dim": 16, "mlp_dim": 32,
    },
    "DeiTBackbone": {
        "image_shape": (32, 32, 3), "patch_size": 16, "num_layers": 2, "num_heads": 2, "hidden_dim": 16,
        "intermediate_dim": 32,
    },
    "DINOV2Backbone": {
        "patch_size": 16, "num_layers": 2, "hidden_dim": 16, "num_heads": 2, "intermediate_dim": 32,
        "image_shape": (32, 32, 3), "num_register_tokens": 0,
    },
    "DINOV3Backbone": {
        "patch_size": 16, "num_layers": 2, "hidden_dim": 16, "num_heads": 2, "intermediate_dim": 32,
        "image_shape": (32, 32, 3),
    },
    "MiTBackbone": {
        "layerwise_depths": [1, 1], "num_layers": 2, "layerwise_num_heads": [1, 2], "layerwise_sr_ratios": [2, 1],
        "max_drop_path_rate": 0.0, "image_shape": (32, 32, 3), "hidden_dims": [8, 16],
        "layerwise_patch_sizes": [7, 3], "layerwise_strides": [4, 2],
    },
    "ViTDetBackbone": {
        "hidden_size": 16, "num_layers": 2, "intermediate_dim": 32, "num_heads": 2,
        "global_attention_layer_indices": [1], "image_shape": (32, 32, 3), "patch_size": 16, "num_output_channels": 8,
        "window_size": 2,
    },
    "SigLIPVisionEncoder": {
        "patch_size": 16, "hidden_dim": 16, "num_layers": 2, "num_heads": 2, "intermediate_dim": 32,
        "image_shape": (32, 32, 3),
    },
    "CLIPVisionEncoder": {
        "patch_size": 16, "hidden_dim": 16, "num_layers": 2, "num_heads": 2, "intermediate_dim": 32,
        "intermediate_activation": "quick_gelu", "image_shape": (32, 32, 3),
    },
}  # fmt: skip


def encoder(name):
    if hasattr(models, name):
        return getattr(models, name)(**ENCODERS[name])
    if name.startswith("SigLIP"):
        from keras_hub.src.models.siglip.siglip_vision_encoder import SigLIPVisionEncoder as made
    else:
        from keras_hub.src.models.clip.clip_vision_encoder import CLIPVisionEncoder as made
    return made(**ENCODERS[name])


@pytest.mark.parametrize("name", ENCODERS)
def test_the_default_patterns_match_the_attention_of_every_block(name):
    trunk = encoder(name)
    model = convert(trunk, [{"name": "lora", "rank": 2, "seed": 0}])
    names = [addition.name for addition in model.additions]
    # A joint projection, or query and value, in each of two blocks; SigLIP pools by attention too.
    assert len(names) in ((6,) if name.startswith("SigLIP") else (2, 4)), names
    images = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(
        *(keras.ops.convert_to_numpy(made(images)) for made in (trunk, model)), rtol=1e-4, atol=1e-5
    )
