"""Groups in file names are noticed where images of a group look alike, and nowhere else."""

import numpy as np
import pytest

from ltzoo.data.auditing.audit import audit
from ltzoo.data.auditing.grouping import RULES, measured_and_trained, suggest_groups
from ltzoo.data.auditing.images import list_images
from ltzoo.data.grouping import group_rule
from tests.data.auditing.pictures import write


def touch(folder, names):
    """Empty files, which are listed but not read."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return list_images(folder)


def features_of(groups, seed=0, alike=True):
    """Features that are alike within a group, or not at all."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(groups.max() + 1, 16))
    return centers[groups] * (3 if alike else 0) + rng.normal(size=(len(groups), 16))


NAMED = {
    "cat12_frame003": (lambda g, i: f"cat{g}_frame{i:03}.jpg", r"regex:([^/]+)[-_. ][^-_. /]+\.[^.]+$"),
    "siteA-2021-05": (lambda g, i: f"site{g}-{2000 + i}-05.jpg", r"regex:([^-_. /]+)[-_. ][^/]*$"),
    "folders": (lambda g, i: f"animal{g}/{i}.jpg", "folder:1"),
    "numbers": (lambda g, i: f"IMG{1000 + 10 * g + i}.jpg", r"regex:([^/]*[0-9])[0-9]\.[^.]+$"),
    "hundreds": (lambda g, i: f"IMG{10000 + 100 * g + 13 * i}.jpg", r"regex:([^/]*[0-9])[0-9]{2}\.[^.]+$"),
}


@pytest.mark.parametrize("kind", NAMED)
def test_the_rule_that_joins_images_that_look_alike(tmp_path, kind):
    naming, rule = NAMED[kind]
    names = [
        f"{label}/{naming(20 * n + g, i)}" for n, label in enumerate("ab") for g in range(8) for i in range(5)
    ]
    images = touch(tmp_path / "p", names)
    order = {name: number for number, name in enumerate(names)}
    groups = np.asarray([order[images.name(p)] // 5 for p in range(80)])
    found = suggest_groups(images, np.arange(80), features_of(groups))
    assert found is not None and found.rule == rule
    assert group_rule(found.rule) == rule
    assert len(set(zip(found.groups.tolist(), groups.tolist(), strict=True))) == 16
    assert found.together > 0.9 > 0.3 > found.chance
    # Without images that are alike, names mean nothing.
    assert suggest_groups(images, np.arange(80), features_of(groups, alike=False)) is None


@pytest.mark.parametrize("seed", range(5))
def test_names_that_say_nothing(tmp_path, seed):
    rng = np.random.default_rng(seed)
    names = [f"{label}/{rng.integers(1 << 40):x}.jpg" for label in "ab" for _ in range(60)]
    images = touch(tmp_path / "p", names)
    assert suggest_groups(images, np.arange(120), features_of(np.arange(120) // 6)) is None


def test_a_group_per_class_is_no_group(tmp_path):
    images = touch(tmp_path / "p", [f"{label}/{label}_{i:02}.jpg" for label in "ab" for i in range(40)])
    assert suggest_groups(images, np.arange(80), features_of(np.arange(80) // 40)) is None


def test_few_images_tell_nothing(tmp_path):
    images = touch(tmp_path / "p", [f"a/x{i // 3}_{i}.jpg" for i in range(12)])
    groups = np.arange(12) // 3
    assert suggest_groups(images, np.arange(12), features_of(groups)) is None
    assert suggest_groups(images, np.arange(0), np.zeros((0, 4))) is None


def test_groups_on_both_sides_of_a_split_are_counted(tmp_path):
    names = [f"train/a/x{i // 3}_{i}.jpg" for i in range(6)] + ["test/a/x0_9.jpg", "test/a/x7_9.jpg"]
    images = touch(tmp_path / "p", [*names, "test/b/x0_8.jpg"])
    groups = np.asarray([0, 0, 0, 1, 1, 1, 0, 2, 0])
    assert measured_and_trained(images, groups).tolist() == [
        6
    ]  # That of class b has no training images of b.


def test_rules_are_rules():
    assert [group_rule(rule) for rule, _ in RULES] == [rule for rule, _ in RULES]


def test_an_audit_without_features_suggests_groups(tmp_path):
    series(tmp_path / "p")
    (finding,) = audit(tmp_path / "p", encoder=None).of("groups")
    assert finding.facts["rule"] == NAMED["cat12_frame003"][1] and finding.facts["groups"] == 16
    assert f"--group-by '{finding.facts['rule']}'" in finding.text


def series(folder, classes=("ant", "owl"), animals=8, frames=5):
    """Series of photographs: the frames of an animal have the same ground and another object."""
    from PIL import Image

    from tests.data.auditing.pictures import picture

    for number, label in enumerate(classes):
        (folder / label).mkdir(parents=True)
        for animal in range(animals):
            rng = np.random.default_rng(100 * number + animal)
            ground = np.asarray(picture(rng), "float32")
            for frame in range(frames):
                image = 0.5 * ground + 0.5 * np.asarray(picture(rng), "float32")
                name = f"cat{100 * number + animal}_frame{frame:03}.png"
                Image.fromarray(image.astype("uint8")).save(folder / label / name)
    return folder


def test_plain_numbers_of_different_pictures_are_no_groups(tmp_path):
    assert not audit(write(tmp_path / "p", {"ant": 60, "owl": 60}), encoder=None).of("groups")
