"""The staged fit, its optimizers and schedules; `Recipe` and `Stage` for convenience."""

from ltzoo.interrupts import Terminated as Terminated
from ltzoo.recipes.recipe import Recipe as Recipe
from ltzoo.recipes.recipe import Stage as Stage
from ltzoo.training.alarms import GrayImagesWarning as GrayImagesWarning
from ltzoo.training.alarms import RandomFeaturesWarning as RandomFeaturesWarning
from ltzoo.training.alarms import TrainingAlarm as TrainingAlarm
from ltzoo.training.alarms import training_alarms as training_alarms
from ltzoo.training.callbacks import InvalidLabelsError as InvalidLabelsError
from ltzoo.training.callbacks import NonFiniteLossError as NonFiniteLossError
from ltzoo.training.checkpoint import ResumeError as ResumeError
from ltzoo.training.fit import fit_stages as fit_stages
from ltzoo.training.log_to import LogTo as LogTo
from ltzoo.training.orthogonal_sgd import OrthogonalSGD as OrthogonalSGD
from ltzoo.training.schedules import EpochSchedule as EpochSchedule
from ltzoo.training.schedules import learning_rates as learning_rates
from ltzoo.training.sgd import SGD as SGD
