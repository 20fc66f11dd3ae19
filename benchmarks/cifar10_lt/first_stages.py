"""Train first stages that several recipes share only once: cRT, LWS and MiSLAS only differ in their second stage.

After a first stage, its weights are kept under a hash of everything that determines them: stage, head, conversions,
network, data, seed and backend. A recipe with the same hash starts from a checkpoint of the state after that stage. It
ends with the weights of a run without sharing.
"""

import hashlib
import json

import keras
import numpy as np
from keras import ops

from ltzoo.files import atomic_write
from ltzoo.training.callbacks import StagedHistory
from ltzoo.training.checkpoint import Checkpoint, restore
from ltzoo.training.fit import identity


class FirstStage(keras.callbacks.Callback):
    """Reuse the first stage of a run if the folder has it; otherwise store it there.

    Args:
        classifier: a `LongTailedClassifier` whose recipe has several stages.
        folder: folder of the stored first stages.
        data: a dict that describes the training data.
        seed: seed of the run.
    """

    remembers = ("epochs", "logs")  # So that a run that was killed within the stage stores it too.

    def __init__(self, classifier, folder, data, seed):
        super().__init__()
        self.classifier, self.seed = classifier, seed
        recipe = classifier.recipe.to_dict()
        made_by = {
            **{key: recipe[key] for key in ("head", "conversions")},
            "stage": recipe["stages"][0],
            "data": data,
            "identity": {**identity(classifier, seed), "recipe": None},
        }
        digits = hashlib.sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()[:12]
        self.path = folder / f"stage1-{digits}.npz"

    def take(self, checkpoint):
        """Write the checkpoint to continue from; return whether the stage is stored."""
        if not self.path.exists():
            return False
        with np.load(self.path, allow_pickle=False) as file:
            meta = json.loads(str(file["meta"]))
            values = [file[str(index)] for index in range(meta["variables"])]
        self.classifier.enter_stage(0)
        restore(self._variables(), values)
        history = StagedHistory(meta["epoch"], meta["history"])
        Checkpoint(checkpoint, identity(self.classifier, self.seed)).save(
            self.classifier, keras.optimizers.SGD(), stage=0, epochs_done=len(history.epoch), history=history
        )
        return True

    def on_train_begin(self, logs=None):
        """Start to record the epochs."""
        self.epochs, self.logs = [], []

    def on_epoch_end(self, epoch, logs=None):
        """Record the epoch and its logs."""
        self.epochs.append(epoch)
        self.logs.append({key: float(value) for key, value in logs.items()})

    def on_train_end(self, logs=None):
        """Store the first stage if this run trained it from its first epoch."""
        if self.classifier.stage != 0 or self.path.exists() or self.epochs[0] != 0:
            return
        history = StagedHistory()
        for epoch, values in zip(self.epochs, self.logs, strict=True):
            history.append(epoch, values)
        variables = [ops.convert_to_numpy(variable.value) for variable in self._variables()]
        meta = {
            "variables": len(variables),
            "epoch": history.epoch,
            "history": history.history,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        arrays = {str(index): value for index, value in enumerate(variables)}
        with atomic_write(self.path) as temporary, open(temporary, "wb") as file:
            np.savez(file, meta=np.array(json.dumps(meta)), **arrays)

    def _variables(self):
        model = self.classifier
        parts = [model.backbone, model.heads[0], model.clouds[0], model.device_augmentations[0]]
        return [
            variable
            for part in (*parts, model.techniques[0])
            if part is not None
            for variable in part.variables
        ]
