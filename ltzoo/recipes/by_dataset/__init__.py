"""Recipes with the constants that were published for a dataset, and scaled ones for other data."""
