"""Changes of a backbone that a recipe asks for, by name: a model in, a model out."""

from ltzoo.backbones.conversions.nbn import convert_batch_normalization as convert_batch_normalization
from ltzoo.backbones.conversions.registry import convert as convert
from ltzoo.backbones.conversions.registry import names as names
from ltzoo.backbones.conversions.registry import register as register
from ltzoo.registry import import_modules

import_modules(__name__, __path__)
