"""The tables of each paper, as declarations."""
