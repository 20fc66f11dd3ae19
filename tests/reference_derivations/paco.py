"""PaCo: queries against class centres, the other queries, the keys of the batch and a queue.

    a_j = (z_j + log(n_j / N + 1e-9)) / t_c, s_k = <q, k> / t
    l = -[ beta log p(a_y) + alpha sum_{k of class y} log p(s_k) ] / (beta + alpha |{k of class y}|)
    log p(.) = . - log( sum_j exp(a_j) + gamma sum_k exp(s_k) + 1e-12 )

k runs over the queries but the own one, the keys and the queue. gamma and t_c are 1 in all scripts.
"""

import numpy as np

from tests.reference_derivations._formulas import gradient, held, rounded, unit

SOURCE = {
    "repository": "dvlab-research/Parametric-Contrastive-Learning",
    "commit": "fe56535ecd716e56a72e75c4e818f2059e557584",
    "files": [
        "PaCo/LT/losses.py",
        "PaCo/LT/paco_cifar.py",
        "PaCo/LT/sh/CIFAR100_train_imb0.01.sh",
        "PaCo/LT/paco_lt.py",
        "PaCo/LT/sh/ImageNetLT_train_X50.sh",
        "PaCo/LT/sh/Inat_train_R50.sh",
        "PaCo/LT/paco_fp16_places.py",
        "PaCo/LT/sh/PlacesLT_train_R152.sh",
    ],
}
ALPHA = {"cifar100_lt": 0.01, "imagenet_lt": 0.05, "inaturalist2018": 0.05, "places_lt": 0.05}
TEMPERATURE = {"cifar100_lt": 0.05, "imagenet_lt": 0.07, "inaturalist2018": 0.2, "places_lt": 0.2}
QUEUE = {"cifar100_lt": 1024, "imagenet_lt": 8192, "inaturalist2018": 8192, "places_lt": 8192}
UNITS = {"cifar100_lt": 32, "imagenet_lt": 128, "inaturalist2018": 128, "places_lt": 128}
BETA, GAMMA, CENTER_TEMPERATURE, MOMENTUM = 1.0, 1.0, 1.0, 0.999


def loss(z, queries, contrasts, labels, contrast_labels, counts, alpha, temperature):
    everything = np.concatenate([queries, contrasts])
    classes = np.concatenate([labels, contrast_labels])
    centers = (z + np.log(counts / counts.sum() + 1e-9)) / CENTER_TEMPERATURE
    similarity = queries @ everything.T / temperature
    total = 0.0
    for i in range(len(queries)):
        others = np.arange(len(everything)) != i
        same = others & (classes == labels[i])
        largest = max(held(centers[i]).max(), held(similarity[i][others]).max())
        mass = np.exp(centers[i] - largest).sum() + GAMMA * np.exp(similarity[i][others] - largest).sum()
        log_sum = np.log(mass + 1e-12) + largest
        positive = BETA * (centers[i, labels[i]] - log_sum)
        positive = positive + alpha * np.sum(similarity[i][same] - log_sum)
        total = total - positive / (BETA + alpha * same.sum())
    return total / len(queries)


def derive():
    rng = np.random.RandomState(2)
    counts = np.array([60.0, 25.0, 8.0, 4.0, 2.0])
    labels = np.array([0, 0, 1, 2, 0, 4])
    contrast_labels = np.concatenate([labels, [0, 3, 1, 0, 2, 4, 1, 0]])
    logits = rounded(rng.standard_normal((6, 5)) * 2.0)
    queries = rounded(unit(rng.standard_normal((6, 8)) + 0.3), 5)
    contrasts = rounded(unit(rng.standard_normal((14, 8)) + 0.3), 5)
    case = {
        "counts": counts.astype("int64"),
        "targets": labels,
        "logits": logits,
        "queries": queries,
        "contrasts": contrasts,
        "contrast_targets": contrast_labels,
        "beta": BETA,
        "center_temperature": CENTER_TEMPERATURE,
        "momentum": MOMENTUM,
    }
    for dataset in ALPHA:

        def total(z, q, dataset=dataset):
            # Keys and queue are without derivative; the queries among the contrasts have one.
            return loss(
                z, q, contrasts, labels, contrast_labels, counts, ALPHA[dataset], TEMPERATURE[dataset]
            )

        case[f"alpha_{dataset}"] = ALPHA[dataset]
        case[f"temperature_{dataset}"] = TEMPERATURE[dataset]
        case[f"queue_size_{dataset}"] = QUEUE[dataset]
        case[f"units_{dataset}"] = UNITS[dataset]
        case[f"loss_{dataset}"] = total(logits, queries)
        case[f"grad_logits_{dataset}"] = gradient(lambda x: total(x, queries), logits)
        case[f"grad_queries_{dataset}"] = gradient(lambda x: total(logits, x), queries)
    return case
