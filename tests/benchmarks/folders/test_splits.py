"""Checkouts become the same folders each time, and other files are refused."""

import dataclasses

import pytest

from benchmarks.folders import splits
from benchmarks.folders.prepare import folder_of
from benchmarks.folders.sources import SOURCES


def checkout(name, root):
    """Write a checkout of a source with empty images, and return the files of each class."""
    folder = root / "raw" / SOURCES[name].url.rsplit("/", 1)[-1]
    files = {}
    if name == "plankton":
        for label, count in (("copepod", 300), ("larva", 30), ("rare", 9)):
            files[label] = [f"Dataset/train/{label}/{number}.jpg" for number in range(count)]
    elif name == "elpv":
        kinds = {"0.0 mono": 900, "0.3333333333333333 poly": 60, "1.0 poly": 40}
        lines = []
        for kind, count in kinds.items():
            probability, cell = kind.split()
            label = f"{cell}_{float(probability):.2f}"
            files[label] = [f"src/elpv_dataset/data/images/{label}{number}.png" for number in range(count)]
            lines += [f"images/{label}{number}.png  {probability}   {cell}" for number in range(count)]
    else:
        listed = {}
        for split, count in (("train", 5), ("val", 2), ("test", 3)):
            paths = [f"{split}/Fruit/Kiwi/Kiwi_{split}{number}.jpg" for number in range(count)]
            files[split] = [f"dataset/{path}" for path in paths]
            listed[split] = [f"{path}, 3, 1" for path in paths]
    for path in (path for paths in files.values() for path in paths):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(path.encode())
    if name == "elpv":
        (folder / "src/elpv_dataset/data/labels.csv").write_text("\n".join(lines))
    if name == "grocery":
        for split, rows in listed.items():
            (folder / f"dataset/{split}.txt").write_text("\n".join(rows))
    return folder


@pytest.mark.parametrize(
    "name, train, test",
    [
        ("plankton", {"copepod": 35, "larva": 5, "rare": 5}, {"copepod": 14, "larva": 10, "rare": 3}),
        ("grocery", {"Kiwi": 7}, {"Kiwi": 3}),
        (
            "elpv",
            {"mono_0.00": 600, "poly_0.33": 42, "poly_1.00": 12},
            {"mono_0.00": 40, "poly_0.33": 18, "poly_1.00": 12},
        ),
    ],
)
def test_a_checkout_becomes_the_same_folders_each_time(name, train, test, tmp_path):
    made = checkout(name, tmp_path)
    split = SOURCES[name].split_of(made)
    splits.write(split, tmp_path / name)
    assert splits.counts(tmp_path / name) == {"train": train, "test": test}
    paths = [path for part in split.values() for files in part.values() for path in files]
    assert len(set(paths)) == len(paths)  # No image is both trained on and tested.
    splits.write(SOURCES[name].split_of(made), tmp_path / "again")
    assert splits.digest(tmp_path / "again") == splits.digest(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_only_the_images_of_the_table_are_taken(tmp_path):
    with pytest.raises(SystemExit, match=r"git clone --depth 1 https://\S+ \S+/raw/GroceryStoreDataset"):
        folder_of(SOURCES["grocery"], tmp_path)
    checkout("grocery", tmp_path)
    with pytest.raises(SystemExit, match="Received: digest"):
        folder_of(SOURCES["grocery"], tmp_path)
    own = dataclasses.replace(SOURCES["grocery"], digest=splits.digest(tmp_path / "grocery"))
    assert folder_of(own, tmp_path) == tmp_path / "grocery"
    (tmp_path / "grocery/test/Kiwi/more.jpg").write_bytes(b"more")
    with pytest.raises(SystemExit, match="Received: digest"):
        folder_of(own, tmp_path)
