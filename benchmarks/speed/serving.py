"""Compare exported files with the frameworks' own speed on the CPU: latency of one image, throughput of 64.

    python -m benchmarks.speed.serving [--backbone resnet32 --image-size 32] [--rounds 15] [--threads 2] [--output FILE]

All contestants run one network with the same weights.

- Frameworks: `model.predict` and `model.predict_on_batch` on each installed backend, and the framework without Keras's
  loop (`tf.function`, `jax.jit`, PyTorch's eager call). For ResNet-32 also the same layers in plain PyTorch,
  channels-last.
- Exported files: SavedModel, ONNX as each backend writes it, and OpenVINO and LiteRT if they are installed.

The table also has the difference of each contestant's logits from TensorFlow's `predict`. Every contestant has its own
process. The processes take turns, round after round, so that a change of the machine's load affects all of them. A
figure is the median of the rounds. Expected time: 10 minutes on two cores.
"""

import argparse
import importlib.util
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.speed import workers
from benchmarks.speed.serving_runners import PLAIN, is_framework, path_of, runner, ways

LATENCY, THROUGHPUT = 1, 64
BACKENDS = {"TensorFlow": "tensorflow", "PyTorch": "torch", "JAX": "jax"}


def main():
    """Export the network, run the contestants in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--backbone", default="resnet32", help="a name of ltzoo.backbones")
    parser.add_argument("--image-size", type=int, default=32, help="height and width")
    parser.add_argument("--classes", type=int, default=10, help="number of classes")
    parser.add_argument("--rounds", type=int, default=15, help="measurements per contestant")
    parser.add_argument(
        "--calls", type=int, default=20, help="calls per measurement of one image; batches of 64 get one call"
    )
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument(
        "--clock",
        default="wall",
        choices=("wall", "processor"),
        help="processor: CPU time of the process, for a shared machine; use it with --threads 1",
    )
    parser.add_argument(
        "--only", nargs="*", default=[], help="run contestants whose names contain one of these"
    )
    parser.add_argument("--output", type=Path, help="file to append the table to")
    parser.add_argument("--prepare", help=argparse.SUPPRESS)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.prepare:
        return prepare(Path(options.prepare), options)
    if options.worker:
        name, folder = options.worker
        return workers.serve(lambda: measurement(name, Path(folder), options))
    with tempfile.TemporaryDirectory() as folder:
        for backend in filter(installed, BACKENDS.values()):
            start(["--prepare", folder], backend, options).communicate()
        text = compare(contestants(Path(folder), options), folder, options)
    print(text)
    if options.output:
        with open(options.output, "a", encoding="utf-8") as file:
            file.write(text + "\n\n")


def installed(module):
    """Return whether a module can be imported."""
    return importlib.util.find_spec(module) is not None


def contestants(folder, options):
    """Return the contestants, frameworks first, and the backend of each one's process."""
    frameworks = {name: backend for name, backend in BACKENDS.items() if installed(backend)}
    names = {f"{name}, {way}": backend for name, backend in frameworks.items() for way in ways(backend)}
    if installed("torch") and options.backbone == "resnet32":
        names[PLAIN] = "torch"
    files = {"SavedModel": "tensorflow", **{f"ONNX, written by {name}": name for name in frameworks}}
    files |= {"OpenVINO": "openvino", "LiteRT": "ai_edge_litert"}
    names |= {name: "tensorflow" for name in files if path_of(name, folder).exists()}
    return {name: names[name] for name in names if not options.only or any(p in name for p in options.only)}


def start(arguments, backend, options):
    """Start this module in a process on a backend."""
    arguments = [*arguments, "--backbone", options.backbone]
    for name in ("image_size", "classes", "threads", "clock"):
        arguments += [f"--{name.replace('_', '-')}", getattr(options, name)]
    cpu_only = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    return workers.start(__spec__.name, arguments, backend, options.threads, **cpu_only)


def prepare(folder, options):
    """Export the network in the formats of the current backend; TensorFlow runs first and creates the weights."""
    import keras
    import numpy as np

    import ltzoo
    from ltzoo.export_formats import FORMATS, writers_of

    source = folder / "model.keras"
    if source.exists():
        model = keras.saving.load_model(source)
    else:
        shape = (options.image_size, options.image_size, 3)
        counts = np.full(options.classes, 100)
        model = ltzoo.models.build(options.backbone, "gcl", counts, input_shape=shape)
        model.save(source)
    backend = keras.backend.backend()
    [name] = [name for name, value in BACKENDS.items() if value == backend]
    files = {"onnx": f"{name}.onnx"}
    if backend == "tensorflow":
        files |= {"tf_saved_model": "saved_model", "openvino": "model.xml", "litert": "model.tflite"}
    for format_, file in files.items():
        try:
            by = writers_of(format_, backend)[0]
        except ImportError:
            continue
        if by == backend and installed(FORMATS[format_].runtime):
            model.export(folder / file, format=format_)


