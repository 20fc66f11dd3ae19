"""Three ways to compute CAMC's scores at the size of ImageNet-LT: batch 256, 7x7x2048 maps, 615 tail classes, K = 5.

    python benchmarks/camc.py [--rounds 5] [--kernel-size 1] [--backend torch] [--output FILE]

One step is forward and backward: softmax cross-entropy of the scores (Eq. 8), gradients of the feature map, the
class vectors, the prototypes and the fusion. The forms:

    class maps           the refined feature map of Eq. 5, once a tail class (at a reduced batch, as it is slow)
    embeddings           every class's embedding, [batch, tail classes, channels], from K response maps a class
    embeddings, folded   the same with the K prototypes folded into one filter
    CAMCalibration       the layer of this library

Every form has a process of its own. The processes take turns, round after round, so that a change of the machine's
load meets all of them; the time is the median of the rounds. Memory is the highest resident set of the process less
what it held when inputs, weights and libraries were loaded. Expected time: 10 minutes on two cores.
"""

import argparse
import os
import platform
import resource
import statistics
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import workers

SIDE, CHANNELS, CLASSES, TAIL, PROTOTYPES = 7, 2048, 1000, 615, 5
LIBRARY = "CAMCalibration"
FORMS = ("class maps", "embeddings", "embeddings, folded", LIBRARY)


def main():
    """Run the forms in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each form")
    parser.add_argument("--batch", type=int, default=256, help="images a step")
    parser.add_argument("--map-batch", type=int, default=16, help="images a step of the form with class maps")
    parser.add_argument("--kernel-size", type=int, default=1, choices=(1, 3), help="of the fusion")
    parser.add_argument("--backend", default="torch", choices=("torch", "tensorflow", "jax"))
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--forms", nargs="*", default=None, help="a choice of the forms")
    parser.add_argument("--output", type=Path, help="file for the table")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        form, batch, folder = options.worker
        return workers.serve(lambda: measurement(form, int(batch), Path(folder), options))
    # A compiled step with 615 unrolled classes takes longer to compile than the others to run.
    default = [form for form in FORMS if form != "class maps" or options.backend == "torch"]
    forms = options.forms or default
    with tempfile.TemporaryDirectory() as folder:
        text = compare(forms, options, folder)
    print(text)
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")


def compare(forms, options, folder):
    """Let the processes take turns; return the table."""
    batches = {form: options.map_batch if form == "class maps" else options.batch for form in forms}
    seconds = {form: [] for form in forms}
    processes = {form: start(form, batches[form], options, folder) for form in forms}
    with workers.started(processes):
        for process in processes.values():
            workers.ask(process)  # Loads, compiles and warms up.
        for round_ in range(options.rounds):
            for form, process in processes.items():
                seconds[form].append(workers.ask(process)["seconds"])
                print(f"round {round_ + 1}: {form:<20}{seconds[form][-1]:8.2f} s", flush=True)
        memory = {form: workers.ask(process)["megabytes"] for form, process in processes.items()}
    return table(seconds, memory, batches, options, differences(forms, folder))


def start(form, batch, options, folder):
    """Start the process of a form."""
    arguments = ["--worker", form, batch, folder]
    arguments += ["--backend", options.backend, "--kernel-size", options.kernel_size]
    # Freed tensors go back to the system at once, so that the resident set is what tensors hold.
    return workers.start(
        __file__, arguments, options.backend, options.threads, MALLOC_MMAP_THRESHOLD_=str(2**20)
    )


def measurement(form, batch, folder, options):
    """A function that measures one step; its first is the warm-up and leaves the numbers for `differences`."""
    import numpy as np

    step, arrays = make_step(form, batch, options.kernel_size)
    held = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    file = folder / f"{form.replace(' ', '_')}.npz"

    def measure(_):
        begin = time.perf_counter()
        scores, gradients = step(arrays)
        seconds = time.perf_counter() - begin
        if not file.exists():
            np.savez(file, scores=np.asarray(scores), prototypes=np.asarray(gradients[2]))
        del scores, gradients
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"seconds": seconds, "megabytes": (peak - held) / 1e6}

    return measure


def make_step(form, batch, kernel_size):
    """Function of the arrays -> (scores, gradients of all arrays), and the arrays on the backend."""
    import keras
    import numpy as np
    from keras import ops

    from ltzoo.layers import CAMCalibration

    rng = np.random.default_rng(0)
    counts = [100] * (CLASSES - TAIL) + [10] * TAIL
    layer = CAMCalibration(counts, threshold=50, num_prototypes=PROTOTYPES, kernel_size=kernel_size)
    layer.build((None, SIDE, SIDE, CHANNELS))
    # Like a feature map behind a ReLU; the fused maps spread over the sigmoid's bend.
    features = rng.random((batch, SIDE, SIDE, CHANNELS), dtype="float32")
    features -= np.float32(0.25)
    np.maximum(features, 0, out=features)
    kernel = rng.standard_normal((CHANNELS, CLASSES), dtype="float32")
    prototypes = rng.random((TAIL, PROTOTYPES, CHANNELS), dtype="float32")
    fusion = rng.random((TAIL, kernel_size, kernel_size, PROTOTYPES), dtype="float32") / (
        250 * kernel_size**2
    )
    bias = np.full(TAIL, -3.0, "float32")
    labels = ops.convert_to_tensor(rng.integers(0, CLASSES, batch))
    arrays = [ops.convert_to_tensor(a) for a in (features, kernel, prototypes, fusion, bias)]
    del features, kernel, prototypes, fusion, bias

    def loss(tensors):
        if form == LIBRARY:
            scores, _ = layer.stateless_call(tensors[1:], [], tensors[0])
        else:
            scores = plain_form(form, *tensors)
        losses = keras.losses.sparse_categorical_crossentropy(labels, scores, from_logits=True)
        return ops.mean(losses), scores

    return differentiate(loss), arrays


def plain_form(form, features, kernel, prototypes, fusion, bias):
    """The scores of Eq. 8, g = 16, by the two forms that build maps or embeddings."""
    from keras import ops

    from ltzoo.layers.calibrated_scores import fold_prototypes
    from ltzoo.layers.normalized_dense import unit_length

    directions = unit_length(kernel, axis=0)
    positions = ops.reshape(features, (-1, SIDE * SIDE, CHANNELS))
    others = ops.matmul(unit_length(ops.mean(positions, axis=1), axis=-1), directions[:, :-TAIL])
    tail = ops.transpose(directions[:, -TAIL:])
    if form == "embeddings, folded":
        filters = fold_prototypes(prototypes, fusion)
        fused = ops.conv(features, filters, padding="same", data_format="channels_last") + bias
        fused = ops.reshape(fused, (-1, SIDE * SIDE, TAIL))
    else:
        fused = fuse(features, prototypes, fusion, bias)
    weights = 1.0 + ops.sigmoid(fused)
    if form == "class maps":
        scores = []
        for weight, direction in zip(ops.split(weights, TAIL, axis=-1), ops.unstack(tail, TAIL), strict=True):
            embedding = ops.mean(weight * positions, axis=1)
            scores.append(ops.matmul(unit_length(embedding, axis=-1), direction))
        scores = ops.stack(scores, axis=1)
    else:
        embeddings = ops.matmul(ops.transpose(weights, (0, 2, 1)), positions) / (SIDE * SIDE)
        scores = ops.sum(unit_length(embeddings, axis=-1) * tail, axis=-1)
    return 16.0 * ops.concatenate([others, scores], axis=1)


def fuse(features, prototypes, fusion, bias):
    """The K response maps of every class (Eq. 4), fused class by class: [batch, positions, tail classes]."""
    from keras import ops

    responses = ops.matmul(features, ops.transpose(ops.reshape(prototypes, (-1, CHANNELS))))
    responses = ops.reshape(responses, (-1, SIDE, SIDE, TAIL, PROTOTYPES))
    side = fusion.shape[1]
    edge = side // 2
    padded = ops.pad(responses, ((0, 0), (edge, edge), (edge, edge), (0, 0), (0, 0))) if edge else responses
    fused = 0.0
    for row in range(side):
        for column in range(side):
            shifted = padded[:, row : row + SIDE, column : column + SIDE]
            fused = fused + ops.sum(shifted * fusion[:, row, column], axis=-1)
    return ops.reshape(fused, (-1, SIDE * SIDE, TAIL)) + bias


def differentiate(loss):
    """Function tensors -> (scores, gradients), compiled where the backend compiles; it waits for the result."""
    import keras

    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        compiled = jax.jit(jax.value_and_grad(loss, has_aux=True))

        def step(tensors):
            (_, scores), gradients = jax.block_until_ready(compiled(tensors))
            return scores, gradients

    elif backend == "tensorflow":
        import tensorflow as tf

        @tf.function
        def step(tensors):
            with tf.GradientTape() as tape:
                tape.watch(tensors)
                value, scores = loss(tensors)
            return scores, tape.gradient(value, tensors)

    else:
        import torch

        def step(tensors):
            tensors = [tensor.detach().requires_grad_(True) for tensor in tensors]
            value, scores = loss(tensors)
            return scores.detach(), torch.autograd.grad(value, tensors)

    return step


def differences(forms, folder):
    """Largest differences of the embedding form from the library's, relative to the largest value."""
    import numpy as np

    if not {"embeddings", LIBRARY} <= set(forms):
        return ""
    mine, plain = (np.load(Path(folder) / f"{form}.npz") for form in (LIBRARY, "embeddings"))
    found = {
        key: np.abs(mine[key] - plain[key]).max() / np.abs(plain[key]).max()
        for key in ("scores", "prototypes")
    }
    return (
        f"{LIBRARY} and embeddings differ by {found['scores']:.1e} of the largest score and by "
        f"{found['prototypes']:.1e} of the largest gradient of a prototype (float32)."
    )


