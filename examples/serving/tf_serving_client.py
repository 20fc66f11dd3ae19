"""Ask TensorFlow Serving for the classes of image files, over REST or gRPC.

    python examples/serving/tf_serving_client.py cat.jpg dog.png --model photos
    python examples/serving/tf_serving_client.py cat.jpg --model photos --grpc --server localhost:8500

REST needs only Python; gRPC needs `pip install "ltzoo[serving]"` (tensorflow-serving-api). Files are sent unchanged:
the signature "serve_images" decodes, resizes and normalizes them on the server.
"""

import argparse
import base64
import json
import urllib.error
import urllib.request
from pathlib import Path

SIGNATURE = "serve_images"


def rest_body(files: list[bytes]) -> dict:
    """Return the JSON body of a request to `/v1/models/NAME:predict`, one instance per file."""
    instances = [{"image_bytes": {"b64": base64.b64encode(file).decode()}} for file in files]
    return {"signature_name": SIGNATURE, "instances": instances}


def ask_rest(
    server: str, model: str, files: list[bytes], timeout: float = 30.0
) -> list[list[tuple[str, float]]]:
    """Return the most probable classes and their probabilities per file, best first, over REST."""
    request = urllib.request.Request(
        f"http://{server}/v1/models/{model}:predict",
        json.dumps(rest_body(files)).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            predictions = json.load(response)["predictions"]
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{server} refused: {json.loads(error.read())['error']}") from error
    return [list(zip(answer["classes"], answer["probabilities"], strict=True)) for answer in predictions]


def grpc_request(model: str, files: list[bytes]):
    """Return the `PredictRequest` for some files."""
    from tensorflow import make_tensor_proto
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = SIGNATURE
    request.inputs["image_bytes"].CopyFrom(make_tensor_proto(files, shape=[len(files)]))
    request.output_filter.extend(["classes", "probabilities"])
    return request


def ask_grpc(
    server: str, model: str, files: list[bytes], timeout: float = 30.0
) -> list[list[tuple[str, float]]]:
    """Return the same as `ask_rest`, over gRPC."""
    import grpc
    from tensorflow import make_ndarray
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    with grpc.insecure_channel(server) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        try:
            outputs = stub.Predict(grpc_request(model, files), timeout=timeout).outputs
        except grpc.RpcError as error:
            raise RuntimeError(f"{server} refused: {error.details()}") from error
    classes, probabilities = (make_ndarray(outputs[name]) for name in ("classes", "probabilities"))
    return [
        [(name.decode(), float(probability)) for name, probability in zip(*row, strict=True)]
        for row in zip(classes, probabilities, strict=True)
    ]


def main() -> None:
    """Print the classes of each file, one line per file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", metavar="IMAGE")
    parser.add_argument("--model", required=True, help="name in models.config")
    parser.add_argument("--grpc", action="store_true", help="use gRPC instead of REST")
    parser.add_argument("--server", help="HOST:PORT (default localhost:8501, or localhost:8500 for gRPC)")
    arguments = parser.parse_args()
    ask, port = (ask_grpc, 8500) if arguments.grpc else (ask_rest, 8501)
    contents = [Path(file).read_bytes() for file in arguments.files]
    for file, answer in zip(
        arguments.files, ask(arguments.server or f"localhost:{port}", arguments.model, contents), strict=True
    ):
        print(f"{file}: " + ", ".join(f"{name} {100 * probability:.1f} %" for name, probability in answer))


if __name__ == "__main__":
    main()
