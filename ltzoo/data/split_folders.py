"""Find the training, validation and test folders of a dataset, in any spelling and below wrapping folders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from ltzoo.caller_warnings import warn_caller
from ltzoo.data.folders import holds_images, sub_folders
from ltzoo.data.split_names import split_role, suspicious_pair

_CLASSES_ANYWAY = "if they are classes, pass their names as `class_names`"


def find_splits(
    path: Path, class_names: Collection[str] | None = None, elsewhere: Path | None = None
) -> dict[str, Path]:
    """Return the folder of each split. The one of the training split holds the class folders.

    Validation and test folders may hold a wrapping folder; only the names of the classes tell, so that the caller
    then calls `unwrap`.

    Args:
        path: folder with class folders or split folders, or with a single folder around them.
        class_names: names of the classes, if known. Folders with these names are classes in any case.
        elsewhere: a test folder that is given separately and may lie in `path`.

    Returns:
        Folders by "train", "val" and "test". A folder without split folders is the training split.

    Raises:
        ValueError: split folders and class folders are mixed, two folders mean the same split, the training folder
            is missing, or names such as cats_train and cats_test look like splits.
    """
    known = frozenset(class_names or ())
    top = unwrap(path, known, through_splits=False)
    children = [child for child in sub_folders(top) if elsewhere is None or not child.samefile(elsewhere)]
    if known and {child.name for child in children} <= known:
        return {"train": top}
    roles = {child: role for child in children if (role := split_role(child.name)) is not None}
    if not roles:
        _check_classes(top, children)
        return {"train": top}
    nested = [child for child in roles if _has_class_folders(child)]
    others = [child for child in children if child not in roles and holds_images(child, below=True)]
    if others and not nested and len(set(roles.values())) == 1:
        _say_taken_as_class(top, roles)
        return {"train": top}
    if others:
        raise ValueError(
            "`path` must hold either class folders or train/, val/ and test/ folders, not both; move the others out, "
            f"or {_CLASSES_ANYWAY}. Received: {top} with {(nested or list(roles))[0].name}/ and {others[0].name}/"
        )
    splits = _one_per_split(top, roles)
    return {**splits, "train": unwrap(splits["train"], known)}


def unwrap(folder: Path, class_names: Collection[str] = (), through_splits: bool = True) -> Path:
    """Return the innermost of folders that hold nothing but one folder, with further folders in it.

    Args:
        folder: where to start.
        class_names: names of folders that are classes, so that the folder around them is the result.
        through_splits: also enter a folder that is named like a split.
    """
    while True:
        children = sub_folders(folder)
        if len(children) != 1 or children[0].name in class_names or holds_images(folder, below=False):
            return folder
        if not through_splits and split_role(children[0].name) is not None:
            return folder
        if not _has_class_folders(children[0]) or children[0].resolve() in folder.resolve().parents:
            return folder
        folder = children[0]


def _has_class_folders(folder: Path) -> bool:
    return any(holds_images(child, below=True) for child in sub_folders(folder))


def _one_per_split(top: Path, roles: dict[Path, str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder, role in roles.items():
        if role in found:
            raise ValueError(
                f"`path` must have one folder per split; merge or rename those for {role}, or {_CLASSES_ANYWAY}. "
                f"Received: {found[role]} and {folder}"
            )
        found[role] = folder
    if "train" not in found:
        raise ValueError(
            "`path` must have a training folder next to the validation and test folders. Name it train/, or pass one "
            f"of these folders itself as `path`; {_CLASSES_ANYWAY}. "
            f"Received: {top} with {_listing(roles)} and no train/"
        )
    for role, folder in found.items():
        if not _has_class_folders(folder):
            raise ValueError(
                f"{folder} must hold one subfolder of images per class, since it is named like the {role} split. Move "
                f"it out if its images have no classes; {_CLASSES_ANYWAY}. Received: {top} with {_listing(roles)}"
            )
    return found


def _say_taken_as_class(top: Path, roles: dict[Path, str]) -> None:
    """Warn of a folder of test images without classes, which is read as one more class."""
    tests = [folder for folder, role in roles.items() if role == "test"]
    if tests:
        warn_caller(
            f"{_listing(tests)} of {top} is taken as a class like the folders next to it. If it holds test images, "
            "move it out, as they have no classes"
        )


def _check_classes(top: Path, children: Sequence[Path]) -> None:
    """Refuse class folders that are named like the splits of a dataset; warn of folders that are built like them."""
    pair = suspicious_pair([child.name for child in children])
    if pair is not None:
        raise ValueError(
            "`path` must not hold folders that look like splits of one dataset: rename them to train/, val/ and "
            f"test/, or pass the first as `path` and the second as `test`; {_CLASSES_ANYWAY}. "
            f"Received: {top} with {pair[0]}/ and {pair[1]}/"
        )
    inside = {child: {split_role(inner.name) for inner in sub_folders(child)} for child in children}
    roles = set().union(*(found for found in inside.values() if None not in found))
    if len(roles) > 1:
        split_inside = [child for child, found in inside.items() if found and None not in found]
        raise ValueError(
            "`path` must have the splits outside and the classes inside, such as train/cat/ and test/cat/; move the "
            f"folders. Received: {top} with splits inside of {_listing(split_inside)}"
        )
    if len(children) > 1 and _all_alike(children):
        warn_caller(
            f"the folders {_listing(children)} of {top} are taken as the classes, although each of them has the same "
            "subfolders. If they are splits, name them train/, val/ and test/"
        )


def _all_alike(folders: Sequence[Path]) -> bool:
    """Return whether all folders hold the same two or more folders, and no images next to them."""
    first = {child.name for child in sub_folders(folders[0])}
    return len(first) > 1 and all(
        {child.name for child in sub_folders(folder)} == first and not holds_images(folder, below=False)
        for folder in folders
    )


def _listing(folders: Collection[Path]) -> str:
    names = [f"{folder.name}/" for folder in folders]
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
