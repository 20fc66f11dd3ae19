"""Arguments of runs of `transfer`, as `run.json` holds them."""

NETWORK = {"name": "efficientnet_lite0", "weights": "imagenet"}


def arguments(folder="photos", **more):
    return {"recipe": "transfer", "backbone": NETWORK, "data": str(folder), "seed": 0, **more}
