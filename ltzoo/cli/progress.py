"""Show progress: one bar per stage in a terminal, one line per epoch elsewhere."""

import math
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ltzoo import phases
from ltzoo.cli.estimate import StagePlan
from ltzoo.cli.talk import Talk
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
        talk: gets the terminal back between the bars, and knows the time that is left.
        plan: the work of each stage.
    """

    def __init__(
        self,
        stages,
        images: int | None,
        console: Console,
        talk: Talk | None = None,
        plan: Sequence[StagePlan] = (),
    ):
        super().__init__()
        self.stages, self.images, self.console = list(stages), images, console
        self.talk, self.plan = talk, plan
        # What is going on: an epoch, and in it the first step of a stage or the measuring of held-out images.
        self.phase: phases.Phase | None = None
        self.inner: phases.Phase | None = None
        # The bar of the current stage and its task; None while there is no bar.
        self.bar: tuple[Progress, TaskID] | None = None
        self.stage: int | None = None
        self.epoch = self.steps = self.waiting = 0
        self.compiled = False
        self.redrawn = 0.0

    def on_train_begin(self, logs=None):
        """Note the number of steps; Keras calls this once per stage."""
        self.steps = self.params.get("steps") or 0
        self.stage = None
        self.compiled = False

    def on_epoch_begin(self, epoch, logs=None):
        """Open the bar of a new stage."""
        super().on_epoch_begin(epoch, logs)
        self.redrawn = time.perf_counter()
        stage, self.epoch = self._place(epoch)
        if stage != self.stage:
            self.close()
            self.stage = stage
            if self.console.is_terminal:
                self._open(*self.stages[stage])
        self._update(epoch=self.epoch + 1)
        self._end_phases()
        label, epochs = self.stages[stage]
        each = (self.images or 0) / (self.steps or 1)
        self.phase = phases.begin(
            f"{label}, epoch {self.epoch + 1} of {epochs}", self.steps or None,
            unit="steps", kind=f"stage {stage + 1}", images=each,
        )  # fmt: skip
        if not self.compiled:
            self.inner = phases.begin(f"{label}, preparing the first step")
        if self.talk is not None and self.talk.estimate is not None:
            self.talk.estimate.at(stage, self.epoch)

    def on_train_batch_end(self, batch, logs=None):
        """Advance the bar."""
        self.compiled = True
        self._end_inner()
        # An epoch that is resumed starts in its middle.
        new = batch + 1 if self.phase is None else batch + 1 - self.phase.done
        self.waiting += new
        if self.phase is not None:
            self.phase.advance(new)
        if self.bar is not None and time.perf_counter() - self.redrawn > _REDRAW_SECONDS:
            self._advance()

    def on_test_begin(self, logs=None):
        """Name what is going on between the epochs."""
        self._end_inner()
        plan = self.plan[self.stage] if self.plan and self.stage is not None else None
        if self.phase is not None and plan is not None and plan.held_out:
            each = max(self.phase.images, 1.0)
            batches = math.ceil(plan.held_out / each)
            self.inner = phases.begin(
                "measuring held-out images", batches, unit="batches", kind="forward", images=each
            )

    def on_test_batch_end(self, batch, logs=None):
        """Count a batch of held-out images."""
        if self.inner is not None:
            self.inner.advance()

    def on_test_end(self, logs=None):
        """Return to the epoch."""
        self._end_inner()

    def on_epoch_end(self, epoch, logs=None):
        """Show the results of the epoch."""
        super().on_epoch_end(epoch, logs)
        label, epochs = self.stages[self._place(epoch)[0]]
        parts = self._describe(logs or {}, self.seconds - self.of_features)
        if self.bar is not None:
            # Drop the least important parts until the rest fits next to label, bar, epoch and time.
            room = self.console.width - len(label) - _BAR_WIDTH - 2 * len(str(epochs)) - 13
            while len(parts) > 1 and len("  ".join(parts)) > room:
                parts.pop()
            self._update(text="  ".join(parts))
            self._advance()
        else:
            parts.append(self._left())
            text = "  ".join(filter(None, parts))
            self.console.print(f"{label}  epoch {self.epoch + 1}/{epochs}  {text}", soft_wrap=True)

    def on_train_end(self, logs=None):
        """Close the bar."""
        self.close()

    def close(self):
        """Release the terminal, also after an interrupt."""
        self._end_phases()
        if self.bar is not None:
            self.bar[0].stop()
            self.bar = None
            if self.talk is not None:
                self.talk.let_go()
        self.waiting = 0

    def _end_inner(self):
        if self.inner is not None:
            phases.end(self.inner)
            self.inner = None

    def _end_phases(self):
        self._end_inner()
        if self.phase is not None:
            phases.end(self.phase)
            self.phase = None

    def _left(self):
        return "" if self.talk is None or self.talk.estimate is None else self.talk.estimate.text()

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
        if self.talk is not None:
            self.talk.hold()
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
