"""PyTorch on the CPU: eager mode and the fused SGD."""

import functools
import itertools
import random
import sys

import torch
from torch import nn

import protocol
import settings


def sgd(parameters):
    return torch.optim.SGD(
        parameters,
        lr=settings.LEARNING_RATE,
        momentum=settings.MOMENTUM,
        weight_decay=settings.WEIGHT_DECAY,
        fused=True,
    )


def network(layers):
    stack = []
    for inputs, outputs in itertools.pairwise(layers):
        stack += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*stack[:-1])


def train_step(model, loss_of, optimizer, images, labels):
    loss = loss_of(model(images), labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss


def sgd_mom(size):
    weight = nn.Parameter(torch.randn(size))
    weight.grad = torch.randn(size)
    optimizer = sgd([weight])

    def run(steps):
        for _ in range(steps):
            optimizer.step()

    return run


def many(tensors):
    weights = [nn.Parameter(torch.randn(settings.TENSOR_SIZE)) for _ in range(tensors)]
    for weight in weights:
        weight.grad = torch.randn(settings.TENSOR_SIZE)
    optimizer = sgd(weights)

    def run(steps):
        for _ in range(steps):
            optimizer.step()

    return run


def weight(width):
    head, data = (torch.randn(settings.WEIGHT_BATCH, width) for _ in range(2))
    parameter = nn.Parameter(torch.randn(width, width))
    parameter.grad = torch.zeros(width, width)
    optimizer = sgd([parameter])

    def run(steps):
        for _ in range(steps):
            torch.mm(head.T, data, out=parameter.grad)
            optimizer.step()

    return run


def lazy(rows):
    """By hand: torch.optim has no momentum for sparse gradients that keeps its size."""
    weight, mom = torch.ones(settings.TABLE_SHAPE), torch.zeros(settings.TABLE_SHAPE)
    grad = torch.full((rows, settings.TABLE_SHAPE[1]), 1e-3)
    row_sets = itertools.cycle(
        [torch.tensor(row_set) for row_set in settings.row_sets(rows, random.Random(1))]
    )

    @torch.inference_mode()
    def run(steps):
        for row_set in itertools.islice(row_sets, steps):
            w, m = weight[row_set], mom[row_set]
            m.mul_(settings.MOMENTUM).sub_(
                torch.add(grad, w, alpha=settings.WEIGHT_DECAY), alpha=settings.LEARNING_RATE
            )
            weight[row_set] = w.add_(m)
            mom[row_set] = m

    return run


def embedding(batch):
    """The table by hand, as in lazy."""
    table = nn.Parameter(torch.ones(settings.EMBEDDING_SHAPE))
    mom = torch.zeros(settings.EMBEDDING_SHAPE)
    model = network((settings.EMBEDDING_SHAPE[1], settings.EMBEDDING_HIDDEN, 1))
    optimizer = sgd(model.parameters())
    batches = itertools.cycle(
        torch.randint(
            settings.EMBEDDING_SHAPE[0], (settings.IDS_OF_ALL_BATCHES // batch + 1, batch)
        )
    )

    def run(steps):
        for ids in itertools.islice(batches, steps):
            loss = (model(nn.functional.embedding(ids, table, sparse=True)) - 1).square().mean()
            optimizer.zero_grad(set_to_none=True)
            table.grad = None
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                grad = table.grad.coalesce()
                rows = grad.indices()[0]
                w, m = table[rows], mom[rows]
                m.mul_(settings.MOMENTUM).sub_(
                    torch.add(grad.values(), w, alpha=settings.WEIGHT_DECAY),
                    alpha=settings.LEARNING_RATE,
                )
                table[rows] = w.add_(m)
                mom[rows] = m

    return run


def chain(one, length):
    """The function `one` of an array and of its place, `length` times."""
    first = torch.randn(settings.CHAIN_SIZE)

    @torch.inference_mode()
    def run(steps):
        for _ in range(steps):
            x = first
            for i in range(length):
                x = one(x, i)

    return run


def arithmetic(x, i):
    return x * settings.CHAIN_FACTOR if i % 2 == 0 else x + settings.CHAIN_TERM


def dispatch(length):
    @torch.inference_mode()
    def run(steps):
        for _ in range(steps):
            x = torch.zeros(1)
            for _ in range(length):
                x = x + 1.0

    return run


def classifier_steps(model, images, classes):
    optimizer, loss_of = sgd(model.parameters()), nn.CrossEntropyLoss()
    labels = torch.randint(0, classes, (len(images),))

    def run(steps):
        for _ in range(steps):
            train_step(model, loss_of, optimizer, images, labels)

    return run


def mlp(batch):
    images = torch.rand(batch, settings.STEP_LAYERS[0])
    return classifier_steps(network(settings.STEP_LAYERS), images, settings.STEP_LAYERS[-1])


def convolution(batch):
    stack = []
    for inputs, outputs in itertools.pairwise((1, *settings.FILTERS)):
        stack += [
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs, momentum=0.1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
    model = nn.Sequential(*stack, nn.Flatten(), nn.LazyLinear(settings.CLASSES))
    images = torch.rand(batch, 1, *settings.IMAGE)
    model(images)  # Now its last layer has a shape.
    return classifier_steps(model, images, settings.CLASSES)


def fashion_mnist(part):
    images, labels = (
        torch.frombuffer(data, dtype=torch.uint8) for data in settings.fashion_mnist(part)
    )
    return images.view(-1, settings.PIXELS).float().div_(255), labels.long()


def train_once(epochs):
    """Reads the images, trains, and returns the accuracy after the last epoch."""
    images, labels = fashion_mnist("train")
    test_images, test_labels = fashion_mnist("t10k")
    model = network(settings.TRAIN_LAYERS)
    optimizer, loss_of = sgd(model.parameters()), nn.CrossEntropyLoss()
    for _ in range(epochs):
        order = torch.randperm(len(images))
        order = order[: len(order) - len(order) % settings.TRAIN_BATCH]
        for batch in order.split(settings.TRAIN_BATCH):
            train_step(model, loss_of, optimizer, images[batch], labels[batch])
        with torch.inference_mode():
            accuracy = (model(test_images).argmax(1) == test_labels).float().mean().item()
    return accuracy


def train(epochs):
    def run(steps):
        for _ in range(steps):
            accuracy = train_once(epochs)
        return f"{100 * accuracy:.1f} %"

    return run


def one_op(entry):
    """The call of an entry of op_works.json, ready to be repeated."""
    inputs = [torch.rand(shape) * high for shape, high in settings.op_inputs(entry)]
    names = dict(zip("abc", inputs)) | {"torch": torch}
    call = eval(f"lambda: {entry['torch']}", names)

    @torch.inference_mode()
    def run(steps):
        for _ in range(steps):
            call()

    return run


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    protocol.serve(
        f"torch {torch.__version__}",
        {
            "sgd_mom": sgd_mom,
            "many": many,
            "weight": weight,
            "lazy": lazy,
            "embedding": embedding,
            "pointwise": functools.partial(chain, arithmetic),
            "pointwise_tanh": functools.partial(chain, lambda x, _: torch.tanh(x)),
            "dispatch": dispatch,
            "mlp": mlp,
            "convolution": convolution,
            "train": train,
        }
        | {
            name: lambda size, entry=entry: one_op(entry)
            for name, entry in settings.op_works().items()
        },
    )
