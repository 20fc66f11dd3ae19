"""Datasets from tables: CSV files of any program, DataFrames, dicts, Parquet."""

import os
import re

import numpy as np
import pytest
from PIL import Image

from ltzoo.data import UnreadableImageError, UnreadableImagesError, folds, from_table

ROWS = [
    (f"{label}/{n}.png", label, f"animal {n // 2}") for label, n in [("owl", 8), ("ant", 4)] for n in range(n)
]


@pytest.fixture
def root(tmp_path):
    for number, (path, _, _) in enumerate(ROWS):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        Image.new("RGB", (9, 9), (number, 0, 0)).save(tmp_path / path)
    return tmp_path


def write(root, rows=ROWS, heading=("path", "label", "animal"), delimiter=",", end="\n", encoding="utf-8"):
    text = end.join(delimiter.join(row) for row in [heading, *rows]) + end
    (root / "table.csv").write_bytes(text.encode(encoding))
    return root / "table.csv"


def load(table, **arguments):
    return from_table(table, image_size=(8, 8), **arguments)


def columns(root=None):
    paths = [row[0] if root is None else str(root / row[0]) for row in ROWS]
    return {"path": paths, "label": [row[1] for row in ROWS], "animal": [row[2] for row in ROWS]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_files_of_any_program(root, delimiter, encoding, end):
    table = write(root, delimiter=delimiter, encoding=encoding, end=end)
    dataset = load(table, validation_fraction=0)
    assert dataset.name == "table" and dataset.class_names == ("ant", "owl")
    assert dataset.class_counts.tolist() == [4, 8] and dataset.val is None and dataset.test is None
    assert dataset.train.labels.tolist() == [1] * 8 + [0] * 4
    assert dataset.train.load([3, 11])[:, 0, 0].tolist() == [[3, 0, 0], [11, 0, 0]]


def test_quotes_empty_lines_and_the_line_of_spreadsheets(root):
    Image.new("RGB", (9, 9)).save(root / "a, b.png")
    text = 'sep=;\n"label"; "note";"path"\n\nant;"two\nlines";" a, b.png "\n;;\nowl;"a ""b""";owl/0.png\n'
    (root / "t.csv").write_text(text)
    dataset = load(root / "t.csv", validation_fraction=0)
    assert dataset.train.labels.tolist() == [0, 1]
    assert [os.path.basename(path) for path in dataset.train.paths] == ["a, b.png", "0.png"]
    (root / "t.csv").write_text(text.replace("owl/0.png", ""))
    with pytest.raises(ValueError, match=r"t\.csv, line 7: the column 'path' must have a value"):
        load(root / "t.csv")


def test_the_delimiter_is_the_one_that_finds_the_columns(root):
    (root / "t.csv").write_text("path;label;a,b,c,d,e\nowl/0.png;owl;1,2,3\nant/0.png;ant;\n")
    assert load(root / "t.csv", validation_fraction=0).class_names == ("ant", "owl")


class Column:
    def __init__(self, values):
        self.values = values

    def to_list(self):
        return list(self.values)


class Frame:
    def __init__(self, **columns):
        self.data, self.columns = columns, list(columns)

    def __getitem__(self, name):
        return Column(self.data[name])


def test_tables_in_memory(root, monkeypatch):
    expected = load(write(root))
    arrays = {name: np.asarray(values) for name, values in columns(root).items()}
    paths = dict(columns(root), path=[root / path for path in columns()["path"]])
    for table in (columns(root), arrays, paths, Frame(**columns(root))):
        dataset = load(table)
        assert dataset.name == "table" and dataset.train.paths == expected.train.paths
        assert dataset.val.labels.tolist() == expected.val.labels.tolist()
    assert load(columns(), image_root=root).train.paths == expected.train.paths
    monkeypatch.chdir(root)
    assert load(columns()).train.paths == [os.path.relpath(p) for p in expected.train.paths]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_of_libraries(root, library):
    frame = pytest.importorskip(library).DataFrame(columns(root))
    assert (
        load(frame, group="animal").train.labels.tolist()
        == load(columns(root), group="animal").train.labels.tolist()
    )


def test_missing_values_of_pandas(root):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns(root))
    for missing in (pandas.NA, pandas.NaT, None, float("nan")):
        frame["label"] = frame["label"].astype(object)
        frame.at[4, "label"] = missing
        with pytest.raises(
            ValueError, match=r"row 4 \(counted from 0\): the column 'label' must have a value"
        ):
            load(frame)


