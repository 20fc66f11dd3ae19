"""What `ltzoo rebalance` does for each kind of model."""

import dataclasses
from pathlib import Path
from typing import Any

from ltzoo import shipped
from ltzoo.cli import data as data_module
from ltzoo.cli.rebalance_output import print_report, write_model
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.same_images import check_same
from ltzoo.cli.sources import check_source, source_of, unless_own
from ltzoo.cli.user_errors import UserError, mistake


@dataclasses.dataclass
class Work:
    """One call of the command, with its options as they were read.

    Attributes:
        model, kind: what to correct, and ".csv", ".onnx", ".keras" or "" for a run folder.
        data, split: held-out images, or a table of outputs.
        counts: training images by class name, or None.
        column: the column of labels in tables.
        unlabelled: folder or table for the estimate, or None.
        fit: arguments of `ltzoo.posthoc.rebalance`.
        rules: alpha, unknown, keep: what to store besides.
        given: options of the data.
    """

    model: str
    kind: str
    data: str | None
    split: str | None
    counts: dict[str, int] | None
    column: str
    unlabelled: str | None
    fit: dict[str, Any]
    rules: dict[str, Any]
    given: dict[str, Any]
    source: dict | None = None

    def check(self) -> None:
        """Refuse wrong data before a framework is imported."""
        if _is_table(self.data):
            if self.given:
                key = next(iter(self.given)).replace("_", "-")
                raise UserError(
                    f"--{key} does not apply: --data is a table of outputs. Received: {self.data}"
                )
            if self.rules["unknown"] == "knn":
                raise UserError("--unknown knn needs images, for their features. Received: --data CSV")
            return
        own = None if self.data is None else unless_own(self.model, data_module.resolve(self.data))
        self.source = source_of(self.model, own, self.given)
        self.data = own
        check_source(self.source)
        run = RunFolder(self.model)
        if own is None and run.is_run():
            found, wanted = run.read()["dataset"].get("images") or {}, self.split or "val"
            if isinstance(found, dict) and found and wanted not in found:
                others = "use --split test, or" if "test" in found else "add"
                raise UserError(
                    f"The run has no {wanted} images that it was not trained on; {others} --data FOLDER. "
                    f"Received: splits {', '.join(map(str, found))}"
                )

    def run(self, target: Path) -> dict:
        """Fit, print the table and write the new model; return all numbers."""
        if self.kind == ".csv":
            result, extra = self._table(target), {}
        elif self.kind == ".onnx":
            result, extra = self._onnx(target)
        else:
            result, extra = self._keras(target)
        return {**result.to_dict(), **extra}

    def _table(self, target):
        from ltzoo.posthoc.csv_outputs import OutputTable, corrected_outputs
        from ltzoo.posthoc.outputs import softmax

        assert self.counts is not None
        names = list(self.counts)
        with mistake(f"{self.model} cannot be read"):
            table = OutputTable(Path(self.model).expanduser(), names)
        new = (
            table.outputs if self.fit["prior"] == "estimate" and self.unlabelled is None else self._new(names)
        )
        result = self._fitted(names, list(self.counts.values()), new)
        print_report(result)
        extra = {}
        if (sets := self._sets(result, list(self.counts.values()))) is not None:
            found = sets.sets_for(softmax(result.apply(table.outputs)))
            extra["prediction_set"] = [" | ".join(names[label] for label in row) for row in found]
        table.write(target, corrected_outputs(result, table.outputs), extra)
        return result

    def _onnx(self, target):
        from ltzoo.posthoc.onnx_files import CorrectedOnnxModel, OnnxModel

        model = OnnxModel(Path(self.model).expanduser())
        names, counts = model.class_names, model.class_counts
        if self.counts is not None:
            names, counts = list(self.counts), list(self.counts.values())
        if names is None or counts is None:
            raise UserError(
                f"--counts is missing: {self.model} does not know its classes and training images. "
                "Received: no --counts"
            )
        result = self._fitted(names, counts, self._new(names))
        print_report(result)
        decisions = self._decisions(result, counts)
        CorrectedOnnxModel(model, result.outputs, result.correction).write(target, decisions)
        return result, decisions.to_dict()

    def _keras(self, target):
        from ltzoo import posthoc
        from ltzoo.posthoc.classifiers import is_classifier, with_correction
        from ltzoo.posthoc.keras_models import with_added_layer
        from ltzoo.posthoc.rebalancing import plain

        model: Any = self._loaded()
        known = is_classifier(model)
        model, fit = plain(model), dict(self.fit)
        names: Any = getattr(model, "class_names", None)
        counts: Any = getattr(model, "class_counts", None)
        if not known:
            if self.counts is None or not _is_table(self.data):
                raise UserError(
                    f"{self.model} is not a model of this library, so it needs --counts, and as --data a .csv of its "
                    "outputs. Received: " + ("no --counts" if self.counts is None else f"--data {self.data}")
                )
            names, counts = list(self.counts), list(self.counts.values())
        split = None
        if _is_table(self.data):
            result = self._fitted(list(names), counts, self._new(list(names)))
            corrected = (
                with_correction(model, result.correction, facts={"target": result.target.tolist()})
                if known
                else with_added_layer(model, result.outputs, result.correction)
            )
            result = dataclasses.replace(result, model=corrected)
        else:
            split = self._split(model)
            fit.pop("outputs")
            result = posthoc.rebalance(model, split, unlabelled=self._new_images(model, split), **fit)
        print_report(result)
        decisions = self._decisions(result, counts, model, split)
        new = result.model
        if decisions.to_dict():
            new = posthoc.with_decisions(new, decisions.sets, decisions.unknown)
        write_model(self.model, new, result, target)
        return result, decisions.to_dict()

    def _loaded(self):
        from ltzoo.cli.models import load_model
        from ltzoo.models.keras_archive import load_archive

        path = Path(self.model).expanduser()
        if path.suffix != ".keras" or self.model in shipped.names():
            return load_model(self.model)
        with mistake(f"{self.model} cannot be loaded"):
            model = load_archive(path)
        return model

    def _fitted(self, names, counts, unlabelled):
        """Fit on the table of outputs."""
        from ltzoo import posthoc
        from ltzoo.posthoc.csv_outputs import OutputTable

        with mistake("--data cannot be used"):
            table = OutputTable(Path(str(self.data)).expanduser(), names)
            labels = table.labels(self.column, names)
        return posthoc.rebalance(
            table.outputs, labels, counts, class_names=names, unlabelled=unlabelled, **self.fit
        )

    def _new(self, names):
        from ltzoo.posthoc.csv_outputs import OutputTable

        if self.unlabelled is None:
            return None
        if not _is_table(self.unlabelled):
            raise UserError(
                f"--unlabelled must be a .csv of outputs, as --data is. Received: {self.unlabelled}"
            )
        with mistake("--unlabelled cannot be used"):
            return OutputTable(Path(self.unlabelled).expanduser(), names).outputs

    def _split(self, model):
        from ltzoo.cli.held_out import held_out_split

        assert self.source is not None
        return held_out_split(self.model, model, self.source, self.split, given=self.data is not None)

    def _new_images(self, model, split):
        from ltzoo.cli.held_out import unlabelled_split

        if self.unlabelled is None:
            return None
        if _is_table(self.unlabelled):
            raise UserError(f"--unlabelled must be a folder, as --data is. Received: {self.unlabelled}")
        return unlabelled_split(self.unlabelled, model, split)

    def _sets(self, result, counts):
        from ltzoo.cli.console import echo
        from ltzoo.posthoc.conformal import sets_from_probabilities
        from ltzoo.posthoc.outputs import softmax

        alpha = self.rules["alpha"]
        if alpha is None:
            return None
        sets = sets_from_probabilities(softmax(result.out_of_fold), result.labels, alpha, class_counts=counts)
        echo(f"Prediction sets, {100 * (1 - alpha):g} %: {sets.guarantee}")
        return sets

    def _decisions(self, result, counts, model=None, split=None):
        from ltzoo import posthoc
        from ltzoo.cli.console import echo
        from ltzoo.cli.sources import load_source

        method, unknown = self.rules["unknown"], None
        if method in ("softmax", "energy"):
            unknown = posthoc.abstention(result, method=method, keep=self.rules["keep"])
        elif method == "knn":
            run = RunFolder(self.model)
            if not run.is_run():
                raise UserError(
                    f"--unknown knn needs a run folder, for its training images. Received: {self.model}"
                )
            dataset = load_source(source_of(self.model, None, {}), model, whole=False)
            check_same(self.model, dataset, "train")
            unknown = posthoc.abstention(
                model, split, method="knn", keep=self.rules["keep"], bank=dataset.train
            )
        if unknown is not None:
            echo(
                f"Unknown: {method} above {unknown.threshold:.4g}; {100 * unknown.keep:g} % of known images are below"
            )
        return posthoc.Decisions(self._sets(result, counts), unknown)


def _is_table(path: str | None) -> bool:
    return path is not None and path.lower().endswith(".csv")
