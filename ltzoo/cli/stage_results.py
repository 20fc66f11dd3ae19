"""Results of each stage, kept in the run folder until the report is written."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.cli.console import console, print_alarms
from ltzoo.cli.measured_images import measured_images
from ltzoo.cli.out_of_fold import FOLDS, NOTE, out_of_fold
from ltzoo.cli.result_files import image_names, write_results
from ltzoo.cli.run_folder import RunFolder, write_json
from ltzoo.metrics import Alarm, Result, measure, prediction_alarms
from ltzoo.phases import phase
from ltzoo.report import classifier_norms, gather, results_table, tail_activation_maps, write_report
from ltzoo.report.columns import images_of
from ltzoo.training.callbacks import seconds_by_stage


class StageResults(keras.callbacks.Callback):
    """Measure the classifier after every stage, on the test split or else the validation split.

    Without either the report has no accuracies.

    Each stage's results are a file in the checkpoint folder, so a run resumed in stage 2 still reports stage 1.

    Args:
        run: the run folder.
        classifier: the model in training.
        dataset: its dataset.
        data: folder of its images, or the name of the dataset.
        pooled: measurements and predictions of all folds, reported where there is no split to measure; or None.
    """

    def __init__(self, run: RunFolder, classifier, dataset, data: str | None = None, pooled=None):
        super().__init__()
        self.pooled = pooled
        self.run, self.classifier, self.dataset, self.data = run, classifier, dataset, data
        self._predictions = None
        self.split_name = next((name for name in ("test", "val") if name in dataset.splits()), None)
        self.measured = self.split_name

    @property
    def images(self) -> int:
        """The number of images that are measured after every stage."""
        return 0 if self.split_name is None else len(self.dataset.splits()[self.split_name])

    def on_train_end(self, logs=None):
        """Measure every trained stage but the last, which `finish` measures."""
        stage = self.classifier.stage
        if self.classifier.trains_on_validation:
            return  # The last stage repeats the one before; another pass over all images would show little.
        if stage is not None and stage < len(self.classifier.recipe.stages) - 1:
            self._measure(stage)

    def measure_first(self) -> None:
        """Measure a first stage that another run trained, unless it is the only one."""
        if len(self.classifier.recipe.stages) > 1 and not self.classifier.trains_on_validation:
            self._measure(0)

    def finish(
        self,
        history: dict,
        title: str,
        alarms: Sequence[Alarm] = (),
        kept: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Measure the finished classifier, write results and report, and print the table and alarms.

        Args:
            history: one value per epoch.
            title: title of the report.
            alarms: alarms of the training images; the measured split's replace those of the same name.
            kept: the epochs that were kept, if held-out images decided that.
        """
        last = len(self.classifier.recipe.stages) - 1
        if self.pooled is None and self.split_name != "test":
            self.pooled = out_of_fold(self.classifier, self.dataset)
            if self.pooled is not None:  # The final classifier was trained on the validation images.
                self.split_name = None
        self._measure(last)
        stages = [stage for stage in range(last + 1) if self._stage_file(stage).exists()]
        measured = [self._read(stage) for stage in stages]
        names = [f"{self.classifier.recipe.name}, stage {stage + 1}" for stage in stages]
        names = names if len(stages) > 1 else [self.classifier.recipe.name]
        results = {
            name: Result.from_dict(entry["result"])
            for name, entry in zip(names, measured, strict=True)
            if entry["result"] is not None
        }
        if self.pooled is not None and not results:
            results, self._predictions, self.measured = {names[-1]: self.pooled[0]}, self.pooled[1], FOLDS
        spent = np.cumsum(seconds_by_stage(history, last + 1)).tolist()
        seconds = dict(zip(names, (spent[stage] for stage in stages), strict=True))
        final = results[names[-1]] if results else None
        alarms = list(alarms) if final is None else self._alarms(final, alarms)
        write_results(
            self.run,
            final,
            self._predictions,
            self.dataset.class_names,
            split=self.measured,
            alarms=alarms,
            data=self.data,
            seconds=sum(seconds.values()),
            **({"kept": [dict(entry) for entry in kept]} if kept else {}),
        )
        with phase("writing the report"):
            report = self._report(title, results, names, measured, history, seconds, alarms)
        if results:
            console().print(results_table(results, seconds, split=self.measured))
        else:
            console().print("There are no test or validation images, so nothing was measured.")
        print_alarms(alarms)
        console().print(f"Report: {report}", soft_wrap=True)
        console().print(f"Model:  {self.run.model}", soft_wrap=True)

    def _report(self, title, results, names, measured, history, seconds, alarms):
        return write_report(
            self.run.report,
            title=title,
            class_counts=self.dataset.class_counts,
            class_names=self.dataset.class_names,
            results=results,
            weight_norms={
                name: np.asarray(entry["weight_norms"])
                for name, entry in zip(names, measured, strict=True)
                if entry["weight_norms"] is not None
            },
            histories={self.classifier.recipe.name: history},
            seconds=seconds,
            notes=self._notes(),
            alarms=alarms,
            activation_maps=self._activation_maps(),
            gallery=self._gallery(results[names[-1]] if results else None),
            split=self.measured or "test",
        )

    def _alarms(self, result, of_training):
        measured = prediction_alarms(
            result.confusion, self.dataset.class_names, images_of(self.measured or "test")
        )
        names = {alarm.name for alarm in measured}
        return measured + [alarm for alarm in of_training if alarm.name not in names]

    def _notes(self) -> list[str]:
        if self.measured == FOLDS:
            measured = NOTE
        elif self.split_name is None:
            measured = (
                "The dataset has no test or validation images. Add a test folder, or hold images out with "
                "--validation-fraction 0.1."
            )
        else:
            split = self.dataset.splits()[self.split_name]
            measured = f"Measured on the {len(split):,} {images_of(self.split_name)}."
        return [
            measured,
            f"Network: {self.classifier.backbone.name}, {keras.backend.backend()} backend.",
        ]

    def _activation_maps(self):
        if self.split_name is None:
            return None
        return tail_activation_maps(self.classifier, self.dataset.splits()[self.split_name])

    def _gallery(self, result):
        """Gather the pictures of the measured images; out of fold, these are training images in another order."""
        train, predictions = self.dataset.train, self._predictions
        split = None if self.split_name is None else self.dataset.splits()[self.split_name]
        if self.measured == FOLDS and predictions is not None:
            split = measured_images(self.dataset, predictions, self.data)
        if predictions is not None:
            names = image_names(predictions, self.data)
            predictions = dataclasses.replace(predictions, images=None if names is None else tuple(names))
        return gather(self.classifier, train, split, predictions, result)

    def _stage_file(self, stage: int):
        return self.run.checkpoint / f"stage{stage + 1}_result.json"

    def _measure(self, stage: int) -> None:
        result = None
        if self.split_name is not None:
            measured, self._predictions = measure(self.classifier, self.dataset.splits()[self.split_name])
            result = measured.to_dict()
        norms = classifier_norms(self.classifier)
        norms = None if norms is None else norms.tolist()
        write_json(self._stage_file(stage), {"result": result, "weight_norms": norms})

    def _read(self, stage: int) -> dict:
        return self.run.read_result(self._stage_file(stage), self.dataset.num_classes)
