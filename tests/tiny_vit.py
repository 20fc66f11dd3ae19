"""A vision transformer of two blocks, as people write them: attention, MLPs, a class token, no library."""

import keras
from keras import layers

from ltzoo.backbones.registry import register


@keras.saving.register_keras_serializable(package="tests")
class ClassToken(layers.Layer):
    """Puts a learned token before the others and adds positions: a layer with weights and a part with weights."""

    def build(self, input_shape):
        _, count, size = input_shape
        normal = keras.initializers.RandomNormal(seed=0)
        self.class_token = self.add_weight(name="class_token", shape=(1, 1, size), initializer=normal)
        self.positions = layers.Embedding(count + 1, size, name="positions")
        self.positions.build(None)

    def call(self, tokens):
        token = keras.ops.tile(self.class_token, (keras.ops.shape(tokens)[0], 1, 1))
        x = keras.ops.concatenate([token, tokens], axis=1)
        return x + self.positions(keras.ops.arange(x.shape[1]))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[1] + 1, input_shape[2])


def tokens(input_shape=(8, 8, 1), size=8, blocks=2, class_token=True, expand=2):
    """Images to tokens [batch, T, size]."""
    images = keras.Input(input_shape)
    x = layers.Conv2D(size, 4, strides=4, name="patches")(images)
    x = layers.Reshape((-1, size), name="sequence")(x)
    if class_token:
        x = ClassToken(name="embedding")(x)
    for number in range(blocks):
        name = f"block{number}"
        y = layers.LayerNormalization(name=f"{name}_norm1")(x)
        y = layers.MultiHeadAttention(2, size // 2, name=f"{name}_attention")(y, y)
        x = layers.Add(name=f"{name}_add1")([x, y])
        y = layers.LayerNormalization(name=f"{name}_norm2")(x)
        y = layers.Dense(expand * size, activation="gelu", name=f"{name}_dense1")(y)
        y = layers.Dense(size, name=f"{name}_dense2")(y)
        x = layers.Add(name=f"{name}_add2")([x, y])
    return keras.Model(images, layers.LayerNormalization(name="norm")(x), name="tiny_vit")


@register
def tiny_vit(input_shape, size=8, blocks=2):
    """The class token of it, [batch, size]."""
    from ltzoo.backbones import from_model

    return from_model(tokens(input_shape, size, blocks))
