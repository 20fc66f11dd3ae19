"""Errors about missing or wrong weights files."""


class WeightsError(ValueError):
    """A weights file is missing or is not the one that the card describes."""


class NoWeightsError(WeightsError):
    """Nobody has published weights of the entry, and there are none on this computer."""
