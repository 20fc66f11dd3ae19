"""Build, load, describe, publish and export classifiers: the zoo."""

from ltzoo.models.build import build as build
from ltzoo.models.cards import Card as Card
from ltzoo.models.cards import card as card
from ltzoo.models.classifier import LongTailedClassifier as LongTailedClassifier
from ltzoo.models.convert import CheckpointError as CheckpointError
from ltzoo.models.convert import convert_checkpoint as convert_checkpoint
from ltzoo.models.convert import save_torch as save_torch
from ltzoo.models.convert import torch_state as torch_state
from ltzoo.models.distillation import Distillation as Distillation
from ltzoo.models.exporting import export_model as export_model
from ltzoo.models.exporting import served_outputs as served_outputs
from ltzoo.models.find_weights import find_weights as find_weights
from ltzoo.models.load import load as load
from ltzoo.models.new_classes import with_new_classes as with_new_classes
from ltzoo.models.publishing import publish as publish
from ltzoo.models.publishing import push as push
from ltzoo.models.start_from import start_from as start_from
from ltzoo.models.weights_errors import WeightsError as WeightsError
from ltzoo.shipped import names as names
