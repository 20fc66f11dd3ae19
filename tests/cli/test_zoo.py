"""`ltzoo list` and `ltzoo info`."""

import pytest

from ltzoo import backbones, data, models, recipes, shipped
from ltzoo.cli import cards
from tests.cli.test_app import in_fresh_process


def test_cards_are_those_of_the_models():
    assert shipped.names() == models.names()
    assert shipped.names("no such*") == []
    for name in shipped.names("gcl_*"):
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


@pytest.mark.parametrize("kind", ["models", "recipes", "data"])
def test_list_needs_keras_for_backbones_alone(kind):
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from ltzoo.cli import cli\n"
        f"done = CliRunner().invoke(cli, ['list', '--kind', '{kind}'])\n"
        "print(done.exit_code, len(done.stdout.splitlines()) > 3, 'keras' in sys.modules)"
    )
    assert in_fresh_process(script).split() == ["0", "True", "False"]


def test_list_shows_the_papers_figure_and_can_leave_out_what_has_no_weights(invoke):
    lines = invoke("list", "gcl_resnet32_cifar10_lt*").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == models.names("gcl_resnet32_cifar10_lt*")
    assert next(line for line in lines if line.split()[0] == "gcl_resnet32_cifar10_lt").split()[4] == "82.7"
    shipped_lines = invoke("list", "--with-weights").stdout.splitlines()[1:-1]
    assert 0 < len(shipped_lines) < len(shipped.names())
    assert all(cards.read(line.split()[0])["weights"] for line in shipped_lines)


def test_no_match_names_the_closest(one_line):
    assert "Did you mean 'gcl_resnet32_cifar10_lt'" in one_line("list", "gcl_resnet32_cifar10")
    assert "Did you mean 'gcl_resnet32_cifar10_lt'" in one_line("info", "gcl_resnet32_cifar10")
    assert "with weights" in one_line("list", "*_imagenet_lt", "--with-weights")


def test_info_shows_the_card(invoke):
    name = "gcl_resnet8_digits_lt"
    card = models.card(name)
    done = invoke("info", name)
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    assert name in text and card.backbone["name"] in text and card.dataset["name"] in text
    assert f"{len(card.class_counts)}, with {max(card.class_counts)} to {min(card.class_counts)}" in text
    assert f"few {100 * card.measured['few']:.1f} %" in text
    assert card.licence in text and card.weights["sha256"] in text.replace(" ", "")


def test_info_of_an_entry_that_nobody_has_trained(invoke):
    text = " ".join(invoke("info", "mislas_resnet152_places_lt").stdout.split())
    assert "measured nothing yet" in text and "weights none yet" in text
    assert "top-1 40.4 %, many 39.6 %, medium 43.3 %, few 36.1 % (MiSLAS paper, Table 8)" in text
    assert "shorter side to 256 pixels (bilinear), center of 224" in text
    assert "PFLOP in all (counted); starts from imagenet weights" in text
    assert "ltzoo train mislas_resnet152_places_lt --data-dir FOLDER --start-from MODEL --out RUN" in text


def test_info_of_an_entry_that_another_stands_in_for(invoke):
    text = " ".join(invoke("info", "gcl_resnet32_cifar10_lt").stdout.split())
    assert "weights none yet; gcl_published_resnet32_cifar10_lt is loaded instead" in text
