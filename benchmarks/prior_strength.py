"""Which tau a training with logit adjustment should have had: `python benchmarks/prior_strength.py MODEL ...`.

A model that was trained with `logit_adjustment` at tau predicts with its logits z alone. Those of a training at another
t would be about z - (t - tau) log(n / N): this prints, for a few t, the accuracy of that on the validation images of
`cifar_lt.py --validation`. The models are those that `cifar_lt.py --weights` wrote.
"""

import argparse
from pathlib import Path

import keras
import numpy as np
from cifar_subsets import dataset_of

from ltzoo.losses.logit_adjustment import post_hoc_logit_adjustment


def main():
    """Prints a line a model; the t with a star is what it was trained with."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder cifar-10-batches-py")
    parser.add_argument("--factor", type=float, default=100.0)
    parser.add_argument("--validation", type=float, default=400.0, help="what cifar_lt.py was run with")
    parser.add_argument(
        "--strengths", nargs="+", type=float, default=[0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4]
    )
    options = parser.parse_args()
    options.npz = None
    data = dataset_of(options.factor, options)
    images = data.val.load(np.arange(len(data.val.labels)))
    for path in options.models:
        model = keras.saving.load_model(path)
        trained = model.recipe.stages[-1].loss.get("tau", 1.0)
        logits = model.predict(images, batch_size=256, verbose=0)
        print(path.name, end="", flush=True)
        for strength in options.strengths:
            shifted = post_hoc_logit_adjustment(logits, data.class_counts, strength - trained)
            found = keras.ops.convert_to_numpy(shifted).argmax(-1)
            star = "*" if strength == trained else ""
            print(f"  {strength:g}{star}: {100 * np.mean(found == data.val.labels):.1f}", end="")
        print(flush=True)


if __name__ == "__main__":
    main()
