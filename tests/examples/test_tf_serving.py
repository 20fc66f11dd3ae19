"""The client of TF Serving: its messages, against TF Serving's message types and a SavedModel's real signatures."""

import json
import sys
import urllib.request

import keras
import pytest

from ltzoo.export_formats import installed
from tests import tiny
from tests.examples.served import SERVING, check, example, files_and_answers
from tests.models.exporting import lively

if keras.backend.backend() != "tensorflow":
    pytest.skip("a SavedModel is the same from every backend", allow_module_level=True)
if not installed("tensorflow_serving"):
    pytest.skip("tensorflow-serving-api is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def client():
    return example("tf_serving_client")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The addresses of a server, image files and the answers of `model.predict`."""
    from tests.examples import tf_serving_stand_in as stand_in

    model = lively.model()
    path = tmp_path_factory.mktemp("served") / "photos" / "1"
    model.export(path)
    with stand_in.serve(stand_in.Model("photos", path)) as addresses:
        yield addresses, *files_and_answers(model)


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_names_and_probabilities(client, served, protocol):
    addresses, files, expected = served
    ask, address = (client.ask_rest, addresses[0]) if protocol == "rest" else (client.ask_grpc, addresses[1])
    check(ask(address, "photos", files), expected)
    check(ask(address, "photos", files[:1]), expected[:1])


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_refusals_are_told(client, served, protocol):
    addresses, files, _ = served
    ask, address = (client.ask_rest, addresses[0]) if protocol == "rest" else (client.ask_grpc, addresses[1])
    with pytest.raises(RuntimeError, match=rf"{address} refused: Servable not found.*Latest\(paintings\)"):
        ask(address, "paintings", files)
    with pytest.raises(RuntimeError, match="refused: .*"):
        ask(address, "photos", [b"no image"])


def test_raw_pixels_over_rest(served):
    (rest, _), _, expected = served
    instances = [{"images": image} for image in tiny.dataset().test.load([0, 1]).astype("float64").tolist()]
    body = json.dumps({"instances": instances}).encode()
    with urllib.request.urlopen(f"http://{rest}/v1/models/photos:predict", body) as response:
        logits = json.load(response)["predictions"]
    names = ["vertical", "horizontal", "diagonal"]
    assert [names[row.index(max(row))] for row in logits] == [row[0][0] for row in expected[:2]]


def test_the_command_prints_a_line_a_file(client, served, tmp_path, monkeypatch, capsys):
    addresses, files, expected = served
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path, content in zip(paths, files, strict=False):
        path.write_bytes(content)
    for flags, address in (([], addresses[0]), (["--grpc"], addresses[1])):
        arguments = [*map(str, paths), "--model", "photos", "--server", address, *flags]
        monkeypatch.setattr(sys, "argv", ["tf_serving_client.py", *arguments])
        client.main()
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(": ")[0] for line in lines] == list(map(str, paths))
        assert [line.split(": ")[1].split()[0] for line in lines] == [row[0][0] for row in expected[:2]]


def test_the_servers_configuration_is_one():
    from google.protobuf import text_format
    from tensorflow_serving.config import model_server_config_pb2

    text = (SERVING / "models.config").read_text()
    config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    [model] = config.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == ("photos", "/models/photos", "tensorflow")
    # The README's volumes put served/photos/1 there.
    readme = (SERVING / "README.md").read_text()
    assert "--out served/photos/1" in readme and '"$PWD/served:/models:ro"' in readme
    assert "models.config:/models.config:ro" in readme and "--model_config_file=/models.config" in readme
