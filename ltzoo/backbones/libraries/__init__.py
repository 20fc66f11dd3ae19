"""Backbones of other libraries by name: "keras_applications:ResNet50", "keras_hub:...", "keras_cv:..."."""

from ltzoo.backbones.libraries.registry import get as get
from ltzoo.backbones.libraries.registry import is_library_name as is_library_name
