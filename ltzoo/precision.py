"""The number type of norms, margins, softmax and statistics."""

import keras


def float32_or_float64(dtype):
    """ "float64" for float64, else "float32": half precision and integers are computed in float32.

    ``keras.backend.result_type(dtype, "float32")`` would lower float64 to float32 on PyTorch.
    """
    return "float64" if keras.backend.standardize_dtype(dtype) == "float64" else "float32"
