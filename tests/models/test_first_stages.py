"""First stages that several trainings share: what they depend on, how often they are trained, and what they give."""

import dataclasses
import json
import os
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from ltzoo import data, shipped
from ltzoo.models import first_stages
from ltzoo.models.first_stages import SharedFirstStage, described, determining
from ltzoo.recipes.recipe import Recipe
from ltzoo.training.checkpoint import FILE_NAME
from tests import tiny

TABLES = {"CAMC paper, Table II", "CAMC paper, Table III"}
SMALL = {"epochs": (1, 1), "batch_size": 8}
CROPS = [{"name": "camc_plus_plus", "grid": 2}]


def of_tables(card):
    paper = card["paper"] or {}
    return TABLES & {paper.get("table"), *(entry["table"] for entry in paper.get("also", ()))}


def test_the_entries_of_two_tables_have_five_first_stages():
    found = {}
    for card in map(shipped.read, shipped.names()):
        if of_tables(card) and card["recipe"]["stages"][0]["epochs"] == 200:  # The paper's own set-up.
            same = described(Recipe.from_dict(card["recipe"]), card["class_counts"])
            same = [same, card["backbone"], card["dataset"], card["seed"]]
            found.setdefault(json.dumps(same, sort_keys=True), []).append(card["name"])
    assert len(found) == 5 and sum(map(len, found.values())) >= 20
    camc = next(names for names in found.values() if "camc_resnext50_imagenet_lt" in names)
    assert "camc_plus_plus_resnext50_imagenet_lt" in camc
    assert "normalized_classifier_crt_resnext50_imagenet_lt" in camc


def recipes_of_the_tables():
    """Small forms of the entries: their first stages are five, as the entries' are."""
    made = {
        "linear": tiny.recipe("cross_entropy", epochs=(1,), batch_size=8),
        "linear_crt": tiny.recipe("crt", **SMALL, loss={"name": "cross_entropy"}),
        "norm_fc": tiny.recipe("normalized_classifier", epochs=(1,), batch_size=8),
        "camc": tiny.recipe("camc", **SMALL, stage2={"head": {"name": "camc", "threshold": 20}}),
        "camc_plus_plus": tiny.recipe(
            "camc_plus_plus", **SMALL, conversions=CROPS, stage2={"head": {"name": "camc", "threshold": 20}}
        ),
        "norm_fc_g1": tiny.recipe("normalized_classifier", epochs=(1,), batch_size=8, scale=1.0),
        "weight_norm": tiny.recipe("weight_normalization", epochs=(1,), batch_size=8),
        "weight_norm_g": tiny.recipe("weight_normalization_shared", epochs=(1,), batch_size=8),
    }
    crt = made["linear_crt"].stages[1]
    first = made["linear"].stages[0]
    made["linear_crt"] = dataclasses.replace(made["linear_crt"], stages=(first, crt))
    return made


def train(recipe, folder, seed=0, **settings):
    """Train with a shared first stage; return the model, its history and what was taken."""
    model, dataset = tiny.model(recipe, seed=seed), tiny.dataset()
    shared = SharedFirstStage(model, determining(model, dataset, seed), recipe.name, folder / "kept")
    checkpoint = folder / f"{len(list(folder.iterdir()))}"
    taken = shared.take(checkpoint, seed)
    history = model.fit(
        dataset,
        seed=seed,
        verbose=0,
        callbacks=[shared],
        checkpoint=checkpoint,
        resume=taken is not None,
        **settings,
    )
    return model, history.history, taken


