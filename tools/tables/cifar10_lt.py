"""The table of `benchmarks.cifar10_lt.train`: one line per recipe, network, imbalance factor and length."""

from benchmarks.cifar10_lt.runs import card, changes, code, label, mean_and_spread, rarest, total

COLUMNS = {
    "many": "Many",
    "medium": "Medium",
    "rarest": "Rarest 3",
    "top1": "All",
    "ece": "ECE",
    "chosen_top1": "All, chosen epoch",
}


def table(rows):
    """Return the table in Markdown, by imbalance factor and length of the runs, the best top-1 first.

    "Rarest 3" is the mean accuracy of the three classes with the fewest images, because CIFAR-10-LT has no few-shot
    class at factor 100. The column of the chosen epoch appears if runs had a validation split. The last column has the
    paper's figure from the zoo's card, and its epochs.
    """
    runs = {}
    for row in rows:
        key = (
            row["recipe"] + changes(row["overrides"], row["precision"]),
            row["backbone"],
            row["imbalance_factor"],
            row["epochs"],
        )
        runs.setdefault((*key, row["validation"]), []).append(row)
    columns = [key for key in COLUMNS if any(_value(row, key) == _value(row, key) for row in rows)]
    lines = [
        f"| Recipe | Network | Factor | Epochs | Seeds | {' | '.join(COLUMNS[key] for key in columns)} | Paper |",
        "|---|---|--:|---|--:|" + "--:|" * len(columns) + "---|",
    ]
    means = {run: sum(float(row["top1"]) for row in found) / len(found) for run, found in runs.items()}
    for run in sorted(runs, key=lambda run: (float(run[2]), -total(run[3]) // 50, -means[run])):
        name, backbone, factor, epochs, _ = run
        cells = [mean_and_spread(_value(row, key) for row in runs[run]) for key in columns]
        cells = [
            code(name),
            label(backbone),
            factor,
            epochs,
            str(len(runs[run])),
            *cells,
            _paper(runs[run][0]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _value(row, key):
    if key == "rarest":
        return rarest(row)
    return 100 * float(row[key] or "nan")


def _paper(row):
    """Return the figure of a recipe as it is, in whatever precision it ran here."""
    changed = changes(row["overrides"], "float32")
    known = card(row["recipe"] + changed, row["backbone"], row["imbalance_factor"])
    if known is None or not known["paper"]:
        return ""
    epochs = "+".join(str(stage["epochs"]) for stage in known["recipe"]["stages"])
    return f"{100 * known['paper']['top1']:.1f} ({epochs})"
