"""Losses of the class scores of a detector: per box, with boxes that hold no object."""

from ltzoo.losses.detection.box_loss import BoxLoss as BoxLoss
from ltzoo.losses.detection.registry import _DETECTION_LOSSES
from ltzoo.losses.detection.registry import get as get
from ltzoo.losses.detection.registry import names as names
from ltzoo.losses.detection.registry import register as register
from ltzoo.losses.detection.seesaw_detection import SeesawDetection as SeesawDetection
from ltzoo.losses.detection.seesaw_detection import seesaw_detection as seesaw_detection
from ltzoo.losses.detection.sigmoid_equalization import SigmoidEqualization as SigmoidEqualization
from ltzoo.losses.detection.sigmoid_equalization import sigmoid_equalization as sigmoid_equalization
from ltzoo.registry import import_modules

# The imports above tell type checkers the names; a new file needs no line there.
import_modules(__name__, __path__)
_DETECTION_LOSSES.export(globals())
