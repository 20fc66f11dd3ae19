"""Names and signatures read from source are those of the parts."""

import inspect

import pytest

import ltzoo.models  # noqa: F401  It registers a technique.
from ltzoo import backbones, data, heads, losses, part_sources, techniques, training  # noqa: F401
from ltzoo.registry import family


@pytest.mark.parametrize("what", part_sources.PLACES)
def test_source_and_registry_agree(what):
    registry = family(what)
    assert registry is not None
    found = part_sources.parts(what)
    registered = {name for name in registry.names() if registry.part(name).__module__.startswith("ltzoo.")}
    assert set(found) == registered
    for name, signature in found.items():
        if signature is not None:
            assert list(signature.parameters) == list(inspect.signature(registry.part(name)).parameters), name


def test_own_parts_count():
    losses.register("test_part_sources")(lambda: None)
    try:
        assert "test_part_sources" in part_sources.names("loss")
        part_sources.check_config("loss", {"name": "test_part_sources"}, "loss")
        with pytest.raises(ValueError, match="has no argument `nope`"):
            part_sources.check_config("loss", {"name": "test_part_sources", "nope": 1}, "loss")
    finally:
        family("loss").remove("test_part_sources")


@pytest.mark.parametrize(
    "config", [None, 5, [], {}, {"name": 5}, {"name": "ldan"}, {"name": "ldam", "scale": "x"}]
)
def test_wrong_configs(config):
    with pytest.raises(ValueError, match="Received"):
        part_sources.check_config("loss", config, "loss")
