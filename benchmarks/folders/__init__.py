"""Benchmarks on folders of photographs."""
