"""Write the measures of a run to places besides its history: TensorBoard, MLflow, Weights & Biases."""

from ltzoo.loggers.registry import LOGGERS as LOGGERS
from ltzoo.loggers.registry import Logger as Logger
from ltzoo.loggers.registry import check as check
from ltzoo.loggers.registry import missing as missing
from ltzoo.loggers.registry import names as names
from ltzoo.loggers.registry import open_logger as open_logger
from ltzoo.loggers.registry import register as register
from ltzoo.registry import import_modules

import_modules(__name__, __path__)
