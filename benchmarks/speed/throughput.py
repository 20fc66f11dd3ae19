"""Measure throughput of training or, with `--forward`, of prediction on each backend and in plain PyTorch loops.

    python -m benchmarks.speed.throughput --network resnet32 --rounds 5 --steps 20 [--forward] [--output FILE]

ResNet-32 (32x32 images, 10 classes, batch 128) or ResNet-50 (224x224, 1000 classes, batch 16), with random images.
Training is SGD with momentum and cross-entropy. Every contestant runs in its own process, because a process has one
backend. They take turns, round after round, so that a change of the machine's load affects all of them. Each round also
measures the rate of 1024 x 1024 matrix products. A contestant's share of it counts 2 operations per multiply-add of a
forward pass, and 6 in training. Run it on an idle machine.
"""

import argparse
import statistics
import time
from pathlib import Path

from benchmarks.speed import throughput_contestants as loops
from benchmarks.speed import workers

TRAINING = {  # backend, loop, its arguments
    "plain PyTorch, NCHW": ("torch", "plain", {"channels_last": False}),
    "plain PyTorch, channels-last": ("torch", "plain", {}),
    "plain PyTorch, channels-last, compiled": ("torch", "plain", {"compiled": True}),
    "model.fit, TensorFlow": ("tensorflow", "fit", {}),
    "model.fit, JAX": ("jax", "fit", {}),
    "fit(on_device=True), JAX": ("jax", "fit_on_device", {}),
    "model.fit, PyTorch": ("torch", "fit", {}),
}
FORWARD = {
    "plain PyTorch, NCHW": ("torch", "plain_forward", {"channels_last": False}),
    "plain PyTorch, channels-last": ("torch", "plain_forward", {}),
    "plain PyTorch, channels-last, compiled": ("torch", "plain_forward", {"compiled": True}),
    "predict_on_batch, TensorFlow": ("tensorflow", "predict", {}),
    "predict_on_batch, JAX": ("jax", "predict", {}),
    "predict_on_batch, PyTorch": ("torch", "predict", {}),
}
MATRIX = "matrix products"


def main():
    """Run the contestants in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--network", choices=loops.NETWORKS, default="resnet32", help="network to measure")
    parser.add_argument("--rounds", type=int, default=5, help="measurements per contestant")
    parser.add_argument("--steps", type=int, default=20, help="batches per measurement")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--bfloat16", action="store_true", help="use mixed bfloat16")
    parser.add_argument("--forward", action="store_true", help="measure prediction instead of training")
    parser.add_argument(
        "--only", nargs="*", default=[], help="run contestants whose names contain one of these"
    )
    parser.add_argument("--output", type=Path, help="file to append the output to")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return workers.serve(lambda: measurement(options))
    names = [n for n in contestants(options) if not options.only or any(part in n for part in options.only)]
    names.append(MATRIX)
    rates = {name: [] for name in names}
    lines = []
    with workers.started({name: start(name, options) for name in names}) as processes:
        for process in processes.values():
            workers.ask(process)  # Build, compile and warm up.
        for round_ in range(options.rounds):
            for name, process in processes.items():
                rates[name].append(workers.ask(process))
                unit = "GFLOP/s" if name == MATRIX else "images/s"
                lines.append(f"round {round_ + 1}: {name:<40}{rates[name][-1]:8.1f} {unit}")
                print(lines[-1], flush=True)
    lines += ["", table(rates, options), ""]
    print("\n".join(lines[-3:]))
    if options.output:
        with open(options.output, "a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


def contestants(options):
    """Return the contestants of training or of prediction."""
    return FORWARD if options.forward else TRAINING


def start(name, options):
    """Start the process of a contestant."""
    backend = contestants(options)[name][0] if name != MATRIX else "torch"
    arguments = ["--worker", name, "--network", options.network, "--steps", options.steps]
    arguments += ["--threads", options.threads]
    arguments += ["--bfloat16"] if options.bfloat16 else []
    arguments += ["--forward"] if options.forward else []
    return workers.start(__spec__.name, arguments, backend, options.threads)


def measurement(options):
    """Return a function that measures the contestant once: images/s, or GFLOP/s of matrix products."""
    backend, loop, arguments = contestants(options).get(options.worker, ("torch", None, {}))
    if backend == "torch":
        import torch

        torch.set_num_threads(options.threads)
    if options.worker == MATRIX:
        return lambda _: loops.matrix_rate(options.bfloat16)
    run = getattr(loops, loop)(options.network, options.steps, options.bfloat16, **arguments)
    images = options.steps * loops.NETWORKS[options.network][2]

    def measure(_):
        begin = time.perf_counter()
        run()
        return images / (time.perf_counter() - begin)

    return measure


def table(rates, options):
    """Format median rates, their ratio to the first contestant, and their share of the round's matrix rate."""
    names = [name for name in rates if name != MATRIX]
    medians = {name: statistics.median(rates[name]) for name in names}
    gflop = (2 if options.forward else 6) * macs(options.network) / 1e9
    side, classes, batch = loops.NETWORKS[options.network]
    kind = "prediction" if options.forward else "training"
    lines = [
        f"{options.network}, {kind}, {side}x{side} images, {classes} classes, batch {batch}, "
        f"{'mixed bfloat16' if options.bfloat16 else 'float32'}, {options.threads} CPU threads, "
        f"{options.rounds} rounds of {options.steps} steps, {gflop:.3f} GFLOP an image, "
        f"{statistics.median(rates[MATRIX]):.0f} GFLOP/s in matrix products (median)",
        "",
        f"| | images/s (median) | lowest - highest | ratio to {names[0]} | share of the matrix rate |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, median in medians.items():
        low, high = min(rates[name]), max(rates[name])
        share = statistics.median(gflop * a / b for a, b in zip(rates[name], rates[MATRIX], strict=True))
        lines.append(
            f"| {name} | {median:.1f} | {low:.1f} - {high:.1f} | {median / medians[names[0]]:.2f} | {share:.0%} |"
        )
    return "\n".join(lines)


def macs(network):
    """Return the multiply-adds of a forward pass, counted as in the zoo's cards."""
    from tools.cards import training_cost

    side = loops.NETWORKS[network][0]
    return training_cost.forward_macs({"name": network}, (), (side, side, 3))[0]


if __name__ == "__main__":
    main()