@pytest.mark.rotating(3)
def test_trainings_of_the_tables_train_five_first_stages(tmp_path):
    trained = []
    for name, recipe in recipes_of_the_tables().items():
        model, history, taken = train(recipe, tmp_path)
        assert history["stage"] == [number for number in (1, 2) if number <= len(recipe.stages)]
        if taken is None:
            trained.append(name)
            continue
        alone = tiny.model(recipe)
        expected = alone.fit(tiny.dataset(), seed=0, verbose=0).history
        np.testing.assert_allclose(history["loss"], expected["loss"], atol=1e-5)
        np.testing.assert_allclose(history["val_accuracy"], expected["val_accuracy"], atol=1e-6)
        for one, other in zip(tiny.weights(model), tiny.weights(alone), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
    assert trained == ["linear", "norm_fc", "norm_fc_g1", "weight_norm", "weight_norm_g"]
    assert len(list((tmp_path / "kept").iterdir())) == 5


def place(recipe=None, dataset=None, seed=0, more=None, model_seed=None, **built):
    dataset = tiny.dataset() if dataset is None else dataset
    recipe = tiny.recipe("crt", **SMALL) if recipe is None else recipe
    model = tiny.ltzoo.models.build(
        built.pop("backbone", "tiny_cnn"),
        recipe,
        dataset,
        seed=seed if model_seed is None else model_seed,
        **built,
    )
    return SharedFirstStage(model, determining(model, dataset, seed, more), folder="x").path


def other_pixels():
    dataset = tiny.dataset()
    dataset.train.images[0, 0, 0] ^= 1
    return dataset


def stage1(**changes):
    return lambda: place(tiny.recipe("crt", **SMALL, stage1=changes))


CHANGES = {
    "epochs": lambda: place(tiny.recipe("crt", **{**SMALL, "epochs": (2, 1)})),
    "batch size": stage1(batch_size=4),
    "loss": stage1(loss={"name": "balanced_softmax"}),
    "sampler": stage1(sampler={"strategy": "class_balanced"}),
    "augmentation": stage1(augmentation=[]),
    "mixup": stage1(mixup_alpha=0.5),
    "optimizer": stage1(optimizer={"name": "sgd", "momentum": 0.8}),
    "schedule": stage1(schedule={"name": "constant", "learning_rate": 0.05}),
    "head": lambda: place(tiny.recipe("crt", **SMALL, head={"name": "normalized_dense"})),
    "conversions": lambda: place(tiny.recipe("crt", **SMALL, conversions=[{"name": "nbn", "placement": "A"}])),
    "backbone": lambda: place(backbone={"name": "tiny_cnn", "width": 5}),
    "seed of the training": lambda: place(seed=1, model_seed=0),
    "seed of the weights": lambda: place(model_seed=1),
    "pixel statistics": lambda: place(mean=0.4, std=0.25),
    "class counts": lambda: place(dataset=tiny.dataset((24, 12, 5))),
    "pixels": lambda: place(dataset=other_pixels()),
    "other images": lambda: place(dataset=tiny.dataset(seed=1)),
    "validation images": lambda: place(dataset=tiny.dataset(val=False)),
    "further arguments": lambda: place(more={"accumulate": 2}),
}  # fmt: skip


@pytest.fixture(scope="module")
def plain():
    return place()


@pytest.mark.parametrize("name", CHANGES)
def test_everything_that_determines_a_first_stage_gives_it_another_file(plain, name):
    assert CHANGES[name]() != plain


def test_precision_backend_library_and_device_give_another_file(plain, monkeypatch):
    found = {plain}
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        found.add(place())
    finally:
        keras.config.set_dtype_policy(before)
    for name, value in (
        ("__version__", "0"),
        ("_source", lambda: "other code"),
        ("_version", lambda backend: "0"),
        ("device_kind", lambda: "another"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(first_stages, name, value)
            found.add(place())
    assert len(found) == 6


def test_a_default_counts_as_much_as_its_value_and_another_value_does_not():
    def head(**arguments):
        recipe = tiny.recipe("crt", **SMALL, head={"name": "normalized_dense", **arguments})
        return described(recipe, tiny.CLASS_COUNTS)["head"]

    assert head(learn_scale=False) == head() == {"name": "normalized_dense"}
    others = [head(learn_scale=True), head(learn_scale="per_class"), head(normalize_features=False)]
    assert len({json.dumps(other) for other in [head(), *others]}) == 4


def test_the_second_stage_and_names_do_not_matter(plain):
    assert place() == plain
    assert place(tiny.recipe("crt", **{**SMALL, "epochs": (1, 3)})) == plain
    assert place(dataclasses.replace(tiny.recipe("crt", **SMALL), name="mine", description="mine")) == plain


def test_files_count_by_path_size_and_time(tmp_path):
    from PIL import Image

    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(2):
            pixels = np.full((8, 8, 3), number, np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")

    def now():
        return place(dataset=data.from_directory(tmp_path, image_size=(8, 8)), mean=0.5, std=0.25)

    before = now()
    assert now() == before
    os.utime(tmp_path / "cat" / "0.png", (1, 1))
    assert now() != before


def test_what_nobody_can_know_is_not_shared(monkeypatch):
    monkeypatch.setattr(first_stages.own_parts, "there_are_some", lambda: True)
    assert place() is None


def test_a_damaged_or_wrong_file_is_trained_again(tmp_path):
    recipe = tiny.recipe("crt", **SMALL)
    assert train(recipe, tmp_path)[2] is None
    [file] = (tmp_path / "kept").iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.warns(UserWarning, match="cannot be used and is trained again"):
        assert train(recipe, tmp_path)[2] is None


def test_an_interrupted_first_stage_is_kept_whole(tmp_path):
    recipe = tiny.recipe("crt", epochs=(2, 1), batch_size=8)

    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    for callback in (Stop(), keras.callbacks.Callback()):
        model, dataset = tiny.model(recipe), tiny.dataset()
        shared = SharedFirstStage(model, determining(model, dataset, 0), folder=tmp_path / "kept")
        resume = (tmp_path / "run" / FILE_NAME).exists()
        try:
            model.fit(
                dataset, verbose=0, callbacks=[shared, callback], checkpoint=tmp_path / "run", resume=resume
            )
        except KeyboardInterrupt:
            assert not (tmp_path / "kept").exists()
    _, history, taken = train(recipe, tmp_path)
    assert taken["epochs"] == 2 and len(history["loss"]) == 3


def test_only_so_much_is_kept_and_two_may_keep_the_same(tmp_path):
    model = tiny.model(tiny.recipe("crt", **SMALL))

    def keep(number, limit=10**9):
        shared = SharedFirstStage(model, {"number": number}, folder=tmp_path, limit=limit)
        model.enter_stage(0)
        shared.on_epoch_end(0, {"loss": 1.0})
        shared.on_train_end()
        return shared.path

    with ThreadPoolExecutor(4) as pool:
        [path] = set(pool.map(lambda _: keep(0), range(8)))
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    size = path.stat().st_size
    os.utime(path, (1, 1))
    second = keep(1)
    os.utime(second, (2, 2))
    third = keep(2, limit=int(2.5 * size))
    assert {second, third} == set(tmp_path.iterdir())
