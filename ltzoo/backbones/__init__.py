"""Networks from normalized images to a feature map."""

from ltzoo.backbones.cifar_resnet import cifar_resnet as cifar_resnet
from ltzoo.backbones.cifar_resnet import resnet8 as resnet8
from ltzoo.backbones.cifar_resnet import resnet20 as resnet20
from ltzoo.backbones.cifar_resnet import resnet32 as resnet32
from ltzoo.backbones.cifar_resnet import resnet44 as resnet44
from ltzoo.backbones.cifar_resnet import resnet56 as resnet56
from ltzoo.backbones.registry import get as get
from ltzoo.backbones.registry import names as names
from ltzoo.backbones.registry import register as register
