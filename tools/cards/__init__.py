"""Write the zoo's cards from the papers' tables: `python -m tools.cards`."""
