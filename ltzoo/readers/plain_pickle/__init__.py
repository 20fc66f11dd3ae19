"""Read pickles of plain values without the `pickle` module: nothing in a file is imported, called or given a state.

The reader knows the opcodes of protocols 0 to 5 that build numbers, texts, lists, tuples, sets and dicts. A name such
as `numpy.ndarray` is looked up in a table that the caller gives; its entries are Python functions of this package.
"""

from ltzoo.readers.plain_pickle.reader import read_pickle as read_pickle
from ltzoo.readers.plain_pickle.values import Built as Built
from ltzoo.readers.plain_pickle.values import Named as Named
from ltzoo.readers.plain_pickle.values import PickleError as PickleError
