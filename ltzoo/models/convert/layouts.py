"""The published PyTorch layouts: which part of a file holds what, and under which names."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Iterable, Mapping


@dataclasses.dataclass(frozen=True)
class Layout:
    """How one repository lays out its checkpoints.

    Paths are the keys that lead to a part of the file, joined by "/"; "" is the file itself. Where several are given,
    the first one is written and all are read.

    Attributes:
        name: what `layout=` and `--layout` call it.
        source: the repositories that write it.
        trunk: paths of the backbone's tensors.
        classifier: paths of the classifier's tensors.
        linear: begin of the classifier's names.
        experts: the same for expert `{}`, counted from 0, in networks with several; None without such.
        cosine: whether `linear.weight` of a cosine classifier is `[D, C]` in this layout; False if it has none.
        scales: (paths, name, whether it is a row `[1, C]`) of learned class scales; None without such.
        block: (paths, begin of the names) of the backbone's last block where it is kept apart.
        prefix: of all names in files of `torch.nn.DataParallel`. Read without it too.
        head_only: names of a file that holds a classifier alone, and their names in a whole file.
        twice: whether the file holds every tensor again under the names of an inner `Sequential`.
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
        """The paths of every part, the written one first."""
        parts = [self.trunk, self.classifier]
        parts += [given[0] for given in (self.block, self.scales) if given is not None]
        return list(dict.fromkeys(parts))

    def canonical(self, path: str) -> str:
        """The path that this layout writes for a part that was found at `path`."""
        return next((paths[0] for paths in self.paths if path in paths), path)

    def recognizes(self, parts: Mapping[str, Iterable[str]]) -> bool:
        """Whether a file with these names in its parts has this layout."""
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
# What is kept apart comes first: such a file has the parts of the plain layout too.
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
    """Names of all layouts, sorted."""
    return sorted(LAYOUTS)


def get_layout(name: str) -> Layout:
    """The layout of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in LAYOUTS:
        raise ValueError(f"`layout` must be one of {', '.join(layout_names())}. Received: layout={name!r}")
    return LAYOUTS[name]


def detect_layout(parts: Mapping[str, Iterable[str]]) -> Layout | None:
    """The layout of a file from the names in its parts, or None.

    "ldam" and "balanced_softmax" are files that cannot be told from "gcl" and "decoupling"; these are found.
    """
    return next((layout for layout in LAYOUTS.values() if layout.recognizes(parts)), None)
