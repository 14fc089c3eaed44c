"""JAX on the CPU: whole steps under jit, their state donated.

It has no dispatch: jit folds a chain of additions into one.
"""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np

import protocol
import settings


def momentum_update(weight, grad, mom):
    mom = settings.MOMENTUM * mom - settings.LEARNING_RATE * (grad + settings.WEIGHT_DECAY * weight)
    return weight + mom, mom


def repeated(step, state, *inputs):
    """Steps that take the state, and give the next one."""

    def run(steps):
        nonlocal state
        for _ in range(steps):
            state = step(state, *inputs)
        jax.block_until_ready(state)

    return run


def sgd_mom(size):
    weight, grad = (jax.random.normal(jax.random.key(i), (size,)) for i in range(2))
    state = weight, jnp.zeros_like(weight)
    step = jax.jit(lambda state, grad: momentum_update(state[0], grad, state[1]), donate_argnums=0)
    return repeated(step, state, grad)


def many(tensors):
    shape = (settings.TENSOR_SIZE,)
    weights, grads = (
        [jax.random.normal(key, shape) for key in jax.random.split(jax.random.key(i), tensors)]
        for i in range(2)
    )
    moms = [jnp.zeros(shape) for _ in weights]

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(weights, moms, grads):
        return tuple(zip(*(momentum_update(*one) for one in zip(weights, grads, moms))))

    def run(steps):
        nonlocal weights, moms
        for _ in range(steps):
            weights, moms = step(weights, moms, grads)
        jax.block_until_ready((weights, moms))

    return run


def weight(width):
    head, data = (
        jax.random.normal(jax.random.key(i), (settings.WEIGHT_BATCH, width)) for i in range(2)
    )
    first = jax.random.normal(jax.random.key(2), (width, width))
    state = first, jnp.zeros_like(first)

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state, head, data):
        return momentum_update(state[0], head.T @ data, state[1])

    return repeated(step, state, head, data)


def chain(one, length):
    """The function `one` of a number and of its place, `length` times."""
    first = jax.random.normal(jax.random.key(0), (settings.CHAIN_SIZE,))

    @jax.jit
    def step(x):
        for i in range(length):
            x = one(x, i)
        return x

    def run(steps):
        for _ in range(steps):
            jax.block_until_ready(step(first))

    return run


def arithmetic(x, i):
    return x * settings.CHAIN_FACTOR if i % 2 == 0 else x + settings.CHAIN_TERM


def initial_state(layers):
    """He's initial weights, zero biases, and momentum for both."""
    random = np.random.default_rng(0)
    parameters = [
        (
            jnp.asarray(random.normal(0, (2 / inputs) ** 0.5, (inputs, outputs)), jnp.float32),
            jnp.zeros(outputs),
        )
        for inputs, outputs in itertools.pairwise(layers)
    ]
    return parameters, jax.tree.map(jnp.zeros_like, parameters)


def logits_of(parameters, images):
    *hidden, (weight, bias) = parameters
    for hidden_weight, hidden_bias in hidden:
        images = jax.nn.relu(images @ hidden_weight + hidden_bias)
    return images @ weight + bias


def cross_entropy(logits, labels):
    log_probabilities = jax.nn.log_softmax(logits)
    # Not take_along_axis: its gradient is a scatter, which is slow on a CPU.
    chosen = jax.nn.one_hot(labels, log_probabilities.shape[1])
    return -(log_probabilities * chosen).sum(axis=1).mean()


def loss_of(parameters, images, labels):
    return cross_entropy(logits_of(parameters, images), labels)


def updated(parameters, grads, moms):
    """The new parameters, and the new momentum of each."""
    leaves = [
        momentum_update(*one)
        for one in zip(*(jax.tree.leaves(tree) for tree in (parameters, grads, moms)))
    ]
    rebuild = functools.partial(jax.tree.unflatten, jax.tree.structure(parameters))
    return tuple(rebuild(new) for new in zip(*leaves))


def train_step(state, images, labels):
    parameters, moms = state
    loss, grads = jax.value_and_grad(loss_of)(parameters, images, labels)
    return updated(parameters, grads, moms), loss


def normalized(images, gamma, beta):
    mean = images.mean((0, 2, 3), keepdims=True)
    variance = jnp.square(images - mean).mean((0, 2, 3), keepdims=True)
    images = (images - mean) * jax.lax.rsqrt(variance + 1e-5)
    return images * gamma[:, None, None] + beta[:, None, None], (mean, variance)


