"""Cost at the scale of the papers: ImageNet-LT and iNaturalist 2018."""
