"""BBN: the mixture of two branches and its schedule, and the rates of the released optimizer.

In epoch e = 1, 2, ..: alpha = 1 - ((e - 1) / E)^2, where E is the number of epochs, but 100 for 90 and 200 for 180.

    z = classifier(2 [alpha f_c ; (1 - alpha) f_r]), loss = alpha CE(z, y_c) + (1 - alpha) CE(z, y_r)

Optimizer: SGD with Nesterov momentum. On CIFAR the rate rises from a third of the highest over 5 epochs; the scheduler
steps before each epoch, so epoch e has the value of step e.
"""

import numpy as np

from tests.reference_derivations._formulas import cross_entropy, gradient, rounded

SOURCE = {
    "repository": "Megvii-Nanjing/BBN",
    "commit": "7992e908842f5934f0d1ee3f430d796621e81975",
    "files": [
        "lib/core/combiner.py",
        "lib/utils/lr_scheduler.py",
        "lib/utils/utils.py",
        "main/train.py",
        "lib/dataset/imbalance_cifar.py",
        "configs/cifar10.yaml",
        "configs/cifar100.yaml",
        "configs/iNaturalist2018.yaml",
    ],
}
BATCH_SIZE, RATE, WEIGHT_DECAY, EPOCHS, STEPS, FACTOR, WARM_UP = 128, 0.1, 2e-4, 200, (120, 160), 0.01, 5
INATURALIST = {"batch_size": 128, "learning_rate": 0.05, "weight_decay": 1e-4, "epochs": 180}


def alpha(epoch, epochs):
    longest = 100 * (epochs // 100 + 1) if epochs in (90, 180) else epochs
    return 1.0 - ((epoch - 1) / longest) ** 2


def rate(step):
    warm = 1.0
    if step < WARM_UP:
        warm = (1.0 / 3.0) * (1.0 - step / WARM_UP) + step / WARM_UP
    return RATE * warm * FACTOR ** sum(step >= milestone for milestone in STEPS)


def derive():
    rng = np.random.RandomState(11)
    labels, reversed_labels = np.array([0, 0, 1, 0]), np.array([4, 3, 4, 2])
    conventional = rounded(np.abs(rng.standard_normal((4, 3))))
    rebalancing = rounded(np.abs(rng.standard_normal((4, 3))))
    kernel, bias = rounded(rng.standard_normal((6, 5)) * 0.7), rounded(rng.standard_normal(5) * 0.3)
    weight = alpha(121, 200)

    def logits(f_c, f_r, w):
        return 2.0 * np.concatenate([weight * f_c, (1.0 - weight) * f_r], axis=1) @ w + bias

    def loss(f_c, f_r, w):
        z = logits(f_c, f_r, w)
        return weight * cross_entropy(z, labels) + (1.0 - weight) * cross_entropy(z, reversed_labels)

    return {
        "alpha_200": np.array([alpha(epoch, 200) for epoch in range(1, 201)]),
        "alpha_180": np.array([alpha(epoch, 180) for epoch in range(1, 181)]),
        "alpha_90": np.array([alpha(epoch, 90) for epoch in range(1, 91)]),
        "rates": np.array([rate(epoch) for epoch in range(1, EPOCHS + 1)]),
        "batch_size": BATCH_SIZE,
        "weight_decay": WEIGHT_DECAY,
        "nesterov": 1,
        **{f"inaturalist_{key}": value for key, value in INATURALIST.items()},
        "targets": labels,
        "reversed_targets": reversed_labels,
        "conventional": conventional,
        "rebalancing": rebalancing,
        "kernel": kernel,
        "bias": bias,
        "epoch": 121,
        "logits": logits(conventional, rebalancing, kernel),
        "loss": loss(conventional, rebalancing, kernel),
        "grad_conventional": gradient(lambda x: loss(x, rebalancing, kernel), conventional),
        "grad_rebalancing": gradient(lambda x: loss(conventional, x, kernel), rebalancing),
        "grad_kernel": gradient(lambda x: loss(conventional, rebalancing, x), kernel),
    }
