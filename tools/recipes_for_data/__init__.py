"""Write the tables of docs/recipes_for_data.md."""
