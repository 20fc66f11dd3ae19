"""Which maps are shown, and how."""

import keras
import numpy as np
import pytest
from keras import ops

import ltzoo
from ltzoo.report import ActivationMaps, plots, style, tail_activation_maps, write_report
from ltzoo.report.sections import sections
from ltzoo.training import Recipe, Stage
from tests import tiny

CALIBRATED = {"name": "camc", "threshold": 20}


def classifier(with_stage_before=True):
    loss = {"name": "cross_entropy"}
    second = Stage(epochs=0, loss=loss, head=CALIBRATED, scale=16.0)
    plain = {"name": "normalized_dense", "normalize_features": False}
    recipe = Recipe("test", CALIBRATED, [second])
    if with_stage_before:
        recipe = Recipe("test", plain, [Stage(epochs=1, loss=loss, scale=0.5), second])
    inputs = keras.Input((8, 8, 1))
    backbone = keras.Model(inputs, keras.layers.Conv2D(4, 3, strides=3, activation="sigmoid")(inputs))
    return ltzoo.models.build(backbone, recipe, tiny.dataset())


@pytest.mark.parametrize("with_stage_before", [True, False])
def test_maps_of_the_true_class_by_both_classifiers(with_stage_before):
    model, data = classifier(with_stage_before), tiny.dataset()
    generator = np.random.default_rng(1)
    for weight in model.head.weights:
        weight.assign(generator.normal(size=weight.shape))
    maps = tail_activation_maps(model, data.test, num_images=3)
    # Classes 2 (4 training images) and 1 (12) take turns.
    assert list(maps.labels) == [2, 1, 2]
    images = data.test.load(np.flatnonzero(data.test.labels == 2)[:2])
    np.testing.assert_array_equal(maps.images[[0, 2]], images)
    features = model.extract_feature_maps_on_batch(maps.images)
    kernel = ops.convert_to_numpy(model.heads[0].kernel)
    kernel = kernel if with_stage_before else kernel / np.linalg.norm(kernel, axis=0)
    for place, label in enumerate(maps.labels):
        np.testing.assert_allclose(maps.plain[place], features[place] @ kernel[:, label], atol=1e-5)
    if not with_stage_before:
        gain = maps.calibrated / maps.plain
        assert (gain > 1).all() and (gain < 2).all()
    np.testing.assert_array_equal(maps.predictions, model.predict(maps.images, verbose=0).argmax(1))


def test_other_classifiers_and_maps_of_one_position_have_nothing_to_show():
    data = tiny.dataset()
    assert tail_activation_maps(tiny.model("cross_entropy"), data.test) is None
    one_position = tiny.model(tiny.recipe("camc", stage2={"head": CALIBRATED}))
    assert one_position.backbone.output_shape[1:3] == (1, 1)
    assert tail_activation_maps(one_position, data.test) is None


def made_up(images=4, channels=3):
    generator = np.random.default_rng(0)
    labels = np.arange(images) % 3
    return ActivationMaps(
        images=generator.integers(0, 256, (images, 16, 16, channels)).astype("uint8"),
        labels=labels,
        plain=generator.normal(size=(images, 4, 4)),
        calibrated=np.zeros((images, 4, 4)),
        plain_predictions=(labels + 1) % 3,
        predictions=labels,
    )


@pytest.mark.parametrize("images, channels", [(1, 1), (6, 3)])
@pytest.mark.filterwarnings("error")
def test_the_figure_shows_images_both_maps_and_both_predictions(images, channels):
    figure = plots.activation_maps(made_up(images, channels), [9, 1, 2], ["fox", "cat", "dog"])
    figure.canvas.draw()
    assert len(figure.axes) == 3 * images
    assert [len(axes.get_images()) for axes in figure.axes] == [1] * images + [2] * (2 * images)
    assert figure.axes[0].get_title() == "fox\n9 training images"
    plain, calibrated = figure.axes[images], figure.axes[2 * images]
    assert (plain.get_xlabel(), calibrated.get_xlabel()) == ("cat", "fox")
    assert plain.xaxis.label.get_color() != calibrated.xaxis.label.get_color() != style.INK
    overlay = plain.get_images()[1].get_array()
    assert overlay.min() == 0 and overlay.max() == 1
    assert (figure.axes[0].get_ylabel(), plain.get_ylabel(), calibrated.get_ylabel()) == (
        "image", "plain", "calibrated",
    )  # fmt: skip


def test_the_report_has_a_section_for_them(tmp_path, synthetic):
    counts = np.array([90, 30, 4])
    arguments = {
        "title": "t",
        "class_counts": counts,
        "class_names": None,
        "results": {"a": synthetic.result(counts, 2.0)},
    }
    page = write_report(tmp_path / "with", activation_maps=made_up(), **arguments).read_text()
    assert "plain and calibrated" in page and "(0 correct)" in page and "(4 correct)" in page
    assert (tmp_path / "with" / "activation_maps.png").exists()
    without = sections(counts, None, arguments["results"], None, None)
    assert not any("plain and calibrated" in section.heading for section in without)
