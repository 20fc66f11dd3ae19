"""Where weights come from, in which order, and what an error says that found none."""

import dataclasses
import hashlib
import os

import numpy as np
import pytest

from ltzoo import models, shipped
from ltzoo.models import download as download_module
from ltzoo.models.find_weights import find_weights
from ltzoo.models.weights_errors import WeightsError
from tests.models.web_server import Answer, serve

CONTENT = b"weights of the card"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = "gcl_test.weights.h5"


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Empty folders of every kind that is looked in."""
    made = {name: tmp_path / name for name in ("mine", "second", "shipped", "cache")}
    for name in ("mine", "second", "shipped"):
        made[name].mkdir()
    monkeypatch.setenv("LTZOO_WEIGHTS", os.pathsep.join([str(made["mine"]), "", str(made["second"])]))
    monkeypatch.setenv("LTZOO_CACHE", str(made["cache"]))
    monkeypatch.setattr(shipped, "folder", lambda: made["shipped"])
    monkeypatch.setattr(download_module, "FIRST_WAIT", 0.001)
    return made


CARD = models.card("gcl_resnet8_digits_lt")
PACKAGE = shipped.folder()


def card(url=None, sha256=SHA256, **changes):
    weights = {"file": FILE, "size": len(CONTENT), "sha256": sha256, **({"url": url} if url else {})}
    return dataclasses.replace(CARD, name="gcl_test", **{"weights": weights, **changes})


def put(folder, content=CONTENT, name=FILE):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def test_the_order(places):
    """What comes earlier in the chain is found first; each step below takes the earlier place away."""
    with serve(CONTENT) as server:
        entry = card(server.url())
        given = put(places["cache"].parent, b"the user's own, of another hash", "own.weights.h5")
        first, second, packaged = (put(places[name]) for name in ("mine", "second", "shipped"))
        assert find_weights(entry, given) == find_weights(entry, str(given)) == given
        for expected in (first, second, packaged):
            assert find_weights(entry) == expected
            expected.unlink()
        assert server.requests == []
        cached = find_weights(entry)
        assert cached.read_bytes() == CONTENT and cached.is_relative_to(places["cache"])
        assert find_weights(card()) == find_weights(entry) == cached
        assert len(server.requests) == 1


def test_a_file_of_another_hash_is_an_error_that_names_both(places):
    other = hashlib.sha256(b"other").hexdigest()
    for place, remedy in (("mine", "LTZOO_WEIGHTS"), ("shipped", "Install ltzoo again")):
        wrong = put(places[place], b"other")
        with pytest.raises(WeightsError, match=remedy) as caught:
            find_weights(card("https://example.invalid/never"))
        for word in (str(wrong), other, SHA256, "weights=None", "gcl_test"):
            assert word in str(caught.value)
        assert find_weights(card(sha256=None)) == find_weights(card(weights=None)) == wrong
        wrong.unlink()


def test_a_damaged_file_in_the_cache_is_fetched_again(places):
    with serve(CONTENT) as server:
        cached = find_weights(card(server.url()))
        cached.write_bytes(b"damaged")
        with pytest.raises(WeightsError, match="Delete it"):
            find_weights(card())
        assert find_weights(card(server.url())) == cached and cached.read_bytes() == CONTENT
        assert len(server.requests) == 2


def test_versions_of_an_entry_do_not_displace_each_other(places):
    newer = hashlib.sha256(b"newer").hexdigest()
    with serve(CONTENT) as server:
        old = find_weights(card(server.url()))
        server.content = b"newer"
        weights = {"file": FILE, "size": 5, "sha256": newer, "url": server.url()}
        new = find_weights(card(weights=weights))
    assert old != new and old.read_bytes() == CONTENT and new.read_bytes() == b"newer"
    assert all(path.name.endswith(".weights.h5") for path in (old, new))


def test_without_a_hash_the_cache_is_used_as_it_is(places):
    places["cache"].mkdir()
    mine = put(places["cache"] / "weights", b"converted")
    assert find_weights(card(weights=None)) == mine
    with serve(CONTENT) as server, pytest.raises(WeightsError, match="with a SHA-256"):
        mine.unlink()
        find_weights(card(server.url(), sha256=None))


WAYS_OUT = (
    "gcl_test",
    "weights=None",
    "ltzoo convert FILE --entry gcl_test",
    "ltzoo train gcl_test --out RUN",
)


def test_none_found_says_what_to_do(places):
    for entry in (card(training=None), card(training=None, weights=None)):
        with pytest.raises(WeightsError) as caught:
            find_weights(entry)
        for word in (*WAYS_OUT, FILE, *map(str, places.values())):
            assert word in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(WeightsError, match="python train.py --seed 3"):
        find_weights(card(weights=None, training={"command": "python train.py --seed 3"}))


def test_a_failed_download_says_what_to_do(places):
    for answer, reason in ((Answer(404), "404"), (Answer(), "another file than expected")):
        with serve(CONTENT[::-1], answer) as server, pytest.raises(WeightsError, match=reason) as caught:
            find_weights(card(server.url(), training=None))
        for word in WAYS_OUT:
            assert word in str(caught.value)
    assert not list(places["cache"].rglob("*.weights.h5"))


def test_paths_that_are_no_weights(places, tmp_path):
    with pytest.raises(FileNotFoundError, match="none.weights.h5"):
        find_weights(card(), tmp_path / "none.weights.h5")
    put(tmp_path, name="authors.pth.tar")
    with pytest.raises(WeightsError, match="ltzoo convert .*authors.pth.tar --entry gcl_test"):
        find_weights(card(), tmp_path / "authors.pth.tar")


def test_the_cache_is_where_the_user_wants_it(tmp_path, monkeypatch):
    from ltzoo import cache

    monkeypatch.setenv("LTZOO_CACHE", str(tmp_path / "own"))
    assert cache.folder() == tmp_path / "own"
    monkeypatch.delenv("LTZOO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "ltzoo"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.folder() == tmp_path / ".cache" / "ltzoo"


def test_a_name_with_folders_in_it_stays_in_the_cache(places):
    with serve(CONTENT) as server:
        weights = {"file": f"../../{FILE}", "size": len(CONTENT), "sha256": SHA256, "url": server.url()}
        assert find_weights(card(weights=weights)).is_relative_to(places["cache"])


def test_load_fetches_what_a_card_names_over_a_connection_that_is_cut(places, tmp_path):
    entry = CARD
    kept = PACKAGE / entry.weights["file"]
    with serve(kept.read_bytes(), Answer(cut=100_000), Answer(503), Answer()) as server:
        weights = {**entry.weights, "url": server.url()}
        path = tmp_path / "published.json"
        path.write_text(dataclasses.replace(entry, name="published", weights=weights).to_json())
        model = models.load(path)
        assert [bool(asked) for asked in server.ranges()] == [False, True, True]
        assert server.sent < 1.5 * entry.weights["size"]
        again = models.load(path)
        assert len(server.requests) == 3
    with np.load(PACKAGE / "gcl_resnet8_digits_lt.golden.npz") as golden:
        for found in (model, again):
            logits = found.predict(golden["images"], verbose=0)
            np.testing.assert_allclose(logits, golden["logits"], rtol=1e-3, atol=1e-3)


def test_an_error_names_entries_that_have_weights():
    """Of the same network and data, whatever the method."""
    with pytest.raises(
        WeightsError, match=r"for the same network and data: gcl_published_\S*resnet32_cifar10_lt, "
    ):
        find_weights(models.card("gcl_resnet32_cifar10_lt"))
    alone = models.card("gcl_resnet50_imagenet_lt")
    assert shipped.siblings_with_weights(alone.name, alone.backbone, alone.dataset) == []
