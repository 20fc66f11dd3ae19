"""Generators of what is written into this repository or its docs: run each as `python -m tools.NAME`."""
