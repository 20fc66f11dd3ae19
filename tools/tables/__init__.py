"""Results as Markdown tables."""
