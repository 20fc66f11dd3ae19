"""The command line that repeats a run, for its card."""

import json
import os
import shlex

_PATHS = ("data_dir", "image_root")
_PLACEHOLDERS = {"data": "DATA", "start_from": "MODEL"}


def command_line(arguments: dict) -> str:
    """Return `ltzoo train ...` with the arguments of a `run.json`.

    Local paths and loggers are left out. The folder of images becomes DATA, a list of excluded images
    EXCLUDE.csv, test images TEST, a model to start from MODEL, the run folder RUN.
    """
    words = ["ltzoo", "train", arguments["recipe"]]
    for key, value in {"data": None, **arguments}.items():
        if key in ("recipe", "settings", "log", *_PATHS) or value is None:
            continue
        option = "--" + key.replace("_", "-")
        if value is True:
            words.append(option)
        elif key in _PLACEHOLDERS:
            words += [option, _PLACEHOLDERS[key] if os.path.isabs(value) else value]
        elif key == "exclude":
            words += [option, "EXCLUDE.csv"]
        elif key == "test":
            words += [option, "TEST"]
        elif key == "backbone":
            rest = ",".join(f"{name}={_json(entry)}" for name, entry in value.items() if name != "name")
            words += [option, value["name"] + (f":{rest}" if rest else "")]
        elif isinstance(value, list):
            words += [option, ("x" if key == "image_size" else ",").join(str(entry) for entry in value)]
        else:
            words += [option, str(value)]
    for key, value in arguments.get("settings", ()):
        words += ["--set", f"{key}={_json(value)}"]
    return shlex.join([*words, "--out", "RUN"])


def _json(value) -> str:
    return json.dumps(value, separators=(",", ":"))
