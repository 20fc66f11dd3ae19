"""The report: a page that stands alone, repeats itself, and is whole or absent."""

import html.parser
import os
import warnings

import numpy as np
import pytest

from ltzoo.metrics import Alarm
from ltzoo.report import html as html_module
from ltzoo.report import write_report

pytestmark = pytest.mark.rotating(3)


class Page(html.parser.HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def arguments(synthetic):
    counts = synthetic.counts()
    results = synthetic.results(counts)
    del results["GCL, stage 1"]
    return {
        "title": "Digits <long-tailed>",
        "class_counts": counts,
        "class_names": [f"class {index}" for index in range(len(counts))],
        "results": results,
        "weight_norms": {name: np.linspace(2, 1, len(counts)) for name in results},
        "histories": {"GCL": synthetic.history()},
        "seconds": {"cross entropy": 1234.5},
        "notes": ["Seed 0 & no network."],
    }


@pytest.fixture(scope="module")
def path(arguments, tmp_path_factory):
    return write_report(tmp_path_factory.mktemp("report"), **arguments)


def test_page_stands_alone_and_describes_its_pictures(path):
    page = Page(path.read_text(encoding="utf-8"))
    pictures = page.all("img")
    assert path.name == "report.html"
    assert len(pictures) == len(list(path.parent.glob("*.png"))) == 8
    assert all(picture["src"].startswith("data:image/png;base64,iVBOR") for picture in pictures)
    assert all(len(picture["alt"]) > 20 for picture in pictures)
    assert page.all("script") == [{}] and not page.all("link") and not page.all("a")
    assert page.all("html") == [{"lang": "en"}]


def test_page_has_the_table_its_meaning_and_the_change(path, arguments):
    text = Page(path.read_text(encoding="utf-8")).text
    for heading in ("top-1 %", "many %", "medium %", "few %", "balanced %", "ECE %", "seconds"):
        assert text.count(heading) == 2
    first, last = arguments["results"].values()
    assert f"{100 * first.top1:.1f}" in text and f"{100 * last.top1:.1f}" in text
    assert "1,234" in text and "–" in text
    assert f"{100 * first.few:.1f} → {100 * last.few:.1f} %" in text
    assert "Digits <long-tailed>" in text and "Seed 0 & no network." in text


def test_same_arguments_give_the_same_bytes(path, arguments, tmp_path):
    again = write_report(tmp_path, **arguments)
    assert sorted(os.listdir(path.parent)) == sorted(os.listdir(tmp_path))
    for name in os.listdir(tmp_path):
        assert (path.parent / name).read_bytes() == (tmp_path / name).read_bytes()
    assert again == tmp_path / "report.html"


def test_one_model_and_only_the_needed_arguments(tmp_path, synthetic):
    counts = synthetic.counts(3, 50, 2)
    result = synthetic.result(counts, 3)
    path = write_report(
        tmp_path, title="One", class_counts=counts, class_names=None, results={"model": result}
    )
    page = Page(path.read_text(encoding="utf-8"))
    assert "Time of the training" not in page.text and "Notes" not in page.text
    assert "Few-shot accuracy" not in page.text  # No class is few-shot: nothing to say about them.
    assert len(page.all("img")) == 4


def test_a_failure_leaves_the_earlier_report(tmp_path, arguments, monkeypatch):
    (tmp_path / "report.html").write_text("earlier")
    monkeypatch.setattr(html_module, "sections", lambda *_: [])
    monkeypatch.setattr(html_module, "template", lambda name, **filters: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(tmp_path, **arguments)
    assert (tmp_path / "report.html").read_text() == "earlier"
    assert os.listdir(tmp_path) == ["report.html"]


@pytest.mark.parametrize(
    "split, images", [("test", "test"), ("val", "validation"), ("train", "training"), ("night", "night")]
)
def test_the_measured_split_has_its_name_everywhere(tmp_path, arguments, split, images):
    page = Page(write_report(tmp_path, **arguments, split=split).read_text(encoding="utf-8"))
    assert f"Results on the {images} images" in page.text
    words = page.text + " ".join(picture["alt"] for picture in page.all("img"))
    for other in {"test", "validation", "night"} - {images}:
        assert f"{other} images" not in words
    assert words.count(f"{images} images") >= 8


def test_without_results_the_page_has_no_accuracies_and_says_so(tmp_path, arguments):
    path = write_report(tmp_path, **{**arguments, "results": {}, "weight_norms": None})
    page = Page(path.read_text(encoding="utf-8"))
    assert "No accuracies Nothing was measured: there are no test or validation images." in page.text
    assert len(page.all("img")) == 2 and "Results on" not in page.text and "top-1" not in page.text


def test_a_wrong_split_is_named(tmp_path, arguments):
    with pytest.raises(TypeError, match=r"`split` must be .*Received: split=None"):
        write_report(tmp_path, **arguments, split=None)


def test_models_of_the_same_letters_keep_their_own_pictures(tmp_path, synthetic):
    counts = synthetic.counts(3, 50, 2)
    names = ("模型一", "模型二", "a b", "a-b", "x" * 300)
    results = {name: synthetic.result(counts, skill) for skill, name in enumerate(names)}
    page = write_report(tmp_path, title="Many", class_counts=counts, class_names=None, results=results)
    pictures = Page(page.read_text(encoding="utf-8")).all("img")
    assert len(pictures) == len(list(tmp_path.glob("*.png"))) == 2 + 2 + 5


def test_names_of_any_script_are_escaped_and_listed_with_their_labels(tmp_path, synthetic):
    counts = synthetic.counts(5, 50, 2)
    names = ["猫", "<script>alert(1)</script>", "$\\frac{1}{0}$", "قطة", "long " * 30]
    result = synthetic.result(counts, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = write_report(
            tmp_path,
            title="猫 <b>$x$",
            class_counts=counts,
            class_names=names,
            results={"_模型 $a$ <i>": result, "_b": result},
            weight_norms={"_b": np.ones(5)},
            histories={"_b": synthetic.history()},
        )
    page = Page(path.read_text(encoding="utf-8"))
    assert page.all("script") == [{}] and not page.all("b") and not page.all("i")
    assert "class 3 قطة" in page.text and "<script>alert(1)</script>" in page.text
    assert names[4].strip() in page.text and "Labels in the figures" in page.text


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"class_names": ["one"]}, "1 names, 10 counts"),
        ({"class_counts": [5, 4], "class_names": None}, "10 classes for 'cross entropy', 2 counts"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, arguments, changes, message):
    with pytest.raises(ValueError, match=message):
        write_report(tmp_path, **{**arguments, **changes})
    assert not list(tmp_path.iterdir())


def test_alarms_stand_on_top_and_leave_no_praise(arguments, tmp_path):
    alarm = Alarm("accuracy at chance", "the balanced accuracy is <1 %>")
    page = Page(write_report(tmp_path, **arguments, alarms=[alarm]).read_text(encoding="utf-8"))
    assert "Alarms accuracy at chance: the balanced accuracy is <1 %>" in page.text
    assert page.text.index("Alarms") < page.text.index("Results")
    assert not any("tiles" in str(attributes.get("class")) for attributes in page.all("ul"))


def test_a_class_never_predicted_leaves_the_summary(arguments, tmp_path):
    alarm = Alarm("classes never predicted", "1 of the 10 classes")
    page = Page(write_report(tmp_path, **arguments, alarms=[alarm]).read_text(encoding="utf-8"))
    assert "1 of the 10 classes" in page.text
    assert any("tiles" in str(attributes.get("class")) for attributes in page.all("ul"))