def compare(names, folder, options):
    """Run the contestants in turns; return the table."""
    processes = {name: start(["--worker", name, folder], backend, options) for name, backend in names.items()}
    seconds = {name: {LATENCY: [], THROUGHPUT: []} for name in names}
    logits = {}
    with workers.started(processes):
        for name, process in processes.items():
            logits[name] = workers.ask(process, [LATENCY, 1])["logits"]
            workers.ask(process, [THROUGHPUT, 2])
            print(f"ready: {name}", file=sys.stderr, flush=True)
        for round_ in range(options.rounds):
            for batch, calls in ((LATENCY, options.calls), (THROUGHPUT, 1)):
                for name, process in processes.items():
                    seconds[name][batch].append(workers.ask(process, [batch, calls])["seconds"])
            print(f"round {round_ + 1} of {options.rounds}", file=sys.stderr, flush=True)
    return table(seconds, logits, options)


def measurement(name, folder, options):
    """Return a function of (batch, calls) that gives mean seconds per call and the logits of the first image."""
    import numpy as np

    shape = (THROUGHPUT, options.image_size, options.image_size, 3)
    images = np.random.default_rng(0).integers(0, 256, shape).astype("float32")
    run = runner(name, folder, options)
    clock = time.perf_counter if options.clock == "wall" else time.process_time

    def measure(question):
        batch, calls = question
        given = np.ascontiguousarray(images[:batch])
        result = run(given)  # Compile for this batch, or refill the caches after the other contestants.
        begin = clock()
        for _ in range(calls):
            result = run(given)
        seconds = (clock() - begin) / calls
        return {"seconds": seconds, "logits": np.asarray(result)[0].tolist()}

    return measure


def table(seconds, logits, options):
    """Format the medians and their ratios to the fastest framework's time."""
    medians = {name: {b: statistics.median(v) for b, v in values.items()} for name, values in seconds.items()}
    own = [name for name in medians if is_framework(name)]
    best = {
        batch: min((medians[name][batch] for name in own), default=None) for batch in (LATENCY, THROUGHPUT)
    }
    served = [name for name in medians if name not in own]
    reference = logits.get("TensorFlow, predict")
    lines = [
        f"{options.backbone}, {options.image_size}x{options.image_size}x3, {options.classes} classes, float32, "
        f"{options.threads} CPU thread{'s' * (options.threads > 1)}, {options.clock} time, "
        f"median of {options.rounds} rounds",
        f"{cpu_name()}; {versions()}",
        "",
        "| | batch 1, ms | time to fastest framework | batch 64, images/s | time to fastest framework "
        "| logits differ by |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in [*own, *served]:
        one, many = medians[name][LATENCY], medians[name][THROUGHPUT]
        shares = [f"{t / best[b]:.2f}" if best[b] else "" for t, b in ((one, LATENCY), (many, THROUGHPUT))]
        known = reference is not None and name != PLAIN
        apart = (
            f"{max(abs(a - b) for a, b in zip(logits[name], reference, strict=True)):.0e}" if known else ""
        )
        rate = THROUGHPUT / many
        lines.append(f"| {name} | {1e3 * one:.2f} | {shares[0]} | {rate:.0f} | {shares[1]} | {apart} |")
    main_formats = [name for name in served if name.startswith(("SavedModel", "ONNX"))]
    if own and main_formats:
        lines.append("")
        for batch in (LATENCY, THROUGHPUT):
            name = min(main_formats, key=lambda name: medians[name][batch])
            share = medians[name][batch] / best[batch]
            words = "the faster of SavedModel and ONNX"
            lines.append(f"Batch {batch}: {words} is {name}, {share:.2f} times the fastest framework's time.")
    return "\n".join(lines)


def cpu_name():
    """Return the system's name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def versions():
    """Return the versions of the installed frameworks and runtimes."""
    found = []
    for name in (
        "keras",
        "tensorflow",
        "tensorflow_cpu",
        "torch",
        "jax",
        "onnxruntime",
        "openvino",
        "ai-edge-litert",
    ):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


if __name__ == "__main__":
    main()
