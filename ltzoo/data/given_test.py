"""Test images that are given apart from the training images."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ltzoo.caller_warnings import warn_caller
from ltzoo.checks import shortened
from ltzoo.data.copies import copies_of
from ltzoo.data.files import FileSplit
from ltzoo.data.held_out import say_untested


def check_one_source(own: object, given: object, fraction: float) -> None:
    """Refuse test images from more than one place.

    Args:
        own: where the data themselves have test images, or None.
        given: the argument `test`, or None.
        fraction: the argument `test_fraction`.

    Raises:
        ValueError: two of them are given.
    """

    def shown(value: object) -> str:
        return f"test={shortened(str(value) if isinstance(value, os.PathLike) else value)}"

    if given is not None and fraction:
        raise ValueError(
            "`test_fraction` must be 0 if `test` gives the test images. "
            f"Received: test_fraction={fraction}, {shown(given)}"
        )
    if own is not None and (given is not None or fraction):
        argument = shown(given) if given is not None else f"test_fraction={fraction}"
        raise ValueError(
            f"`{argument.partition('=')[0]}` must not be given for data with test images of their own; move these out, "
            f"or measure the others later. Received: {argument}, and {own} in the data"
        )


def unseen_tests(files: Mapping[str, FileSplit], names: Sequence[str]) -> FileSplit:
    """Return the test images whose files are no copies of files for training or validation.

    Args:
        files: splits, with "test" among them.
        names: class names.

    Raises:
        ValueError: there are no test images, or more than half of them are copies.

    Warns:
        UserWarning: copies are left out, or a class has no test images.
    """
    tests = files["test"]
    if not len(tests):
        raise ValueError("`test` must hold images of the classes. Received: none")
    seen = [path for name, split in files.items() if name != "test" for path in split.paths]
    copies = copies_of(tests.paths, seen)
    if copies:
        at, of = next(iter(copies.items()))
        example = f"such as {tests.paths[at]}, with the content of {seen[of]}"
        if 2 * len(copies) > len(tests):
            raise ValueError(
                "`test` must hold images that are not trained on or used for validation. "
                f"Received: {len(copies)} of {len(tests)} test images that are copies of such images, {example}"
            )
        warn_caller(
            f"left out {len(copies)} of {len(tests)} test images, which are copies of images that are trained on or "
            f"used for validation, {example}"
        )
        tests = tests.subset([position for position in range(len(tests)) if position not in copies])
    say_untested(tests.labels, names)
    return tests
