"""PyTorch's ExportedProgram (`.pt2`), on the PyTorch backend."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from ltzoo.export_formats.description import Description
from ltzoo.export_formats.registry import register

_PROGRAM = """
import torch
with torch.no_grad():
    outputs["logits"] = torch.export.load(path).module()(torch.from_numpy(inputs["images"])).numpy()
"""


@register(
    "torch",
    title="ExportedProgram",
    suffix=".pt2",
    writers={"torch": ()},
    runtime="torch",
    notes="for torch.export.load and AOTInductor",
    program=_PROGRAM,
)
def write_torch_program(served: Any, path: Path, description: Description) -> None:
    """Write a `.pt2` file: `torch.export.load(path).module()(images)` gives the logits for any batch size.

    Keras's own export fixes the batch size at 1. This one traces a batch of two with a dynamic first dimension.
    Class names and card are `extra_files` of `torch.export.load`.

    Args:
        served: a `ServedClassifier`, on the PyTorch backend, with its weights on the CPU.
        path: the `.pt2` file to write.
        description: class names and card.
    """
    import torch

    class Program(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.served = served

        def forward(self, images):
            return self.served(images)

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.export.export(
            Program().eval(),
            (torch.zeros((2, *served.image_shape)),),
            dynamic_shapes={"images": {0: torch.export.Dim("batch", min=1)}},
            strict=False,
        )
        torch.export.save(program, str(path), extra_files=description.files())
