"""Print what each entrance makes of each kind of image file as a Markdown table, or write it into a document.

    python -m tools.pixels --write docs/pixels.md

With `--write`, the table replaces the text between `<!-- begin pixels -->` and `<!-- end pixels -->`. TensorFlow and
pillow-heif must be installed.
"""

import argparse
from pathlib import Path

from ltzoo.data.pixels import decode_image
from tools.pixels import entrances
from tools.pixels.samples import LARGE, files, photo
from tools.tables.__main__ import inserted

COLUMNS = ("file", "training, `predict`", "SavedModel, bytes", "MLServer example")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.pixels",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--write", type=Path, help="Markdown file with the two comments")
    options = parser.parse_args()
    text = table({"SavedModel, bytes": entrances.saved_model(), "MLServer example": entrances.mlserver()})
    if options.write is None:
        print(text)
        return
    options.write.write_text(inserted(options.write.read_text("utf-8"), "pixels", text), "utf-8")


def table(readers: dict) -> str:
    """Return the table in Markdown with the columns of `readers`, functions of (content, channels)."""
    shown = [COLUMNS[0], COLUMNS[1], *readers]
    lines = [f"| {' | '.join(shown)} |", f"|{' --- |' * len(shown)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows(readers)]
    return "\n".join(lines)


def rows(readers: dict) -> list[list[str]]:
    """Return one row per kind of file. A verdict holds for RGB and for gray."""
    found = []
    for name, content in files().items():
        expected = {channels: entrances.training(content, channels) for channels in (1, 3)}
        row = [name, "refused" if expected[3] is None else _how(content)]
        for read in readers.values():
            verdicts = {entrances.verdict(read(content, channels), expected[channels]) for channels in (1, 3)}
            row.append("; ".join(sorted(verdicts)))
        found.append(row)
    return found


def _how(content):
    image = decode_image(content)
    if image.info:
        return "read, first frame"
    return "read, upright" if image.size in (photo().size[::-1], LARGE) else "read"


if __name__ == "__main__":
    main()
