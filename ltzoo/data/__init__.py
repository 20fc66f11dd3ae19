"""Long-tailed datasets: by name, from a folder, arrays, list files or TensorFlow Datasets."""

from ltzoo.data import digits_lt as digits_lt
from ltzoo.data.arrays import from_arrays as from_arrays
from ltzoo.data.dataset import LongTailedDataset as LongTailedDataset
from ltzoo.data.registry import load as load
from ltzoo.data.registry import names as names
from ltzoo.data.splits import ArraySplit as ArraySplit
from ltzoo.data.splits import Split as Split
from ltzoo.data.subset import long_tail_subset as long_tail_subset
