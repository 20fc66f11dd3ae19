"""Figures on the structure of the package, computed from its code: `python -m tools.structure`."""
