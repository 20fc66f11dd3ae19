"""Event files for TensorBoard, on every backend and without TensorFlow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltzoo.loggers.registry import register


@register("tensorboard", modules=("tensorboard",), package="tensorboard")
class TensorBoardLogger:
    """Write event files. Show them with `tensorboard --logdir RUN/logs`.

    A resumed training writes a second file, which TensorBoard joins to the first. The settings are a table in the tab
    "Text".
    """

    def __init__(self, folder: Path, title: str, memory: dict[str, Any]) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._writer = EventFileWriter(str(folder))

    def settings(self, values: Mapping[str, str | int | float | bool]) -> None:
        """Write the settings as a table."""
        from tensorboard.compat.proto.summary_pb2 import SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

        rows = [f"| {_cell(name)} | {_cell(value)} |" for name, value in values.items()]
        table = "\n".join(["| setting | value |", "| --- | --- |", *rows])
        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        self._add(
            0,
            tag="settings/text_summary",
            metadata=SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text")),
            tensor=TensorProto(dtype="DT_STRING", string_val=[table.encode()], tensor_shape=shape),
        )
        self._writer.flush()

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write the measures of an epoch."""
        for name, value in values.items():
            self._add(step, tag=name, simple_value=value)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def _add(self, step, **value):
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        summary = Summary(value=[Summary.Value(**value)])
        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
