"""TF Serving's REST and gRPC interfaces on a real SavedModel, for tests: what it refuses, this refuses.

The server's own program is not to be had from a package registry. Requests are checked against the SavedModel's
signatures as the server does, and computed by them.
"""

import base64
import contextlib
import json
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc


class Refused(Exception):
    """A request that the server answers with INVALID_ARGUMENT or 400."""


class Model:
    """One served model."""

    def __init__(self, name, path):
        self.name = name
        self.loaded = tf.saved_model.load(str(path))

    def answer(self, name, signature_name, inputs):
        """The outputs of a signature, arrays by name; `inputs` are arrays by name."""
        if name != self.name:
            raise Refused(f"Servable not found for request: Latest({name})")
        if signature_name not in self.loaded.signatures:
            raise Refused(f"Serving signature key {signature_name!r} not found.")
        function = self.loaded.signatures[signature_name]
        specs = function.structured_input_signature[1]
        if set(inputs) != set(specs):
            raise Refused(f"input keys must be {sorted(specs)}, got {sorted(inputs)}")
        tensors = {}
        for key, spec in specs.items():
            tensors[key] = tf.constant(inputs[key])
            if tensors[key].dtype != spec.dtype or not spec.shape.is_compatible_with(tensors[key].shape):
                raise Refused(f"{key} must be {spec}, got {tensors[key].dtype} {tensors[key].shape}")
        try:
            return {key: value.numpy() for key, value in function(**tensors).items()}
        except tf.errors.InvalidArgumentError as error:
            raise Refused(str(error)) from error


class Grpc(prediction_service_pb2_grpc.PredictionServiceServicer):
    """PredictionService with `Predict`."""

    def __init__(self, model):
        self.model = model

    def Predict(self, request, context):
        """Answer one PredictRequest."""
        inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
        signature = request.model_spec.signature_name or "serving_default"
        try:
            outputs = self.model.answer(request.model_spec.name, signature, inputs)
        except Refused as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        wanted = list(request.output_filter) or list(outputs)
        if not set(wanted) <= set(outputs):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"output tensor alias not found: {wanted}")
        response = predict_pb2.PredictResponse(model_spec=request.model_spec)
        for key in wanted:
            response.outputs[key].CopyFrom(tf.make_tensor_proto(outputs[key]))
        return response


def rest_answer(model, name, body):
    """The JSON that answers `POST /v1/models/NAME:predict` in the row format."""
    if set(body) - {"signature_name", "instances"}:
        raise Refused(f"unexpected keys: {sorted(body)}")
    rows = body["instances"]
    columns = {key: np.array([_value(row[key]) for row in rows]) for key in rows[0]}
    columns = {
        key: value.astype("float32") if value.dtype == float else value for key, value in columns.items()
    }
    outputs = model.answer(name, body.get("signature_name", "serving_default"), columns)
    if len(outputs) == 1:
        [column] = outputs.values()
        return {"predictions": [_json(value) for value in column]}
    return {"predictions": [{key: _json(outputs[key][i]) for key in outputs} for i in range(len(rows))]}


def _value(value):
    return base64.b64decode(value["b64"], validate=True) if isinstance(value, dict) else value


def _json(array):
    return [text.decode() for text in array] if array.dtype == object else array.tolist()


@contextlib.contextmanager
def serve(model):
    """Serve a `Model` until the block ends; gives the addresses (REST, gRPC)."""

    class Rest(BaseHTTPRequestHandler):
        def do_POST(self):
            name = self.path.removeprefix("/v1/models/").removesuffix(":predict")
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                code, answer = 200, rest_answer(model, name, body)
            except Refused as error:
                code, answer = 400, {"error": str(error)}
            content = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    rest = ThreadingHTTPServer(("127.0.0.1", 0), Rest)
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Grpc(model), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{rest.server_port}", f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()
        rest.shutdown()
        rest.server_close()
