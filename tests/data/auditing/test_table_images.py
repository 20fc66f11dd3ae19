"""Tables are audited as they are: what `from_table` refuses is found and shown."""

import json
import shutil

import pytest

from ltzoo.data import from_table
from ltzoo.data.auditing.audit import audit
from ltzoo.data.auditing.table_images import list_table
from tests.data.auditing.pictures import write


@pytest.fixture
def table(tmp_path):
    """Twelve images of two classes in `images/`, and a function that writes a table of rows next to it."""
    folder = write(tmp_path / "images", {"ant": 12, "owl": 12})
    rows = [f"images/{n}/{n}{i}.png,{n},train" for n in ("ant", "owl") for i in range(12)]

    def make(*more, heading="path,label,split"):
        (tmp_path / "t.csv").write_text("\n".join([heading, *rows, *more]) + "\n")
        return tmp_path / "t.csv", folder

    return make


def test_images_of_a_table(table):
    path, _ = table("images/ant/ant1.png,ant,train", "images\\ant\\ant2.png,ant,test")
    images = list_table(path, split="split")
    assert len(images) == 25  # A row that repeats another one counts once.
    assert images.class_names == ("ant", "owl") and images.split_counts() == {
        "train": 24,
        "val": 0,
        "test": 1,
    }
    assert images.name(0) == images.below[0] == images.listed_name(0) == "images/ant/ant0.png"
    assert images.below[-1] == "images/ant/ant2.png"
    assert len(list_table(path)) == 24


def test_missing_unreadable_and_untrained_images_are_findings(table):
    path, folder = table(
        "images/no.png,ant,train", "images/ant/ant3.png,yak,test", "images/ant/ant4.png,owl,train"
    )
    (folder / "ant/ant0.png").write_bytes(b"x")  # The first one.
    found = audit(list_table(path, split="split"), encoder=None)
    assert sorted(found.images.name(f.images[0]) for f in found.of("unreadable")) == [
        "images/ant/ant0.png", "images/no.png",
    ]  # fmt: skip
    assert [f.facts["class"] for f in found.of("not_trained")] == ["yak"]
    assert sorted(f.facts["classes"] for f in found.of("exact_duplicates")) == [
        ["ant", "owl"],
        ["ant", "yak"],
    ]
    json.dumps(found.to_dict(), allow_nan=False)


def test_what_is_left_out_is_left_out_by_from_table(table, tmp_path):
    path, folder = table("images/ant/copy.png,ant,train")
    shutil.copy(folder / "ant/ant0.png", folder / "ant/copy.png")
    found = audit(list_table(path, split="split"), encoder=None)
    paths = [entry.path for entry in found.exclusions()]
    assert paths == ["images/ant/copy.png"]
    with pytest.warns(UserWarning, match="left out 1 images"):
        dataset = from_table(path, split="split", exclude=paths, image_size=(8, 8), validation_fraction=0)
    assert len(dataset.train) == 24


def test_a_root_of_its_own(table, tmp_path):
    path, folder = table()
    path = shutil.move(path, tmp_path / "images" / "t.csv")
    images = list_table(path, image_root=tmp_path)
    assert images.name(0) == "images/ant/ant0.png" and audit(images, encoder=None).of("unreadable") == []
    with pytest.raises(FileNotFoundError, match=r"as `image_root`. Received: 'images/ant/ant0.png'"):
        list_table(path)
    with pytest.raises(FileNotFoundError, match="which is not a folder"):
        list_table(path, image_root=tmp_path / "no")
    with pytest.raises(ValueError, match="must lead to a file in `image_root`"):
        list_table({"path": ["../x.png"], "label": ["a"]}, image_root=folder)


def test_frames_in_memory(table, monkeypatch, tmp_path):
    table()
    monkeypatch.chdir(tmp_path)
    images = list_table({"file": ["images/ant/ant0.png"], "kind": ["a"]}, image="file", label="kind")
    assert images.listed_name(0) == "images/ant/ant0.png"


def test_wrong_tables(table):
    path, _ = table("images/x.png,,train")
    with pytest.raises(ValueError, match="line 26: the column 'label' must have a value"):
        list_table(path)
    with pytest.raises(ValueError, match="column"):
        list_table(path, label="species")
