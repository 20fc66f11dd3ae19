"""Licenses of weights and data: those that an owner gave, or unknown, and nothing is pushed with unknown ones."""

import dataclasses
import json

import pytest

from ltzoo import data, models, shipped
from ltzoo.models.cards import read_card
from ltzoo.models.publishing import readme as readme_module
from ltzoo.models.publishing.readme import readme
from tests.models.publishing.test_push import header_of

ENTRY = "gcl_resnet8_digits_lt"


@pytest.fixture
def published(tmp_path):
    """A folder that `publish` wrote, of weights whose license nobody has given."""
    model = models.load(ENTRY)
    models.publish(model, "mine", tmp_path / "mine", backbone={"name": "resnet8"}, dataset={"name": "photos"})
    return tmp_path / "mine"


def test_shipped_cards_say_what_is_true():
    for name in shipped.names():
        card = models.card(name)
        trained = card.weights is not None
        assert card.weights_license == ("Apache-2.0" if trained else None)
        assert card.source == ("Trained by the ltzoo project" if trained else None)
    assert models.card("gcl_published_resnet32_cifar10_lt").data_license.startswith(
        "CIFAR-10 states no license"
    )
    assert models.card(ENTRY).data_license.startswith("CC-BY-4.0")
    assert models.card("gcl_resnet50_imagenet_lt").data_license.startswith("ImageNet terms")


def test_licenses_are_unknown_until_they_are_given(published, tmp_path):
    card, _ = read_card(published / "mine.json")
    assert (card.weights_license, card.data_license, card.source) == ("unknown", None, None)
    for license in (None, "unknown", " Unknown ", ""):
        with pytest.raises(
            ValueError, match="`weights_license` must .*--weights-license.*ask their authors.*Received"
        ):
            models.push(published, tmp_path / "out", weights_license=license)
    with pytest.raises(ValueError, match="`weights_license` must be .*Received"):
        models.push(published, tmp_path / "out", weights_license="x\x1b[31m")
    assert not (tmp_path / "out").exists()
    target = models.push(
        published,
        tmp_path / "out",
        weights_license="CC-BY-NC-4.0",
        data_license="my own",
        origin="https://host/x",
    )
    card, _ = read_card(target)
    assert (card.weights_license, card.data_license, card.source) == (
        "CC-BY-NC-4.0",
        "my own",
        "https://host/x",
    )
    text = (tmp_path / "out" / "README.md").read_text()
    assert 'license: "cc-by-nc-4.0"\n' in header_of(text)
    for line in (
        "license of the weights | CC-BY-NC-4.0",
        "license of the data | my own",
        "weights | https://host/x",
    ):
        assert line in text
    # What has a license keeps it.
    with pytest.raises(
        ValueError, match="`weights_license` must be left out, .*'CC-BY-NC-4.0'. Received: 'MIT'"
    ):
        models.push(tmp_path / "out", tmp_path / "again", weights_license="MIT")
    assert models.push(tmp_path / "out", tmp_path / "again", weights_license="CC-BY-NC-4.0")


def test_weights_of_an_entry_that_others_trained_need_their_license(tmp_path, monkeypatch):
    """An entry without weights, whose weights somebody has put into LTZOO_WEIGHTS."""
    card = models.card("gcl_resnet32_cifar10_lt")
    (tmp_path / "found").mkdir()
    (tmp_path / "found" / f"{card.name}.weights.h5").write_bytes(b"converted")
    monkeypatch.setenv("LTZOO_WEIGHTS", str(tmp_path / "found"))
    with pytest.raises(ValueError, match="`weights_license` must be the license that the owner"):
        models.push(card.name, tmp_path / "out")
    with pytest.raises(ValueError, match="`data_license` must be left out"):
        models.push(card.name, tmp_path / "out", weights_license="MIT", data_license="x")
    read, _ = read_card(models.push(card.name, tmp_path / "out", weights_license="MIT"))
    assert read.weights_license == "MIT" and read.data_license == card.data_license


def test_the_hub_knows_usual_licenses_and_is_told_the_others():
    card = models.card(ENTRY)
    for license, header in (
        ("Apache-2.0", 'license: "apache-2.0"\n'),
        ("My: own", 'license: "other"\nlicense_name: "My: own"\n'),
        ("unknown", 'license: "unknown"\n'),
        (None, 'license: "unknown"\n'),
    ):
        assert header in header_of(readme(dataclasses.replace(card, weights_license=license), "address"))
    assert all(name == name.lower() for name in readme_module._LICENSES)


def test_publish_writes_what_is_given_and_what_is_known(tmp_path):
    model = models.load(ENTRY)
    given = {"backbone": {"name": "resnet8"}, "dataset": {"name": "cifar10_lt"}}
    card = models.publish(model, "mine", tmp_path, weights_license="MIT", origin="me", **given)
    assert (card.weights_license, card.source) == ("MIT", "me") and card.data_license.startswith("CIFAR-10")
    assert models.publish(model, "mine", tmp_path, licence="MIT", **given).weights_license == "MIT"
    with pytest.raises(ValueError, match="`licence` is the earlier name"):
        models.publish(model, "mine", tmp_path, licence="MIT", weights_license="MIT", **given)


def test_publish_writes_nothing_that_nobody_could_read(tmp_path):
    model = models.load(ENTRY)
    given = {"backbone": {"name": "resnet8"}, "dataset": {"name": "photos"}}
    for name in ("../mine", "a b", "NUL"):
        with pytest.raises(ValueError, match="`name` must be .*Received: name="):
            models.publish(model, name, tmp_path / "out", **given)
    with pytest.raises(ValueError, match="`weights_license` must be"):
        models.publish(model, "mine", tmp_path / "out", weights_license="\x1b", **given)
    with pytest.raises(ValueError, match="`backbone` must be"):
        models.publish(model, "mine", tmp_path / "out", backbone={"name": "x\n"}, dataset={"name": "photos"})
    assert list(tmp_path.iterdir()) == []


def test_exported_models_carry_the_license():
    from ltzoo.models.exporting.describe import describe

    model = models.load(ENTRY)
    assert json.loads(describe(model, models.card(ENTRY)).card)["weights_license"] == "Apache-2.0"
    assert json.loads(describe(model).card)["weights_license"] is None
    assert "digits_lt" in data.names()
