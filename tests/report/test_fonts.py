"""Text of any script in figures: drawn by a font that has it, or replaced, and never boxes."""

import warnings

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.text import Text

from ltzoo.report import fonts, plots, style

PRIVATE = "\U000f0123\U000f0124"  # No installed font has them.


@pytest.fixture
def private_font(tmp_path, monkeypatch):
    """Install a font with the two characters for one test."""
    pen = TTGlyphPen(None)
    for point, draw in zip(
        [(0, 0), (0, 700), (500, 700), (500, 0)], ["moveTo"] + 3 * ["lineTo"], strict=True
    ):
        getattr(pen, draw)(point)
    pen.closePath()
    glyph = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "one", "two"])
    builder.setupCharacterMap({ord(PRIVATE[0]): "one", ord(PRIVATE[1]): "two"})
    builder.setupGlyf({".notdef": glyph, "one": glyph, "two": glyph})
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", "one", "two"), (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Private Sans", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    path = tmp_path / "private.ttf"
    builder.save(path)
    monkeypatch.setattr(font_manager.fontManager, "ttflist", list(font_manager.fontManager.ttflist))
    font_manager.fontManager.addfont(path)
    fonts._fallbacks.cache_clear()
    yield
    fonts._fallbacks.cache_clear()


def test_a_fallback_font_is_found_by_its_characters(private_font):
    assert fonts.is_drawable("cat" + PRIVATE)
    assert fonts.families("cat" + PRIVATE)[-1] == "Private Sans"
    assert fonts.families("cat") == fonts.families("café")
    assert fonts.class_labels(["cat", PRIVATE]) == ["cat", PRIVATE]


def test_figures_draw_names_of_a_fallback_font(private_font, synthetic):
    counts, name = synthetic.counts(3, 50, 2), f"cat {PRIVATE}"
    result = synthetic.result(counts, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for figure in (
            plots.class_counts(counts, [name, "b", "c"]),
            plots.class_accuracy({name: result, "b": result}, counts, [name, "b", "c"]),
            plots.confusion_matrix(result, counts, [name, "b", "c"], title=name),
            plots.reliability_diagram({name: result}),
            plots.weight_norms({name: np.ones(3)}, counts, [name, "b", "c"]),
            plots.training_curves({name: synthetic.history()}),
        ):
            texts = [entry for entry in figure.findobj(Text) if name in entry.get_text()]
            assert texts and all("Private Sans" in entry.get_fontfamily() for entry in texts)
            figure.canvas.draw()


def test_what_no_font_has_becomes_a_number_or_a_question_mark():
    assert not fonts.is_drawable(PRIVATE)
    assert fonts.class_labels(["cat", PRIVATE, "a\x1bb", " \n"]) == ["cat", "class 1", "class 2", "class 3"]
    assert fonts.drawable(f"model {PRIVATE[0]}\n2") == "model ? 2"


@pytest.mark.parametrize("text", ["قطة", "חתול", "cat קט"])
def test_scripts_from_right_to_left_are_not_drawn_backward(text):
    assert not fonts.is_drawable(text)
    assert fonts.class_labels(["a", text]) == ["a", "class 1"]


def test_labels_are_short_and_distinct():
    labels = fonts.class_labels(["a long name of a class, one", "a long name of a class, two", "cat"])
    assert len(set(labels)) == 3 and max(map(len, labels)) <= 18
    assert labels[0].endswith("(0)") and labels[1].endswith("(1)")


def test_plain_text_starts_no_mathematics_and_stays_in_legends():
    assert style.plain("$a$") == r"\$a\$" and style.plain("_a").strip() == "_a" and style.plain("_a") != "_a"
