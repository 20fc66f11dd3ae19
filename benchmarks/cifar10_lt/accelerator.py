"""Run the CIFAR-10-LT benchmark on a machine without a network: `pack` here, carry the folder, `run` there.

    python -m benchmarks.cifar10_lt.accelerator pack --data-dir cifar-10-batches-py --out carried --python 3.12
    python -m benchmarks.cifar10_lt.accelerator run carried --time-limit 540 --out results -- --seeds 3

`pack` downloads Keras and its requirements as wheels, except what the machine must already have (NumPy, and JAX or
PyTorch). It stores the images of imbalance factor 10; all larger factors use a part of them.

`run` installs only what the machine lacks, into a separate folder. It tries a training step on JAX and, if that fails,
on PyTorch. Then it starts `benchmarks.cifar10_lt.train` with the arguments after `--`. Call it in this repository.
Every finished run is saved at once; the same command resumes where the time ended.
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
# pip compares these names literally, so platforms of older systems must be listed too.
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(39, 4, -1)] + [
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
]


def main():
    """Parse the command line and run a subcommand."""
    own, more = sys.argv[1:], []
    if "--" in own:
        cut = own.index("--")
        own, more = own[:cut], own[cut + 1 :]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser(
        "pack", help="on a machine with a network: write wheels and images into a folder"
    )
    packing.add_argument(
        "--data-dir", type=Path, required=True, help="the official folder cifar-10-batches-py"
    )
    packing.add_argument("--out", type=Path, required=True, help="folder to carry")
    packing.add_argument("--python", default="3.12", help="Python version of the accelerator machine")
    packing.add_argument("--platform", nargs="+", default=PLATFORMS, help="pip's names of its platforms")
    packing.add_argument(
        "--present", nargs="+", default=[], help="packages that the machine already has, to carry less"
    )
    running = commands.add_parser(
        "run", help="on the accelerator machine; put arguments of benchmarks.cifar10_lt.train after --"
    )
    running.add_argument("folder", type=Path, help="folder that pack wrote")
    running.add_argument("--time-limit", type=float, default=540.0, help="seconds for the whole command")
    running.add_argument(
        "--out", type=Path, required=True, help="folder for the CSV, weights and checkpoints"
    )
    options = parser.parse_args(own)
    if options.command == "run":
        sys.exit(run(options.folder, options.time_limit, options.out, more))
    pack(options.data_dir, options.out, options.python, options.platform, options.present)


def pack(data_dir, out, python, platforms, present):
    """Fill the folder to carry and print the sizes of its parts."""
    wheels = out / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir(parents=True)
    # pip resolves requirements from the wheels' metadata; packages of the machine are dropped afterwards.
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
    """Return the normalized package name of a wheel."""
    return normalized(wheel.name.split("-")[0])


def normalized(name):
    """Return a package name in the form that pip compares."""
    return re.sub(r"[-_.]+", "-", name).lower()


def run(folder, time_limit, out, more):
    """Install, check and run; return the exit status, which is 0 if the time ended first."""
    end = time.monotonic() + time_limit
    out.mkdir(parents=True, exist_ok=True)
    site = install(folder)
    backend = next((name for name in ("jax", "torch") if works(name, site)), None)
    if backend is None:
        print("Neither JAX nor PyTorch can train a step on this machine.", flush=True)
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
        print("The time is up during a run; it resumes from its checkpoint next time.", flush=True)
        return 0


def install(folder):
    """Install Keras and the wheels that the machine lacks into a folder for this Python; keep an existing folder."""
    site = folder / f"site-{sys.version_info.major}.{sys.version_info.minor}"
    wheels = [wheel for wheel in sorted((folder / "wheels").glob("*.whl")) if wanted(distribution(wheel))]
    if not wheels:
        raise SystemExit(
            f"`folder` has no wheels; create it with the command pack. Received: folder={folder}"
        )
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
    """Return whether to install a wheel: always for Keras, otherwise if the machine lacks the package."""
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return True
    return name == "keras"


def environment(backend, site):
    """Return environment variables of a child process that finds ltzoo and the wheels."""
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
    """Return whether Keras trains a step on a backend; print its devices or the reason for the failure."""
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
