"""Kinds of plots that several figures share; those of `ltzoo.report.plots` are used where they fit."""
