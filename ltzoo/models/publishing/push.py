"""Push an entry's weights, card, golden outputs and README to the Hugging Face Hub or into a folder."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

from ltzoo import shipped
from ltzoo.arguments import checked
from ltzoo.files import atomic_write
from ltzoo.models import hub_files
from ltzoo.models.cards import Card, card
from ltzoo.models.find_weights import file_name, find_weights
from ltzoo.models.hashes import sha256
from ltzoo.models.publishing.entry import UNKNOWN
from ltzoo.models.publishing.readme import readme
from ltzoo.models.weights_errors import WeightsError
from ltzoo.readers import json_text
from ltzoo.version import __version__


@checked
def push(
    source: str | os.PathLike,
    destination: str | os.PathLike,
    *,
    private: bool | None = None,
    message: str | None = None,
    overwrite: bool = False,
    weights_license: str | None = None,
    data_license: str | None = None,
    origin: str | None = None,
) -> str:
    """Write `NAME.weights.h5`, `NAME.json` (the card), `NAME.golden.npz` if there is one, and `README.md`.

    On the hub they are a single commit, so nobody sees only some of them. A missing repository or branch is created.
    The card holds the address of its weights.

    Args:
        source: a zoo entry, or a folder that `ltzoo.models.publish` wrote.
        destination: `hf://ORGANIZATION/REPOSITORY`, optionally followed by `/FOLDER` or `@BRANCH`; or a folder.
        private: whether a new repository is private; None takes the organization's default.
        message: message of the commit.
        overwrite: replace files of these names in a folder. On the hub older files stay in the history.
        weights_license: license of the weights, as an SPDX identifier ("Apache-2.0", "CC-BY-NC-4.0") or a name; needed
            if the card has none. Weights that others trained have the license of their owner.
        data_license: terms of the training data, if the card has none. Without them the README says "unknown".
        origin: who trained the weights, or the address that they come from, if the card's `source` is None.

    Returns:
        the address or path of the card, for `ltzoo.models.load`.

    Raises:
        ValueError: `source` holds no single entry, or `destination` has another form, or the license of the weights is
            unknown, or one is given that the card has already.
        WeightsError: there are no weights, they differ from the card's, or the hub refuses.
        FileExistsError: the folder has a file of one of these names.
        ImportError: huggingface_hub is not installed.
    """
    entry, files = _gather(source)
    entry = _licensed(entry, weights_license, data_license, origin)
    place = str(destination)
    if not place.startswith("hf://"):
        if "://" in place:
            raise ValueError(
                "`destination` must be hf://ORGANIZATION/REPOSITORY or a folder. "
                f"Received: destination={place!r}"
            )
        folder = Path(destination).expanduser()
        target = str(folder / f"{entry.name}.json")
        _write(folder, _documents(entry, target) | files, overwrite)
        return target
    repository, prefix, revision = hub_files.parse_hf(place)
    prefix, suffix = f"{prefix}/" if prefix else "", f"@{revision}" if revision else ""
    base = f"hf://{repository}/{prefix}"
    weights = dict(entry.weights or {})
    entry = dataclasses.replace(entry, weights={**weights, "url": f"{base}{weights['file']}{suffix}"})
    target = f"{base}{entry.name}.json{suffix}"
    contents = {f"{prefix}{name}": content for name, content in (_documents(entry, target) | files).items()}
    _upload(contents, repository, revision, private, message or f"{entry.name} by ltzoo {__version__}")
    return target


def _licensed(entry, weights_license, data_license, source):
    """Return the card with what is given filled in; refuse weights of which nobody says the license."""
    given = {"weights_license": weights_license, "data_license": data_license, "source": source}
    for field, value in given.items():
        known = getattr(entry, field)
        if value is not None and known not in (None, UNKNOWN, value):
            raise ValueError(
                f"`{'origin' if field == 'source' else field}` must be left out, since the card of {entry.name} has "
                f"{known!r}. Received: {value!r}"
            )
    entry = dataclasses.replace(entry, **{key: value for key, value in given.items() if value is not None})
    license = entry.weights_license
    if license is None or license.strip().lower() in ("", UNKNOWN):
        raise ValueError(
            "`weights_license` must be the license that the owner of the weights gives, such as 'Apache-2.0' "
            "(--weights-license on the command line). Weights that you trained are yours to license; for converted "
            f"weights, ask their authors. Received: weights_license={license!r}"
        )
    entry.check()
    return entry


def _gather(source):
    """Return the card, and the existing files by their new names."""
    if source in shipped.names():
        entry, folder = card(str(source)), shipped.folder()
        weights = find_weights(entry)
    else:
        entry, folder = _read(Path(source).expanduser())
        weights = folder / file_name(entry)
    known = dict(entry.weights or {})
    found = {"file": f"{entry.name}.weights.h5", "size": weights.stat().st_size, "sha256": sha256(weights)}
    if known.get("sha256", found["sha256"]) != found["sha256"]:
        raise WeightsError(
            f"The weights file {weights} does not match the card of {entry.name}. "
            f"Received: SHA-256 {found['sha256']}, expected {known['sha256']}"
        )
    files = {found["file"]: weights}
    golden = folder / f"{entry.name}.golden.npz"
    if golden.is_file():
        files[golden.name] = golden
    return dataclasses.replace(entry, weights={**known, **found}), files


def _read(folder):
    """Return the card in a folder that `publish` wrote, and the folder."""
    weights = sorted(folder.glob("*.weights.h5"))
    cards = [
        path.with_name(path.name.removesuffix(".weights.h5") + ".json")
        for path in weights
        if path.with_name(path.name.removesuffix(".weights.h5") + ".json").is_file()
    ]
    if len(cards) != 1:
        raise ValueError(
            "`source` must be a zoo entry, or a folder with one NAME.json and its NAME.weights.h5, as "
            f"ltzoo.models.publish writes them. Received: source={str(folder)!r} with {len(cards)} of them"
        )
    return Card.from_dict(shipped.complete(json_text.read(cards[0]))), folder


def _documents(entry, target):
    """Return card and README as bytes, by file name."""
    return {
        f"{entry.name}.json": entry.to_json().encode(),
        "README.md": readme(entry, target).encode(),
    }


def _write(folder, contents, overwrite):
    taken = [name for name in contents if (folder / name).exists()]
    if taken and not overwrite:
        raise FileExistsError(
            f"`destination` contains {taken[0]} already; replace it with overwrite=True (--overwrite). "
            f"Received: destination={str(folder)!r}"
        )
    for name, content in contents.items():
        with atomic_write(folder / name) as temporary:
            if isinstance(content, bytes):
                temporary.write_bytes(content)
            else:
                shutil.copyfile(content, temporary)


def _upload(contents, repository, revision, private, message):
    hub = hub_files.require("huggingface_hub", "hf")
    additions = [
        hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=content)
        for name, content in contents.items()
    ]
    with hub_files.explained(f"hf://{repository}"):
        api = hub.HfApi(library_name="ltzoo", library_version=__version__)
        api.create_repo(repository, private=private, exist_ok=True)
        if revision is not None:
            api.create_branch(repository, branch=revision, exist_ok=True)
        api.create_commit(repository, additions, commit_message=message, revision=revision)
