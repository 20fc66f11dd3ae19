"""A real MLServer with ONNX Runtime serves an exported model over REST and gRPC."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

import keras
import numpy as np
import pytest

from ltzoo.export_formats import installed, writers_of
from tests import tiny
from tests.examples.served import SERVING, check, example, files_and_answers, free_port
from tests.models.exporting import lively

for module in ("mlserver", "onnxruntime"):
    if not installed(module):
        pytest.skip(f"{module} is not installed", allow_module_level=True)

SECONDS_TO_START = 180


@pytest.fixture(scope="module")
def model():
    return lively.model()


@pytest.fixture(scope="module")
def server(model, tmp_path_factory):
    """The addresses (REST, gRPC) of a server in a process of its own, on the folder of the example."""
    try:
        writers_of("onnx", keras.backend.backend())
    except ImportError as missing:
        pytest.skip(str(missing))
    folder = tmp_path_factory.mktemp("mlserver")
    shutil.copytree(SERVING / "mlserver", folder, dirs_exist_ok=True)
    model.export(folder / "model.onnx", format="onnx")
    rest, grpc, metrics = (free_port() for _ in range(3))
    environment = {
        **os.environ,
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": str(rest),
        "MLSERVER_GRPC_PORT": str(grpc),
        "MLSERVER_METRICS_PORT": str(metrics),
        "MLSERVER_PARALLEL_WORKERS": "0",
    }
    command = [sys.executable, "-c", "from mlserver.cli import main; main()", "start", str(folder)]
    log = folder / "log.txt"
    with open(log, "w") as file:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=file, stderr=file)
    try:
        _wait_until_ready(f"http://127.0.0.1:{rest}/v2/models/photos/ready", process, log)
        yield f"127.0.0.1:{rest}", f"127.0.0.1:{grpc}"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(address, process, log):
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"MLServer did not start:\n{log.read_text()[-3000:]}")


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_names_and_probabilities_of_files(server, model, protocol):
    client = example("mlserver_client")
    ask, address = (client.ask_rest, server[0]) if protocol == "rest" else (client.ask_grpc, server[1])
    files, expected = files_and_answers(model)
    check(ask(address, "photos", files), expected)
    check(ask(address, "photos", files[:1]), expected[:1])
    with pytest.raises(RuntimeError, match="refused: .*`image_bytes` must hold image files"):
        ask(address, "photos", [b"no image"])


def test_logits_of_raw_pixels(server, model):
    images = tiny.dataset().test.load(np.arange(4))
    body = {
        "inputs": [
            {"name": "images", "datatype": "FP32", "shape": list(images.shape), "data": images.tolist()}
        ]
    }
    request = urllib.request.Request(
        f"http://{server[0]}/v2/models/photos/infer",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        outputs = {output["name"]: output for output in json.load(response)["outputs"]}
    logits = np.reshape(outputs["logits"]["data"], outputs["logits"]["shape"])
    np.testing.assert_allclose(logits, model.predict(images, verbose=0), rtol=1e-5, atol=1e-5)
    assert outputs["classes"]["shape"] == [4, 3]


def test_wrong_inputs_are_refused(server):
    body = {
        "inputs": [
            {"name": "images", "datatype": "FP32", "shape": [1, 2, 2, 1], "data": [1.0, 2.0, 3.0, 4.0]}
        ]
    }
    request = urllib.request.Request(
        f"http://{server[0]}/v2/models/photos/infer",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code == 400
    said = refused.value.read().decode()
    assert "`images` must have the shape [batch, 8, 8, 1]. Received: images of shape (1, 2, 2, 1)" in said
