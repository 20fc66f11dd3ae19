"""Speed: samplers, training, prediction, serving and loading; results as printed."""
