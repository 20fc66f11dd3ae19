"""The table of `benchmarks/ablation.py`: one line a variant, with its difference to what it is compared with."""

import statistics

from ablation_variants import of_rows
from runs import mean_and_spread, rarest

COLUMNS = {
    "Many": lambda row: 100 * float(row["many"]),
    "Medium": lambda row: 100 * float(row["medium"]),
    "Rarest 3": rarest,
    "All": lambda row: 100 * float(row["top1"]),
    "Validation": lambda row: 100 * float(row["validation_top1"]),
    "ECE": lambda row: 100 * float(row["ece"]),
}


def difference(variants, variant, reference, value):
    """Mean and sample standard deviation, over the seeds that both have, of a variant less another."""
    rows = {row["seed"]: value(row) for row in variants[variant]}
    others = {row["seed"]: value(row) for row in variants[reference]}
    pairs = [rows[seed] - others[seed] for seed in rows if seed in others]
    return statistics.mean(pairs), statistics.stdev(pairs) if len(pairs) > 1 else 0.0


def table(rows):
    """Markdown, in the order of the variants of the recipe."""
    ablation = of_rows(rows)
    variants = ablation.by_variant(rows)
    lines = [
        f"| | Seeds | {' | '.join(COLUMNS)} | All, difference | Rarest 3, difference |",
        "|---|--:|" + "--:|" * len(COLUMNS) + "--:|--:|",
    ]
    for variant, mine in variants.items():
        reference = ablation.reference(variant)
        cells = [mean_and_spread(map(value, mine)) for value in COLUMNS.values()]
        for value in (COLUMNS["All"], rarest):
            mean, _ = difference(variants, variant, reference, value)
            cells.append("" if variant == reference else f"{mean:+.1f}")
        lines.append(f"| {variant} | {len(mine)} | {' | '.join(cells)} |")
    return "\n".join(lines)
