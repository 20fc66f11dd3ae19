"""Time `load` of a ResNet-32 with weights after `import keras`: `python -m benchmarks.speed.load_time`.

A zoo entry with weights is created in a temporary folder. Each backend then loads it twice in a fresh process, because
the first `load` includes the backend's one-time setup. Wall and processor seconds are printed, as medians of the runs.
Wall seconds depend more on what else the machine does.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ENTRY = "gcl_resnet32_cifar10_lt"
BACKENDS = ("tensorflow", "jax", "torch")

_MAKE = """
import sys, ltzoo
from ltzoo import models
card = models.card(sys.argv[2])
model = models.load(card.name, weights=None)
models.publish(model, card.name, sys.argv[1], backbone=card.backbone, dataset=card.dataset)
"""
_LOAD = """
import json, sys, time, pathlib
clocks = (time.perf_counter, time.process_time)
start = [clock() for clock in clocks]
import keras
imported = [clock() - begin for clock, begin in zip(clocks, start)]
import ltzoo
from ltzoo import models, shipped
shipped.folder = lambda: pathlib.Path(sys.argv[1])
seconds = []
for _ in range(2):
    start = [clock() for clock in clocks]
    models.load(sys.argv[2])
    seconds.append([clock() - begin for clock, begin in zip(clocks, start)])
print(json.dumps([imported, *seconds]))
"""


def main(runs):
    """Print one line per backend."""
    with tempfile.TemporaryDirectory() as folder:
        _child(_MAKE, folder, os.environ.get("KERAS_BACKEND", "tensorflow"))
        size = (Path(folder) / f"{ENTRY}.weights.h5").stat().st_size
        load = "unknown" if not hasattr(os, "getloadavg") else f"{os.getloadavg()[0]:.1f}"
        print(f"{ENTRY}, {size / 1e6:.1f} MB; seconds, wall (processor), median of {runs} processes")
        print(f"{os.cpu_count()} processors, load average {load} at the start, niceness {os.nice(0)}")
        print(f"{'backend':<12}{'import keras':>16}{'first load':>16}{'second load':>16}")
        for backend in BACKENDS:
            measured = [json.loads(_child(_LOAD, folder, backend).splitlines()[-1]) for _ in range(runs)]
            cells = (
                tuple(statistics.median(run[part][clock] for run in measured) for clock in range(2))
                for part in range(3)
            )
            print(f"{backend:<12}" + "".join(f"{f'{wall:.2f} ({cpu:.2f})':>16}" for wall, cpu in cells))


def _child(program, folder, backend):
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    package = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package, environment.get("PYTHONPATH")]))
    command = [sys.executable, "-c", program, folder, ENTRY]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{backend}: {(done.stderr.strip().splitlines() or ['no output'])[-1]}")
    return done.stdout


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="processes per backend")
    main(parser.parse_args().runs)
