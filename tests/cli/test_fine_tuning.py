"""`transfer` and `fine_tuning` on one folder without test images, and the comparison that chooses between them."""

import json

import pytest

pytestmark = pytest.mark.rotating(2)

SMALL = (
    "--image-size", "8", "--backbone", "resnet8:width_multiplier=0.25", "--batch-size", "8",
    "--validation-fraction", "0.3", "--seed", "1",
)  # fmt: skip


def test_both_are_trained_and_compared_on_the_held_out_images(photos, invoke, one_line, tmp_path):
    for recipe, epochs in (("transfer", "2"), ("fine_tuning", "2,1")):
        done = invoke(
            "train", recipe, "--data", photos, "--epochs", epochs, "--out", tmp_path / recipe, *SMALL
        )
        assert done.exit_code == 0, (done.output, done.exception)
    results = {
        name: json.loads((tmp_path / name / "result.json").read_text())
        for name in ("transfer", "fine_tuning")
    }
    assert results["transfer"]["split"] == "folds" and results["fine_tuning"]["split"] == "val"
    assert "--common compares on the images" in one_line(
        "compare", tmp_path / "transfer", tmp_path / "fine_tuning"
    )
    done = invoke(
        "compare",
        "--common",
        tmp_path / "transfer",
        tmp_path / "fine_tuning",
        "--json",
        tmp_path / "out.json",
    )
    assert done.exit_code == 0, (done.output, done.exception)
    held_out = len((tmp_path / "fine_tuning" / "predictions.csv").read_text().splitlines()) - 1
    assert f"fine_tuning: {held_out} of {held_out} measured images are common" in done.stdout
    assert json.loads((tmp_path / "out.json").read_text())["images"] == held_out
