"""Integer or soft labels as one matrix of class shares, as all losses take them."""

from ltzoo.contracts.label_tensors import soft_labels as soft_labels
