"""Write the methods reference, one page per family of recipes and per kind of part.

python -m tools.methods --out build/methods
"""

import argparse
from pathlib import Path

from tools.methods.pages import pages


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.methods",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the pages")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    written = pages()
    for name, text in written.items():
        (out / name).write_text(text, encoding="utf-8")
    print(f"wrote {len(written)} pages into {out}")


if __name__ == "__main__":
    main()
