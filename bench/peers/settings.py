"""What all contestants agree on: the numbers of the works, and the images."""

import gzip
import json
import pathlib

LEARNING_RATE = 0.01
MOMENTUM = 0.9
WEIGHT_DECAY = 1e-4

WEIGHT_BATCH = 64  # Of the work "weight".
TENSOR_SIZE = 1_000  # Of each tensor of the work "many".
CHAIN_SIZE = 1_000_000  # The works "pointwise" and "pointwise_tanh".
CHAIN_FACTOR, CHAIN_TERM = 0.999, 0.001

TABLE_SHAPE = (1_000_000, 64)  # The works "lazy", "standard" and "deferred".
ROWS_OF_ALL_SETS = 1_000_000

EMBEDDING_SHAPE = (10_000_000, 16)  # The work "embedding".
EMBEDDING_HIDDEN = 64
IDS_OF_ALL_BATCHES = 1_000_000

STEP_LAYERS = (784, 128, 64, 10)  # The work "mlp".
IMAGE = (28, 28)  # The work "convolution".
FILTERS, CLASSES = (32, 64), 10
TRAIN_LAYERS = (784, 256, 128, 10)  # The work "train".
TRAIN_BATCH = 64
PIXELS = 784

# Where Debian's package dataset-fashion-mnist puts its files.
FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")


def row_sets(rows, generator):
    """Sets of rows of the table, ascending: a new one for each step."""
    for _ in range(max(2, ROWS_OF_ALL_SETS // rows)):
        yield sorted(generator.sample(range(TABLE_SHAPE[0]), rows))


def fashion_mnist(part):
    """The images and labels of "train" or "t10k", as writable bytes."""
    images = gzip.decompress((FASHION_MNIST / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((FASHION_MNIST / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    return bytearray(images[16:]), bytearray(labels[8:])


def op_works():
    """The works of one operator each, by name: see bench/op_works.h."""
    path = pathlib.Path(__file__).resolve().parent.parent / "op_works.json"
    return {f"op:{entry['name']}": entry for entry in json.loads(path.read_text())}


def op_inputs(entry):
    """The shape of each input, and the bound below which its numbers are drawn."""
    for entry_input in entry["inputs"]:
        if isinstance(entry_input, dict):
            yield entry_input["shape"], entry_input.get("high", 1)
        else:
            yield entry_input, 1
