"""Cards from strangers: each is refused by a line that names the field, or is a card as any other."""

import json
import time

import pytest

from ltzoo import shipped
from ltzoo.models.cards import Card, read_card
from ltzoo.models.weights_errors import WeightsError
from ltzoo.readers import json_text
from ltzoo.readers.card_schema import check_card
from tests.fuzzing import damaged_json

ENTRY = "gcl_resnet8_digits_lt"


@pytest.fixture
def card():
    return shipped.read(ENTRY)


def changed(card, field, value):
    first, _, rest = field.partition(".")
    return {**card, first: changed(card[first] or {}, rest, value) if rest else value}


WRONG = [
    ("name", ["../x", "a/b", "", "NUL", "con.txt", "a\0b", "x" * 151, 5, None, ".x", "x."]),
    ("backbone", [None, "resnet8", {}, {"name": 5}, {"name": "r", "w": 1e9}, {"name": "r", "w": "a" * 501}]),
    ("dataset", [None, [], {"name": "x\x1b"}, {"name": "x", "y": [0] * 101}]),
    ("class_counts", [5, [], [0] * 10, [-1] * 10, [1.5] * 10, [True] * 10, [10**12 + 1] * 10, ["1"] * 10]),
    ("class_names", [5, [], ["a"] * 9, [1] * 10, ["\x1b"] * 10, ["\ud800"] * 10, [""] * 10, ["x" * 501] * 10]),
    ("input_shape", [[8, 8], [8, 8, 0], [8, 8, 17], [8193, 8, 1], [8.0, 8, 1], "888", None, [8, 8, 1, 1]]),
    ("mean", [[], [0.5, 0.5], ["0.5"], [10**7], None, 0.5]),
    ("std", [[0], [-1], [], [1, 1], [True], None]),
    ("seed", [-1, 0.5, "0", True, 2**63, None]),
    ("measured", [[], {"top1": 2}, {"top1": "x"}, {"top2": 0.5}, {"top1": -0.1}, 5]),
    ("paper", [{"also": 5}, {"also": [5]}, {"top1": 1.5}, {"table": 5}]),
    ("weights.sha256", ["../../../x", "A" * 64, "a" * 63, 5, "g" * 64]),
    ("weights.file", ["../x.weights.h5", "/x.weights.h5", "x.h5", 5, "a\\b.weights.h5", "NUL.weights.h5"]),
    ("weights.size", [0, -1, 1.5, True, "5", 10**12]),
    ("weights.url", ["file:///etc/passwd", "ftp://x/y", "x", "https://u:p@h/x", "https://h/x?token=1", 5, "https://h/\n"]),
    ("weights.extra", [5]),
    ("training", [5, {"command": 5}, {"seconds": "x"}, {"seconds": -1}, {"x": []}]),
    ("preprocessing", [5, {}, {"resize": 256}, {"resize": -1, "crop": 1, "interpolation": "bilinear"}]),
    ("cost", [5, {"images": 1}]),
    ("notes", [5, "x", [5], ["\x1b"]]),
    ("weights_license", [5, "", "x\x1b", "x" * 501]),
    ("data_license", [5, [], "\u202e"]),
    ("source", [5, "\x9b"]),
    ("citation", [5, None, "x" * 20_001]),
    ("recipe", [None, 5, []]),
]  # fmt: skip


@pytest.mark.parametrize("field, value", [(field, value) for field, values in WRONG for value in values])
def test_a_wrong_value_is_refused_by_the_name_of_its_field(card, field, value):
    named = field.replace("weights.extra", "weights")
    with pytest.raises(ValueError, match=rf"`{named}` must .*Received: ") as caught:
        check_card(changed(card, field, value))
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value) and len(str(caught.value)) < 2000


@pytest.mark.parametrize(
    "missing", ["name", "recipe", "backbone", "class_counts", "mean", "std", "input_shape"]
)
def test_missing_and_unknown_fields_are_named(card, missing):
    with pytest.raises(ValueError, match=f"without .*'{missing}'"):
        check_card({key: value for key, value in card.items() if key != missing})
    with pytest.raises(ValueError, match="with .*'preprocesing'"):
        check_card({**card, "preprocesing": None})


def test_a_card_of_an_earlier_version_has_its_license_under_the_old_name(card):
    card.pop("weights_license")
    assert check_card({**card, "licence": "MIT"})["weights_license"] == "MIT"
    assert Card.from_json(json.dumps({**card, "licence": "MIT"})).licence == "MIT"
    with pytest.raises(ValueError, match="`licence` must be left out"):
        check_card({**card, "licence": "MIT", "weights_license": "Apache-2.0"})


@pytest.mark.parametrize(
    "stage, value",
    [
        ("epochs", 10**9), ("epochs", True), ("epochs", -1), ("batch_size", 10**12), ("batch_size", "8"), ("loss", 5),
        ("optimizer", None), ("schedule", []), ("sampler", "x"), ("augmentation", [5]), ("head", 5),
        ("augmentation", [{"name": "x"}] * 101), ("mixup_alpha", -1), ("scale", 0), ("trainable", 5), ("cloud", 5),
        ("technique", "x"), ("reinitialize_head", 1), ("batch_norm", 5), ("augment_on", None),
    ],
)  # fmt: skip
def test_recipes_of_cards_are_bounded(card, stage, value):
    card["recipe"]["stages"][0][stage] = value
    with pytest.raises(ValueError, match=f"`{stage}` must .*Received: {stage}="):
        Card.from_dict(card)


def test_a_recipe_has_at_most_100_stages(card):
    card["recipe"]["stages"] *= 5_000
    with pytest.raises(ValueError, match="`(stages|recipe|card)` must .*Received: .*") as caught:
        Card.from_dict(card)
    assert len(str(caught.value)) < 500
    card["recipe"]["stages"] = []
    with pytest.raises(ValueError, match="`stages` must be a list of 1 to 100"):
        Card.from_dict(card)


def test_cards_of_files_that_are_none(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    text = (shipped.folder() / f"{ENTRY}.json").read_text()
    for content in (
        "[" * 100_000, '{"a":' * 100_000, "", "null", '"x"', "1" * 5000, text.replace("0.3047", "NaN"),
        text.replace("0.3047", "1e999"), text.replace('"seed": 0', '"seed": 0, "seed": 1'), text + "x",
        text.replace('"seed": 0', f'"seed": {"9" * 4000}'), text.replace(ENTRY, "\\ud800"),
    ):  # fmt: skip
        path.write_text(content)
        with pytest.raises(
            WeightsError, match="`source` is not the card of a model: .*Received: source="
        ) as caught:
            read_card(path)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 1500
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(WeightsError, match="is not the card of a model"):
        read_card(path)
    path.write_text("\ufeff" + text, encoding="utf-8")
    assert read_card(path)[0].name == ENTRY
    monkeypatch.setattr(json_text.read, "__defaults__", (1000,))
    with pytest.raises(WeightsError, match="at most 1,000 bytes"):
        read_card(path)


def test_many_damaged_cards_are_equal_cards_or_refused(tmp_path):
    whole = json.loads((shipped.folder() / f"{ENTRY}.json").read_text())
    path, start, read = tmp_path / "x.json", time.process_time(), 0
    for text in damaged_json(whole, 2000):
        path.write_bytes(text)
        try:
            card, _ = read_card(path)
        except WeightsError as error:
            assert "Received: " in str(error) and "\n" not in str(error)
            continue
        read += 1
        assert Card.from_json(card.to_json()) == card
        card.to_json().encode()
    assert 0 < read < 1000 and time.process_time() - start < 30
