"""Pages of the methods reference: every recipe with formulas, citation and default values, from the docstrings.

`pages()` returns one page per family of recipes and one per kind of part. The text only depends on the code.
"""

import inspect
import re
import textwrap
from pathlib import Path

import ltzoo
from ltzoo import heads, losses, recipes, techniques
from ltzoo.backbones import conversions
from tools.methods import docstring_text, recipe_tables

ROOT = Path(__file__).resolve().parents[2]

INTRODUCTION = """\
# Methods

Every method is a recipe: plain data that says which head, loss, sampler, augmentation and schedule go together, stage
by stage. Train one with `ltzoo train NAME --data ...`, or in Python:

```python
import ltzoo

dataset = ltzoo.data.load("digits_lt", imbalance_factor=50)
recipe = ltzoo.recipes.for_dataset(ltzoo.recipes.get("gcl", epochs=40), dataset)
model = ltzoo.models.build("resnet8", recipe, dataset)
model.fit(dataset)
```

`recipes.get(name, **overrides)` changes any field of a stage. `epochs` shortens or lengthens a recipe and keeps its
milestones in proportion.

In the formulas, z are logits, f or x features, w_c the class vector of class c, n_c its number of training images, C
the number of classes, and s or g a scale.
"""

# A recipe belongs to the first family whose rule fits. Each family is (title, sentence, rule on the recipe).
FAMILIES = (
    (
        "Changed backbones",
        "The network itself is converted before training; prediction may cost more, as the recipe says.",
        lambda recipe: bool(recipe.conversions),
    ),
    (
        "Techniques",
        "The training step does more than a loss on logits; prediction costs what a plain network costs.",
        lambda recipe: any(stage.technique for stage in recipe.stages),
    ),
    (
        "Post hoc",
        "After the first stage nothing is trained: the classifier is computed, which costs next to nothing.",
        lambda recipe: any(stage.epochs == 0 for stage in recipe.stages),
    ),
    (
        "Two stages",
        "First the features, on the original data; then the classifier, on a fixed network. The second stage is cheap.",
        lambda recipe: any(stage.trainable != "all" for stage in recipe.stages),
    ),
    (
        "Mixed images",
        "Cross-entropy on mixtures of training images. These combine with most other methods.",
        lambda recipe: _mixes(recipe.stages[0]),
    ),
    (
        "Sampling",
        "Only the share of each class in the batches changes.",
        lambda recipe: any(
            stage.sampler.get("strategy", "instance_balanced") != "instance_balanced"
            for stage in recipe.stages
        ),
    ),
    ("Losses and heads", "One stage, one change: the loss or the classifier.", lambda recipe: True),
)

# Kind of part: (title, its page, names of all parts, part by name).
KINDS = {
    "loss": ("Losses", "part_losses", losses.names, losses.registry._LOSSES.part),
    "head": ("Heads", "part_heads", heads.names, heads.registry._HEADS.part),
    "technique": ("Techniques", "part_techniques", techniques.names, techniques.registry._TECHNIQUES.part),
    "conversion": (
        "Conversions of the backbone",
        "part_conversions",
        conversions.names,
        conversions.registry._CONVERSIONS.part,
    ),
    "layer": ("Layers", "part_layers", lambda: [], lambda name: getattr(ltzoo.layers, name)),
}
# Parts whose formula is in the docstring of the layer that they create.
FORMULA_OF = {("conversion", "nbn"): "NormalizedBatchNormalization", ("head", "camc"): "CAMCalibration"}
PLAIN = {("loss", "cross_entropy"), ("head", "dense")}


def pages() -> dict[str, str]:
    """Return the text of every page by file name: `index.md`, the families of recipes, the kinds of parts."""
    every = {name: recipes.get(name) for name in recipes.names()}
    members = {title: [] for title, _, _ in reversed(FAMILIES)}
    for name, recipe in every.items():
        members[next(title for title, _, rule in FAMILIES if rule(recipe))].append(name)
    used = {(kind, name): [] for kind, (_, _, names, _) in KINDS.items() for name in names()}
    for name, recipe in every.items():
        for part in parts(recipe):
            used.setdefault(part, []).append(name)
    places = {name: f"{_file(title)}#{name}" for title, names in members.items() for name in names}
    found = {"index.md": [INTRODUCTION]}
    for title, sentence, _ in reversed(FAMILIES):
        if not members[title]:
            continue
        rows = [
            (f"[`{name}`]({places[name]})", every[name].description, _epochs(every[name]))
            for name in members[title]
        ]
        table = recipe_tables.table(("Recipe", "In one line", "Epochs"), rows)
        found["index.md"] += [f"## {title}", sentence, table]
        methods = [_method(name, every[name]) for name in members[title]]
        found[_file(title)] = [f"# {title}", sentence, *methods]
    listed = ", ".join(f"[{title}]({page}.md)" for title, page, _, _ in KINDS.values())
    found["index.md"] += [
        "## Parts",
        "Recipes are made of these parts. Any loss works with any head, sampler, augmentation and backbone, unless its "
        f"text names a requirement: {listed}.",
    ]
    for kind, (title, page, _, _) in KINDS.items():
        own = sorted(name for other, name in used if other == kind)
        texts = [_part(kind, name, [(user, places[user]) for user in used[kind, name]]) for name in own]
        found[f"{page}.md"] = [f"# {title}", *texts]
    return {file: "\n\n".join(block.strip("\n") for block in blocks) + "\n" for file, blocks in found.items()}


