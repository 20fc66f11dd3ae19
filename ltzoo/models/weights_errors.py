"""Errors about missing or wrong weights files."""


class WeightsError(ValueError):
    """A weights file or saved model is missing, is not the one that the card describes, or is not safe to read."""


class UnreachableError(WeightsError):
    """The server of a file does not answer, or not with the file, for now."""


class NoWeightsError(WeightsError):
    """No weights of the entry are published, and none are on this computer."""
