"""Train the rows of the papers' tables, and print ours next to the paper's."""
