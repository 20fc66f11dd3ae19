"""Classifier heads by name: layers from pooled features, or from a feature map, to logits."""

from ltzoo.heads.registry import begin as begin
from ltzoo.heads.registry import get as get
from ltzoo.heads.registry import names as names
from ltzoo.heads.registry import register as register
from ltzoo.registry import import_modules

import_modules(__name__, __path__)
