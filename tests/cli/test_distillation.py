"""`ltzoo train` with teachers: the folder of one training teaches another."""

import json

from tests.cli.conftest import SMALL


def setting(teacher):
    technique = {"name": "distillation", "teachers": str(teacher), "weight": 0.9}
    return "--set", f"stage1={json.dumps({'technique': technique})}"


def test_a_run_folder_teaches(invoke, run, photos, tmp_path):
    student = tmp_path / "student"
    words = ("cross_entropy", "--data", photos, "--epochs", "1", *SMALL, *setting(run), "--out", student)
    done = invoke("train", *words)
    assert done.exit_code == 0, done.output
    recipe = json.loads((student / "run.json").read_text())["recipe"]
    assert recipe["stages"][0]["technique"]["teachers"] == str(run)
    assert (student / "model.keras").stat().st_size < 2 * (run / "model.keras").stat().st_size


def test_teachers_that_do_not_fit(one_line, run, photos, tmp_path):
    words = (
        "train",
        "cross_entropy",
        "--data",
        photos,
        "--epochs",
        "1",
        *SMALL,
        "--out",
        tmp_path / "student",
    )
    assert "nowhere" in one_line(*words, *setting(tmp_path / "nowhere"))
    assert not (tmp_path / "student").exists()
    assert "10 classes (airplane" in one_line(*words, *setting("best_resnet32_cifar10_lt"))
    assert not (tmp_path / "student").exists()
