"""Generators of cards, tables, pictures and docs: run each as `python -m tools.NAME` from the checkout."""
