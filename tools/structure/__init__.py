"""Compute figures on the structure of the package from its code: `python -m tools.structure`."""
