"""Train the rows of the papers' tables and the networks of their figures, and show ours next to the paper's."""
