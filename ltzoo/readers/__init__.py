"""Readers of files that other people wrote: bounded in size and depth, and nothing in a file is run.

They know JSON, HDF5, pickles, archives and model cards. None imports Keras.
"""
