"""List files of any editor and system: read right, or refused with file and line."""

import os

import pytest
from PIL import Image

from ltzoo.data import from_list
from ltzoo.data.list_file import read_list_file
from tests.fuzzing import damaged, put

TEXT = "ant/0.png 0\nant/é 1.png 0\nbee/0.png 1\n"


def read(tmp_path, content):
    file = tmp_path / "list.txt"
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_list_file(file)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path, encoding, end):
    mark = "\ufeff" if encoding.endswith(("le", "be")) else ""
    found = read(tmp_path, (mark + TEXT.replace("\n", end)).encode(encoding))
    assert found.paths == ["ant/0.png", "ant/é 1.png", "bee/0.png"] and found.labels.tolist() == [0, 0, 1]
    assert found.place(2).endswith("list.txt, line 3")


@pytest.mark.parametrize(
    "character", ["\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\xa0", "\u3000"]
)
def test_other_separators_stay_in_file_names(tmp_path, character):
    assert read(tmp_path, f"a/x{character}y.png 1\nb/{character} 0\n").paths == [
        f"a/x{character}y.png",
        f"b/{character}",
    ]


def test_spaces_tabs_empty_lines_and_joined_files(tmp_path):
    found = read(tmp_path, "\n  a b/0.png \t 0  \n \t\n\ufeffb/0.png\t01\n\n")
    assert found.paths == ["a b/0.png", "b/0.png"] and found.labels.tolist() == [0, 1]
    assert found.lines.tolist() == [2, 4]


@pytest.mark.parametrize(
    "line, hint",
    [
        ("ant/1.png,0", "by a space, not by a comma"),
        ("ant/1.png, 0", "by a space, not by a comma"),
        ("ant/1.png;0", "by a space, not by a comma"),
        ("path label", "delete the heading"),
        ("image_path\tclass_id", "delete the heading"),
        ("ant/1.png -1", "number the classes from 0"),
        ("ant/1.png 1.0", "digits 0 to 9"),
        ("ant/1.png +1", "digits 0 to 9"),
        ("ant/1.png \u0663", "digits 0 to 9"),
        ("ant/1.png \uff11", "digits 0 to 9"),
        ("0 ant/1.png", "put the label last"),
        ("ant/1.png", "end the line with the number"),
        ("ant/1.png " + 30 * "9", "at most 18 digits"),
        ("ant/1.png " + 5000 * "9", "at most 18 digits"),
        ('"ant/1.png" 0', "in quotes"),
        ("'ant/1.png' 0", "in quotes"),
        ("7", "must be"),
    ],
)
def test_other_lines_are_refused_by_file_and_line(tmp_path, line, hint):
    with pytest.raises(ValueError, match=r"list\.txt, line 2: .*Received: ['\"]") as caught:
        read(tmp_path, f"ant/0.png 0\n{line}\n")
    assert hint in str(caught.value) and len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "content, message",
    [
        (TEXT.encode("latin-1"), r"list\.txt, line 2: the text must be UTF-8"),
        (TEXT.encode("utf-16-le"), r"list\.txt, line [12]: "),
        (b"\xff\xfe" + TEXT.encode("utf-16-le")[:-1], r"list\.txt, byte \d+: the text must be UTF-8"),
        (b"a/0.png 0\nb/\0.png 1\n", r"list\.txt, line 2: a list must be plain text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", r"list\.txt, line 1: the text must be UTF-8"),
        (b"", r"list\.txt must hold at least one"),
        (b"\xef\xbb\xbf\r\n", r"list\.txt must hold at least one"),
    ],
)
def test_other_contents_are_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, content)


@pytest.mark.filterwarnings("ignore:.* images are repeats", "ignore:the classes")
def test_2000_damaged_lists_are_read_or_refused(tmp_path):
    names = ["ant/Ä 1.png", "bee/2.png", "ant/3.png"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name)
    text = "".join(f"{name} {label}\n" for label, name in enumerate(names))
    listed, read = tmp_path / "train.txt", 0
    for copy in (
        *damaged(text.encode(), text.replace("\n", "\r\n").encode("utf-16"), 1000),
        *damaged(text.encode("utf-16"), text.encode(), 1000, seed=1),
    ):
        put(listed, copy)
        try:
            dataset = from_list(listed, image_root=tmp_path, image_size=(4, 4))
        except (ValueError, OSError) as error:
            assert str(tmp_path) in str(error) or "Received: " in str(error)
            continue
        read += 1
        assert {os.path.relpath(path, tmp_path) for path in dataset.train.paths} <= set(names)
        assert set(dataset.train.labels) == set(range(dataset.num_classes)) and dataset.num_classes <= 3
    assert 20 < read < 1500
