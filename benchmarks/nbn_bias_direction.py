"""How well NBN's bias can turn after its start from zero, by `bias_radius` of the layer.

The offset g u(beta) of 64 channels is drawn to twice a direction d1 for 200 steps and then to twice a direction d2 at a
right angle, by the loss strength / 2 |g u(beta) - 2 d - noise|^2. SGD: rate 0.1 after a warm-up of 100 steps, momentum
0.9, l2 5e-4. Adam: rate 0.001. Printed is the cosine of beta and d2 after 100, 500 and 2,000 steps, and the greatest
length of beta. Run: `python benchmarks/nbn_bias_direction.py` (NumPy only, some seconds).

    optimizer  strength  radius  cosine after 100, 500, 2000  greatest length
    sgd            0.01       0   0.049   0.049   0.049            3.17e+03
    sgd            0.01   0.001   0.134   0.365   0.997                4.75
    sgd            0.01    0.01   0.986   0.989   0.991                 1.2
    sgd            0.01     0.1   0.987   0.988   0.991                 1.2
    sgd            0.01       1   0.974   0.990   0.991                1.24
    sgd             0.1       0   0.049   0.049   0.049            3.17e+04
    sgd             0.1   0.001   0.050   0.056   0.176                47.5
    sgd             0.1    0.01   0.423   0.993   0.991                4.86
    sgd             0.1     0.1   0.976   0.988   0.991                3.88
    sgd             0.1       1   0.976   0.988   0.991                3.88
    sgd               1       0   0.049   0.049   0.049            3.17e+05
    sgd               1   0.001   0.049   0.049   0.056                 475
    sgd               1    0.01   0.051   0.140   0.997                47.5
    sgd               1     0.1   0.504   0.987   0.991                12.4
    sgd               1       1   0.637   0.987   0.991                12.3
    adam            0.1       0   0.617   0.986   0.987             0.00916
    adam            0.1   0.001   0.984   0.984   0.992               0.101
    adam            0.1    0.01   0.984   0.986   0.993               0.195
    adam            0.1     0.1   0.982   0.989   0.995               0.335
    adam            0.1       1   0.734   0.996   0.998                1.01
The published form (radius 0) never turns under SGD, whatever the strength of the gradient; 0.001 and 0.01 turn late
where it is strong. 0.1 and 1 always turn; 1 is slower under Adam, and leaves room for an offset much shorter than g,
which Eq. 2 does not have. Hence 0.1 is the default.
"""

import numpy as np

EPSILON = 1e-6


def factor(vector, radius):
    """f(|v|^2) with u(v) = f v (see `ltzoo.layers.normalized_batch_normalization.unit_direction`), and f'."""
    squared = vector @ vector
    length = np.sqrt(squared)
    if length < radius:
        return (3 - squared / radius**2) / (2 * (radius + EPSILON)), -0.5 / (radius**2 * (radius + EPSILON))
    slope = -0.5 / (length * (length + EPSILON) ** 2) if length else 0.0
    return 1 / (length + EPSILON), slope


def run(optimizer, strength, radius, channels=64):
    """Cosines with d2 and the greatest length."""
    random = np.random.default_rng(0)
    first, second = np.linalg.qr(random.normal(size=(channels, 2)))[0].T
    parameters = np.concatenate([np.zeros(channels), [1.0]])
    velocity, squares = np.zeros_like(parameters), np.zeros_like(parameters)
    cosines, greatest = [], 0.0
    for step in range(1, 2201):
        beta, g = parameters[:-1], parameters[-1]
        f, slope = factor(beta, radius)
        target = 2 * (first if step <= 200 else second) + 0.3 * random.normal(size=channels)
        upstream = strength * (g * f * beta - target)
        gradient = np.append(g * (f * upstream + 2 * slope * (beta @ upstream) * beta), upstream @ (f * beta))
        gradient += 5e-4 * parameters
        warm = min(1.0, step / 100)
        if optimizer == "sgd":
            velocity = 0.9 * velocity + gradient
            parameters = parameters - 0.1 * warm * velocity
        else:
            velocity = 0.9 * velocity + 0.1 * gradient
            squares = 0.999 * squares + 0.001 * gradient**2
            direction = velocity / (1 - 0.9**step) / (np.sqrt(squares / (1 - 0.999**step)) + 1e-8)
            parameters = parameters - 1e-3 * warm * direction
        greatest = max(greatest, np.linalg.norm(parameters[:-1]))
        if step in (300, 700, 2200):
            cosines.append(parameters[:-1] @ second / np.linalg.norm(parameters[:-1]))
    return cosines, greatest


def main():
    """Prints the table."""
    for optimizer, strengths in (("sgd", (0.01, 0.1, 1.0)), ("adam", (0.1,))):
        for strength in strengths:
            for radius in (0.0, 1e-3, 1e-2, 1e-1, 1.0):
                cosines, greatest = run(optimizer, strength, radius)
                numbers = "  ".join(f"{cosine:6.3f}" for cosine in cosines)
                print(f"    {optimizer:9s}  {strength:8g}  {radius:6g}  {numbers}        {greatest:12.3g}")


if __name__ == "__main__":
    main()
