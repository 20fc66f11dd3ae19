"""Networks from normalized images to a feature map."""

from ltzoo.backbones.cifar_resnet import cifar_resnet as cifar_resnet
from ltzoo.backbones.cifar_resnet import resnet8 as resnet8
from ltzoo.backbones.cifar_resnet import resnet20 as resnet20
from ltzoo.backbones.cifar_resnet import resnet32 as resnet32
from ltzoo.backbones.cifar_resnet import resnet44 as resnet44
from ltzoo.backbones.cifar_resnet import resnet56 as resnet56
from ltzoo.backbones.efficientnet_lite import efficientnet_lite as efficientnet_lite
from ltzoo.backbones.efficientnet_lite import efficientnet_lite0 as efficientnet_lite0
from ltzoo.backbones.efficientnet_lite import efficientnet_lite1 as efficientnet_lite1
from ltzoo.backbones.efficientnet_lite import efficientnet_lite2 as efficientnet_lite2
from ltzoo.backbones.efficientnet_lite_torch import read_torch_weights as read_torch_weights
from ltzoo.backbones.fastnet import fastnet as fastnet
from ltzoo.backbones.from_model import from_model as from_model
from ltzoo.backbones.libraries import is_library_name as is_library_name
from ltzoo.backbones.lightly_tuned import LightlyTuned as LightlyTuned
from ltzoo.backbones.normalized_within import NormalizedWithin as NormalizedWithin
from ltzoo.backbones.pixel_statistics import pixel_statistics as pixel_statistics
from ltzoo.backbones.pixel_statistics import set_pixel_statistics as set_pixel_statistics
from ltzoo.backbones.pretrained import load_pretrained as load_pretrained
from ltzoo.backbones.pretrained import save_pretrained as save_pretrained
from ltzoo.backbones.registry import _BACKBONES
from ltzoo.backbones.registry import check as check
from ltzoo.backbones.registry import get as get
from ltzoo.backbones.registry import image_size as image_size
from ltzoo.backbones.registry import names as names
from ltzoo.backbones.registry import register as register
from ltzoo.backbones.residual_network import residual_network as residual_network
from ltzoo.backbones.residual_network import resnet10 as resnet10
from ltzoo.backbones.residual_network import resnet18 as resnet18
from ltzoo.backbones.residual_network import resnet34 as resnet34
from ltzoo.backbones.residual_network import resnet50 as resnet50
from ltzoo.backbones.residual_network import resnet101 as resnet101
from ltzoo.backbones.residual_network import resnet152 as resnet152
from ltzoo.backbones.residual_network import resnext50 as resnext50
from ltzoo.backbones.residual_network import resnext101 as resnext101
from ltzoo.backbones.residual_network import resnext152 as resnext152
from ltzoo.registry import import_modules

# The imports above tell type checkers the names; a new file needs no line there.
import_modules(__name__, __path__)
_BACKBONES.export(globals())
