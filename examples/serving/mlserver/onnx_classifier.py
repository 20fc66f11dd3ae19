"""MLServer runtime for the ONNX files of `ltzoo export`. It needs ONNX Runtime and ltzoo, whose rules
for pixels it follows (docs/pixels.md). Keras is not imported.

The input is either "images", FP32 [batch, height, width, channels] of the model's size with pixels 0..255, or
"image_bytes", BYTES [batch], whole image files (base64 in JSON, raw bytes over gRPC). The outputs are "classes" (BYTES)
and "probabilities" (FP32) [batch, k], best first, and "logits" (FP32) [batch, classes].
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime
from mlserver import MLModel, types
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.errors import InferenceError
from mlserver.utils import get_model_uri

from ltzoo.data.pixels import ImageFit, UnreadableImageError, read_image


class OnnxClassifier(MLModel):
    """Classify images with one ONNX file; its metadata holds the class names."""

    async def load(self) -> bool:
        """Open the file that `uri` of model-settings.json names."""
        path = await get_model_uri(self._settings, wellknown_filenames=["model.onnx"])
        self._session = onnxruntime.InferenceSession(Path(path), providers=["CPUExecutionProvider"])
        metadata = self._session.get_modelmeta().custom_metadata_map
        self._names = json.loads(metadata["class_names"])
        self._resize = int(metadata["resize"]) if "resize" in metadata else None
        self._fit = metadata.get("image_fit", "crop")
        self._shape = tuple(self._session.get_inputs()[0].shape[1:])
        self._top_k = min((self._settings.parameters.extra or {}).get("top_k", 5), len(self._names))
        return True

    async def predict(self, payload: types.InferenceRequest) -> types.InferenceResponse:
        """Answer one request."""
        [logits] = self._session.run(["logits"], {"images": self._images(payload)})
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = odds / odds.sum(axis=1, keepdims=True)
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, : self._top_k]
        classes = types.ResponseOutput(
            name="classes",
            datatype="BYTES",
            shape=list(order.shape),
            data=[self._names[index].encode() for index in order.ravel()],
            parameters=types.Parameters(content_type="str"),
        )
        best = np.take_along_axis(probabilities, order, axis=1)
        return types.InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            outputs=[
                classes,
                NumpyCodec.encode_output("probabilities", best),
                NumpyCodec.encode_output("logits", logits),
            ],
        )

    def _images(self, payload):
        given = {tensor.name: tensor for tensor in payload.inputs}
        if set(given) == {"images"}:
            images = NumpyCodec.decode_input(given["images"]).astype("float32")
            if images.ndim != 4 or images.shape[1:] != self._shape:
                raise InferenceError(
                    f"`images` must have the shape [batch, {', '.join(map(str, self._shape))}]. "
                    f"Received: images of shape {images.shape}"
                )
            return images
        if set(given) == {"image_bytes"}:
            return np.stack([self._read(file) for file in Base64Codec.decode_input(given["image_bytes"])])
        raise InferenceError(f"Send either `images` or `image_bytes`. Received: inputs={sorted(given)}")

    def _read(self, file):
        """Return the image in one file as training saw it: decoded, then scaled, cropped or padded as the card says."""
        height, width, channels = self._shape
        try:
            fitted = ImageFit((height, width), self._fit, self._resize)
            return read_image(file, fitted, channels).astype("float32")
        except UnreadableImageError as error:
            raise InferenceError(f"`image_bytes` must hold image files: {error}") from error
