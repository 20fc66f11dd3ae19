"""Progress of a training, in a terminal and elsewhere."""

import io

from rich.console import Console

from ltzoo.cli.progress import TrainingProgress


def train(console, stages, epochs, images=1000, first=0):
    """The calls that Keras makes; returns the logs of each epoch."""
    progress = TrainingProgress(stages, images, console)
    progress.set_params({"steps": 3, "epochs": epochs})
    progress.on_train_begin()
    kept = []
    for epoch in range(first, epochs):
        progress.on_epoch_begin(epoch)
        for step in range(3):
            progress.on_train_batch_end(step, {"loss": 1.0})
        logs = {"loss": 1.5, "accuracy": 0.456, "val_accuracy": 0.5}
        progress.on_epoch_end(epoch, logs)
        kept.append(logs)
    progress.on_train_end()
    return kept


def test_plain_output_is_a_line_an_epoch():
    file = io.StringIO()
    logs = train(Console(file=file, width=40), [("stage 1", 2), ("stage 2", 1)], epochs=3)
    lines = file.getvalue().splitlines()
    assert [line.split("  loss")[0] for line in lines] == [
        "stage 1  epoch 1/2",
        "stage 1  epoch 2/2",
        "stage 2  epoch 1/1",
    ]
    assert "loss 1.500  acc 45.6 %  val acc 50.0 %" in lines[0] and lines[0].endswith("images/s")
    assert all(entry["seconds"] > 0 for entry in logs)


def test_a_resumed_training_starts_at_its_epoch():
    file = io.StringIO()
    train(Console(file=file), [("stage 1", 2), ("stage 2", 3)], epochs=5, images=None, first=3)
    lines = file.getvalue().splitlines()
    assert [line.split("  loss")[0] for line in lines] == ["stage 2  epoch 2/3", "stage 2  epoch 3/3"]
    assert "images/s" not in file.getvalue()


def test_a_terminal_gets_a_bar_a_stage_that_fits():
    for width in (60, 100):
        file = io.StringIO()
        console = Console(file=file, width=width, force_terminal=True, color_system=None)
        train(console, [("stage 1", 2), ("stage 2", 1)], epochs=3)
        shown = file.getvalue()
        finished = [line for line in shown.replace("\r", "\n").split("\n") if "━" in line]
        assert any("stage 1" in line and "2/2" in line for line in finished)
        assert any("stage 2" in line and "1/1" in line for line in finished)
        assert "…" not in shown
        assert ("images/s" in shown) == (width == 100)
        assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")  # The cursor came back.


def test_close_gives_the_terminal_back_in_the_middle_of_a_stage():
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system=None)
    progress = TrainingProgress([("stage 1", 2)], None, console)
    progress.set_params({"steps": 3, "epochs": 2})
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    progress.close()
    progress.close()
    assert file.getvalue().count("\x1b[?25h") == 1
