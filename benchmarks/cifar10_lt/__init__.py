"""Measure accuracy: CIFAR-10-LT as in the papers' tables, and every recipe on long-tailed digits."""
