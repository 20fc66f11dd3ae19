"""Long-tailed image recognition for Keras 3."""

__version__ = "0.1.0"
