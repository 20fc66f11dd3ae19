"""The methods reference from the docstrings."""
