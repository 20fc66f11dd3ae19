"""Cyclic class-aware order: every class once a cycle, a few consecutive images of its own list at each visit."""

import numpy as np

from ltzoo.sampling.keyed_random import CYCLES
from ltzoo.sampling.keyed_random import LISTS
from ltzoo.sampling.keyed_random import hashed


def cyclic_draws(start, stop, class_counts, samples_per_visit, seed):
    """Draws `start` to `stop` of the endless class-aware order, as (class, rank inside the class) arrays.

    Draw g belongs to visit v = g // samples_per_visit, in cycle v // C. Every cycle visits each class once in an
    order of its own. The k-th draw of a class takes element k mod n_c of pass k // n_c over its list, which is
    shuffled anew for every pass. Orders are sorted hashes of (seed, cycle, class) and (seed, pass, image), so a
    draw depends on nothing before it, and the order runs on from one epoch into the next as the published
    sampler's does (MiSLAS and BALMS code; Shen et al., "Relay backpropagation", Section 3.2).
    """
    counts = np.asarray(class_counts, dtype=np.int64)
    num_classes, total = len(counts), int(counts.sum())
    draw = np.arange(start, stop, dtype=np.int64)
    visit, within_visit = np.divmod(draw, samples_per_visit)
    cycle, slot = np.divmod(visit, num_classes)
    first_cycle, last_cycle = int(cycle[0]), int(cycle[-1])

    words = np.arange(first_cycle * num_classes, (last_cycle + 1) * num_classes).reshape(-1, num_classes)
    class_order = np.argsort(hashed(seed, CYCLES, words), axis=1)
    classes = class_order[cycle - first_cycle, slot]

    # Shuffle every (class, pass) list that these cycles touch, all of them in one sort.
    first_pass = first_cycle * samples_per_visit // counts
    last_pass = ((last_cycle + 1) * samples_per_visit - 1) // counts
    lists_of_class = last_pass - first_pass + 1
    list_class = np.repeat(np.arange(num_classes), lists_of_class)
    first_list = np.cumsum(lists_of_class) - lists_of_class
    list_pass = np.arange(len(list_class)) - first_list[list_class] + first_pass[list_class]
    list_length = counts[list_class]
    list_start = np.cumsum(list_length) - list_length
    item_list = np.repeat(np.arange(len(list_class)), list_length)
    item_rank = np.arange(len(item_list)) - list_start[item_list]
    class_start = np.cumsum(counts) - counts
    word = (list_pass * total + class_start[list_class])[item_list] + item_rank
    shuffled_rank = _shuffle_within(item_list, item_rank, hashed(seed, LISTS, word))

    draw_of_class = cycle * samples_per_visit + within_visit
    count = counts[classes]
    pass_number = draw_of_class // count
    chosen_list = first_list[classes] + pass_number - first_pass[classes]
    return classes, shuffled_rank[list_start[chosen_list] + draw_of_class - pass_number * count]


def _shuffle_within(group, rank, random_words):
    """Ranks reordered inside each group by random keys: one sort of (group, key, rank) packed into 64 bits."""
    group_bits = int(group[-1]).bit_length()
    rank_bits = int(rank.max()).bit_length()
    key_bits = 64 - group_bits - rank_bits
    packed = group.astype(np.uint64) << np.uint64(64 - group_bits) if group_bits else np.zeros(len(group), np.uint64)
    packed |= (random_words >> np.uint64(64 - key_bits)) << np.uint64(rank_bits)
    packed |= rank.astype(np.uint64)
    packed.sort()
    return (packed & np.uint64((1 << rank_bits) - 1)).astype(np.int64)
