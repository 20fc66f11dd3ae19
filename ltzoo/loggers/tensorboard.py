"""Event files for TensorBoard, on every backend and without TensorFlow."""

from __future__ import annotations

import importlib
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
        writers = importlib.import_module("tensorboard.summary.writer.event_file_writer")
        self._writer = writers.EventFileWriter(str(folder))

    def settings(self, values: Mapping[str, str | int | float | bool]) -> None:
        """Write the settings as a table."""
        metadata, shapes = _messages("summary").SummaryMetadata, _messages("tensor_shape").TensorShapeProto
        rows = [f"| {_cell(name)} | {_cell(value)} |" for name, value in values.items()]
        table = "\n".join(["| setting | value |", "| --- | --- |", *rows])
        shape = shapes(dim=[shapes.Dim(size=1)])
        self._add(
            0,
            tag="settings/text_summary",
            metadata=metadata(plugin_data=metadata.PluginData(plugin_name="text")),
            tensor=_messages("tensor").TensorProto(
                dtype="DT_STRING", string_val=[table.encode()], tensor_shape=shape
            ),
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
        made = _messages("summary").Summary
        summary = made(value=[made.Value(**value)])
        event = _messages("event").Event(wall_time=time.time(), step=step, summary=summary)
        self._writer.add_event(event)


def _messages(name: str) -> Any:
    return importlib.import_module(f"tensorboard.compat.proto.{name}_pb2")


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
