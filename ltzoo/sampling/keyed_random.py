"""Counter-based random numbers: a pure function of a seed and of integers that state their purpose."""

import numpy as np

# One stream per purpose, so that no two purposes share random numbers.
SAMPLES, TRANSFORM, CYCLES, LISTS = range(4)

_MASK = 0xFFFFFFFFFFFFFFFF


def generator(seed: int, stream: int, epoch: int = 0, step: int = 0, shard: int = 0) -> np.random.Generator:
    """Return a NumPy Generator that depends only on its arguments.

    The Philox key is (seed, stream), and the starting counter is (0, shard, step, epoch). Draws advance only the first
    counter word, so two different positions never meet.
    """
    key = np.array([int(seed) & _MASK, stream], dtype=np.uint64)
    counter = np.array([0, shard, step, epoch], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def hashed(seed: int, stream: int, counters: np.ndarray) -> np.ndarray:
    """Return one uint64 random word per integer of `counters`: SplitMix64 of seed and counter."""
    start = _mix(_mix(np.array([int(seed) & _MASK], dtype=np.uint64)) + np.uint64(stream))
    words = np.array(counters, dtype=np.uint64)
    words *= np.uint64(0x9E3779B97F4A7C15)
    words += start
    return _mix(words)


def _mix(words):
    """Apply the output function of SplitMix64 in place."""
    words += np.uint64(0x9E3779B97F4A7C15)
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words
