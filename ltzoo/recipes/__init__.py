"""Methods as recipes: `names()` lists them, `get(name, **overrides)` makes one."""

from ltzoo.recipes.adapt import for_dataset as for_dataset
from ltzoo.recipes.cifar import step_schedule as step_schedule
from ltzoo.recipes.cross_entropy import cross_entropy as cross_entropy
from ltzoo.recipes.gcl import gcl as gcl
from ltzoo.recipes.gcl import gcl_published as gcl_published
from ltzoo.recipes.registry import get as get
from ltzoo.recipes.registry import names as names
from ltzoo.training.recipe import Recipe as Recipe
from ltzoo.training.recipe import Stage as Stage
