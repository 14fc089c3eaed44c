"""MXNet 1.9.1: symbol executors, and the optimizer operators in place."""

import functools
import itertools
import random

import mxnet as mx

import protocol
import settings

OPTIMIZER = {
    "lr": settings.LEARNING_RATE,
    "momentum": settings.MOMENTUM,
    "wd": settings.WEIGHT_DECAY,
}


def sgd_mom(size):
    weight, grad = (mx.nd.random.normal(shape=(size,)) for _ in range(2))
    mom = mx.nd.zeros((size,))

    def run(steps):
        for _ in range(steps):
            mx.nd.sgd_mom_update(weight, grad, mom, out=weight, **OPTIMIZER)
        weight.wait_to_read()

    return run


def many(tensors):
    shape = (settings.TENSOR_SIZE,)
    weights, grads = (
        [mx.nd.random.normal(shape=shape) for _ in range(tensors)] for _ in range(2)
    )
    moms = [mx.nd.zeros(shape) for _ in weights]

    def run(steps):
        for _ in range(steps):
            for weight, grad, mom in zip(weights, grads, moms):
                mx.nd.sgd_mom_update(weight, grad, mom, out=weight, **OPTIMIZER)
        mx.nd.waitall()

    return run


def weight(width):
    head, data = (mx.nd.random.normal(shape=(settings.WEIGHT_BATCH, width)) for _ in range(2))
    parameter = mx.nd.random.normal(shape=(width, width))
    grad, mom = (mx.nd.zeros((width, width)) for _ in range(2))

    def run(steps):
        for _ in range(steps):
            mx.nd.dot(head, data, transpose_a=True, out=grad)
            mx.nd.sgd_mom_update(parameter, grad, mom, out=parameter, **OPTIMIZER)
        parameter.wait_to_read()

    return run


def row_update(rows, lazy):
    weight, mom = mx.nd.ones(settings.TABLE_SHAPE), mx.nd.zeros(settings.TABLE_SHAPE)
    values = mx.nd.full((rows, settings.TABLE_SHAPE[1]), 1e-3)
    grads = itertools.cycle(
        [
            mx.nd.sparse.row_sparse_array((values, row_set), shape=settings.TABLE_SHAPE)
            for row_set in settings.row_sets(rows, random.Random(1))
        ]
    )

    def run(steps):
        for grad in itertools.islice(grads, steps):
            mx.nd.sgd_mom_update(weight, grad, mom, out=weight, lazy_update=lazy, **OPTIMIZER)
        weight.wait_to_read()

    return run


