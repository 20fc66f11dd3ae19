"""Ask MLServer for the classes of image files, over REST or gRPC (the V2 inference protocol).

    python examples/serving/mlserver_client.py cat.jpg dog.png --model photos
    python examples/serving/mlserver_client.py cat.jpg --model photos --grpc --server localhost:8081

REST needs only Python; gRPC needs `pip install mlserver` for its messages.
"""

import argparse
import base64
import json
import urllib.error
import urllib.request
from pathlib import Path


def ask_rest(
    server: str, model: str, files: list[bytes], timeout: float = 30.0
) -> list[list[tuple[str, float]]]:
    """Return the most probable classes and their probabilities per file, best first, over REST."""
    image_bytes = {
        "name": "image_bytes",
        "datatype": "BYTES",
        "shape": [len(files)],
        "parameters": {"content_type": "base64"},
        "data": [base64.b64encode(file).decode() for file in files],
    }
    request = urllib.request.Request(
        f"http://{server}/v2/models/{model}/infer",
        json.dumps({"inputs": [image_bytes]}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            outputs = {output["name"]: output for output in json.load(response)["outputs"]}
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{server} refused: {json.loads(error.read())['error']}") from error
    return _pairs(
        outputs["classes"]["data"], outputs["probabilities"]["data"], outputs["classes"]["shape"][1]
    )


def ask_grpc(
    server: str, model: str, files: list[bytes], timeout: float = 30.0
) -> list[list[tuple[str, float]]]:
    """Return the same as `ask_rest`, over gRPC."""
    import grpc
    from mlserver.grpc import dataplane_pb2, dataplane_pb2_grpc

    image_bytes = dataplane_pb2.ModelInferRequest.InferInputTensor(
        name="image_bytes",
        datatype="BYTES",
        shape=[len(files)],
        contents=dataplane_pb2.InferTensorContents(bytes_contents=files),
    )
    with grpc.insecure_channel(server) as channel:
        stub = dataplane_pb2_grpc.GRPCInferenceServiceStub(channel)
        request = dataplane_pb2.ModelInferRequest(model_name=model, inputs=[image_bytes])
        try:
            response = stub.ModelInfer(request, timeout=timeout)
        except grpc.RpcError as error:
            raise RuntimeError(f"{server} refused: {error.details()}") from error
    outputs = {output.name: output for output in response.outputs}
    classes = [name.decode() for name in outputs["classes"].contents.bytes_contents]
    probabilities = list(outputs["probabilities"].contents.fp32_contents)
    return _pairs(classes, probabilities, outputs["classes"].shape[1])


def _pairs(classes, probabilities, k):
    pairs = list(zip(classes, probabilities, strict=True))
    return [pairs[start : start + k] for start in range(0, len(pairs), k)]


def main() -> None:
    """Print the classes of each file, one line per file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", metavar="IMAGE")
    parser.add_argument("--model", required=True, help="name in model-settings.json")
    parser.add_argument("--grpc", action="store_true", help="use gRPC instead of REST")
    parser.add_argument("--server", help="HOST:PORT (default localhost:8080, or localhost:8081 for gRPC)")
    arguments = parser.parse_args()
    ask, port = (ask_grpc, 8081) if arguments.grpc else (ask_rest, 8080)
    contents = [Path(file).read_bytes() for file in arguments.files]
    for file, answer in zip(
        arguments.files, ask(arguments.server or f"localhost:{port}", arguments.model, contents), strict=True
    ):
        print(f"{file}: " + ", ".join(f"{name} {100 * probability:.1f} %" for name, probability in answer))


if __name__ == "__main__":
    main()
