"""Methods as recipes: `names()` lists them, and `get(name, **overrides)` makes one."""

from ltzoo.recipes.adapt import for_dataset as for_dataset
from ltzoo.recipes.by_dataset.published import published as published
from ltzoo.recipes.by_dataset.scaled import scaled as scaled
from ltzoo.recipes.cifar import step_schedule as step_schedule
from ltzoo.recipes.recipe import Recipe as Recipe
from ltzoo.recipes.recipe import Stage as Stage
from ltzoo.recipes.registry import default_backbone as default_backbone
from ltzoo.recipes.registry import default_network as default_network
from ltzoo.recipes.registry import get as get
from ltzoo.recipes.registry import names as names
from ltzoo.recipes.registry import register as register
from ltzoo.registry import import_modules

import_modules(__name__, __path__)
