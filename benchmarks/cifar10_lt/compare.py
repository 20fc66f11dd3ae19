"""Compare recipes on one dataset, one CSV row per run.

    python -m benchmarks.cifar10_lt.compare --seeds 3

Every recipe trains as registered, except for crops that fit the dataset, at most `--batch-size` images per step, and
learning rates times the square root of the change in batch size. It trains for `--epochs` epochs in all; a later stage
that is short by default gets a fifth of them. The test images choose nothing. Rows that are already in the CSV (same
recipe data, seed and backend) are skipped, so the same command resumes. `python -m tools.tables` prints the rows.
"""

import argparse
import dataclasses
import json
import multiprocessing
import os
import platform
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from benchmarks.cifar10_lt import runs


def main():
    """Run what is missing and append its rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="*", help="recipe names; default: all that need no teachers")
    parser.add_argument("--dataset", default="digits_lt", help="name of a dataset")
    parser.add_argument("--imbalance-factor", type=float, default=50, help="largest class / smallest class")
    parser.add_argument("--backbone", help="default: resnet8, or the network a recipe is made for")
    parser.add_argument("--epochs", type=int, default=50, help="epochs of all stages together")
    parser.add_argument("--batch-size", type=int, default=32, help="most images per step")
    parser.add_argument(
        "--overrides", default="{}", help="JSON object of changes for ltzoo.recipes.get, for experiments"
    )
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds, from 0")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="runs at a time, with one thread each"
    )
    parser.add_argument("--csv", type=Path, default=runs.RESULTS / "digits_lt.csv", help="file for the rows")
    options = parser.parse_args()
    tasks = _missing(options)
    print(f"{len(tasks)} runs to do", flush=True)
    # One run per process, one thread per run: these networks are too small to use several.
    os.environ.update(OMP_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=spawn) as pool:
        futures = {pool.submit(run, *task): task for task in tasks}
        for future in as_completed(futures):
            try:
                row = future.result()
            except Exception as error:
                print(f"{futures[future][:2]} failed: {error!r}", flush=True)
                continue
            runs.append(options.csv, row, ("recipe", "overrides", "epochs"))
            print(f"{row['recipe']:28s} seed {row['seed']} top-1 {row['top1']} few {row['few']}", flush=True)


def adapted(name, options):
    """Return the recipe with the epochs, batch size and learning rates of this comparison."""
    import ltzoo

    defaults = [stage.epochs for stage in ltzoo.recipes.get(name).stages]
    later = [
        round(max(options.epochs / 5, options.epochs * number / sum(defaults))) if number else 0
        for number in defaults[1:]
    ]
    overrides = json.loads(options.overrides)
    recipe = ltzoo.recipes.get(name, epochs=[options.epochs - sum(later), *later], **overrides)
    stages = []
    for stage in recipe.stages:
        factor = min(1.0, options.batch_size / stage.batch_size)
        schedule = {**stage.schedule}
        for key in ("learning_rate", "warmup_start", "end_learning_rate"):
            if schedule.get(key):
                schedule[key] = schedule[key] * factor**0.5
        size = min(stage.batch_size, options.batch_size)
        stages.append(dataclasses.replace(stage, schedule=schedule, batch_size=size))
    return dataclasses.replace(recipe, stages=tuple(stages))


def backbone(name, options):
    """Return the network for a recipe; the default of most recipes is too large here."""
    import ltzoo

    made_for = ltzoo.recipes.default_backbone(name)
    return options.backbone or (made_for if made_for != "resnet32" else "resnet8")


def run(name, seed, options):
    """Train and evaluate one recipe; return its row of the CSV."""
    import keras

    import ltzoo

    dataset = ltzoo.data.load(options.dataset, imbalance_factor=options.imbalance_factor, seed=seed)
    recipe = ltzoo.recipes.for_dataset(adapted(name, options), dataset)
    model = ltzoo.models.build(backbone(name, options), recipe, dataset, seed=seed)
    start = time.perf_counter()
    model.fit(dataset, verbose=0, seed=seed)
    seconds = time.perf_counter() - start
    result = ltzoo.metrics.evaluate(model, dataset.test)
    return {
        "recipe": name,
        "overrides": options.overrides,
        "seed": seed,
        "recipe_hash": runs.recipe_hash(adapted(name, options)),
        "dataset": options.dataset,
        "imbalance_factor": options.imbalance_factor,
        "backbone": backbone(name, options),
        "epochs": "+".join(str(stage.epochs) for stage in recipe.stages),
        "commit": runs.commit(),
        "backend": keras.backend.backend(),
        "keras": keras.__version__,
        "device": f"CPU {platform.machine()}, 1 thread",
        **runs.measured(result),
        "seconds": f"{seconds:.1f}",
    }


def _missing(options):
    import keras

    import ltzoo

    names = options.recipes or [name for name in ltzoo.recipes.names() if not _taught(name)]
    rows = runs.read(options.csv)
    done = {(row["recipe"], row["seed"], row["recipe_hash"], row["backend"]) for row in rows}
    backend = keras.backend.backend()
    return [
        (name, seed, options)
        for seed in range(options.seeds)
        for name in names
        if (name, str(seed), runs.recipe_hash(adapted(name, options)), backend) not in done
    ]


def _taught(name):
    import ltzoo

    return any("teachers" in (stage.technique or {}) for stage in ltzoo.recipes.get(name).stages)


if __name__ == "__main__":
    main()
