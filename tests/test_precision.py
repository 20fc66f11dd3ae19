import pytest
from keras import ops

from ltzoo.precision import float32_or_float64


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "int32", "uint8", "bool"])
def test_everything_else_is_float32(dtype):
    assert float32_or_float64(ops.zeros((1,), dtype=dtype).dtype) == "float32"


def test_float64_stays():
    assert float32_or_float64("float64") == "float64"
