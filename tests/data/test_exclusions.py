"""Lists of images to leave out: files, what is in them, and datasets without those images."""

import csv
import os

import pytest

from ltzoo.data import exclusions as module
from ltzoo.data import from_directory, from_list, from_table
from ltzoo.data.exclusions import Excluded, Exclusion, read_exclusions, write_exclusions
from tests.data.auditing.pictures import write

HOSTILE = [
    "ant/=1+1.png", "=cmd|' /C calc'!A0.png", "+x.png", "-x.png", "@x.png", 'quote".png', "a,b;c\td.png", "a\nb.png",
    "a\rb.png", " space.png ",
    "'x.png", os.fsdecode(b"\xff\xfe.png"), "\uff1dx.png", "\ufeffx.png", "ünï.png", "%x.png",
]  # fmt: skip


def test_what_is_written_is_read(tmp_path):
    entries = [Exclusion(name, "near duplicate", f"of {number}") for number, name in enumerate(HOSTILE)]
    write_exclusions(tmp_path / "e.csv", entries)
    read = read_exclusions(tmp_path / "e.csv")
    assert [os.path.normpath(entry.path) for entry in read] == [os.path.normpath(name) for name in HOSTILE]
    assert [entry[1:] for entry in read] == [entry[1:] for entry in entries]


def test_no_cell_is_a_formula(tmp_path):
    cells = ["=1", "+1", "-1", "@x", "\t=1", " =1", "\uff1d1", "'=1", "|x", "%x"]
    write_exclusions(tmp_path / "e.csv", [Exclusion(cell, cell, cell) for cell in cells])
    with open(tmp_path / "e.csv", newline="") as file:
        for row in csv.reader(file):
            for cell in row:
                assert cell.lstrip()[:1] not in "=+-@%|\uff1d" or cell in ("path", "reason", "detail"), cell


def test_a_failed_write_leaves_the_old_list(tmp_path):
    write_exclusions(tmp_path / "e.csv", [Exclusion("a.png", "blank")])
    with pytest.raises(UnicodeEncodeError):
        write_exclusions(tmp_path / "e.csv", [Exclusion("\ud800.png", "blank")])
    assert [entry.path for entry in read_exclusions(tmp_path / "e.csv")] == ["a.png"]
    assert os.listdir(tmp_path) == ["e.csv"]


@pytest.mark.parametrize(
    "text",
    [
        "path\na.png\nb.png\n",
        "\ufeffpath,reason\r\na.png,x\r\nb.png,y\r\n",
        "n;Path;detail\n1;a.png;z\n2;b.png;\n",
        "reason\tpath\nx\ta.png\n\n\ty\n\tb.png\n",
        'path\n"a.png"\n"b.png"',
        "path,reason\na.png\nb.png,x,too,many\n,\n",
    ],
)
def test_lists_that_people_write(tmp_path, text):
    (tmp_path / "e.csv").write_text(text, encoding="utf-8", newline="")
    paths = [entry.path for entry in read_exclusions(tmp_path / "e.csv")]
    assert [path for path in paths if path != "y"] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "Received: nothing in "),
        (b"file\na.png\n", "Received: 'file' in "),
        ("path\na.png\n".encode("utf-16"), "in UTF-8"),
        (b'path\n"a.png\n' + b"x" * 200_000, "field larger than field limit"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a zero byte"),
    ],
)
def test_files_that_are_no_lists(tmp_path, content, words):
    (tmp_path / "e.csv").write_bytes(content)
    with pytest.raises(ValueError, match="`exclude` must .*Received") as error:
        read_exclusions(tmp_path / "e.csv")
    assert words in str(error.value)


def test_missing_and_large_files(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="which is missing"):
        read_exclusions(tmp_path / "e.csv")
    with pytest.raises(FileNotFoundError, match="which is a folder"):
        read_exclusions(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError, match="no regular file"):
        read_exclusions(tmp_path / "pipe")
    (tmp_path / "e.csv").write_text("path\na.png\n")
    monkeypatch.setattr(module, "_LARGEST_BYTES", 5)
    with pytest.raises(ValueError, match="at most 256 MiB. Received: 11 bytes"):
        read_exclusions(tmp_path / "e.csv")


