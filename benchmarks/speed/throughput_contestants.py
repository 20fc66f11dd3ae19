"""Loops of `throughput.py`: each builds a function that trains on, or predicts, `batches` batches per call."""

import functools
import time

import numpy as np

NETWORKS = {  # side of the images, classes, batch
    "resnet32": (32, 10, 128),
    "resnet50": (224, 1000, 16),
}


@functools.lru_cache(maxsize=1)
def images_and_labels(network, batches):
    """Return random images [N, side, side, 3] and labels [N] of all classes, or 0 to N - 1 if there are more."""
    side, classes, batch = NETWORKS[network]
    rng = np.random.default_rng(0)
    images = rng.standard_normal((batches * batch, side, side, 3), dtype="float32")
    return images, rng.permutation(batches * batch) % classes


def fit(network, batches, bfloat16):
    """Return `model.fit` on the batches that `fit(dataset)` of this library feeds it."""
    import keras

    from ltzoo import backbones
    from ltzoo.losses import CrossEntropy
    from ltzoo.sampling import ClassSampler
    from ltzoo.training.feed import training_feed

    keras.config.set_dtype_policy("mixed_bfloat16" if bfloat16 else "float32")
    side, classes, batch = NETWORKS[network]
    trunk = backbones.get(network, input_shape=(side, side, 3), seed=0)
    features = keras.layers.GlobalAveragePooling2D()(trunk.output)
    model = keras.Model(trunk.input, keras.layers.Dense(classes, dtype="float32")(features))
    # XLA halves the rate of TensorFlow on a CPU; JAX always compiles.
    jit = False if keras.backend.backend() == "tensorflow" else "auto"
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), CrossEntropy(), jit_compile=jit)
    images, labels = images_and_labels(network, batches)

    def train():
        sampler = ClassSampler(labels, batch_size=batch)
        model.fit(**training_feed(sampler, images.__getitem__, None), verbose=0)

    return train


def long_tailed_classifier(network, batches, bfloat16):
    """Return a model of this library, its data and its images, with pixels 0..255."""
    import keras

    import ltzoo
    from ltzoo.training import Recipe, Stage

    keras.config.set_dtype_policy("mixed_bfloat16" if bfloat16 else "float32")
    side, _, batch = NETWORKS[network]
    stage = Stage(epochs=1, loss={"name": "cross_entropy"}, batch_size=batch)
    recipe = Recipe(name="measured", head={"name": "dense"}, stages=(stage,))
    images, labels = images_and_labels(network, batches)
    images = (255 * (images - images.min()) / (images.max() - images.min())).astype("uint8")
    data = ltzoo.data.from_arrays(images, labels, x_test=images[:1], y_test=labels[:1])
    return ltzoo.models.build(network, recipe, data.class_counts, input_shape=(side, side, 3)), data, images


def fit_on_device(network, batches, bfloat16):
    """Return `fit(dataset, on_device=True)`: images on the device, one call per epoch of steps (JAX)."""
    import keras

    from ltzoo.sampling import ClassSampler
    from ltzoo.training.on_device import device_feed

    _, labels = images_and_labels(network, batches)
    batch = NETWORKS[network][2]
    model, data, _ = long_tailed_classifier(network, batches, bfloat16)
    sampler = ClassSampler(labels, batch_size=batch)
    model.set_stage(0, steps_per_epoch=sampler.steps_per_epoch)
    feed = device_feed(model, data.train, sampler, num_epochs=10**6)

    def train():
        keras.Model.fit(model, **feed, verbose=0)

    return train


def predict(network, batches, bfloat16):
    """Return `predict_on_batch` of a model of this library, called as in `ltzoo.metrics.evaluate`: pixels to an array.

    `model.predict` on TensorFlow returns a little later, when a thread of its `tf.data` pipeline wakes up.
    """
    batch = NETWORKS[network][2]
    model, _, images = long_tailed_classifier(network, batches, bfloat16)

    def run():
        starts = range(0, len(images), batch)
        return np.concatenate([model.predict_on_batch(images[start : start + batch]) for start in starts])

    return run


def plain_network(network, batches, channels_last):
    """Return a PyTorch network, images and labels on the accelerator if there is one, its place and layout."""
    import torch

    from benchmarks.speed import plain_networks

    place = "cuda" if torch.cuda.is_available() else "cpu"
    layout = torch.channels_last if channels_last else torch.contiguous_format
    torch.manual_seed(0)
    model = getattr(plain_networks, network)(NETWORKS[network][1]).to(device=place, memory_format=layout)
    images, labels = images_and_labels(network, batches)
    images = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(memory_format=layout)
    return model, images.to(place), torch.from_numpy(labels).to(place), place, layout


def plain(network, batches, bfloat16, channels_last=True, compiled=False):
    """Return the training loop that a PyTorch user writes."""
    import torch

    batch = NETWORKS[network][2]
    model, images, labels, place, layout = plain_network(network, batches, channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def loss_of(batch_images, batch_labels):
        with torch.autocast(place, dtype=torch.bfloat16, enabled=bfloat16):
            logits = model(batch_images)
        return torch.nn.functional.cross_entropy(logits.float(), batch_labels)

    loss_of = torch.compile(loss_of) if compiled else loss_of

    def train():
        for order in torch.randperm(len(labels), device=place).split(batch):
            optimizer.zero_grad(set_to_none=True)
            loss_of(images[order].contiguous(memory_format=layout), labels[order]).backward()
            optimizer.step()
        if place == "cuda":
            torch.cuda.synchronize()

    return train


def plain_forward(network, batches, bfloat16, channels_last=True, compiled=False):
    """Return the loop over a test set that a PyTorch user writes, with the logits as an array."""
    import torch

    batch = NETWORKS[network][2]
    model, images, _, place, layout = plain_network(network, batches, channels_last)
    model.eval()
    forward = torch.compile(model) if compiled else model

    def run():
        logits = []
        with torch.inference_mode(), torch.autocast(place, dtype=torch.bfloat16, enabled=bfloat16):
            logits.extend(
                forward(part.contiguous(memory_format=layout)).float() for part in images.split(batch)
            )
        return torch.cat(logits).cpu().numpy()

    return run


def matrix_rate(bfloat16, size=1024, repeats=50):
    """Return the rate of products of large square matrices in PyTorch, in GFLOP/s."""
    import torch

    dtype = torch.bfloat16 if bfloat16 else torch.float32
    a, b = torch.randn(2, size, size, device="cuda" if torch.cuda.is_available() else "cpu").to(dtype)
    float((a @ b)[0, 0])  # Warm up.
    begin = time.perf_counter()
    for _ in range(repeats):
        product = a @ b
    float(product[0, 0])  # Wait for the device.
    return repeats * 2 * size**3 / (time.perf_counter() - begin) / 1e9
