"""Experts on classes of similar frequency, and a student of them (LFME)."""
