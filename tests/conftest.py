"""Settings of the test run that must be made before Keras is imported."""

import gc
import os
import sys
from pathlib import Path

import pytest

from tests.rotation import (  # noqa: F401
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_configure_node,
    pytest_report_header,
)

# The tests compile the same small networks again and again; JAX then finds them on disk.
_CACHE = Path(__file__).resolve().parents[1] / ".pytest_cache" / "jax"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(_CACHE))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# Their networks are tiny: compiling takes longer than running, so XLA optimizes less, and emits loops the quicker way
# (without fusion emitters the tests take a third less time).
_FLAGS = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_use_fusion_emitters=false"
)
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_FLAGS}".strip()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers share the cores: one thread each is faster, and sums are then made in one order on TensorFlow too.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")


@pytest.fixture(autouse=True, scope="module")
def quick_graphs(request):
    """TensorFlow optimizes a graph for longer than the tests run it.

    Other processes do so all the same, and their numbers differ: a module that compares with them has
    `OTHER_PROCESSES = True`.
    """
    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        import tensorflow as tf

        quick = not getattr(request.module, "OTHER_PROCESSES", False)
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": quick})


@pytest.fixture(autouse=True, scope="module")
def forget_compiled_functions():
    """JAX keeps every function that it compiled; thousands of them take gigabytes and make each test slower."""
    yield
    if os.environ.get("KERAS_BACKEND") == "jax" and "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()


@pytest.fixture
def sound_grouped_convolutions():
    """Train grouped convolutions without oneDNN where its version in PyTorch 2.13 corrupts memory (AVX2 alone)."""
    if os.environ.get("KERAS_BACKEND") != "torch":
        yield
        return
    import torch

    with torch.backends.mkldnn.flags(enabled=torch.backends.cpu.get_cpu_capability() != "AVX2"):
        yield
