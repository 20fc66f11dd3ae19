"""SavedModel, for TensorFlow and TF Serving, on the TensorFlow backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ltzoo.checks import integer
from ltzoo.export_formats.description import Description
from ltzoo.export_formats.registry import register

SERVE, DEFAULT, SERVE_IMAGES = "serve", "serving_default", "serve_images"

_PROGRAM = """
import tensorflow as tf
served = tf.saved_model.load(path)
outputs["logits"] = served.serve(tf.constant(inputs["images"]))
"""


def check_top_k(top_k: int = 5) -> None:
    """Check the number of classes to return.

    Raises:
        ValueError: `top_k` is not a positive integer.
    """
    integer("top_k", top_k, 1)


@register(
    "tf_saved_model",
    title="SavedModel",
    suffix="",
    writers={"tensorflow": ()},
    runtime="tensorflow",
    notes="a folder, for TensorFlow and TF Serving; takes encoded images too",
    program=_PROGRAM,
    check=check_top_k,
)
def write_saved_model(served: Any, path: Path, description: Description, top_k: int = 5) -> None:
    """Write a SavedModel with signatures for tensors and for encoded images.

    | signature | input | outputs |
    | --- | --- | --- |
    | "serving_default" | "images": float32 `[batch, height, width, channels]` | "logits" `[batch, classes]` |
    | "serve_images" | "image_bytes": strings `[batch]` | "classes", "probabilities" `[batch, k]`, "logits" |
    | "serve" | as "serving_default" | "output_0": the logits |

    "serving_default" takes decoded images, resized and cropped to the model's size, with pixels 0..255. Every
    signature normalizes them in its graph. "serve_images" takes whole PNG, JPEG, GIF or BMP files (see
    `image_bytes`) and returns the k most probable classes, best first. After `served = tf.saved_model.load(path)`,
    `served.serve(images)` calls "serve" and returns the logits alone. Class names and card are in `assets.extra/`,
    TF Serving's folder for files that it does not read.

    Args:
        served: a `ServedClassifier`, on the TensorFlow backend.
        path: the folder to write.
        description: class names, card, and how images are resized.
        top_k: k, the number of classes that "serve_images" returns; all classes if there are fewer.
    """
    import keras
    import tensorflow as tf

    from ltzoo.export_formats.image_bytes import read_images

    names = list(description.class_names)
    tensors = [tf.TensorSpec((None, *served.image_shape), tf.float32, name="images")]
    archive = keras.export.ExportArchive()
    serve = archive.add_endpoint(SERVE, lambda images: served(images), tensors)
    archive.add_endpoint(DEFAULT, lambda images: {"logits": serve(images)}, tensors)

    def serve_images(image_bytes):
        logits = serve(
            read_images(image_bytes, served.image_shape, description.resize, description.image_fit)
        )
        values, indices = tf.math.top_k(tf.nn.softmax(logits), k=min(top_k, len(names)))
        return {"classes": tf.gather(tf.constant(names), indices), "probabilities": values, "logits": logits}

    archive.add_endpoint(SERVE_IMAGES, serve_images, [tf.TensorSpec((None,), tf.string, name="image_bytes")])
    archive.write_out(str(path), verbose=False)
    description.write(path / "assets.extra")
