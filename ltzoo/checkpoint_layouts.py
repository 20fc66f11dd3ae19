"""The published PyTorch layouts: which part of a file holds what, and under which names."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Iterable, Mapping

from ltzoo.checks import one_of


@dataclasses.dataclass(frozen=True)
class Layout:
    """The checkpoint layout of one or more repositories.

    A path is the keys that lead to a part of the file, joined by "/"; "" is the file itself. Of several paths the
    first one is written and all are read. C is the number of classes, D the number of features.

    Attributes:
        name: name for `layout=` and `--layout`.
        source: the repository that writes the layout.
        trunk: paths of the backbone's tensors.
        classifier: paths of the classifier's tensors.
        linear: prefix of the classifier's names.
        experts: prefix of the names of expert `{}`, counted from 0; None if the layout has no experts.
        cosine: whether the layout has a cosine classifier, with `linear.weight` as `[D, C]`.
        scales: (paths, name, whether it is a row `[1, C]`) of learned class scales; None if there are none.
        block: (paths, prefix of the names) of the backbone's last block; None if it is not a separate part.
        prefix: prefix of all names that are written, as by `torch.nn.DataParallel`; files without it are read too.
        head_only: names in a file that holds the classifier alone -> names in a complete file.
        twice: whether the file holds every tensor a second time under the names of an inner `Sequential`.
    """

    name: str
    source: str
    trunk: tuple
    classifier: tuple
    linear: str
    experts: str | None = None
    cosine: bool = False
    scales: tuple | None = None
    block: tuple | None = None
    prefix: str = "module."
    head_only: Mapping[str, str] = dataclasses.field(default_factory=dict)
    twice: bool = False

    @property
    def paths(self) -> list[tuple]:
        """The paths of every part, first the one that is written."""
        parts = [self.trunk, self.classifier]
        parts += [given[0] for given in (self.block, self.scales) if given is not None]
        return list(dict.fromkeys(parts))

    def canonical(self, path: str) -> str:
        """Return the path that this layout writes for a part found at `path`."""
        return next((paths[0] for paths in self.paths if path in paths), path)

    def recognizes(self, parts: Mapping[str, Iterable[str]]) -> bool:
        """Return whether a file with these names per part has this layout."""
        found = {self.canonical(path): set(names) for path, names in parts.items()}
        needed = [self.trunk[0], self.classifier[0], *([self.block[0][0]] if self.block else [])]
        if any(path not in found for path in needed):
            return False
        names = found[self.classifier[0]]
        begins = [f"{self.linear}.*"] + ([self.experts.format("*")] if self.experts else [])
        alone = bool(self.head_only) and names <= set(self.head_only)
        return alone or any(fnmatch.filter(names, begin) for begin in begins)


_GCL = Layout(
    name="gcl",
    source="GCL",
    trunk=("state_dict", ""),
    classifier=("state_dict", ""),
    linear="linear",
    cosine=True,
    head_only={"weight": "linear.weight", "bias": "linear.bias"},
)
_MISLAS = Layout(
    name="mislas",
    source="MiSLAS",
    trunk=("state_dict_model",),
    classifier=("state_dict_classifier",),
    linear="fc",
    scales=(("state_dict_lws_model",), "learned_norm", True),
)
_DECOUPLING = Layout(
    name="decoupling",
    source="classifier-balancing (decoupling)",
    trunk=("state_dict_best/feat_model", "state_dict/feat_model", "feat_model"),
    classifier=("state_dict_best/classifier", "state_dict/classifier", "classifier"),
    linear="fc",
    scales=(("state_dict_best/classifier", "state_dict/classifier", "classifier"), "scales", False),
)
# Layouts with a separate last block come first: their files also have the parts of the plain layout.
LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout(
            name="gcl_places",
            source="GCL on Places-LT",
            trunk=("model_state_dict",),
            classifier=("classifier_state_dict",),
            linear="fc",
            cosine=True,
            block=(("block_state_dict", "state_dict_block"), "layer5."),
        ),
        dataclasses.replace(
            _MISLAS, name="mislas_places", source="MiSLAS on Places-LT", block=(("state_dict_block",), "")
        ),
        _GCL,
        dataclasses.replace(_GCL, name="ldam", source="LDAM-DRW", head_only={}),
        _MISLAS,
        _DECOUPLING,
        dataclasses.replace(_DECOUPLING, name="balanced_softmax", source="Balanced Softmax"),
        Layout(
            name="nbn",
            source="NBN",
            trunk=("state_dict", ""),
            classifier=("state_dict", ""),
            linear="fc",
            experts="linears.{}",
        ),
        Layout(
            name="fsa",
            source="feature-space augmentation (third-party code)",
            trunk=("model_state",),
            classifier=("model_state",),
            linear="fc",
            prefix="",
            twice=True,
        ),
    )
}


def layout_names() -> list[str]:
    """Return the names of all layouts, sorted."""
    return sorted(LAYOUTS)


def get_layout(name: str) -> Layout:
    """Return the layout called `name`.

    Raises:
        ValueError: there is no such layout.
    """
    return LAYOUTS[one_of("layout", name, layout_names())]


def detect_layout(parts: Mapping[str, Iterable[str]]) -> Layout | None:
    """Detect the layout of a file from the names in its parts; None if no layout fits.

    Files of "ldam" look like "gcl", and files of "balanced_softmax" like "decoupling"; the latter names are returned.
    """
    return next((layout for layout in LAYOUTS.values() if layout.recognizes(parts)), None)
