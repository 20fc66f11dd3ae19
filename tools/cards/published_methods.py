"""Methods in the papers' tables: recipes of the library, some with a published change.

A method is a function of the dataset's name and imbalance factor, because MiSLAS and CAMC choose constants by them.
"""

import dataclasses
from collections.abc import Callable

from ltzoo import recipes
from ltzoo.recipes.by_dataset.published import with_constants
from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.recipes.two_stage import post_hoc_stage, second_stage
from ltzoo.training import Recipe


def _plain(name) -> Callable[[str, float | None], Recipe]:
    return lambda dataset, factor: with_constants(name, dataset, factor)


METHODS = {
    name: _plain(name)
    for name in (
        "abc_norm", "ala", "balanced_softmax", "bbn", "bcl", "bcl_nbn", "camc", "camc_plus_plus",
        "class_balanced_focal", "class_balanced_softmax", "cross_entropy", "cross_entropy_drw", "crt",
        "crt_mixup", "dtrg", "focal", "fsa", "gcl", "gcl_published", "hybrid_sc", "iif", "ldam_drw",
        "learning_to_reweight", "lfme", "lifted_loss", "log_n", "logit_adjustment", "lws", "lws_mixup",
        "meta_class_weights", "meta_weight_net", "mislas", "mislas_published", "mixup", "nbn",
        "nbn_balanced_softmax", "nbn_crt", "nbn_crt_fixed_g", "ncm", "normalized_classifier", "oltr", "paco",
        "range_loss", "ride", "ride_balanced_softmax", "ride_nbn", "tau_norm", "tde", "tvmf",
        "variance_regularization", "weight_balancing", "weight_normalization", "weight_normalization_shared",
        "xerm",
    )
}  # fmt: skip


# The printed figures are those of the released code.
METHODS["disalign"] = _plain("disalign_published")


def method(function):
    """Register a function of dataset and imbalance factor under its name."""
    METHODS[function.__name__] = function
    return function


def _variant(name, base, description, **changes):
    METHODS[name] = lambda dataset, factor: recipes.get(
        base, **{"description": f"{recipes.get(base).description}; {description}", **changes}
    )


# GCL: Tables 3 to 5.
for _name, _cloud in (
    ("gcl_cosine_cloud", {"strategy": "cosine"}),
    ("gcl_cubic_root_cloud", {"strategy": "power", "exponent": 1 / 3}),
    ("gcl_fourth_root_cloud", {"strategy": "power", "exponent": 0.25}),
):
    _variant(_name, "gcl", "cloud sizes of Table 3", cloud={"noise_multiplier": 1.0, **_cloud})
for _name in ("instance_balanced", "class_balanced", "effective_number"):
    _variant(f"gcl_{_name}", "gcl", "sampler of Table 4", stage2={"sampler": {"strategy": _name}})


@method
def gcl_stage1(dataset, factor):
    """GCL without classifier re-training."""
    made = recipes.get("gcl")
    return dataclasses.replace(
        made, stages=made.stages[:1], description="Gaussian clouded logits, first stage only"
    )


@method
def gcl_tau_norm(dataset, factor):
    """GCL with tau-normalization instead of re-training."""
    made = recipes.get("gcl")
    return dataclasses.replace(
        made,
        stages=(made.stages[0], post_hoc_stage({"name": "tau_normalized"})),
        description="Gaussian clouded logits, then tau-normalization",
    )


@method
def gcl_lws(dataset, factor):
    """GCL with one learned scale per class on the cosines instead of re-training."""
    made = recipes.get("gcl")
    head = {"name": "learnable_weight_scaling", "learn_kernel": False, "normalize_features": True}
    late = second_stage(10, head=head)
    return dataclasses.replace(
        made,
        stages=(made.stages[0], late),
        description="Gaussian clouded logits, then one learned scale a class",
    )


# MiSLAS: Tables 1 and 2.
_variant("lws_mixup_shifted", "lws_mixup", "with shifted batch norm", stage2={"batch_norm": "shifted"})
for _name in ("crt", "lws"):
    _variant(f"{_name}_late_mixup", _name, "with mixup in stage 2 only", stage2={"mixup_alpha": 1.0})
    _variant(f"{_name}_mixup_twice", f"{_name}_mixup", "with mixup in both stages", mixup_alpha=1.0)
_variant(
    "remix_drw",
    "cross_entropy_drw",
    "with Remix, 300 epochs",
    epochs=(240, 60),
    augmentation=(*CROP_FLIP, {"name": "remix"}),
)

# NBN: one set-up for all methods on CIFAR (Table I), then Tables IV to IX, XV and XVII.
for _name, _base in (
    ("cross_entropy", "cross_entropy"),
    ("focal", "focal"),
    ("ldam", "ldam"),
    ("balanced_softmax", "balanced_softmax"),
):

    def _strong(dataset, factor, base=_base):
        plain, strong = recipes.get(base), recipes.get("nbn")
        stage = dataclasses.replace(strong.stages[0], loss=plain.stages[0].loss, scale=plain.stages[0].scale)
        return dataclasses.replace(
            plain,
            stages=(stage,),
            description=f"{plain.description}; with AutoAugment, Cutout and longer training",
        )

    METHODS[f"{_name}_autoaugment"] = _strong


@method
def lws_autoaugment(dataset, factor):
    """LWS after NBN's long first stage."""
    made = METHODS["cross_entropy_autoaugment"](dataset, factor)
    late = recipes.get("lws", batch_size=512).stages[1]
    return dataclasses.replace(
        recipes.get("lws"),
        stages=(made.stages[0], late),
        description="Cross-entropy with AutoAugment and Cutout, then one learned scale a class",
    )


