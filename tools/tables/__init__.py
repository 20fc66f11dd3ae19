"""Write benchmark results as Markdown tables: `python -m tools.tables`."""
