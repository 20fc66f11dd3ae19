"""Weights of images that a virtual step of training on other images chooses."""
