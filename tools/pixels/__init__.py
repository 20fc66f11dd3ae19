"""Write the table of `docs/pixels.md`: `python -m tools.pixels --write docs/pixels.md`."""
