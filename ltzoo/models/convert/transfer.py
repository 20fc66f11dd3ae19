"""Transfer published tensors to a classifier, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ltzoo.caller_warnings import warn_caller
from ltzoo.checkpoint_layouts import Layout, detect_layout, get_layout, layout_names
from ltzoo.models.convert.differences import Differences
from ltzoo.models.convert.head_names import add_head
from ltzoo.models.convert.slots import CheckpointError, Table, value_of
from ltzoo.models.convert.trunk_names import add_trunk, twin_of

if TYPE_CHECKING:
    from ltzoo.models.classifier import LongTailedClassifier

Parts = Mapping[str, Mapping[str, np.ndarray]]


def slots_of(model: LongTailedClassifier, layout: Layout) -> Table:
    """Return every tensor that a file of this layout holds for this model, with the variables that it fills.

    All heads of the model are filled. The heads of earlier stages get the classifier of the last stage, since the
    file does not hold their own weights.
    """
    table = Table()
    add_trunk(table, model.backbone, layout)
    for head in model.heads:
        add_head(table, head, layout)
    if layout.twice:
        for key, slot in list(table.slots.items()):
            path, _, name = key.rpartition("/")
            twin = f"{path}/{twin_of(name, model.backbone)}"
            table.slots[key] = dataclasses.replace(slot, twin=twin)
    return table


def find_layout(files: Iterable[Parts], layout: str | None) -> Layout:
    """Return the layout called `layout`, or for None the layout of the first file.

    Raises:
        CheckpointError: no layout fits the names in the file.
        ValueError: `layout` is unknown.
    """
    if layout is not None:
        return get_layout(layout)
    first = next(iter(files))
    found = detect_layout(first)
    if found is None:
        parts = "; ".join(
            f"{path or 'the file itself'}: {', '.join(list(names)[:3])}, .." for path, names in first.items()
        )
        raise CheckpointError(
            f"`checkpoints` has none of the known layouts ({', '.join(layout_names())}); choose one with `layout` to "
            f"see the differences. Received: {parts}"
        )
    return found


def joined(files: Iterable[Parts], layout: Layout) -> dict[str, np.ndarray]:
    """Return all tensors of one or several files by "part/name"; later files replace tensors of earlier ones."""
    tensors = {}
    for parts in files:
        for path, names in parts.items():
            path = layout.canonical(path)
            alone = path == layout.classifier[0] and set(names) <= set(layout.head_only)
            for name, array in names.items():
                tensors[f"{path}/{layout.head_only[name] if alone else name}"] = array
    return tensors


def differences(model: LongTailedClassifier, table: Table, shapes: Mapping[str, tuple]) -> Differences:
    """Compare a model with tensors of these shapes; nothing may be left over on either side.

    Backbone and heads are compared. Training variables of techniques are in no published file.
    """
    missing, wrong, known = [], [], set()
    for key, slot in table.slots.items():
        for name in (key, slot.twin):
            if name is None:
                continue
            known.add(name)
            if name not in shapes:
                if slot.default is None:
                    missing.append(name)
            elif not slot.fits(shapes[name]):
                wrong.append((name, tuple(shapes[name]), slot.shape))
    covered = {id(variable) for slot in table.slots.values() for variable in slot.variables}
    covered |= {id(variable) for variable, _ in table.constants}
    return Differences(
        missing=missing,
        unexpected=[name for name in shapes if name not in known],
        wrong_shape=wrong,
        unfilled=[
            variable.path
            for layer in (model.backbone, *model.heads)
            for variable in layer.weights
            if id(variable) not in covered
        ],
    )


def fill(model: LongTailedClassifier, files: Iterable[Parts], layout: Layout) -> int:
    """Fill a model from the parts of one or several files.

    Returns:
        the number of tensors used.

    Raises:
        CheckpointError: the files do not fit, or a weight is not finite. The message lists the differences, and the
            model is unchanged.
    """
    tensors = joined(files, layout)
    table = slots_of(model, layout)
    found = differences(model, table, {key: np.shape(array) for key, array in tensors.items()})
    if found:
        alone = bool(layout.head_only) and {key.rpartition("/")[2] for key in tensors} <= set(
            layout.head_only.values()
        )
        what = (
            "`checkpoints` is the classifier of a second stage alone; give the file of the first stage before it"
            if alone
            else f"`checkpoints`, read in the layout {layout.name!r}, does not fit the model {model.name!r}; choose "
            "the entry (backbone, head, classes) that it was trained for, or another layout"
        )
        raise CheckpointError(f"{what}. Received: {found}")
    values, absent = [(variable, np.float32(value)) for variable, value in table.constants], []
    for key, slot in table.slots.items():
        if slot.twin is not None and key in tensors and not _equal(tensors[key], tensors[slot.twin]):
            raise CheckpointError(
                f"`checkpoints` must hold the same tensor as {key} and as {slot.twin}. Received: different tensors"
            )
        if key in tensors:
            values += _finite(key, slot.values(tensors[key]))
        elif slot.variables:
            absent.append(f"{key} (now {slot.default:g})")
            values += [(variable, np.full(variable.shape, slot.default)) for variable in slot.variables]
    for variable, value in values:
        variable.assign(np.array(value, dtype=keras.backend.standardize_dtype(variable.dtype)))
    if absent:
        warn_caller(f"These are not in the file, as usual for the first stage: {', '.join(absent)}.")
    return len(tensors)


def published(model: LongTailedClassifier, layout: Layout) -> dict[str, Any]:
    """Return the model's variables as nested dicts of NumPy arrays under the original names.

    Raises:
        CheckpointError: the layout has no place for some variables of the model.
    """
    table = slots_of(model, layout)
    shapes = {key: np.shape(slot.array()) for key, slot in table.slots.items()}
    shapes.update({slot.twin: shapes[key] for key, slot in table.slots.items() if slot.twin is not None})
    found = differences(model, table, shapes)
    if found:
        raise CheckpointError(
            f"`layout` {layout.name!r} has no place for everything in the model {model.name!r}; choose another "
            f"layout. Received: {found}"
        )
    for variable, value in table.constants:
        if not np.all(value_of(variable) == np.float32(value)):
            raise CheckpointError(
                f"`layout` {layout.name!r} has no place for {variable.path}, which must be {value:g} but comes from "
                f"trained weights. Received: {value_of(variable)}"
            )
    tree = {}
    for key, slot in table.slots.items():
        for name in (key, slot.twin):
            if name is not None:
                _put(tree, name, layout.prefix, slot.array())
    return tree


def _put(tree, key, prefix, array):
    path, _, name = key.rpartition("/")
    for part in path.split("/"):
        tree = tree.setdefault(part, {})
    tree[prefix + name] = array


def _finite(key, values):
    for _, value in values:
        with np.errstate(over="ignore"):
            wrong = ~np.isfinite(np.asarray(value, "float32"))
        if wrong.any():
            raise CheckpointError(
                f"`checkpoints` must hold finite numbers. Received: {np.count_nonzero(wrong)} of {wrong.size} numbers "
                f"of {key} are NaN or beyond float32"
            )
    return values


def _equal(first, second):
    return np.array_equal(first, second, equal_nan=first.dtype.kind == "f")
