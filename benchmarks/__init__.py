"""Benchmarks of this library: run each as `python -m benchmarks.FOLDER.NAME` from the checkout."""
