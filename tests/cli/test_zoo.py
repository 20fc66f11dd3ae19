"""`ltzoo list` and `ltzoo info`."""

from ltzoo import backbones, data, models, recipes, shipped
from ltzoo.cli import cards


def test_cards_are_those_of_the_models():
    assert shipped.names() == models.names()
    assert shipped.names("no*") == []
    for name in shipped.names():
        assert cards.read(name)["class_counts"] == list(models.card(name).class_counts)


def test_list_shows_the_models_with_their_accuracy(invoke):
    done = invoke("list", "*digits*")
    assert done.exit_code == 0
    for name in models.names("*digits*"):
        assert name in done.stdout
        assert f"{100 * models.card(name).measured['top1']:.1f}" in done.stdout


def test_list_shows_the_parts(invoke):
    assert [
        line.split()[0] for line in invoke("list", "--kind", "recipes").stdout.splitlines()
    ] == recipes.names()
    assert invoke("list", "--kind", "backbones").stdout.split() == backbones.names()
    assert invoke("list", "cifar*", "--kind", "data").stdout.split() == ["cifar100_lt", "cifar10_lt"]
    assert "digits_lt" in data.names()


def test_info_shows_the_card(invoke):
    name = models.names()[0]
    card = models.card(name)
    done = invoke("info", name)
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    assert name in text and card.backbone["name"] in text and card.dataset["name"] in text
    assert f"{len(card.class_counts)}, with {max(card.class_counts)} to {min(card.class_counts)}" in text
    assert f"few {100 * card.measured['few']:.1f} %" in text
    assert card.licence in text
