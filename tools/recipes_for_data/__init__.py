"""Write the tables of `docs/recipes_for_data.md`: `python -m tools.recipes_for_data --write docs/recipes_for_data.md`."""
