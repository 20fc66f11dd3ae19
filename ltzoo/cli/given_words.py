"""Arguments of a run as the words of a command line."""


def option(key: str) -> str:
    """Return the command-line name of an argument."""
    return {"recipe": "RECIPE", "settings": "--set"}.get(key, "--" + key.replace("_", "-"))


def text(value) -> str:
    """Return a value as it is given, such as `20,5` for a list."""
    if isinstance(value, dict):
        return value["name"] + "".join(f" {key}={entry}" for key, entry in value.items() if key != "name")
    if isinstance(value, list):
        return ",".join(text(entry) for entry in value)
    return "none" if value is None else str(value)
