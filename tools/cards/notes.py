"""Sentences on a card about what its paper leaves open or what differs from it."""

from tools.cards.paper_tables import Network
from tools.cards.trained_networks import CIFAR

# Methods of NBN's experts that have the released configuration.
NBN_EXPERTS = ("ride_balanced_softmax", "ride_nbn", "ride4_nbn")


def notes(network: Network) -> list[str]:
    """Return the notes of an entry."""
    return [text for applies, text in _NOTES if applies(network)] + _quoted(network)


def _quoted(network):
    if not network.quoted:
        return []
    return [
        "The table quotes this figure from other work, whose training set-up may differ from this recipe."
    ]


_NOTES = (
    (
        lambda network: network.dataset in CIFAR and network.table.startswith("CAMC"),
        "The paper does not name the backbone of its CIFAR results; the other papers use ResNet-32.",
    ),
    (
        lambda network: network.setup == "fsa_cifar",
        "The paper does not say how its ResNet takes images of 32 pixels; here it begins with one 3x3 convolution "
        "without pooling.",
    ),
    (
        lambda network: network.dataset == "places_lt",
        "Training starts from a ResNet-152 trained on ImageNet; pass it to ltzoo train with --start-from.",
    ),
    (
        lambda network: network.dataset == "places_lt" and network.setup in ("mislas", "gcl"),
        "As in the released code, only the head and the last block, which its files store separately, are trained.",
    ),
    (
        lambda network: network.dataset == "places_lt" and network.setup in ("camc", "fsa"),
        "The paper does not say which part of the ResNet-152 is trained, and at which rate. Here it is all of it, at "
        "rate 0.1, as on the paper's other datasets. The released code of other papers trains the head and the last "
        "block: --set trainable='[\"stage4_block2_*\"]' for the first stage does so.",
    ),
    (
        lambda network: network.setup == "gcl",
        "The paper follows Kang et al. 'except the learning rate schedule', which has steps. Here they are at 2/3 "
        "and 8/9 of the epochs, as in its released Places-LT code.",
    ),
    (
        lambda network: network.setup == "fsa" and network.dataset != "inaturalist2018",
        "The paper gives its schedule for iNaturalist only; it is used here too.",
    ),
    (
        lambda network: network.method in NBN_EXPERTS,
        "The released configuration names cross-entropy; its training mode calls a hook that only the balanced softmax "
        "of experts has, so this recipe has that loss.",
    ),
    (
        lambda network: network.method == "disalign",
        "As in the released code, batch norm of the frozen network stays in training mode in stage 2.",
    ),
)
