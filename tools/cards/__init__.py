"""The zoo's cards from the papers' tables."""