def convolution_logits(parameters, images):
    *layers, (weight, bias) = parameters
    statistics = []
    for filters, gamma, beta in layers:
        images = jax.lax.conv(images, filters, (1, 1), "SAME")
        images, of_batch = normalized(images, gamma, beta)
        statistics.append(of_batch)
        images = jax.lax.reduce_window(
            jax.nn.relu(images), -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID"
        )
    return images.reshape(len(images), -1) @ weight + bias, statistics


def convolution_parameters():
    random = np.random.default_rng(0)

    def initial(shape, inputs):
        return jnp.asarray(random.normal(0, (2 / inputs) ** 0.5, shape), jnp.float32)

    layers = [
        (initial((outputs, inputs, 3, 3), 9 * inputs), jnp.ones(outputs), jnp.zeros(outputs))
        for inputs, outputs in itertools.pairwise((1, *settings.FILTERS))
    ]
    pooled = settings.IMAGE[0] // 4 * (settings.IMAGE[1] // 4) * settings.FILTERS[-1]
    return [
        *layers,
        (initial((pooled, settings.CLASSES), pooled), jnp.zeros(settings.CLASSES)),
    ]


def convolution(batch):
    def loss_and_statistics(parameters, images, labels):
        logits, statistics = convolution_logits(parameters, images)
        return cross_entropy(logits, labels), statistics

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state, images, labels):
        parameters, moms, moving = state
        grads, statistics = jax.grad(loss_and_statistics, has_aux=True)(
            parameters, images, labels
        )
        moving = jax.tree.map(lambda old, new: 0.9 * old + 0.1 * new, moving, statistics)
        return *updated(parameters, grads, moms), moving

    parameters = convolution_parameters()
    moving = [
        (jnp.zeros((1, filters, 1, 1)), jnp.ones((1, filters, 1, 1)))
        for filters in settings.FILTERS
    ]
    state = parameters, jax.tree.map(jnp.zeros_like, parameters), moving
    images = jax.random.uniform(jax.random.key(0), (batch, 1, *settings.IMAGE))
    labels = jax.random.randint(jax.random.key(1), (batch,), 0, settings.CLASSES)

    return repeated(step, state, images, labels)


def mlp(batch):
    step = jax.jit(train_step, donate_argnums=0)
    state = initial_state(settings.STEP_LAYERS)
    images = jax.random.uniform(jax.random.key(0), (batch, settings.STEP_LAYERS[0]))
    labels = jax.random.randint(jax.random.key(1), (batch,), 0, settings.STEP_LAYERS[-1])

    def run(steps):
        nonlocal state
        for _ in range(steps):
            state, _ = step(state, images, labels)
        jax.block_until_ready(state)

    return run


@functools.partial(jax.jit, donate_argnums=0)
def train_epoch(state, images, labels, order):
    """Runs a step per row of `order`, all in one call."""

    def step(state, batch):
        return train_step(state, images[batch], labels[batch])

    return jax.lax.scan(step, state, order)


@jax.jit
def accuracy_of(parameters, images, labels):
    return (logits_of(parameters, images).argmax(1) == labels).mean()


def fashion_mnist(part):
    images, labels = (np.frombuffer(data, np.uint8) for data in settings.fashion_mnist(part))
    images = images.reshape(-1, settings.PIXELS).astype(np.float32) / 255
    return jnp.asarray(images), jnp.asarray(labels, jnp.int32)


def train_once(epochs):
    """Reads the images, trains, and returns the accuracy after the last epoch."""
    images, labels = fashion_mnist("train")
    test = fashion_mnist("t10k")
    state = initial_state(settings.TRAIN_LAYERS)
    random = np.random.default_rng(0)
    for _ in range(epochs):
        order = random.permutation(len(images))
        order = order[: len(order) - len(order) % settings.TRAIN_BATCH]
        state, _ = train_epoch(state, images, labels, order.reshape(-1, settings.TRAIN_BATCH))
        accuracy = float(accuracy_of(state[0], *test))
    return accuracy


def train(epochs):
    def run(steps):
        for _ in range(steps):
            accuracy = train_once(epochs)
        return f"{100 * accuracy:.1f} %"

    return run


if __name__ == "__main__":
    protocol.serve(
        f"jax {jax.__version__}",
        {
            "sgd_mom": sgd_mom,
            "many": many,
            "weight": weight,
            "pointwise": functools.partial(chain, arithmetic),
            "pointwise_tanh": functools.partial(chain, lambda x, _: jnp.tanh(x)),
            "mlp": mlp,
            "convolution": convolution,
            "train": train,
        },
    )
