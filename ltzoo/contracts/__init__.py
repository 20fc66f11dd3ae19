"""What images and labels are, said once: every training, metric, prediction and loss asks these modules."""
