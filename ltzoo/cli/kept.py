"""What the command says about the epochs that held-out images chose."""

from collections.abc import Mapping, Sequence
from typing import Any

_MEASURES = (
    ("balanced_accuracy", "balanced accuracy", 100.0, ".1f", " %"),
    ("accuracy", "top-1", 100.0, ".1f", " %"),
    ("nll", "negative log-likelihood", 1.0, ".3f", ""),
)
_FIRST = {"best:top1": "accuracy", "best:nll": "nll"}


def said_of_kept(kept: Sequence[Mapping[str, Any]], keep: str, recipe: Any) -> list[str]:
    """Return one line per stage that ended early or kept another epoch than its last.

    Args:
        kept: from `ltzoo.training.keep_best.kept_epochs`.
        keep: the option that the training was given.
        recipe: its recipe.
    """
    lines = []
    for entry in kept:
        planned = recipe.stages[entry["stage"] - 1].epochs
        name = f"stage {entry['stage']}" if len(recipe.stages) > 1 else "the training"
        parts = []
        if entry["epochs"] < planned:
            parts.append(f"{name} ended after {entry['epochs']} of {planned} epochs without improvement")
        if keep != "last":
            kept_one = f"epoch {entry['epoch']} of {entry['epochs']} was kept"
            parts.append(
                f"{kept_one if parts else f'{name}: {kept_one}'} (held-out images: {_measure(entry, keep)})"
            )
        if parts:
            line = "; ".join(parts)
            lines.append(line[0].upper() + line[1:])
    return lines


def _measure(entry, keep):
    wanted = _FIRST.get(keep, "balanced_accuracy")
    _, label, factor, digits, unit = next(row for row in _MEASURES if row[0] == wanted)
    value = entry.get(wanted)
    return f"{label} unknown" if value is None else f"{label} {factor * value:{digits}}{unit}"
