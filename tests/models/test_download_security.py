"""Downloads from servers that are hostile: redirects, sizes, slowness, names of files, and secrets in addresses."""

import dataclasses
import hashlib
import json
import traceback
import warnings

import pytest

from ltzoo import models, shipped
from ltzoo.models import addresses, find_weights
from ltzoo.models import download as module
from ltzoo.models.addresses import fetch, fetch_card
from ltzoo.models.cards import is_card_file, read_card
from ltzoo.models.download import download
from ltzoo.models.hub_files import parse_hf
from ltzoo.models.part_file import PartFile
from ltzoo.models.weights_errors import UnreachableError, WeightsError
from ltzoo.readers import json_text
from tests.models.web_server import CERTIFICATE, CONTENT, SHA256, SIZE, Answer, left, serve

ENTRY = "gcl_resnet8_digits_lt"


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "FIRST_WAIT", 0.001)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", CERTIFICATE)
    monkeypatch.setenv("LTZOO_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "files" / "gcl.weights.h5"


def card_text(**changes):
    return json.dumps({**shipped.read(ENTRY), **changes}).encode()


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_https_is_never_redirected_to_http(target, code):
    with serve(CONTENT) as plain, serve(CONTENT, secure=True) as server:
        server.answers = [Answer(code, {"Location": plain.url("/x?token=secret")})]
        with pytest.raises(
            WeightsError, match="redirected to https:// only. Received: a redirect to http://"
        ) as caught:
            download(server.url(), target, sha256=SHA256)
        assert plain.requests == [] and "secret" not in str(caught.value)
    assert left(target) == []


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x", "data:,x", "//[", "\x1b:"]
)
def test_a_redirect_leads_to_the_web_only(target, location):
    for secure in (False, True):
        answer, said = Answer(302, {"Location": location}), "redirected to https|cannot be fetched"
        with serve(CONTENT, answer, secure=secure) as server, pytest.raises(WeightsError, match=said):
            download(server.url(), target, sha256=SHA256)
    assert left(target) == []


def test_https_may_be_redirected_to_https_ten_times(target, monkeypatch):
    with serve(CONTENT, secure=True) as server:
        moved = Answer(302, {"Location": "/elsewhere"})
        server.answers = [*[moved] * 10, Answer()]
        download(server.url(), target, sha256=SHA256)
        server.answers = [moved]
        with pytest.raises(WeightsError, match="more than 10 redirects"):
            download(server.url(), target.with_name("other"), sha256=SHA256)
        assert len(server.requests) == 11 + 11
    assert target.read_bytes() == CONTENT


def test_the_body_of_a_redirect_is_not_read(target):
    with serve(CONTENT, secure=True) as server:
        there = server.url("/elsewhere")
        server.answers = [Answer(302, {"Location": there, "Content-Length": str(10**12)}), Answer()]
        download(server.url(), target, sha256=SHA256)
    assert target.read_bytes() == CONTENT