def embedding(batch):
    rows, columns = settings.EMBEDDING_SHAPE
    symbol = mx.sym.Embedding(
        mx.sym.Variable("ids"),
        mx.sym.Variable("table"),
        input_dim=rows,
        output_dim=columns,
        sparse_grad=True,
    )
    symbol = mx.sym.FullyConnected(symbol, num_hidden=settings.EMBEDDING_HIDDEN)
    symbol = mx.sym.FullyConnected(mx.sym.Activation(symbol, act_type="relu"), num_hidden=1)
    symbol = mx.sym.MakeLoss(mx.sym.mean(mx.sym.square(symbol - 1)))

    names = [name for name in symbol.list_arguments() if name != "ids"]
    shapes = dict(zip(symbol.list_arguments(), symbol.infer_shape(ids=(batch,))[0]))
    weights = {name: mx.nd.random.uniform(-0.1, 0.1, shape=shapes[name]) for name in names[1:]}
    weights[names[0]] = mx.nd.ones(settings.EMBEDDING_SHAPE)
    grads = {name: mx.nd.zeros(shapes[name]) for name in names[1:]}
    grads[names[0]] = mx.nd.sparse.zeros("row_sparse", settings.EMBEDDING_SHAPE)
    moms = {name: mx.nd.zeros(shapes[name]) for name in names}
    ids = mx.nd.zeros((batch,))
    executor = symbol.bind(
        mx.cpu(), {"ids": ids, **weights}, grads, {"ids": "null", **dict.fromkeys(names, "write")}
    )
    batches = itertools.cycle(
        [
            mx.nd.random.randint(0, rows, shape=(batch,)).astype("float32")
            for _ in range(settings.IDS_OF_ALL_BATCHES // batch + 1)
        ]
    )

    def run(steps):
        for next_ids in itertools.islice(batches, steps):
            next_ids.copyto(ids)
            executor.forward(is_train=True)
            executor.backward()
            for name in names:
                mx.nd.sgd_mom_update(
                    weights[name], grads[name], moms[name], out=weights[name], **OPTIMIZER
                )
        mx.nd.waitall()

    return run


def chain(one, first, length):
    """The function `one` of a symbol and of its place, `length` times."""
    symbol = mx.sym.Variable("x")
    for i in range(length):
        symbol = one(symbol, i)
    executor = symbol.bind(mx.cpu(), {"x": first()}, grad_req="null")

    def run(steps):
        for _ in range(steps):
            executor.forward(is_train=False)
        executor.outputs[0].wait_to_read()

    return run


def arithmetic(x, i):
    return x * settings.CHAIN_FACTOR if i % 2 == 0 else x + settings.CHAIN_TERM


def dispatch(length):
    return chain(lambda x, _: x + 1.0, lambda: mx.nd.zeros((1,)), length)


def pointwise(one, length):
    return chain(one, lambda: mx.nd.random.normal(shape=(settings.CHAIN_SIZE,)), length)


def mlp(batch):
    symbol = mx.sym.Variable("data")
    *hidden, classes = settings.STEP_LAYERS[1:]
    for units in hidden:
        symbol = mx.sym.FullyConnected(symbol, num_hidden=units)
        symbol = mx.sym.Activation(symbol, act_type="relu")
    return classifier_steps(symbol, classes, (batch, settings.STEP_LAYERS[0]))


def convolution(batch):
    symbol = mx.sym.Variable("data")
    for filters in settings.FILTERS:
        symbol = mx.sym.Convolution(
            symbol, kernel=(3, 3), pad=(1, 1), num_filter=filters, no_bias=True
        )
        symbol = mx.sym.BatchNorm(symbol, fix_gamma=False)
        symbol = mx.sym.Activation(symbol, act_type="relu")
        symbol = mx.sym.Pooling(symbol, kernel=(2, 2), stride=(2, 2), pool_type="max")
    return classifier_steps(symbol, settings.CLASSES, (batch, 1, *settings.IMAGE))


def classifier_steps(symbol, classes, images):
    symbol = mx.sym.FullyConnected(symbol, num_hidden=classes)
    symbol = mx.sym.SoftmaxOutput(symbol, name="softmax")

    parameters = [name for name in symbol.list_arguments() if name not in ("data", "softmax_label")]
    executor = symbol.simple_bind(
        mx.cpu(),
        data=images,
        grad_req={name: "write" for name in parameters},
    )
    executor.arg_dict["data"][:] = mx.nd.random.uniform(shape=images)
    executor.arg_dict["softmax_label"][:] = mx.nd.random.randint(0, classes, shape=images[:1])
    weights = [executor.arg_dict[name] for name in parameters]
    for name, weight in zip(parameters, weights):
        if weight.ndim > 1:
            scale = (2.0 / weight[0].size) ** 0.5
            weight[:] = mx.nd.random.normal(scale=scale, shape=weight.shape)
        elif name.endswith("gamma"):
            weight[:] = 1
    # One operator for all parameters: weight, gradient and momentum of each.
    groups = [
        array
        for name, weight in zip(parameters, weights)
        for array in (weight, executor.grad_dict[name], mx.nd.zeros(weight.shape))
    ]
    optimizer = {
        "lrs": [settings.LEARNING_RATE] * len(weights),
        "wds": [settings.WEIGHT_DECAY] * len(weights),
        "momentum": settings.MOMENTUM,
        "rescale_grad": 1.0 / images[0],
        "num_weights": len(weights),
    }

    def run(steps):
        for _ in range(steps):
            executor.forward(is_train=True)
            executor.backward()
            mx.nd.multi_sgd_mom_update(*groups, out=weights, **optimizer)
        mx.nd.waitall()

    return run


def one_op(entry):
    """The call of an entry of op_works.json, ready to be repeated."""
    inputs = [
        mx.nd.random.uniform(0, high, shape=tuple(shape))
        for shape, high in settings.op_inputs(entry)
    ]
    call = eval(f"lambda: {entry['mxnet']}", dict(zip("abc", inputs)) | {"nd": mx.nd})

    def run(steps):
        for _ in range(steps):
            call()
        mx.nd.waitall()

    return run


if __name__ == "__main__":
    protocol.serve(
        f"mxnet {mx.__version__}",
        {
            "sgd_mom": sgd_mom,
            "many": many,
            "weight": weight,
            "lazy": functools.partial(row_update, lazy=True),
            "standard": functools.partial(row_update, lazy=False),
            "embedding": embedding,
            "pointwise": functools.partial(pointwise, arithmetic),
            "pointwise_tanh": functools.partial(pointwise, lambda x, _: mx.sym.tanh(x)),
            "dispatch": dispatch,
            "mlp": mlp,
            "convolution": convolution,
        }
        | {
            name: lambda size, entry=entry: one_op(entry)
            for name, entry in settings.op_works().items()
            if "mxnet" in entry
        },
    )