@pytest.fixture
def photos(tmp_path):
    return write(tmp_path / "p", {"train/ant": 4, "train/owl": 3, "test/ant": 2})


def names(split, folder):
    return [os.path.relpath(path, folder) for path in split.paths]


def load(folder, exclude, **arguments):
    return from_directory(folder, image_size=(8, 8), validation_fraction=0, exclude=exclude, **arguments)


def test_folders_without_listed_images(photos, tmp_path, monkeypatch):
    write_exclusions(
        tmp_path / "e.csv", [Exclusion("train/ant/ant1.png", "x"), Exclusion("test/ant/ant0.png", "x")]
    )
    with pytest.warns(UserWarning, match=f"^left out 2 images listed in {tmp_path}/e.csv$"):
        dataset = load(photos, tmp_path / "e.csv")
    assert names(dataset.train, photos)[:3] == [f"train/ant/ant{number}.png" for number in (0, 2, 3)]
    assert names(dataset.test, photos) == ["test/ant/ant1.png"]
    monkeypatch.chdir(tmp_path)  # Relative paths start from the folder of the dataset.
    with pytest.warns(
        UserWarning, match="left out 1 images listed in `exclude`; 1 of its 2 paths are no images"
    ):
        load("p", [photos / "train/owl/owl2.png", "owl2.png"])


def test_absolute_paths_through_a_link(photos, tmp_path):
    (tmp_path / "link").symlink_to(photos)
    for folder, listed in ((photos, tmp_path / "link"), (tmp_path / "link", photos)):
        with pytest.warns(UserWarning, match="left out 1 images listed in `exclude`$"):
            assert len(load(folder, [listed / "train/owl/owl2.png"]).train) == 6


def test_broken_files_are_left_out_before_they_are_checked(photos):
    (photos / "train/ant/ant0.png").write_bytes(b"x")
    with pytest.warns(UserWarning, match="left out 1"):
        assert len(load(photos, ["train/ant/ant0.png"], check=True).train) == 6


def test_classes_and_splits_keep_images(photos):
    with pytest.warns(UserWarning, match="left out"), pytest.raises(ValueError, match="all 3 of class 'owl'"):
        load(photos, [f"train/owl/owl{number}.png" for number in range(3)])
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(ValueError, match="images of the test split"),
    ):
        load(photos, [f"test/ant/ant{number}.png" for number in range(2)])


@pytest.mark.parametrize("wrong", [5, b"x", {"path": "x"}, [5], [None]])
def test_what_is_no_list_of_paths(photos, wrong):
    with pytest.raises(
        TypeError, match="`exclude` must be the path of a CSV file, or a list of paths. Received"
    ):
        load(photos, wrong)


def test_lists_and_tables_without_listed_images(photos):
    lines = [
        f"train/{name}/{name}{number}.png {label}"
        for label, name in enumerate(("ant", "owl"))
        for number in (0, 1)
    ]
    (photos / "list.txt").write_text("\n".join(lines))
    (photos / "t.csv").write_text("path,label\n" + "\n".join(line.replace(" ", ",") for line in lines))
    for load_split in (
        lambda exclude: from_list(photos / "list.txt", image_root=photos, image_size=(8, 8), exclude=exclude),
        lambda exclude: from_table(
            photos / "t.csv", image_size=(8, 8), validation_fraction=0, exclude=exclude
        ),
    ):
        with pytest.warns(UserWarning, match="left out 1 images"):
            dataset = load_split(["train/ant/ant1.png"])
        assert names(dataset.train, photos) == [
            f"train/{name}.png" for name in ("ant/ant0", "owl/owl0", "owl/owl1")
        ]
        with pytest.raises(ValueError, match="excludes all 4 images of one"):
            load_split([line.split()[0] for line in lines])
        with pytest.warns(UserWarning, match="left out"), pytest.raises(ValueError, match="training image"):
            load_split(["train/ant/ant0.png", "train/ant/ant1.png"])


def test_paths_are_compared_by_what_they_mean(tmp_path):
    excluded = Excluded(["./a/../b.png", tmp_path / "c.png", "d\\e.png"], tmp_path)
    assert (
        excluded(tmp_path / "b.png")
        and excluded(f"{tmp_path}//x/../c.png")
        and excluded(tmp_path / "d" / "e.png")
    )
    assert not excluded(tmp_path / "a.png")
