"""Fine-tune a zoo model on a folder of images with one subfolder per class.

    python examples/fine_tune_folder.py photos/ --entry gcl_resnet32_cifar10_lt --trainable 'stage3_*' --out mine.keras

Class names and counts come from the folder. The head is new, and the backbone keeps its weights. First only the head
learns, with Keras's own `fit(x, y)`. Then the chosen layers learn too, in the stages of a recipe, with `fit(dataset)`.
"""

import argparse

import numpy as np

import ltzoo


def main(folder, entry, trainable, epochs, out, seed=0):
    """Print the results before and after, save the model, and return both results."""
    height, width, channels = ltzoo.models.card(entry).input_shape
    data = ltzoo.data.from_directory(
        folder, image_size=(height, width), channels=channels, validation_fraction=0.2, seed=seed
    )
    print(data)
    recipe = ltzoo.recipes.for_dataset(
        ltzoo.recipes.get("crt", epochs=epochs, batch_size=min(64, len(data.train)), mixup_alpha=0.0), data
    )

    # A new head for the classes of the folder; the weights of the backbone are frozen.
    model = ltzoo.models.load(entry, class_counts=data, recipe=recipe, trainable="head")
    model.finish_training(learning_rate=0.1)  # recompiles; a head alone can take a high rate
    images = data.train.load(np.arange(len(data.train)))
    model.fit(images, data.train.labels, batch_size=32, epochs=epochs[1], verbose=2)
    before = ltzoo.metrics.evaluate(model, data.val)

    # Now some backbone layers learn too. Stage 1 uses the recipe's loss and schedule, stage 2 class-balanced batches.
    model.set_trainable(trainable)
    model.fit(data, seed=seed, verbose=2)
    after = ltzoo.metrics.evaluate(model, data.val)
    print(f"head only: {before.top1:.1%} top-1, few-shot {before.few:.1%}")
    print(f"with {trainable}: {after.top1:.1%} top-1, few-shot {after.few:.1%}")
    model.save(out)
    print(f"wrote {out}; ltzoo predict IMAGE --model {out}, or ltzoo export {out} --out served/")
    return before, after


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="folder with one subfolder of images per class")
    parser.add_argument("--entry", default="gcl_resnet8_digits_lt", help="zoo entry to start from")
    parser.add_argument(
        "--trainable", nargs="+", default=["stage3_*"], help="patterns of layer names, or all, or head"
    )
    parser.add_argument("--epochs", type=int, nargs=2, default=(20, 5), help="epochs of the two stages")
    parser.add_argument("--out", default="fine_tuned.keras", help="file for the model")
    given = parser.parse_args()
    patterns = given.trainable[0] if given.trainable[0] in ("all", "head") else given.trainable
    main(given.folder, given.entry, patterns, tuple(given.epochs), given.out)