def _nbn(name, description, base="nbn", head=None, **conversion):
    config = [{"name": "nbn", "placement": "paper", **conversion}]
    changes = {"head": {"name": "dense"} if head is None else head, "conversions": config}
    _variant(name, base, description, **changes)


_nbn("nbn_linear", "without logit rectification")
_nbn("nbn_balanced_softmax_linear", "without logit rectification", base="nbn_balanced_softmax")
for _letter in "ABC":
    _nbn(f"nbn_type_{_letter.lower()}", f"placement of type {_letter}, linear", placement=_letter)
_nbn("nbn_not_shared", "a magnitude for each layer, linear", sharing="none")
_nbn("nbn_partly_shared", "a magnitude for each block, linear", sharing="partial")
_nbn("nbn_fixed_g", "fixed magnitude, linear", learn_magnitude=False)
_nbn("nbn_unnormalized", "without normalization, linear", normalize=False)
_variant(
    "variance_regularization_1",
    "variance_regularization",
    "strength 1",
    technique={"name": "variance_regularization", "strength": 1.0},
)
_variant("balanced_softmax_cmo", "cmo", "with balanced softmax", loss={"name": "balanced_softmax"})
_variant(
    "balanced_softmax_log_n", "log_n", "after balanced softmax", stage1={"loss": {"name": "balanced_softmax"}}
)


@method
def nbn_balanced_softmax_log_n(dataset, factor):
    """NBN with LogN instead of logit rectification."""
    made = METHODS["nbn_balanced_softmax_linear"](dataset, factor)
    late = recipes.get("log_n").stages[1]
    description = "Balanced softmax on normalized batch norm, then logits normalized class by class"
    return dataclasses.replace(made, stages=(made.stages[0], late), description=description)


@method
def oltr_lfme(dataset, factor):
    """OLTR's second stage after LFME; its authors do not say how they combine them."""
    first, second = with_constants("lfme", dataset, factor), with_constants("oltr", dataset, factor)
    return dataclasses.replace(
        first,
        stages=(*first.stages, second.stages[1]),
        description=f"{first.description}, then a memory of class centroids",
    )


def _four_experts(base):
    def make(dataset, factor):
        made = with_constants(base, dataset, factor)
        experts = {**made.head, "num_experts": 4}
        conversions = [
            {**config, "num_experts": 4}
            if config["name"] == "experts"
            else {**config, "groups": [f"expert{number}_*" for number in range(1, 5)]}
            for config in made.conversions
        ]
        stages = [
            dataclasses.replace(stage, head=stage.head and {**stage.head, "num_experts": 4})
            for stage in made.stages
        ]
        return dataclasses.replace(
            made,
            head=experts,
            conversions=conversions,
            stages=stages,
            description=made.description.replace("Three", "Four"),
        )

    return make


METHODS["ride4"], METHODS["ride4_nbn"] = _four_experts("ride"), _four_experts("ride_nbn")


# CAMC: Tables II and III; tau per dataset.
def _camc(base, dataset, factor, **changes):
    """Make CAMC with other arguments of its head than the published ones, or other fields."""
    made = with_constants(base, dataset, factor)
    late = dataclasses.replace(made.stages[1], head={**made.stages[1].head, **changes.pop("head", {})})
    return dataclasses.replace(made, stages=(made.stages[0], late), **changes)


@method
def camc_tau20(dataset, factor):
    """CAMC on few-shot classes only."""
    return _camc("camc", dataset, factor, head={"threshold": 20})


@method
def camc_all(dataset, factor):
    """CAMC on all classes: tau above every count."""
    return _camc("camc", dataset, factor, head={"threshold": 1_000_000})


def _crops(grid):
    return lambda dataset, factor: _camc(
        "camc_plus_plus", dataset, factor, conversions=[{"name": "camc_plus_plus", "grid": grid}]
    )


for _grid in (2, 3, 4):
    METHODS[f"camc_plus_plus_{_grid}x{_grid}"] = _crops(_grid)
_variant("normalized_classifier_g1", "normalized_classifier", "g = 1", scale=1.0)


def _then(base, late, description):
    def make(dataset, factor):
        made = METHODS[base](dataset, factor)
        return dataclasses.replace(
            made, stages=(made.stages[0], late), description=f"{made.description}, then {description}"
        )

    return make


for _name in (
    "weight_normalization",
    "weight_normalization_shared",
    "normalized_classifier",
    "normalized_classifier_g1",
):
    _retrained = second_stage(10, head={"name": "dense"}, reinitialize_head=True)
    METHODS[f"{_name}_crt"] = _then(_name, _retrained, "a new linear classifier on class-balanced batches")
    METHODS[f"{_name}_ncm"] = _then(_name, recipes.get("ncm").stages[1], "the nearest class mean")

# FSA: Tables 1 to 3, with one row per beta.
METHODS["class_balanced_softmax"] = lambda dataset, factor: recipes.get("class_balanced_softmax")
for _digits, _beta in (("9", 0.9), ("999", 0.999)):
    _loss = {"name": "class_balanced_crossentropy", "beta": _beta}
    _variant(f"class_balanced_softmax_beta{_digits}", "class_balanced_softmax", f"beta = {_beta}", loss=_loss)
for _digits, _gamma in (("05", 0.5), ("2", 2.0)):
    _variant(f"focal_gamma{_digits}", "focal", f"gamma = {_gamma}", loss={"name": "focal", "gamma": _gamma})
_variant("fsa_focal", "fsa", "focal loss in phase 1", stage1={"loss": {"name": "focal", "gamma": 1.0}})
