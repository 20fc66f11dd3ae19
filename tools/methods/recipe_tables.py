"""Format recipes as Markdown tables."""

import dataclasses
from collections.abc import Sequence

from ltzoo.training import Recipe, Stage

# Fields of a stage in the order of the table; other fields appear if they differ from the default.
ALWAYS = (
    "epochs",
    "head",
    "loss",
    "sampler",
    "augmentation",
    "batch_size",
    "optimizer",
    "schedule",
    "trainable",
)
# Fields without meaning in a stage that trains nothing.
TRAINING = (
    "loss",
    "sampler",
    "augmentation",
    "batch_size",
    "optimizer",
    "schedule",
    "trainable",
    "batch_norm",
)


def defaults(recipe: Recipe) -> str:
    """Return the values of a recipe as a Markdown table, one column per stage."""
    fields = [field.name for field in dataclasses.fields(Stage)]
    order = [*ALWAYS, *(field for field in fields if field not in ALWAYS)]
    rows = []
    if recipe.conversions:
        rows.append(("conversions", ", ".join(_value(config) for config in recipe.conversions)))
    for field in order:
        values = [getattr(stage, field) for stage in recipe.stages]
        if field == "head":
            values[0] = recipe.head
        default = _default(field)
        if field not in ALWAYS and all(value == default for value in values):
            continue
        if field in TRAINING:
            values = [
                "" if stage.epochs == 0 else value for value, stage in zip(values, recipe.stages, strict=True)
            ]
        cells = [_value(value) for value in values]
        if field == "head":
            cells = [
                cell if value is not None else "continues" for cell, value in zip(cells, values, strict=True)
            ]
        rows.append((f"`{field}`", *_repeated(cells)))
    width = 1 + len(recipe.stages)
    rows = [(*row, *[""] * (width - len(row))) for row in rows]
    title = ["", *(f"Stage {index + 1}" for index in range(len(recipe.stages)))]
    return table(title, rows)


def _repeated(cells):
    return [
        cell if index == 0 or cell != cells[index - 1] or len(cell) < 16 else "the same"
        for index, cell in enumerate(cells)
    ]


def _default(field):
    found = next(one for one in dataclasses.fields(Stage) if one.name == field)
    if found.default_factory is not dataclasses.MISSING:
        return found.default_factory()
    return None if found.default is dataclasses.MISSING else found.default


def _value(value):
    if isinstance(value, (list, tuple)):
        return ", ".join(_value(item) for item in value) or "none"
    if isinstance(value, dict):
        return f"`{_call(value)}`"
    return "none" if value is None else f"{value}"


def _call(config):
    if not isinstance(config, dict):
        return f"[{', '.join(map(_call, config))}]" if isinstance(config, (list, tuple)) else repr(config)
    named = {key: value for key, value in config.items() if key not in ("name", "strategy")}
    arguments = ", ".join(f"{key}={_call(value)}" for key, value in named.items())
    name = config.get("name", config.get("strategy"))
    if name is None:
        return f"{{{arguments}}}"
    return f"{name}({arguments})" if arguments else str(name)


def table(title: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format rows as a Markdown table."""
    lines = [title, ["---"] * len(title), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
