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
from ltzoo.data.augmentation.remix import Remix as Remix
