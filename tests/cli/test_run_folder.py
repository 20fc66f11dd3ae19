"""The folder of one training."""

import pytest

from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.user_errors import UserError
from ltzoo.writer_lock import FILE_NAME, FolderInUseError

CONTENT = {
    "arguments": {"recipe": "gcl", "data": "digits_lt", "backbone": {"name": "resnet8"}, "seed": 0},
    "recipe": {"name": "gcl"},
    "dataset": {"name": "digits_lt", "image_shape": [8, 8, 1], "class_names": ["0"], "class_counts": [3]},
    "backend": "jax",
}


def test_a_new_or_empty_folder_can_be_claimed(tmp_path):
    RunFolder(tmp_path / "new").claim(resume=False)
    (tmp_path / "empty").mkdir()
    RunFolder(tmp_path / "empty").claim(resume=False)
    (tmp_path / "empty" / ".run.json.123.part.json").touch()  # Killed while it wrote run.json.
    RunFolder(tmp_path / "empty").claim(resume=True)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_with_other_things_is_refused(tmp_path, resume):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UserError, match="notes.txt"):
        RunFolder(tmp_path).claim(resume)
    with pytest.raises(UserError, match="must be a folder"):
        RunFolder(tmp_path / "notes.txt").claim(resume)


def test_a_run_is_only_claimed_to_resume(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.write(CONTENT)
    run.claim(resume=True)
    with pytest.raises(UserError, match="--resume"):
        run.claim(resume=False)
    assert run.read() == {"format": 1, **CONTENT}


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2}'])
def test_a_damaged_run_is_named(tmp_path, text):
    run = RunFolder(tmp_path)
    run.run.write_text(text)
    with pytest.raises(UserError, match="run.json cannot be read"):
        run.read()


def test_history_has_a_line_an_epoch(tmp_path):
    run = RunFolder(tmp_path)
    run.write_history({"loss": [1.25, 0.5], "val_loss": [None, 1.0], "stage": [1.0, 2.0]})
    assert run.history.read_text().splitlines() == ["epoch,stage,loss,val_loss", "1,1,1.25,", "2,2,0.5,1"]


def test_a_folder_has_one_writer(tmp_path):
    first, second = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "run")
    first.claim(resume=False)
    second.claim(resume=False)
    first.hold(resume=False)
    first.write(CONTENT)
    for refused in (lambda: second.claim(resume=True), lambda: second.hold(resume=False)):
        with pytest.raises(FolderInUseError, match="Received: a folder held by process"):
            refused()
    first.release()
    with pytest.raises(UserError, match="--resume"):
        second.hold(resume=False)
    second.release()
    second.claim(resume=True)
    assert not (tmp_path / "run" / FILE_NAME).exists()


def test_the_lock_of_a_killed_writer_is_no_other_thing(tmp_path):
    (tmp_path / f"{FILE_NAME}.0123").touch()  # Killed while it took over a lock.
    folder = RunFolder(tmp_path)
    folder.claim(resume=False)
    assert not folder.is_run()
