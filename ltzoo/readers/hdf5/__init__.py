"""Read HDF5 files of weights without the HDF5 library, which trusts the sizes and addresses in a file."""

from ltzoo.readers.hdf5.contents import Hdf5Contents as Hdf5Contents
from ltzoo.readers.hdf5.contents import read_hdf5 as read_hdf5
from ltzoo.readers.hdf5.cursor import Hdf5Error as Hdf5Error
from ltzoo.readers.hdf5.dataset import Dataset as Dataset
from ltzoo.readers.hdf5.rewrite import finite as finite
from ltzoo.readers.hdf5.rewrite import rewrite as rewrite
