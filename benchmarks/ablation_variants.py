"""What `benchmarks/ablation.py` runs, and which variant a row of its CSV files belongs to."""

import dataclasses
import json

import ablation_best
import ablation_fast


@dataclasses.dataclass(frozen=True)
class Ablation:
    """The variants of one recipe.

    Args:
        common: changes to the recipe that all variants share: fewer epochs, above all.
        variants: {what they are compared with: {variant: overrides}}; every such name is a variant itself.
    """

    common: dict
    variants: dict[str, dict[str, dict]]

    @property
    def names(self):
        """All variants, in order."""
        return [variant for group in self.variants.values() for variant in group]

    def reference(self, variant):
        """What a variant is compared with."""
        return next(name for name, group in self.variants.items() if variant in group)

    def overrides(self, variant):
        """The column `overrides` of a variant's rows."""
        return json.dumps({**self.common, **self.variants[self.reference(variant)][variant]})

    def by_variant(self, rows):
        """{variant: its rows}, in order, of those that were run."""
        texts = {self.overrides(variant): variant for variant in self.names}
        found = {variant: [] for variant in self.names}
        for row in rows:
            found[texts[row["overrides"]]].append(row)
        return {variant: mine for variant, mine in found.items() if mine}


BACKBONE = {"name": "fastnet", "widths": [32, 64, 128]}
ABLATIONS = {
    "fast": Ablation(ablation_fast.COMMON, ablation_fast.VARIANTS),
    "best": Ablation(ablation_best.COMMON, ablation_best.VARIANTS),
}


def of_rows(rows):
    """The ablation that made these rows."""
    return ABLATIONS[rows[0]["recipe"]]
