"""Results of each stage, kept in the run folder until the report is written."""

import json
from collections.abc import Sequence

import keras
import numpy as np

from ltzoo.cli.console import console, print_alarms
from ltzoo.cli.run_folder import RunFolder, write_json
from ltzoo.metrics import Alarm, Result, evaluate, prediction_alarms
from ltzoo.report import classifier_norms, results_table, tail_activation_maps, write_report
from ltzoo.training.callbacks import seconds_by_stage


class StageResults(keras.callbacks.Callback):
    """Measure the classifier after every stage, on the test split or else the validation split.

    Each stage's results are a file in the checkpoint folder, so a run resumed in stage 2 still reports stage 1.

    Args:
        run: the run folder.
        classifier: the model in training.
        dataset: its dataset.
    """

    def __init__(self, run: RunFolder, classifier, dataset):
        super().__init__()
        self.run, self.classifier, self.dataset = run, classifier, dataset
        self.split_name = next((name for name in ("test", "val") if name in dataset.splits()), None)

    def on_train_end(self, logs=None):
        """Measure every trained stage but the last, which `finish` measures."""
        stage = self.classifier.stage
        if stage is not None and stage < len(self.classifier.recipe.stages) - 1:
            self._measure(stage)

    def finish(self, history: dict, title: str, alarms: Sequence[Alarm] = ()) -> None:
        """Measure the finished classifier, write `result.json` and the report, and print the table and alarms.

        Args:
            history: one value per epoch.
            title: title of the report.
            alarms: alarms of the training images; the measured split's replace those of the same name.
        """
        last = len(self.classifier.recipe.stages) - 1
        if self.split_name is None:
            console().print("There are no test or validation images, so nothing was measured.")
            spent = sum(seconds_by_stage(history, last + 1))
            texts = [str(alarm) for alarm in alarms]
            write_json(self.run.result, {"split": None, "seconds": spent, "result": None, "alarms": texts})
            print_alarms(alarms)
            return
        self._measure(last)
        stages = [stage for stage in range(last + 1) if self._stage_file(stage).exists()]
        measured = [self._read(stage) for stage in stages]
        names = [f"{self.classifier.recipe.name}, stage {stage + 1}" for stage in stages]
        names = names if last else [self.classifier.recipe.name]
        results = {
            name: Result.from_dict(entry["result"]) for name, entry in zip(names, measured, strict=True)
        }
        spent = np.cumsum(seconds_by_stage(history, last + 1)).tolist()
        seconds = dict(zip(names, (spent[stage] for stage in stages), strict=True))
        final = results[names[-1]]
        alarms = self._alarms(final, alarms)
        write_json(
            self.run.result,
            {
                "split": self.split_name,
                "seconds": sum(seconds.values()),
                "result": final.to_dict(),
                "alarms": [str(alarm) for alarm in alarms],
            },
        )
        report = write_report(
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
            activation_maps=tail_activation_maps(self.classifier, self.dataset.splits()[self.split_name]),
        )
        console().print(results_table(results, seconds))
        print_alarms(alarms)
        console().print(f"Report: {report}", soft_wrap=True)
        console().print(f"Model:  {self.run.model}", soft_wrap=True)

    def _images(self) -> str:
        return "test images" if self.split_name == "test" else "validation images"

    def _alarms(self, result, of_training):
        measured = prediction_alarms(result.confusion, self.dataset.class_names, self._images())
        names = {alarm.name for alarm in measured}
        return measured + [alarm for alarm in of_training if alarm.name not in names]

    def _notes(self) -> list[str]:
        return [
            f"Measured on the {len(self.dataset.splits()[self.split_name]):,} {self._images()}.",
            f"Network: {self.classifier.backbone.name}, {keras.backend.backend()} backend.",
        ]

    def _stage_file(self, stage: int):
        return self.run.checkpoint / f"stage{stage + 1}_result.json"

    def _measure(self, stage: int) -> None:
        if self.split_name is None:
            return
        result = evaluate(self.classifier, self.dataset.splits()[self.split_name])
        norms = classifier_norms(self.classifier)
        norms = None if norms is None else norms.tolist()
        write_json(self._stage_file(stage), {"result": result.to_dict(), "weight_norms": norms})

    def _read(self, stage: int) -> dict:
        return json.loads(self._stage_file(stage).read_text(encoding="utf-8"))
