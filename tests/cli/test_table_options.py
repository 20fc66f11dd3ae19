"""`ltzoo train --data table.csv`, and `--group-by` for tables and folders."""

import json

import pytest

from ltzoo.cli.command_line import command_line
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.table_options import count_images, is_table, shorter_sides
from tests.cli.conftest import write_photos
from tests.metrics.test_prediction_files import rows_of

pytestmark = pytest.mark.rotating(3)

SMALL = (
    "--image-size",
    "8",
    "--backbone",
    "resnet8:width_multiplier=0.25",
    "--batch-size",
    "8",
    "--epochs",
    "1",
)
COLUMNS = ("--image-column", "file", "--label-column", "species")


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """A table of 40 photographs of two classes by ten cameras, and the photographs."""
    folder = tmp_path_factory.mktemp("survey")
    write_photos(folder / "images", {"cat": 20, "owl": 20})
    rows = [
        f"images\\{label}\\{n}.png;{label};camera {n // 4}\n" for label in ("cat", "owl") for n in range(20)
    ]
    (folder / "survey.csv").write_text("file;species;camera\n" + "".join(rows), "utf-8-sig")
    return folder / "survey.csv"


@pytest.fixture(scope="module")
def run(survey, invoke, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    options = ("--validation-fraction", "0.2", "--group-by", "camera")
    done = invoke("train", "cross_entropy", "--data", survey, "--out", out, *COLUMNS, *options, *SMALL)
    assert done.exit_code == 0, (done.output, done.exception)
    return out


def test_a_run_on_a_table_holds_out_whole_groups(run, survey):
    content = RunFolder(run).read()
    assert content["arguments"]["data"] == str(survey) and content["arguments"]["group_by"] == "camera"
    assert content["dataset"]["class_names"] == ["cat", "owl"]
    assert content["dataset"]["images"] == {"train": 32, "val": 8}
    images = [row["image"] for row in rows_of(run / "predictions.csv")]
    assert all(image.startswith("images/") for image in images)
    cameras = {int(image.split("/")[-1].removesuffix(".png")) // 4 for image in images}
    assert len(images) == 8 and len(cameras) == 1
    words = command_line(content["arguments"])
    assert "--data DATA" in words and "--image-column file" in words and "--group-by camera" in words


def test_the_run_resumes_and_is_measured_again(run, survey, invoke, tmp_path):
    again = invoke("train", "--out", run, "--resume")
    assert again.exit_code == 0, (again.output, again.exception)
    first = json.loads((run / "result.json").read_text())["result"]
    for data in ((), ("--data", survey)):
        done = invoke("evaluate", run, *data, "--json", tmp_path / "result.json")
        assert done.exit_code == 0, (done.output, done.exception)
        found = json.loads((tmp_path / "result.json").read_text())
        assert found["split"] == "val" and found["images"] == 8
        assert found["result"]["top1"] == pytest.approx(first["top1"])


def test_another_table_is_measured_as_a_whole(run, survey, invoke, tmp_path):
    table = survey.parent / "other.tsv"
    table.write_text("path\tlabel\nimages/cat/1.png\tcat\nimages/owl/2.png\towl\n")
    done = invoke("evaluate", run, "--data", table, "--json", tmp_path / "result.json")
    assert done.exit_code == 0, (done.output, done.exception)
    assert json.loads((tmp_path / "result.json").read_text())["images"] == 2


def test_folds_keep_groups_whole(survey, invoke, tmp_path):
    done = invoke(
        "train", "cross_entropy", "--data", survey, "--out", tmp_path / "run", *COLUMNS,
        "--group-by", r"regex:(\d)\.png", "--folds", "2", *SMALL,
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    digits = [
        {row["image"][-5] for row in rows_of(tmp_path / "run" / f"fold{number}" / "predictions.csv")}
        for number in (1, 2)
    ]
    assert not digits[0] & digits[1] and len(digits[0] | digits[1]) == 10


def test_groups_of_a_folder(survey, invoke, tmp_path):
    options = ("--group-by", r"regex:(\d)\.png", "--validation-fraction", "0.2", *SMALL)
    done = invoke(
        "train", "cross_entropy", "--data", survey.parent / "images", "--out", tmp_path / "run", *options
    )
    assert done.exit_code == 0, (done.output, done.exception)
    rows = rows_of(tmp_path / "run" / "predictions.csv")
    assert len({row["image"][-5] for row in rows}) == len(rows) // 4 == 2


def test_sizes_and_counts_come_from_the_listed_images(survey):
    arguments = {"data": str(survey), "image_column": "file"}
    assert count_images(arguments) == 40 and shorter_sides(arguments) == [10] * 40
    folder = {"data": str(survey.parent / "images")}
    assert count_images(folder) == 40 and shorter_sides(folder) == [10] * 40
    assert is_table(str(survey)) and not is_table(folder["data"])


@pytest.mark.parametrize(
    "options, said",
    [
        (("--image-column", "file"), "`--label-column` must be the name of a column"),
        ((*COLUMNS, "--group-by", "cam"), "`--group-by` must be the name of a column"),
        ((*COLUMNS, "--group-by", "regex:("), "`--group-by` must hold a regular expression"),
        ((*COLUMNS, "--split-column", "part"), "`--split-column` must be the name of a column"),
        ((*COLUMNS, "--imbalance-factor", "10"), "--imbalance-factor does not apply: a table keeps all"),
        ((*COLUMNS, "--data-dir", "."), "--data-dir does not apply"),
        ((*COLUMNS, "--image-root", "nowhere"), "--image-root must exist"),
    ],
)
def test_wrong_options_of_a_table(survey, one_line, tmp_path, options, said):
    assert said in one_line("train", "gcl", "--data", survey, "--out", tmp_path / "run", *options)
    assert not (tmp_path / "run" / "run.json").exists()


@pytest.mark.parametrize(
    "data, options, said",
    [
        ("FOLDER", ("--label-column", "x"), "--label-column does not apply: columns are for tables"),
        ("FOLDER", ("--group-by", "camera"), "--group-by must be folder:N or regex:P for a folder"),
        ("FOLDER", ("--group-by", "folder:0"), "`--group-by` must be 'folder:1' or"),
        ("digits_lt", ("--group-by", "folder:1"), "--group-by does not apply: the dataset digits_lt"),
        ("digits_lt", ("--image-column", "x"), "--image-column does not apply: the dataset digits_lt"),
        ("none.csv", (), "--data must be an existing folder or table"),
    ],
)
def test_options_that_fit_no_table(photos, one_line, tmp_path, data, options, said):
    data = photos if data == "FOLDER" else data
    assert said in one_line("train", "gcl", "--data", data, "--out", tmp_path / "run", *options)


def test_another_table_has_the_columns_of_the_run(run, survey, invoke, tmp_path):
    text = "file,species,kind\nimages/cat/1.png,cat,owl\nimages/owl/2.png,owl,owl\n"
    (survey.parent / "same.csv").write_text(text)
    for options, right in (((), 2), (("--label-column", "kind"), 1)):
        out = tmp_path / f"{right}.csv"
        done = invoke("evaluate", run, "--data", survey.parent / "same.csv", *options, "--predictions", out)
        assert done.exit_code == 0, (done.output, done.exception)
        assert sum(row["true"] == row["image"].split("/")[1] for row in rows_of(out)) == right
    (survey.parent / "none.csv").write_text("where,what\nimages/cat/1.png,cat\n")
    refused = invoke("evaluate", run, "--data", survey.parent / "none.csv")
    assert refused.exit_code == 2 and "`--image-column` must be the name of a column" in refused.stderr