def test_parquet(root):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(columns()), root / "table.parquet")
    assert load(root / "table.parquet").train.paths == load(write(root)).train.paths
    with pytest.raises(
        ValueError, match=r"`label` must be the name of a column of .*the columns are 'path', "
    ):
        load(root / "table.parquet", label="species")
    content = (root / "table.parquet").read_bytes()
    (root / "table.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"must be a whole Parquet file"):
        load(root / "table.parquet")


def test_parquet_without_a_library_names_the_command(root, monkeypatch):
    for library in ("pyarrow", "pyarrow.parquet", "fastparquet"):
        monkeypatch.setitem(__import__("sys").modules, library, None)
    (root / "table.parquet").write_bytes(b"PAR1")
    with pytest.raises(ImportError, match=r"pip install pyarrow\. Received: .*table\.parquet"):
        load(root / "table.parquet")


def test_whole_numbers_are_sorted_by_value(root):
    numbers = dict(columns(root), label=[10] * 8 + [9.0] * 4)
    assert load(numbers).class_names == ("9", "10")
    assert load(dict(numbers, label=["10"] * 8 + ["9"] * 4)).class_names == ("9", "10")
    assert load(dict(numbers, label=["10"] * 8 + ["x"] * 4)).class_names == ("10", "x")


def test_class_names_give_the_order(root):
    table = write(root)
    assert load(table, class_names=["owl", "ant"], validation_fraction=0).class_counts.tolist() == [8, 4]
    numbered = dict(columns(root), label=[1] * 8 + [0] * 4)
    assert load(numbered, class_names=["bee", "cat"], validation_fraction=0).class_counts.tolist() == [4, 8]
    with pytest.raises(
        ValueError, match=r"row 0 \(counted from 0\): .*or their numbers 0 to 1\. Received: 2$"
    ):
        load(dict(numbered, label=[2] * 8 + [0] * 4), class_names=["bee", "cat"])
    with pytest.raises(ValueError, match=r"line 2: .* Did you mean 'Owl'\? Received: 'owl'$"):
        load(table, class_names=["Owl", "ant"])
    with pytest.raises(ValueError, match=r"every class in `class_names` .*Received: none of 'bee'$"):
        load(table, class_names=["owl", "ant", "bee"])


def test_a_class_may_be_called_na_if_said_so(root):
    table = write(root, [(path, "NA" if label == "ant" else label, animal) for path, label, animal in ROWS])
    with pytest.raises(
        ValueError, match=r"line 10: .*if it is a class, give it in `class_names`\. Received: 'NA'"
    ):
        load(table)
    assert load(table, class_names=["NA", "owl"]).class_names == ("NA", "owl")


def test_the_split_column(root):
    words = ["Training"] * 4 + ["VALID"] * 2 + ["test_set"] * 2 + ["train"] * 2 + ["val", "test"]
    table = dict(columns(root), part=words)
    dataset = load(table, split="part")
    assert [len(split) for split in dataset.splits().values()] == [6, 3, 3]
    assert dataset.test.load([2])[0, 0, 0].tolist() == [11, 0, 0]
    with pytest.raises(
        ValueError, match=r"row 11 \(counted from 0\): the column 'part' .*Received: 'fold1'$"
    ):
        load(dict(table, part=words[:-1] + ["fold1"]), split="part")
    with pytest.raises(ValueError, match=r"must mark training images\. Received: test without train"):
        load(dict(table, part=["test"] * 12), split="part")
    with pytest.raises(ValueError, match=r"row 8 .*Received: a test image of 'ant', which has none"):
        load(dict(table, part=["train"] * 8 + ["test"] * 4), split="part")


@pytest.mark.parametrize("missing", [None, float("nan"), "", "  ", "<NA>", np.datetime64("NaT")])
@pytest.mark.parametrize("column", ["path", "label", "animal"])
def test_missing_values_are_named(root, missing, column):
    table = columns(root)
    table[column][5] = missing
    with pytest.raises(
        ValueError, match=rf"`table`, row 5 \(counted from 0\): the column '{column}' must have a value"
    ):
        load(table, group="animal")


@pytest.mark.parametrize(
    "change, match",
    [
        ({"path": [3] * 12}, r"row 0 .*the path of an image\. Received: 3$"),
        ({"path": ["a\0b"] * 12}, r"row 0 .*the path of an image"),
        ({"label": [0.5] * 12}, r"row 0 .*a class, or a whole number\. Received: 0\.5$"),
        ({"label": [["ant"]] * 12}, r"row 0 .*a class, or a whole number"),
        ({"label": ["ant"]}, r"columns of one length\. Received: lengths"),
        ({"path": [], "label": [], "animal": []}, r"at least one row"),
    ],
)
def test_wrong_columns_are_refused(root, change, match):
    with pytest.raises(ValueError, match=match):
        load(dict(columns(root), **change))


def test_wrong_tables_are_refused(root):
    for table in (3, None, b"x", [("a", "b")]):
        with pytest.raises(TypeError, match=r"`table` must be the path of a CSV"):
            load(table)
    with pytest.raises(FileNotFoundError, match=r"which is missing"):
        load(root / "none.csv")
    with pytest.raises(FileNotFoundError, match=r"which is a folder"):
        load(root)
    with pytest.raises(FileNotFoundError, match=r"`image_root` must be the folder"):
        load(columns(), image_root=root / "none")
    with pytest.raises(ValueError, match=r"Did you mean 'Label'\? Received: label='label'$"):
        load(write(root, heading=("path", "Label", "animal")))
    with pytest.raises(ValueError, match=r"must have one column 'label'\. Received: 2"):
        load(write(root, heading=("path", "label", "label")))
    with pytest.raises(ValueError, match=r"line 3: every row must have as many values as the heading, 3;"):
        load(write(root, [ROWS[0], (*ROWS[1], "more")]))
    for content, match in (
        (b"", "an empty file"),
        (b"path,label\n", "at least one row"),
        (b'path,label\nowl/0.png,"owl\nant/0.png,ant\n', r"line 2: every value must be plain"),
        (b"path,label\nowl/0.png,\xff\n", r"line 2: the text must be UTF-8"),
        (b"path,label\nowl/0.png,a\0\n", r"line 2: a table must be plain text"),
        (b"PK\x03\x04xl", r"save the sheet as CSV"),
    ):
        (root / "t.csv").write_bytes(content)
        with pytest.raises(ValueError, match=match):
            load(root / "t.csv")


def test_paths_must_stay_in_a_given_root(root):
    outside = dict(columns(), path=["../x.png", *columns()["path"][1:]])
    with pytest.raises(
        ValueError, match=r"row 0 .*must lead to a file in `image_root`.*Received: '\.\./x\.png'"
    ):
        load(outside, image_root=root)
    absolute = columns(root)
    assert load(absolute, image_root=root).train.paths == load(absolute).train.paths
    windows = [path.replace("/", "\\") for path in columns()["path"]]
    assert load(dict(columns(), path=windows), image_root=root).train.paths == load(absolute).train.paths


def test_a_table_may_lie_beside_its_images(root):
    (root / "lists").mkdir()
    rows = [(f"../{path}", label, animal) for path, label, animal in ROWS]
    assert len(load(write(root / "lists", rows), validation_fraction=0).train) == 12


def test_repeats_and_leaks(root):
    table = columns(root)
    for name in table:
        table[name].append(table[name][0])
    with pytest.warns(UserWarning, match=r"1 of 13 train images are repeats .*row 12"):
        dataset = load(table, validation_fraction=0.5)
    sides = [os.path.basename(p) for p in dataset.train.paths if p == table["path"][0]]
    assert len(sides) in (0, 2)
    with pytest.raises(ValueError, match=r"every image must have one label\..*row 0 .*row 12"):
        load(dict(table, label=table["label"][:-1] + ["ant"]))
    (root / "link.png").symlink_to(root / "owl" / "0.png")
    table["path"][-1] = str(root / "link.png")
    with pytest.raises(
        ValueError, match=r"no image may be in the training data and in the test data.*row 12"
    ):
        load(dict(table, part=["train"] * 12 + ["test"]), split="part")


def test_groups_stay_whole(root):
    dataset = load(write(root), group="animal", validation_fraction=0.25)
    train, val = set(dataset.train.groups.tolist()), set(dataset.val.groups.tolist())
    assert dataset.train.groups.dtype == np.int64 and not train & val and val
    assert sorted(np.concatenate([dataset.train.groups, dataset.val.groups]).tolist()) == sorted(
        [0, 0, 1, 1, 2, 2, 3, 3] + [0, 0, 1, 1]
    )
    for part in folds(dataset, 2):
        assert not set(part.train.groups.tolist()) & set(part.test.groups.tolist())


def test_groups_in_both_given_splits_are_counted(root):
    table = dict(columns(root), part=["train"] * 7 + ["test"] + ["train"] * 4)
    with pytest.warns(UserWarning, match=r"1 of 1 test images are in groups that are also trained on"):
        load(table, split="part", group="animal", validation_fraction=0)


def test_one_group_is_not_held_out(root):
    with pytest.warns(UserWarning, match=r"there are no validation images"):
        assert load(dict(columns(root), animal=[1] * 12), group="animal").val is None


def test_classes_that_are_spelled_alike_are_named(root):
    table = dict(columns(root), label=["owl"] * 4 + ["Owl"] * 8)
    with pytest.warns(UserWarning, match=r"'Owl' and 'owl' differ in spelling only"):
        load(table)


def test_unreadable_images(root):
    (root / "owl" / "1.png").write_bytes(b"no image")
    with pytest.raises(UnreadableImagesError, match=r"1 of 12 images .*1\.png"):
        load(write(root))
    with pytest.warns(UserWarning, match=r"left out 1 of 12"):
        dataset = load(write(root), skip_unreadable=True, group="animal", validation_fraction=0)
    assert len(dataset.train) == len(dataset.train.groups) == 11
    assert len(load(write(root), check=False, validation_fraction=0).train) == 12
    (root / "lists").mkdir()
    with pytest.raises(UnreadableImageError, match=re.escape(str(root / "lists"))):
        load(write(root / "lists"), check=False)
