"""Export formats for classifiers, one file each. Listing them imports no Keras."""

from ltzoo.export_formats.registry import FORMATS as FORMATS
from ltzoo.export_formats.registry import Format as Format
from ltzoo.export_formats.registry import install as install
from ltzoo.export_formats.registry import installed as installed
from ltzoo.export_formats.registry import names as names
from ltzoo.export_formats.registry import register as register
from ltzoo.export_formats.registry import writers_of as writers_of
from ltzoo.registry import import_modules

import_modules(__name__, __path__)
