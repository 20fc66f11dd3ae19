"""Write the methods reference from the docstrings: `python -m tools.methods --out FOLDER`."""
