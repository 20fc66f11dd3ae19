"""The table of `benchmarks.cifar10_lt.compare`: one line per recipe, mean and deviation over the seeds."""

import statistics

from benchmarks.cifar10_lt.runs import changes, code, mean_and_spread, total

COLUMNS = {"many": "Many", "medium": "Medium", "few": "Few", "top1": "All", "ece": "ECE"}


def table(rows, baseline="cross_entropy"):
    """Return the table in Markdown: shorter runs first, then the best few-shot accuracy.

    The last column compares with the baseline's runs of the same number of epochs.
    """
    runs = {}
    for row in rows:
        runs.setdefault((row["recipe"] + changes(row["overrides"]), row["epochs"]), []).append(row)
    mean = {
        run: {key: statistics.mean(100 * float(row[key]) for row in found) for key in COLUMNS}
        for run, found in runs.items()
    }
    lines = [
        f"| Recipe | Epochs | Seeds | {' | '.join(COLUMNS.values())} | Few − {baseline} |",
        "|---|---|--:|" + "--:|" * (len(COLUMNS) + 1),
    ]
    baselines = {total(epochs): mean[name, epochs]["few"] for name, epochs in runs if name == baseline}
    for run in sorted(runs, key=lambda run: (total(run[1]), -mean[run]["few"])):
        (name, epochs), found = run, runs[run]
        cells = [mean_and_spread(100 * float(row[key]) for row in found) for key in COLUMNS]
        if total(epochs) in baselines:
            cells.append(f"{mean[run]['few'] - baselines[total(epochs)]:+.1f}")
        else:
            cells.append("")
        cells = [code(name), epochs, str(len(found)), *cells]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
