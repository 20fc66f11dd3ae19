"""Counter-based random numbers: a pure function of a seed and of integers that say what they are for."""

import numpy as np

# One stream for each purpose, so that no two purposes share random numbers.
SAMPLES, TRANSFORM, CYCLES, LISTS = range(4)

_MASK = 0xFFFFFFFFFFFFFFFF


def generator(seed: int, stream: int, epoch: int = 0, step: int = 0, shard: int = 0) -> np.random.Generator:
    """NumPy Generator that depends on nothing but its arguments.

    The Philox key is (seed, stream) and the starting counter (0, shard, step, epoch); draws advance only the
    first counter word, so two different positions never meet.
    """
    key = np.array([int(seed) & _MASK, stream], dtype=np.uint64)
    counter = np.array([0, shard, step, epoch], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def hashed(seed: int, stream: int, counters: np.ndarray) -> np.ndarray:
    """uint64 random words, one for each integer of the array `counters`: SplitMix64 of seed and counter."""
    start = _mix(_mix(np.array([int(seed) & _MASK], dtype=np.uint64)) + np.uint64(stream))
    words = np.array(counters, dtype=np.uint64)
    words *= np.uint64(0x9E3779B97F4A7C15)
    words += start
    return _mix(words)


def _mix(words):
    """SplitMix64's output function, in place."""
    words += np.uint64(0x9E3779B97F4A7C15)
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words
