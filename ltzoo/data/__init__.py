"""Long-tailed datasets: by name, from folders, arrays, tables, lists, tf.data, Hugging Face or TensorFlow Datasets."""

from ltzoo.data.arrays import from_arrays as from_arrays
from ltzoo.data.auditing.audit import Audit as Audit
from ltzoo.data.auditing.audit import audit as audit
from ltzoo.data.checks import UnreadableImagesError as UnreadableImagesError
from ltzoo.data.checks import check_images as check_images
from ltzoo.data.cross_validation import folds as folds
from ltzoo.data.dataset import LongTailedDataset as LongTailedDataset
from ltzoo.data.directory import from_directory as from_directory
from ltzoo.data.files import FileSplit as FileSplit
from ltzoo.data.files import UnreadableImageError as UnreadableImageError
from ltzoo.data.huggingface import from_huggingface as from_huggingface
from ltzoo.data.lists import from_list as from_list
from ltzoo.data.registry import check as check
from ltzoo.data.registry import facts as facts
from ltzoo.data.registry import load as load
from ltzoo.data.registry import names as names
from ltzoo.data.registry import register as register
from ltzoo.data.splits import ArraySplit as ArraySplit
from ltzoo.data.splits import Split as Split
from ltzoo.data.subset import long_tail_subset as long_tail_subset
from ltzoo.data.table import from_table as from_table
from ltzoo.data.tf_data import from_tf_data as from_tf_data
from ltzoo.data.tfds import from_tfds as from_tfds
from ltzoo.registry import import_modules

import_modules(__name__, __path__)
