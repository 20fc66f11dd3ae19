"""Backbones of other libraries by name: "keras_applications:ResNet50", "keras_hub:...", "keras_cv:..."."""

from ltzoo.backbones.libraries.registry import check as check
from ltzoo.backbones.libraries.registry import get as get
from ltzoo.backbones.libraries.registry import is_library_name as is_library_name
from ltzoo.backbones.libraries.registry import names as names
from ltzoo.backbones.libraries.registry import register as register
from ltzoo.registry import import_modules

import_modules(__name__, __path__)
