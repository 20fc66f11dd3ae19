"""Publishing into a folder and to a stand-in for the Hugging Face Hub, and the way back."""

import dataclasses
import hashlib
import inspect
import json
import os
import sys

import numpy as np
import pytest

from ltzoo import models, shipped
from ltzoo.models.cards import is_card_file, read_card
from ltzoo.models.find_weights import find_weights
from ltzoo.models.hub_files import parse_hf
from ltzoo.models.publishing.push import push
from ltzoo.models.publishing.readme import readme
from ltzoo.models.weights_errors import WeightsError
from tests.models.hub_server import hub

ENTRY = "gcl_resnet8_digits_lt"
FILES = sorted(["README.md", *(f"{ENTRY}{ending}" for ending in (".json", ".golden.npz", ".weights.h5"))])


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A hub on this machine that huggingface_hub takes for the real one."""
    constants = pytest.importorskip("huggingface_hub.constants")
    pytest.importorskip("huggingface_hub.file_download")
    for name in ("LTZOO_WEIGHTS", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LTZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", "secret")
    with hub(tmp_path / "hub", token="secret") as server:
        # What HF_ENDPOINT and HF_HOME set, had the library not been imported already.
        monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
        template = server.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        for module in (constants, sys.modules.get("huggingface_hub.file_download")):
            monkeypatch.setattr(module, "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
        yield server


def test_into_a_folder(tmp_path):
    target = push(ENTRY, tmp_path / "published")
    folder = tmp_path / "published"
    assert sorted(os.listdir(folder)) == FILES and target == str(folder / f"{ENTRY}.json")
    for name in FILES[:2]:
        if (shipped.folder() / name).is_file():
            assert (folder / name).read_bytes() == (shipped.folder() / name).read_bytes()
    card, beside = read_card(target)
    assert card == models.card(ENTRY) and beside == folder
    assert find_weights(card, beside=beside) == folder / f"{ENTRY}.weights.h5"
    # What `publish` writes, and `push` has written, can be pushed again.
    assert push(folder, tmp_path / "again") == str(tmp_path / "again" / f"{ENTRY}.json")
    assert sorted(os.listdir(tmp_path / "again")) == FILES


def test_no_file_of_the_user_is_replaced_unasked(tmp_path):
    (tmp_path / "README.md").write_text("my own")
    with pytest.raises(FileExistsError, match="contains README.md already; .*--overwrite"):
        push(ENTRY, tmp_path)
    assert os.listdir(tmp_path) == ["README.md"] and (tmp_path / "README.md").read_text() == "my own"
    push(ENTRY, tmp_path, overwrite=True)
    assert sorted(os.listdir(tmp_path)) == FILES


def test_to_the_hub_and_back(stand_in, tmp_path):
    target = push(ENTRY, "hf://me/digits", private=True)
    assert target == f"hf://me/digits/{ENTRY}.json"
    stored = stand_in.folder / "me" / "digits" / "main"
    assert sorted(os.listdir(stored)) == FILES
    assert stand_in.created[0]["name"] == "digits" and len(stand_in.messages) == 1
    assert stand_in.created[0].get("visibility", stand_in.created[0].get("private")) in ("private", True)
    assert f'load("{target}")' in (stored / "README.md").read_text()

    stand_in.token = None
    card, beside = read_card(target)
    assert card.weights == {**models.card(ENTRY).weights, "url": f"hf://me/digits/{ENTRY}.weights.h5"}
    path = find_weights(card, beside=beside)
    assert path.read_bytes() == (stored / path.name).read_bytes() and path.is_relative_to(tmp_path / "hf")
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1)).astype("uint8")
    logits = [models.load(source).predict(images, verbose=0) for source in (target, ENTRY)]
    np.testing.assert_array_equal(*logits)
    # The weights are known by their hash: the second time nobody is asked, and a damaged file is fetched again.
    stand_in.requests.clear()
    assert find_weights(card, beside=beside) == path and find_weights(card, card.weights["url"]) == path
    assert not any(request.startswith("GET") for request in stand_in.requests)
    path.resolve().write_bytes(b"damaged")
    assert find_weights(card, beside=beside).read_bytes() == (stored / path.name).read_bytes()


def test_branches_and_folders_of_a_repository(stand_in):
    target = push(ENTRY, "hf://me/zoo/digits@dev", message="Better ones")
    assert target == f"hf://me/zoo/digits/{ENTRY}.json@dev"
    assert sorted(os.listdir(stand_in.folder / "me" / "zoo" / "dev" / "digits")) == FILES
    assert stand_in.messages == ["Better ones"]
    card, beside = read_card(target)
    assert find_weights(card, beside=beside).is_file()


def test_what_the_hub_refuses_is_told(stand_in):
    with pytest.raises(WeightsError, match="hf://me/none/x.weights.h5: .*404"):
        find_weights(models.card(ENTRY), "hf://me/none/x.weights.h5")
    stand_in.token = "another"
    with pytest.raises(WeightsError, match="hf://me/digits: .*401.*hf auth login"):
        push(ENTRY, "hf://me/digits")
    assert not stand_in.folder.exists()


def test_other_bytes_on_the_hub_are_refused(stand_in):
    push(ENTRY, "hf://me/digits")
    card, _ = read_card(f"hf://me/digits/{ENTRY}.json")
    stored = stand_in.folder / "me" / "digits" / "main" / f"{ENTRY}.weights.h5"
    stored.write_bytes(stored.read_bytes()[:-1] + b"x")
    wrong = hashlib.sha256(stored.read_bytes()).hexdigest()
    card = dataclasses.replace(card, name="other", weights={**card.weights, "file": "other.weights.h5"})
    with pytest.raises(
        WeightsError, match=f"another file than expected. .*{wrong}.*{card.weights['sha256']}"
    ):
        find_weights(card)


def test_without_the_library_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    from ltzoo.models import hub_files

    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(hub_files.importlib, "import_module", missing)
    for call in (
        lambda: push(ENTRY, "hf://me/digits"),
        lambda: find_weights(models.card(ENTRY), "hf://me/digits/x.weights.h5"),
    ):
        with pytest.raises(ImportError, match=r'huggingface_hub .*pip install "ltzoo\[hf\]"'):
            call()
    with pytest.raises(ImportError, match=r'kagglehub .*pip install "ltzoo\[kaggle\]"'):
        find_weights(models.card(ENTRY), "kaggle://me/model/keras/small/x.weights.h5")


def test_hub_addresses():
    assert parse_hf("hf://me/repo/a/b.h5") == ("me/repo", "a/b.h5", None)
    assert parse_hf("hf://me/repo/a/b.h5@refs/pr/1") == ("me/repo", "a/b.h5", "refs/pr/1")
    assert parse_hf("hf://me/repo@v1/b.h5") == ("me/repo", "b.h5", "v1")
    assert parse_hf("hf://me/repo@v1") == parse_hf("hf://me/repo/@v1") == ("me/repo", "", "v1")
    for wrong in ("hf://me", "hf:///repo/x", "hf://me/repo@a/x@b"):
        with pytest.raises(WeightsError, match="must be hf://ORGANIZATION"):
            parse_hf(wrong)
    with pytest.raises(WeightsError, match="`address` of weights must name a file"):
        find_weights(models.card(ENTRY), "hf://me/repo")


def test_kaggle_addresses(monkeypatch, tmp_path):
    """The parts that kagglehub is called with, by a stand-in for it: its servers cannot be had here."""
    from ltzoo.models import hub_files

    class Kaggle:
        calls = []

        def model_download(self, handle, path, force_download):
            self.calls.append((handle, path, force_download))
            (tmp_path / path).write_bytes(b"damaged" if not force_download else b"right")
            return str(tmp_path / path)

    kaggle = Kaggle()
    monkeypatch.setattr(hub_files, "require", lambda library, extra: kaggle)
    right = hashlib.sha256(b"right").hexdigest()
    assert hub_files.fetch("kaggle://me/model/keras/small/3/x.h5", sha256=right).read_bytes() == b"right"
    hub_files.fetch("kaggle://me/model/keras/small/x.h5")
    assert kaggle.calls == [
        ("me/model/keras/small/3", "x.h5", False),
        ("me/model/keras/small/3", "x.h5", True),
        ("me/model/keras/small", "x.h5", False),
    ]
    with pytest.raises(WeightsError, match="must be kaggle://OWNER"):
        hub_files.fetch("kaggle://me/model/keras/small")


def test_kagglehub_takes_these_arguments():
    library = pytest.importorskip("kagglehub")
    bound = inspect.signature(library.model_download).bind(
        "me/model/keras/small/3", "x.h5", force_download=True
    )
    assert bound.arguments["path"] == "x.h5"


def test_wrong_sources_and_destinations(tmp_path):
    with pytest.raises(ValueError, match="one NAME.json"):
        push(tmp_path, tmp_path / "out")
    with pytest.raises(ValueError, match="hf://ORGANIZATION/REPOSITORY or a folder. .*s3://"):
        push(ENTRY, "s3://bucket")
    folder = tmp_path / "published"
    push(ENTRY, folder)
    weights = folder / f"{ENTRY}.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="does not match the card"):
        push(folder, tmp_path / "again")
    assert not (tmp_path / "again").exists() and not (tmp_path / "out").exists()


def test_cards_that_are_none(tmp_path):
    assert is_card_file("a/b.json") and is_card_file("hf://me/repo/b.json@v1")
    assert not is_card_file(ENTRY) and not is_card_file("hf://me/repo/b.h5")
    with pytest.raises(FileNotFoundError, match="none.json"):
        read_card(tmp_path / "none.json")
    for text in ("[1]", "{}", "no JSON", '{"name": "x"}'):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(WeightsError, match="is not the card of a model"):
            read_card(tmp_path / "x.json")


def header_of(text):
    return text.split("---\n")[1]


def test_the_readme_tells_what_the_card_measured_and_nothing_else():
    card = models.card(ENTRY)
    text = readme(card, "address")
    for key in ("top1", "few", "ece"):
        assert f"value: {json.dumps(card.measured[key])}\n" in header_of(text)
    assert f"| Few-shot accuracy | {100 * card.measured['few']:.2f} % |" in text
    assert card.weights["sha256"] in text and card.citation in text and 'license: "apache-2.0"\n' in text
    more = {
        "paper": {"top1": 0.123456},
        "notes": ("Something is open.",),
        "preprocessing": {"resize": 256, "crop": 224, "interpolation": "bilinear"},
    }
    for measured in (None, {"top1": None}):
        text = readme(dataclasses.replace(card, measured=measured, **more), "address")
        assert "- Something is open.\n" in text and "resize the shorter side to 256 (bilinear)" in text
        assert "model-index" not in text and "No results are recorded for these weights." in text
        assert "12.3" not in text and "0.123" not in text


def test_the_header_is_yaml_that_the_hub_reads(tmp_path):
    library = pytest.importorskip("huggingface_hub")
    name = "gcl: \"x\" 'y' # é\\"
    card = dataclasses.replace(models.card(ENTRY), name=name, weights_license="My: licence")
    data = library.ModelCard(readme(card, "address")).data
    assert (data.license, data.license_name, data.library_name) == ("other", "My: licence", "keras")
    assert data.pipeline_tag == "image-classification" and "gcl" in data.tags
    assert data.model_name == name
    values = {result.metric_name: result.metric_value for result in data.eval_results}
    assert values["Top-1 accuracy"] == card.measured["top1"]
    assert data.eval_results[0].dataset_type == "digits_lt"
