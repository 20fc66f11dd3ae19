"""Errors of training."""


class NonFiniteLossError(ArithmeticError):
    """The loss became infinite or not a number. The last checkpoint is from before that."""


class ResumeError(ValueError):
    """A checkpoint does not belong to the training that wants to resume from it."""
