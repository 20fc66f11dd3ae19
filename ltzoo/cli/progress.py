"""Show progress: one bar per stage in a terminal, one line per epoch elsewhere."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ltzoo.training.callbacks import EpochSeconds

_REDRAW_SECONDS = 0.1
_BAR_WIDTH = 12


class TrainingProgress(EpochSeconds):
    """Show the progress of all stages; use it with `verbose=0`.

    It also adds `seconds` to the logs of each epoch.

    Args:
        stages: `(label, epochs)` of each stage, in order; Keras counts epochs across stages.
        images: images per epoch, to show images/s; None hides it.
        console: the console to print to.
    """

    def __init__(self, stages, images: int | None, console: Console):
        super().__init__()
        self.stages, self.images, self.console = list(stages), images, console
        # The bar of the current stage and its task; None while there is no bar.
        self.bar: tuple[Progress, TaskID] | None = None
        self.stage: int | None = None
        self.epoch = self.steps = self.waiting = 0
        self.redrawn = 0.0

    def on_train_begin(self, logs=None):
        """Note the number of steps; Keras calls this once per stage."""
        self.steps = self.params.get("steps") or 0
        self.stage = None

    def on_epoch_begin(self, epoch, logs=None):
        """Open the bar of a new stage."""
        super().on_epoch_begin(epoch, logs)
        self.redrawn = self.start
        stage, self.epoch = self._place(epoch)
        if stage != self.stage:
            self.close()
            self.stage = stage
            if self.console.is_terminal:
                self._open(*self.stages[stage])
        self._update(epoch=self.epoch + 1)

    def on_train_batch_end(self, batch, logs=None):
        """Advance the bar."""
        self.waiting += 1
        if self.bar is not None and time.perf_counter() - self.redrawn > _REDRAW_SECONDS:
            self._advance()

    def on_epoch_end(self, epoch, logs=None):
        """Show the results of the epoch."""
        super().on_epoch_end(epoch, logs)
        label, epochs = self.stages[self._place(epoch)[0]]
        parts = self._describe(logs or {}, self.seconds)
        if self.bar is not None:
            # Drop the least important parts until the rest fits next to label, bar, epoch and time.
            room = self.console.width - len(label) - _BAR_WIDTH - 2 * len(str(epochs)) - 13
            while len(parts) > 1 and len("  ".join(parts)) > room:
                parts.pop()
            self._update(text="  ".join(parts))
            self._advance()
        else:
            text = "  ".join(parts)
            self.console.print(f"{label}  epoch {self.epoch + 1}/{epochs}  {text}", soft_wrap=True)

    def on_train_end(self, logs=None):
        """Close the bar."""
        self.close()

    def close(self):
        """Release the terminal, also after an interrupt."""
        if self.bar is not None:
            self.bar[0].stop()
            self.bar = None
        self.waiting = 0

    def _open(self, label: str, epochs: int) -> None:
        progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=_BAR_WIDTH),
            TextColumn("{task.fields[epoch]}/{task.fields[epochs]}"),
            TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self.console,
        )
        # A resumed stage starts in the middle of its bar.
        task = progress.add_task(
            label, total=epochs * self.steps or None, completed=self.epoch * self.steps,
            epoch=self.epoch, epochs=epochs, text="",
        )  # fmt: skip
        progress.start()
        self.bar = progress, task

    def _update(self, **fields):
        if self.bar is not None:
            progress, task = self.bar
            progress.update(task, **fields)

    def _advance(self):
        self.redrawn = time.perf_counter()
        self._update(advance=self.waiting)
        self.waiting = 0

    def _place(self, epoch: int) -> tuple[int, int]:
        """Return the stage, and the epoch within it, of an epoch counted across stages."""
        stage = 0
        for _, epochs in self.stages[:-1]:
            if epoch < epochs:
                break
            stage, epoch = stage + 1, epoch - epochs
        return stage, epoch

    def _describe(self, logs: dict, seconds: float) -> list[str]:
        """Describe the results of an epoch, the most important first."""
        parts = []
        for key, label in (("loss", "loss"), ("accuracy", "acc"), ("val_accuracy", "val acc")):
            if key in logs:
                value = float(logs[key])
                parts.append(f"{label} {value:.3f}" if key == "loss" else f"{label} {100 * value:.1f} %")
        if self.images:
            parts.append(f"{self.images / max(seconds, 1e-9):,.0f} images/s")
        return parts
