"""Convert the authors' PyTorch checkpoints to classifiers of this library, and back."""

from ltzoo.checkpoint_layouts import layout_names as layout_names
from ltzoo.models.convert.api import convert_checkpoint as convert_checkpoint
from ltzoo.models.convert.api import save_torch as save_torch
from ltzoo.models.convert.api import torch_state as torch_state
from ltzoo.models.convert.checkpoint import read_checkpoint as read_checkpoint
from ltzoo.models.convert.slots import CheckpointError as CheckpointError
