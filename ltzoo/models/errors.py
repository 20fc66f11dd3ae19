"""Errors of the zoo."""


class WeightsError(ValueError):
    """A weights file is missing or is not the one that the card describes."""
