"""Changes to the training step of a stage, beyond its sampler, augmentation, head and loss."""

from ltzoo.registry import import_modules
from ltzoo.techniques.base import Technique as Technique
from ltzoo.techniques.registry import get as get
from ltzoo.techniques.registry import names as names
from ltzoo.techniques.registry import register as register

import_modules(__name__, __path__)