def _file(title):
    return re.sub(r"[^a-z]+", "_", title.lower()) + ".md"


def parts(recipe) -> list:
    """Return (kind, name) of all parts of a recipe: conversions, then stage by stage, then the layers they use."""
    found = [("conversion", config["name"]) for config in recipe.conversions]
    for index, stage in enumerate(recipe.stages):
        found += _heads(recipe.head if index == 0 else stage.head)
        found.append(("loss", dict(stage.loss)["name"]))
        found += [("technique", stage.technique["name"])] if stage.technique else []
    found += [("layer", "GaussianCloud") for stage in recipe.stages if stage.cloud]
    for kind, name in list(found):
        if (kind, name) in FORMULA_OF:
            found.append(("layer", FORMULA_OF[kind, name]))
        if kind != "layer":
            for full in docstring_text.mentioned(inspect.getdoc(KINDS[kind][3](name))):
                layer = full.rsplit(".", 1)[-1]
                if full == f"ltzoo.layers.{layer}" and isinstance(getattr(ltzoo.layers, layer, None), type):
                    found.append(("layer", layer))
    return list(dict.fromkeys(found))


def _heads(config):
    if config is None:
        return []
    return [("head", config["name"]), *_heads(config.get("head"))]


def _method(name, recipe):
    text = docstring_text.markdown(inspect.getdoc(recipes.registry._RECIPES.part(name)))
    own = parts(recipe)
    telling = [part for part in own if part not in PLAIN and part[0] != "layer"] or own
    lines = [f"## `{name}`", f"*{recipe.description}.*", text, "**Formula**"]
    # Part by part; a loss that only validation reports says so in its recipe.
    lines.extend(_formula_item(part) for part in telling)
    rest = [part for part in own if part not in telling]
    if rest:
        lines.append("Also: " + ", ".join(_link(part) for part in rest) + ".")
    lines += ["**Default values**", recipe_tables.defaults(recipe), f"**Citation** {recipe.citation}."]
    return "\n\n".join(lines)


def _formula_item(part):
    formula = _formula(part)
    if formula is None:
        return f"- {_link(part)}"
    if docstring_text.is_prose(formula):
        return f"- {_link(part)}: {' '.join(formula.split())}"
    return f"- {_link(part)}\n\n" + textwrap.indent(f"```text\n{formula}\n```", "  ")


def _formula(part):
    if part in FORMULA_OF:
        part = ("layer", FORMULA_OF[part])
    text = docstring_text.documented(KINDS[part[0]][3](part[1]))
    found = docstring_text.formula(text)
    if part[0] != "technique" or found is None:
        return found
    for name in docstring_text.mentioned("\n".join(sum(docstring_text.paragraphs(text), []))):
        # A technique's own loss, such as the contrastive term.
        thing = docstring_text.resolve(name) if name.startswith("ltzoo.losses.") else None
        inner = docstring_text.formula(inspect.getdoc(thing)) if inspect.isfunction(thing) else None
        if inner is not None:
            found += f"\n\n{name.rsplit('.', 1)[-1]}:\n{textwrap.indent(inner, '    ')}"
    return found


def _link(part):
    kind, name = part
    return f"{kind} [`{name}`]({KINDS[kind][1]}.md#{kind}-{name.lower()})"


def _part(kind, name, users):
    thing = KINDS[kind][3](name)
    own, shown = inspect.getdoc(thing), docstring_text.documented(thing)
    text = [docstring_text.markdown(shown)]
    if shown != own and kind != "loss":
        text.insert(0, docstring_text.markdown(own))
    if (kind, name) in FORMULA_OF:
        text.append(f"For the formula, see {_link(('layer', FORMULA_OF[kind, name]))}.")
    module = Path(inspect.getsourcefile(thing)).resolve().relative_to(ROOT).as_posix()
    text.append(f"Arguments and defaults: {_signature(thing)}. Source: `{module}`.")
    if len(users) > 20:
        text.append("In most recipes.")
    elif users:
        text.append(f"In {', '.join(f'[`{user}`]({place})' for user, place in users)}.")
    return "\n\n".join([f"## {kind} `{name}`", *text])


def _signature(thing):
    ours = ("num_classes", "class_counts", "scale", "seed", "name", "dtype", "reduction", "backbone", "model")
    shown = []
    for key, parameter in inspect.signature(thing).parameters.items():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or key in ours:
            continue
        required = parameter.default is parameter.empty
        shown.append(f"`{key}`" if required else f"`{key}={parameter.default!r}`")
    return ", ".join(shown) or "none"


def _epochs(recipe):
    return " + ".join(str(stage.epochs) for stage in recipe.stages)


def _mixes(stage):
    mixing = ("cutmix", "remix", "cmo")
    return bool(stage.mixup_alpha) or any(step["name"] in mixing for step in stage.augmentation)
