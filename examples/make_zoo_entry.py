"""Train gcl_resnet8_digits_lt and write its weights, card and golden outputs: `python examples/make_zoo_entry.py`.

Make your own entry in the same way: build, fit, evaluate, publish.
"""

import sys
import time

import keras

import ltzoo

NAME, SEED = "gcl_resnet8_digits_lt", 0
BACKBONE = {"name": "resnet8"}
DATASET = {"name": "digits_lt", "imbalance_factor": 50, "seed": SEED}


def main(folder="weights"):
    """Write the entry into a folder."""
    arguments = dict(DATASET)
    dataset = ltzoo.data.load(arguments.pop("name"), **arguments)
    recipe = ltzoo.recipes.get(
        "gcl",
        epochs=(60, 10),
        batch_size=32,
        augmentation=[{"name": "pad_crop_flip", "padding": 1, "flip": False}],
        mixup_alpha=0.0,
        stage1={"schedule": ltzoo.recipes.step_schedule(0.05, 60, (0.1, 0.01))},
    )
    model = ltzoo.models.build(BACKBONE, recipe, dataset, seed=SEED)
    start = time.perf_counter()
    model.fit(dataset, seed=SEED, verbose=2)
    seconds = time.perf_counter() - start
    result = ltzoo.metrics.evaluate(model, dataset.test)
    print(result)
    training = {
        "backend": keras.backend.backend(),
        "seconds": round(seconds, 1),
        "command": f"ltzoo train {NAME} --out RUN",
    }
    card = ltzoo.models.publish(
        model,
        NAME,
        folder,
        backbone=BACKBONE,
        dataset=DATASET,
        measured=result,
        training=training,
        weights_license="Apache-2.0",
        data_license="CC-BY-4.0 (Optical Recognition of Handwritten Digits, UCI Machine Learning Repository)",
        origin="Trained by the ltzoo project",
    )
    print(f"{folder}/{card.weights['file']}: {card.weights['size']} bytes, SHA-256 {card.weights['sha256']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