def table(seconds, memory, batches, options, agreement):
    """Median times and memory, and their ratios to the embedding form's for the same number of images."""
    medians = {form: statistics.median(values) for form, values in seconds.items()}
    base = "embeddings" if "embeddings" in medians else next(iter(medians))
    lines = [
        f"CAMC scores and gradients, {SIDE}x{SIDE}x{CHANNELS} maps, {CLASSES} classes of which {TAIL} tail, K = "
        f"{PROTOTYPES}, fusion {options.kernel_size}x{options.kernel_size}, float32",
        f"{options.backend}, Keras {version('keras')}, Python {platform.python_version()}, {options.rounds} rounds, "
        f"{options.threads} threads of {os.cpu_count()} {platform.machine()} CPUs",
        "",
        "| form | batch | s a step (median) | lowest - highest | memory, MB "
        f"| time an image / {base} | memory an image / {base} |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for form, median in medians.items():
        share = batches[base] / batches[form]
        lines.append(
            f"| {form} | {batches[form]} | {median:.2f} | {min(seconds[form]):.2f} - {max(seconds[form]):.2f} | "
            f"{memory[form]:.0f} | {share * median / medians[base]:.3f} | {share * memory[form] / memory[base]:.3f} |"
        )
    return "\n".join([*lines, "", agreement])


if __name__ == "__main__":
    main()
