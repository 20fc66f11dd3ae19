"""The page of an audit: pictures of all kinds of findings, safe names, small and whole."""

import base64
import io
import os
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from ltzoo.data.auditing.audit import Audit, audit
from ltzoo.data.auditing.findings import KINDS, Finding
from ltzoo.report import audit_page, write_audit
from tests.data.auditing.pictures import picture, write


def page_of(found, path, **arguments):
    return write_audit(found, path / "page.html", **arguments).read_text(encoding="utf-8")


class Structure(HTMLParser):
    """The tags, which must be closed in order, the ids and the sources of images."""

    VOID = {"meta", "img", "br"}

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.links, self.sources, self.tags = [], [], [], [], set()
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        values = dict(attrs)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if "href" in values else []
        self.sources += [values["src"]] if "src" in values else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def faulty(tmp_path):
    """An audit with findings of every kind."""
    folder = write(tmp_path / "p", {"train/ant": 14, "train/owl": 4, "test/ant": 3, "test/yak": 2})
    shutil.copy(folder / "test/ant/ant1.png", folder / "train/ant/leak.png")
    Image.open(folder / "train/ant/ant2.png").resize((40, 30)).save(folder / "train/owl/near.png")
    (folder / "train/ant/broken.png").write_bytes(b"x")
    (folder / "train/ant/film.mp4").write_bytes(b"x")
    Image.new("RGB", (40, 40)).save(folder / "train/ant/black.png")
    rng = np.random.default_rng(9)
    picture(rng, 600, 70).save(folder / "train/ant/long.png")
    for number in range(8):
        picture(rng, 400, 400).save(folder / "train/ant" / f"large{number}.png")
    found = audit(folder, encoder=None)
    facts = {"given": "ant", "predicted": "owl", "given_probability": 0.003, "predicted_probability": 0.93}
    more = (
        Finding("suspicious_label", "ant3 is labeled 'ant'", (3,), 9.0, {**facts, "cleanlab": True}),
        Finding("groups", "names join", (), 0.0, {"rule": "folder:1", "groups": 1234}),
    )
    return Audit(found.images, (*found.findings, *more), 20, 3.0)


def test_every_kind_has_a_section_with_its_pictures(faulty, tmp_path):
    page = page_of(faulty, tmp_path)
    structure = Structure(page)
    assert {kind for kind in KINDS if faulty.of(kind)} == set(KINDS)
    assert [name for name in structure.ids if name in KINDS] == list(KINDS)
    assert structure.links == [f"#{kind}" for kind in KINDS]
    for words in (
        "train/ant/leak.png", "broken.png", "film.mp4", "yak: 0", "less than 1 %", "93 %", "cleanlab agrees",
        "in 3 classes",
    ):  # fmt: skip
        assert words in page, words
    assert '<span class="value">1,234</span>' in page
    assert re.search(r'<span class="value">\d+ to 400</span>', page)
    assert "owl: 5" in page and "features of 20 images; 3 seconds" in page
    for source in structure.sources:
        content = base64.b64decode(source.removeprefix("data:image/jpeg;base64,"), validate=True)
        assert max(Image.open(io.BytesIO(content)).size) <= audit_page.SIDE


def test_the_page_loads_nothing(faulty, tmp_path):
    page = page_of(faulty, tmp_path)
    assert "script" not in Structure(page).tags
    assert not re.search(r"(src|href)=\"(?!data:image/jpeg;base64,|#)", page) and "url(" not in page
    assert "http" not in page


def test_nothing_found(tmp_path):
    found = audit(write(tmp_path / "p", {"ant": 12, "owl": 12}), encoder=None, image_size=32)
    page = page_of(found, tmp_path, title="My <photos>")
    assert "Nothing was found" in page and "Check of My &lt;photos&gt;" in page
    assert "without features" in page and Structure(page).sources == []


def test_names_are_shown_and_not_obeyed(tmp_path):
    names = ["<script>alert(1)</script>", "a\"onerror='x", "{{ 7 * 7 }}", "\x1b[31m", "a\u202eb"]
    folder = tmp_path / "<i>p"
    for number, name in enumerate(names):
        (folder / name.replace("/", "")).mkdir(parents=True)
        picture(np.random.default_rng(number)).save(folder / name.replace("/", "") / "&lt;.png")
        shutil.copy(folder / name.replace("/", "") / "&lt;.png", folder / name.replace("/", "") / "<b>.png")
        (folder / name.replace("/", "") / os.fsdecode(b"x<u>\xff.png")).write_bytes(b"x")
    page = page_of(audit(folder, encoder=None), tmp_path)
    assert Structure(page).tags.isdisjoint({"script", "b", "i", "u"})
    assert "onerror='x" not in page and "49" not in re.sub(r"data:[^\"]*", "", page)
    assert "\x1b" not in page and "\u202e" not in page and r"\xff" in page and r"\u202e" in page
    assert "{{ 7 * 7 }}" in page and "&amp;lt;.png" in page


def test_no_more_pictures_than_fit(faulty, tmp_path, monkeypatch):
    whole = Structure(page_of(faulty, tmp_path)).sources
    monkeypatch.setattr(audit_page, "MOST_BYTES", sum(map(len, set(whole))) // 2)
    page = page_of(faulty, tmp_path)
    left = Structure(page).sources
    assert 0 < len(left) < len(whole) and sum(map(len, set(left))) <= audit_page.MOST_BYTES
    assert re.search(r"\d+ pictures are left out, because the page", page)
    assert "less than 1 %" in page  # The labels come first.


def test_a_thousand_groups_make_a_page_of_less_than_ten_megabytes(tmp_path):
    folder = write(tmp_path / "p", {"ant": 30}, draw=lambda rng: picture(rng, 256, 256))
    found = audit(folder, encoder=None)
    many = [
        Finding(
            "near_duplicates", "alike", tuple(range(number % 20, number % 20 + 8)), 1.0, {"splits": ["train"]}
        )
        for number in range(1000)
    ]
    page = page_of(Audit(found.images, tuple(many), 0, 1.0), tmp_path)
    assert len(page) < 10_000_000
    assert page.count("<li><p>alike</p>") == 120 and "880 more are not shown" in page and "and 2 more" in page


def test_files_that_vanish_have_no_picture(faulty, tmp_path):
    for name in ("leak.png", "ant1.png"):
        for folder in ("train/ant", "test/ant"):
            (tmp_path / "p" / folder / name).unlink(missing_ok=True)
    page = page_of(faulty, tmp_path)
    assert page.count("no picture") >= 2 and "pictures are left out" in page


def test_a_failed_page_leaves_the_old_one(faulty, tmp_path, monkeypatch):
    (tmp_path / "page.html").write_text("old")
    monkeypatch.setattr(audit_page, "printable", lambda page, keep: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_audit(faulty, tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == "old"
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]