def test_an_unknown_certificate_is_refused(target, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with serve(CONTENT, secure=True) as server, pytest.raises(WeightsError, match="certificate"):
        download(server.url(), target)
    assert left(target) == []


@pytest.mark.parametrize("announced", ["true", None, "9" * 30, "x", "-5"])
def test_more_than_the_limit_is_not_kept(target, announced):
    answer, said = Answer(announced=announced), "100,000 bytes"
    with serve(CONTENT, answer, secure=True) as server, pytest.raises(WeightsError, match=said):
        download(server.url(), target, limit=100_000)
    assert left(target) == []


def test_a_card_has_a_limit(monkeypatch):
    monkeypatch.setattr(addresses, "DOCUMENT_BYTES", 100_000)
    for announced in ("true", None):
        answer, said = Answer(announced=announced), "100,000 bytes"
        with serve(CONTENT, answer, secure=True) as server, pytest.raises(WeightsError, match=said):
            fetch_card(server.url("/x.json"))
    assert json_text.DOCUMENT_BYTES == 20_000_000


def test_a_server_that_trickles_is_given_up(target, monkeypatch):
    monkeypatch.setattr(module, "SLOW_SECONDS", 0.05)
    with serve(CONTENT, Answer(pause=0.02, piece=10)) as server:
        with pytest.raises(UnreachableError, match="sent .* bytes in 0.05 s; the .* bytes so far are kept"):
            download(server.url(), target, sha256=SHA256)
        assert len(server.requests) == 1
    assert 0 < PartFile(target).size < 1000 and not target.exists()


def test_a_server_that_sends_a_little_each_time_is_given_up(target):
    with serve(CONTENT, Answer(cut=100), Answer(cut=1)) as server:
        with pytest.raises(UnreachableError, match="after 4 attempts"):
            download(server.url(), target, sha256=SHA256)
        assert len(server.requests) <= 1 + module.TRIES


def test_secrets_of_addresses_are_in_no_error_and_no_traceback(target):
    with serve(CONTENT, Answer(404), secure=True) as server:
        address = server.url("/a/x.json?token=secret&X-Amz-Signature=secret").replace("//", "//me:secret@")
        tries = [
            lambda: download(address, target),
            lambda: fetch(address),
            lambda: read_card(address),
            lambda: models.load(address),
            lambda: find_weights(models.card(ENTRY), address),
            lambda: fetch(address.replace("https", "http")),
            lambda: fetch(address.replace("https", "ftp")),
            lambda: fetch(address + "#sha256=x"),
            lambda: fetch("hf://me:secret@x"),
            lambda: fetch("kaggle://me:secret@x/y"),
            lambda: download("https://me:secret@:x?secret", target),
            lambda: download("https://me:secret@/x?secret", target),
            lambda: download("http://me:secret@127.0.0.1:9/x?secret", target, sha256=SHA256),
            lambda: fetch("https://me:secret@[x/y?secret"),
        ]
        for attempt in tries:
            with pytest.raises(WeightsError) as caught:
                attempt()
            assert "secret" not in str(caught.value)
            printed = traceback.TracebackException.from_exception(caught.value)
            assert not any("secret" in line for line in _messages(printed))


def _messages(printed):
    """The messages of an exception and of those that a traceback shows with it."""
    while printed is not None:
        yield from printed.format_exception_only()
        printed = printed.__cause__ or (None if printed.__suppress_context__ else printed.__context__)


@pytest.mark.parametrize(
    "path",
    [
        "/..", "/%2e%2e", "/a%2F..%2F..%2Fx", "/..%5C..%5Cx.weights.h5", "/CON", "/nul.json", "/%00", "/" + "x" * 300,
        "/", "/%1b%5b31m", "/.hidden", "/a:b", "/x.", "/%F0%9F%90%B1.json", "/COM1.weights.h5", "/-rf",
    ],
)  # fmt: skip
def test_names_in_the_cache_are_plain(path, tmp_path):
    with serve(CONTENT, secure=True) as server:
        kept = fetch(server.url(path))
    assert kept.read_bytes() == CONTENT and kept.parent.parent == tmp_path / "cache" / "addresses"
    assert kept.name.isascii() and kept.name[0].isalnum() and len(kept.name) <= 100 and ".." not in kept.name
    assert kept.stem.upper() not in ("CON", "NUL", "COM1") and not set(kept.name) & set('/\\:*?"<>|\0\x1b')


def test_a_long_name_keeps_its_suffix():
    with serve(CONTENT, secure=True) as server:
        assert fetch(server.url("/" + "x" * 300 + ".weights.h5")).name.endswith("x.weights.h5")


def test_a_hash_that_is_none_is_no_place(tmp_path):
    for wrong in ("../../../x", "A" * 64, 5, ["x"]):
        card = dataclasses.replace(
            models.card(ENTRY), name="gcl_test", weights={"sha256": wrong, "url": "https://127.0.0.1:9/x"}
        )
        with pytest.raises(WeightsError, match="`weights.sha256` of gcl_test must be 64 hexadecimal digits"):
            find_weights(card)
    with pytest.raises(WeightsError, match="#sha256= and 64"):
        fetch("https://127.0.0.1:9/x#sha256=../../x")
    assert list(tmp_path.iterdir()) == []


def test_a_card_is_read_again_and_kept_for_times_without_a_connection():
    with serve(card_text(seed=1), secure=True) as server:
        address = server.url("/x.json?token=secret")
        assert read_card(address)[0].seed == 1
        server.content = card_text(seed=2)
        assert read_card(address)[0].seed == 2
        server.answers = [Answer(503)]
        with pytest.warns(
            UserWarning, match=r"503 .*\. The copy of https://.*/x.json in the cache is used"
        ) as seen:
            assert read_card(address)[0].seed == 2
        assert len(seen) == 1 and "secret" not in str(seen[0].message)
        server.answers = [Answer(404)]
        with pytest.raises(WeightsError, match="404"):
            read_card(address)
    with pytest.warns(UserWarning, match="no answer .*The copy of"):
        assert read_card(address)[0].seed == 2
    with pytest.raises(UnreachableError, match="no answer"):
        read_card(address.replace("x.json", "other.json"))


def test_a_card_with_a_hash_in_its_address_is_read_once():
    content = card_text(seed=3)
    with serve(content) as server:
        address = f"{server.url('/x.json')}#sha256={hashlib.sha256(content).hexdigest()}"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert read_card(address)[0].seed == read_card(address)[0].seed == 3
        assert len(server.requests) == 1 and is_card_file(address)


def test_a_card_that_is_none():
    said = "is not the card of a model: .* 16 levels"
    with serve(b"[" * 10**5, secure=True) as server, pytest.raises(WeightsError, match=said) as caught:
        read_card(server.url("/x.json?token=secret"))
    assert "secret" not in str(caught.value)


def test_addresses_of_cards():
    for address in (
        "https://u:p@h/x.json?a=b",
        "https://h/x.json#sha256=1",
        "hf://o/r@v/x.json",
        "hf://o/r/x.json@a/b",
    ):
        assert is_card_file(address)
    assert not is_card_file("https://h/x?y=.json") and not is_card_file("hf://o/r/x.h5@v")


@pytest.mark.parametrize(
    "address", ["hf://o/../x", "hf://../r/x", "hf://o/r/../../x", "hf://o/r/a//b", "hf://o/r/a\\b", "hf://o/r/x\x00", "hf://o/r/x@../y"]
)  # fmt: skip
def test_parts_of_hub_addresses_lead_nowhere_else(address):
    with pytest.raises(WeightsError, match="`address` must name a file by parts"):
        parse_hf(address)
    if "@" not in address:
        with pytest.raises(WeightsError, match="`address` must "):
            fetch(address.replace("hf://", "kaggle://o/m/f/"))


def test_the_size_of_a_file_is_its_limit(target):
    with (
        serve(CONTENT, Answer(announced=None)) as server,
        pytest.raises(WeightsError, match="1,000 bytes expected"),
    ):
        fetch(server.url(), target, sha256=SHA256, size=1000, limit=10)
    with serve(CONTENT) as server:
        assert fetch(server.url(), target, sha256=SHA256, size=SIZE, limit=10) == target
