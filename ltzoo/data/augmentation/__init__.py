"""Image augmentation: on the host (NumPy and Pillow) and on the device (a Keras layer)."""

from ltzoo.data.augmentation.auto_augment import AutoAugment as AutoAugment
from ltzoo.data.augmentation.auto_augment import RandAugment as RandAugment
from ltzoo.data.augmentation.cmo import CMO as CMO
from ltzoo.data.augmentation.cutmix import CutMix as CutMix
from ltzoo.data.augmentation.cutout import Cutout as Cutout
from ltzoo.data.augmentation.device import DeviceAugmentation as DeviceAugmentation
from ltzoo.data.augmentation.imagenet_crop import ImageNetEvalCrop as ImageNetEvalCrop
from ltzoo.data.augmentation.imagenet_crop import ImageNetTrainCrop as ImageNetTrainCrop
from ltzoo.data.augmentation.mixup import Mixup as Mixup
from ltzoo.data.augmentation.pad_crop_flip import PadCropFlip as PadCropFlip
from ltzoo.data.augmentation.per_view import PerView as PerView
from ltzoo.data.augmentation.pipeline import Pipeline as Pipeline
from ltzoo.data.augmentation.pipeline import get as get
from ltzoo.data.augmentation.registry import _STEPS
from ltzoo.data.augmentation.registry import device_names as device_names
from ltzoo.data.augmentation.registry import names as names
from ltzoo.data.augmentation.registry import register as register
from ltzoo.data.augmentation.registry import register_on_device as register_on_device
from ltzoo.data.augmentation.remix import Remix as Remix
from ltzoo.registry import import_modules

# The imports above tell type checkers the names; a new file needs no line there.
import_modules(__name__, __path__)
_STEPS.export(globals())
