"""Training throughput of ResNet-32 (32x32x3 images, batch 128, SGD with momentum, cross-entropy, float32).

`keras.Model.fit` on each backend, beside a plain PyTorch loop over the same network. Every contestant runs in its
own process, because a process has one backend; the parent lets them take turns, round after round, so that a
change of the machine's load meets all of them. Run it on an idle machine:

    python benchmarks/training_throughput.py --rounds 5 --steps 20 --threads 2
"""

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import time

CONTESTANTS = {
    "plain PyTorch, NCHW": ("torch", "plain_contiguous"),
    "plain PyTorch, channels-last": ("torch", "plain_channels_last"),
    "model.fit, TensorFlow": ("tensorflow", "fit"),
    "model.fit, JAX": ("jax", "fit"),
    "model.fit, PyTorch": ("torch", "fit"),
}
BATCH = 128
CLASSES = 10


def main():
    """Run the contestants in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each contestant")
    parser.add_argument("--steps", type=int, default=20, help="batches of 128 images a measurement")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names of the contestants to run")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return serve(*options.worker, options.steps, options.threads)
    names = [n for n in CONTESTANTS if not options.only or any(part in n for part in options.only)]
    workers = {name: start(name, options) for name in names}
    rates = {name: [] for name in names}
    try:
        for name in names:
            ask(workers[name])  # Builds, compiles and warms up.
        for round_ in range(options.rounds):
            for name in names:
                rates[name].append(ask(workers[name]))
                print(f"round {round_ + 1}: {name:<30}{rates[name][-1]:7.1f} images/s", flush=True)
    finally:
        for worker in workers.values():
            worker.stdin.close()
            worker.wait()
    print(table(rates, options))


def start(name, options):
    """Start the process of a contestant."""
    backend, mode = CONTESTANTS[name]
    threads = str(options.threads)
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
    }
    command = [sys.executable, __file__, "--worker", backend, mode]
    command += ["--steps", str(options.steps), "--threads", threads]
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def ask(worker):
    """One measurement of a contestant, in images a second."""
    worker.stdin.write("go\n")
    worker.stdin.flush()
    line = worker.stdout.readline()
    if not line:
        raise RuntimeError(f"A contestant ended early. Received: exit code {worker.wait()}")
    return json.loads(line)


def serve(backend, mode, steps, threads):
    """Measure once for every line that arrives; the first answer is the warm-up."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What libraries print does not mix with the answers.
    if backend == "torch":
        import torch

        torch.set_num_threads(threads)
    train = fit_trainer() if mode == "fit" else plain_trainer(mode == "plain_channels_last")
    count = 2
    for _ in sys.stdin:
        images_and_labels(count)
        begin = time.perf_counter()
        train(count)
        answer.write(json.dumps(count * BATCH / (time.perf_counter() - begin)) + "\n")
        answer.flush()
        count = steps


@functools.lru_cache(maxsize=1)
def images_and_labels(count):
    """Random images [N, 32, 32, 3] and labels [N]."""
    import numpy as np

    rng = np.random.default_rng(0)
    images = rng.standard_normal((count * BATCH, 32, 32, 3), dtype="float32")
    return images, rng.integers(0, CLASSES, count * BATCH)


def fit_trainer():
    """`model.fit` with the batches that `fit(dataset)` of this library feeds it on each backend."""
    import keras

    from ltzoo import backbones
    from ltzoo.losses import CrossEntropy
    from ltzoo.sampling import ClassSampler
    from ltzoo.training.feed import training_feed

    trunk = backbones.get("resnet32", seed=0)
    features = keras.layers.GlobalAveragePooling2D()(trunk.output)
    model = keras.Model(trunk.input, keras.layers.Dense(CLASSES)(features))
    # XLA halves the rate of TensorFlow on a CPU; JAX has no other way.
    jit = False if keras.backend.backend() == "tensorflow" else "auto"
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), CrossEntropy(), jit_compile=jit)

    def train(count):
        images, labels = images_and_labels(count)
        sampler = ClassSampler(labels, batch_size=BATCH, num_classes=CLASSES)
        model.fit(**training_feed(sampler, images.__getitem__, None), verbose=0)

    return train


def plain_trainer(channels_last):
    """The loop that a PyTorch user writes."""
    import torch

    layout = torch.channels_last if channels_last else torch.contiguous_format
    torch.manual_seed(0)
    model = plain_resnet32().to(memory_format=layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def train(count):
        images, labels = images_and_labels(count)
        images = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(memory_format=layout)
        labels = torch.from_numpy(labels)
        for order in torch.randperm(len(labels)).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            batch = images[order].contiguous(memory_format=layout)
            torch.nn.functional.cross_entropy(model(batch), labels[order]).backward()
            optimizer.step()

    return train


def plain_resnet32():
    """The network of `ltzoo.backbones.resnet32` with a linear head, in PyTorch alone."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self, before, after, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(after)
            self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(after)
            self.stride, self.pad = stride, (after - before) // 2

        def forward(self, x):
            y = functional.relu(self.bn1(self.conv1(x)))
            y = self.bn2(self.conv2(y))
            if self.stride > 1:
                x = x[:, :, :: self.stride, :: self.stride]
                x = functional.pad(x, (0, 0, 0, 0, self.pad, self.pad))
            return functional.relu(y + x)

    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    width = 16
    for after in (16, 32, 64):
        for block in range(5):
            layers.append(Block(width, after, 2 if block == 0 and after > 16 else 1))
            width = after
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    return model


def table(rates, options):
    """Median rates and their ratio to the first contestant's."""
    medians = {name: statistics.median(values) for name, values in rates.items()}
    first = next(iter(medians))
    lines = [
        f"ResNet-32, batch {BATCH}, float32, {options.threads} CPU threads, {options.rounds} rounds of "
        f"{options.steps} steps",
        "",
        f"| | images/s (median) | lowest - highest | ratio to {first} |",
        "|---|---:|---:|---:|",
    ]
    for name, median in medians.items():
        low, high = min(rates[name]), max(rates[name])
        lines.append(f"| {name} | {median:.0f} | {low:.0f} - {high:.0f} | {median / medians[first]:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
