"""The CIFAR-10-LT runs on an accelerator machine without a network: `pack` here, carry the folder, `run` there.

    python -m benchmarks.cifar10_lt.accelerator pack --data-dir cifar-10-batches-py --out carried --python 3.12
    python -m benchmarks.cifar10_lt.accelerator run carried --time-limit 540 --out results -- --seeds 3

`pack` downloads Keras and what it needs as wheels, without what the machine must have itself (NumPy, and JAX or
PyTorch), and stores the images of imbalance factor 10, of which all larger factors use a part. `run` installs into a
folder of its own only what the machine lacks, tries a training step on JAX and, where that fails, on PyTorch, and
starts `benchmarks.cifar10_lt.train` with the arguments after `--`. It runs in this repository, and saves every
finished run at once; the same command resumes where the time ended.
"""

import argparse
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.cifar10_lt import accelerator_images

ROOT = Path(__file__).resolve().parents[2]
PACKED = ("keras", "pillow")
MACHINE = ("numpy", "jax", "jaxlib", "torch", "scipy")
IMAGES = "images"
# pip takes these names as they are: a wheel for an older system must be named too.
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(39, 4, -1)] + [
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
]


def main():
    """The two subcommands."""
    own, more = sys.argv[1:], []
    if "--" in own:
        cut = own.index("--")
        own, more = own[:cut], own[cut + 1 :]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack", help="with a network: wheels and images into a folder")
    packing.add_argument(
        "--data-dir", type=Path, required=True, help="the official folder cifar-10-batches-py"
    )
    packing.add_argument("--out", type=Path, required=True)
    packing.add_argument("--python", default="3.12", help="version of Python on the machine")
    packing.add_argument("--platform", nargs="+", default=PLATFORMS, help="pip's names of its platforms")
    packing.add_argument(
        "--present", nargs="+", default=[], help="packages that the machine has, to carry less"
    )
    running = commands.add_parser(
        "run", help="on the machine; arguments of benchmarks.cifar10_lt.train after --"
    )
    running.add_argument("folder", type=Path)
    running.add_argument("--time-limit", type=float, default=540.0, help="seconds for everything together")
    running.add_argument(
        "--out", type=Path, required=True, help="folder for the CSV, the weights, the checkpoints"
    )
    options = parser.parse_args(own)
    if options.command == "run":
        sys.exit(run(options.folder, options.time_limit, options.out, more))
    pack(options.data_dir, options.out, options.python, options.platform, options.present)


def pack(data_dir, out, python, platforms, present):
    """Fills the folder that is carried, and says how large its parts are."""
    wheels = out / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir(parents=True)
    # pip follows the needs by the wheels' own metadata; the machine's own packages are dropped afterwards.
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--only-binary=:all:",
        "--dest",
        str(wheels),
    ]
    command += ["--implementation", "cp", "--python-version", python]
    command += [f"--platform={name}" for name in platforms]
    subprocess.run([*command, *PACKED], check=True)
    for wheel in wheels.glob("*.whl"):
        if distribution(wheel) in (*MACHINE, *map(normalized, present)):
            wheel.unlink()
    accelerator_images.store(data_dir, out / IMAGES)
    for part in ("wheels", f"{IMAGES}/train", f"{IMAGES}/test"):
        size = sum(path.stat().st_size for path in (out / part).iterdir())
        print(f"{out / part}: {size / 2**20:.1f} MiB")
    print("wheels of", ", ".join(sorted(map(distribution, wheels.glob("*.whl")))))


def distribution(wheel):
    """The name of the package in a wheel."""
    return normalized(wheel.name.split("-")[0])


def normalized(name):
    """A package's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def run(folder, time_limit, out, more):
    """Installs, checks, runs; the exit status: 0, also where the time ended first."""
    end = time.monotonic() + time_limit
    out.mkdir(parents=True, exist_ok=True)
    site = install(folder)
    backend = next((name for name in ("jax", "torch") if works(name, site)), None)
    if backend is None:
        print("Neither JAX nor PyTorch can train a step here.", flush=True)
        return 1
    arguments = [
        "--csv",
        out / "cifar10_lt.csv",
        "--weights",
        out / "weights",
        "--checkpoints",
        out / "checkpoints",
    ]
    if backend == "jax":
        arguments.append("--on-device")
    if not any(argument.split("=")[0] in ("--npz", "--data-dir") for argument in more):
        images = folder / "images.npz"
        if not images.exists():
            script = [sys.executable, "-m", accelerator_images.__name__, folder / IMAGES, images]
            subprocess.run(script, check=True, env=environment(backend, site))
        arguments += ["--npz", images]
    left = end - time.monotonic()
    command = [
        sys.executable,
        "-m",
        "benchmarks.cifar10_lt.train",
        *arguments,
        f"--time-limit={left:.0f}",
        *more,
    ]
    print(" ".join(map(str, command[1:])), flush=True)
    try:
        return subprocess.run(command, env=environment(backend, site), timeout=max(left, 0)).returncode
    except subprocess.TimeoutExpired:
        print("The time is up inside a run, which resumes from its checkpoint the next time.", flush=True)
        return 0


def install(folder):
    """The wheels that the machine lacks, and Keras, in a folder of this Python; what is there already stays."""
    site = folder / f"site-{sys.version_info.major}.{sys.version_info.minor}"
    wheels = [wheel for wheel in sorted((folder / "wheels").glob("*.whl")) if wanted(distribution(wheel))]
    if not wheels:
        raise SystemExit(f"{folder} has no wheels: make it with the command `pack`.")
    if not site.exists():
        partial = folder / f"{site.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--no-compile",
        ]
        subprocess.run([*command, "--target", str(partial), *map(str, wheels)], check=True)
        partial.rename(site)
    print(f"installed in {site}: {', '.join(map(distribution, wheels))}", flush=True)
    return site


def wanted(name):
    """Whether a wheel is installed: Keras always, others where the machine has none."""
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return True
    return name == "keras"


def environment(backend, site):
    """The variables of a child that finds ltzoo and the wheels."""
    path = [str(site.resolve()), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(path)}


STEP = """
import keras, numpy as np, {backend}
devices = jax.devices() if "{backend}" == "jax" else [
    torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())] or ["CPU"]
print("Keras", keras.__version__, "{backend}", {backend}.__version__, *devices, flush=True)
layers = [keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization(), keras.layers.GlobalMaxPooling2D()]
model = keras.Sequential([*layers, keras.layers.Dense(10)])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
loss = model.train_on_batch(np.ones((4, 8, 8, 3), "float32"), np.arange(4))
assert np.isfinite(float(loss)), loss
"""


def works(backend, site):
    """Whether Keras trains a step on a backend; prints its devices, or why not."""
    if importlib.util.find_spec(backend) is None:
        print(f"{backend} is not installed.", flush=True)
        return False
    command = [sys.executable, "-c", STEP.format(backend=backend)]
    done = subprocess.run(command, env=environment(backend, site), capture_output=True, text=True)
    print(done.stdout, end="")
    if done.returncode:
        print(f"{backend} with this Keras fails a training step:\n{done.stderr.strip()[-2000:]}")
    sys.stdout.flush()
    return done.returncode == 0


if __name__ == "__main__":
    main()
