"""The part of Keras that ltzoo relies on, for pyright; Keras itself carries no types. Every other name is `Any`."""

from typing import Any

from keras import activations as activations
from keras import callbacks as callbacks
from keras import constraints as constraints
from keras import initializers as initializers
from keras import layers as layers
from keras import losses as losses
from keras import metrics as metrics
from keras import ops as ops
from keras import optimizers as optimizers
from keras import random as random
from keras import regularizers as regularizers
from keras import saving as saving
from keras import utils as utils
from keras.layers import Layer as Layer
from keras.models import Model as Model
from keras.models import Sequential as Sequential

__version__: str

class Variable:
    name: str
    path: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    value: Any
    _initializer: Any
    def __init__(
        self, initializer: Any, shape: Any = ..., dtype: Any = ..., trainable: bool = ..., **kwargs: Any
    ) -> None: ...
    def assign(self, value: Any) -> Any: ...
    def assign_add(self, value: Any) -> Any: ...
    def assign_sub(self, value: Any) -> Any: ...
    def numpy(self) -> Any: ...
    def __array__(self, dtype: Any = ...) -> Any: ...
    def __getitem__(self, index: Any) -> Any: ...
    def __getattr__(self, name: str) -> Any: ...

def __getattr__(name: str) -> Any: ...
