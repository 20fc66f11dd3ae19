"""Measure speed: samplers, training, prediction, serving and loading. `results/` has the printed output."""
