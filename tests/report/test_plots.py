"""The figures show the numbers they are given and fit their page."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer

from ltzoo.report import plots, style


def draw(figure):
    """Draw, then return the axes; warnings such as a layout without room are errors."""
    figure.canvas.draw()
    return figure.axes


def overlaps(texts, renderer):
    """Pairs of visible texts whose boxes overlap."""
    boxes = [text.get_window_extent(renderer) for text in texts if text.get_visible() and text.get_text()]
    return sum(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def bars(axes):
    return [container for container in axes.containers if isinstance(container, BarContainer)]


def test_class_counts_are_sorted_log_and_colored_by_group():
    counts = np.array([5, 150, 50])
    axes = draw(plots.class_counts(counts, ["fox", "cat", "dog"]))[0]
    heights = [bar.get_height() for bar in bars(axes)[0]]
    assert heights == [150, 50, 5]
    assert axes.get_yscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["cat", "dog", "fox"]
    colors = [to_hex(bar.get_facecolor()).upper() for bar in bars(axes)[0]]
    assert colors == [style.GROUP_COLORS[name] for name in ("many", "medium", "few")]


@pytest.mark.parametrize(
    "classes, largest, factor", [(2, 150, 50), (10, 150, 50), (30, 200, 20), (1000, 1280, 256)]
)
@pytest.mark.filterwarnings("error")
def test_no_label_overlaps_another(classes, largest, factor, synthetic):
    counts = synthetic.counts(classes, largest, factor)
    names = [f"species {index * 7919}" for index in range(classes)]
    results = {
        name: synthetic.result(counts, skill, images_per_class=3) for name, skill in (("a", 2.0), ("b", 4.0))
    }
    norms = {"a": np.linspace(2, 1, classes), "b": np.ones(classes)}
    figures = [
        plots.class_counts(counts, names),
        plots.class_accuracy(results, counts, names),
        plots.weight_norms(norms, counts, names),
        plots.confusion_matrix(results["b"], counts, names, "b"),
    ]
    for figure in figures:
        axes = draw(figure)[0]
        renderer = figure.canvas.get_renderer()
        assert overlaps(axes.get_xticklabels(), renderer) == 0
        assert overlaps(axes.get_yticklabels(), renderer) == 0
        assert overlaps([text for legend in figure.legends for text in legend.get_texts()], renderer) == 0
        box = figure.get_tightbbox(renderer)
        width, height = figure.get_size_inches()
        assert box.x0 >= -0.05 and box.y0 >= -0.05 and box.x1 <= width + 0.05 and box.y1 <= height + 0.05


def test_class_accuracy_draws_each_model_over_the_classes_by_count(synthetic):
    counts = np.array([10, 200])
    results = {"before": synthetic.result(counts, 1.0), "after": synthetic.result(counts, 4.0)}
    axes = draw(plots.class_accuracy(results, counts))[0]
    points = [
        collection.get_offsets() for collection in axes.collections if len(collection.get_offsets()) == 2
    ]
    for name, drawn in zip(results, points, strict=True):
        np.testing.assert_allclose(drawn[:, 1], 100 * results[name].per_class[[1, 0]])


def test_confusion_rows_are_shares_and_annotated_when_small(synthetic):
    counts = synthetic.counts(5, 100, 10)
    axes = draw(plots.confusion_matrix(synthetic.result(counts, 3.0), counts))[0]
    share = axes.images[0].get_array()
    np.testing.assert_allclose(share.sum(axis=1), 100.0)
    assert len(axes.texts) == np.sum(share > 0)


def test_confusion_without_images_of_a_class_is_blank_there(synthetic):
    counts = synthetic.counts(3, 50, 5)
    result = synthetic.result(counts, 3.0)
    result.confusion[1] = 0
    share = draw(plots.confusion_matrix(result, counts))[0].images[0].get_array()
    assert np.isnan(np.ma.filled(share, np.nan)[1]).all()


def test_large_confusion_is_merged_and_keeps_its_mass(synthetic):
    counts = synthetic.counts(1001, 1280, 256)
    result = synthetic.result(counts, 3.0, images_per_class=2)
    share = draw(plots.confusion_matrix(result, counts))[0].images[0].get_array()
    assert share.shape[0] <= 100
    np.testing.assert_allclose(share.sum(axis=1), 100.0)


def test_reliability_has_a_panel_for_each_model_with_its_error(synthetic):
    counts = synthetic.counts()
    results = synthetic.results(counts)
    axes = draw(plots.reliability_diagram(results))
    assert len(axes) == 2 * len(results)
    for panel, result in zip(axes[::2], results.values(), strict=True):
        assert f"ECE {100 * result.ece:.1f} %" in [text.get_text() for text in panel.texts]
        accuracy = [bar.get_height() for bar in bars(panel)[0]]
        np.testing.assert_allclose(accuracy, np.where(result.bin_count > 0, result.bin_accuracy, 0))
    share = [bar.get_height() for bar in bars(axes[1])[0]]
    assert sum(share) == pytest.approx(100.0)


def test_weight_norms_are_relative_to_their_mean():
    axes = draw(plots.weight_norms({"plain": [1.0, 3.0]}, [5, 50]))[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [1.5, 0.5])


def test_training_curves_mark_the_border_between_stages(synthetic):
    figure = plots.training_curves({"GCL": synthetic.history(epochs=5, border=3)})
    loss, accuracy = draw(figure)
    borders = [line for line in loss.lines if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in borders] == [3.5]
    drawn = [line for line in accuracy.lines if line.get_linestyle() == "--"]
    np.testing.assert_allclose(drawn[0].get_ydata(), np.linspace(20, 80, 5))


def test_training_curves_take_the_color_of_their_model(synthetic):
    figure = plots.training_curves({"GCL": synthetic.history()}, ["baseline", "stage 1", "GCL"])
    assert draw(figure)[0].lines[0].get_color() == style.model_style(2)["color"]


def test_training_curves_of_one_epoch_without_accuracy_show_the_loss():
    loss = draw(plots.training_curves({"short": {"loss": [1.0]}}))[0]
    assert loss.lines[0].get_marker() == "."


def test_names_with_dollar_signs_are_not_mathematics():
    axes = draw(plots.class_counts([3, 2], ["$1 coin", "5$ and 10$"]))[0]
    assert axes.get_xticklabels()[0].get_text() == r"\$1 coin"


@pytest.mark.parametrize("draw_models", [plots.class_accuracy, plots.weight_norms])
def test_a_legend_of_long_names_stays_inside_the_figure(draw_models, synthetic):
    counts = synthetic.counts()
    values = {
        plots.class_accuracy: synthetic.result(counts, 2.0),
        plots.weight_norms: np.linspace(2, 1, len(counts)),
    }
    figure = draw_models({f"{'a long name ' * 3}{i}": values[draw_models] for i in range(6)}, counts)
    draw(figure)
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width


def test_fifty_models_look_different():
    looks = {tuple(style.model_style(position).values()) for position in range(50)}
    assert len(looks) == 50
