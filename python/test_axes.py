"""Tests that the exporter never confuses channels and time. test/core/network/torch-export.test.ts runs the exported networks.

    python3 python/test_axes.py <directory>

Every operation runs along either axis of an input with as many or more frames than channels, alone and before a Linear or a
Conv1d, and is exported with and without `input_axes`. Each module must be rejected with a sentence, or is written with its outputs:
<name>.safetensors and <name>.io.safetensors (x and y of recordings, by length).
"""

import itertools
import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

from tapline_export import ExportError, export, write
from test_export import Run

CHANNELS = 4


def cut(x, dim, start, end):
    return x[:, start:end] if dim == 1 else x[:, :, start:end]


OPERATIONS = {
    "montage": lambda x, dim: cut(x, dim, 1, None) - cut(x, dim, None, -1),
    "slice": lambda x, dim: cut(x, dim, 1, None),
    "step": lambda x, dim: x[:, ::2] if dim == 1 else x[:, :, ::2],
    "index": lambda x, dim: x[:, 1] if dim == 1 else x[:, :, 1],
    "reference": lambda x, dim: x - cut(x, dim, 0, 1),
    "average": lambda x, dim: x - x.mean(dim, keepdim=True),
    "mean": lambda x, dim: x.mean(dim),
    "max": lambda x, dim: x.amax(dim, keepdim=True),
    "softmax": lambda x, dim: x.softmax(dim),
    "diff": lambda x, dim: torch.diff(x, dim=dim),
    "cumsum": lambda x, dim: x.cumsum(dim),
    "roll": lambda x, dim: x.roll(1, dim),
    "flip": lambda x, dim: x.flip(dim),
    "cat": lambda x, dim: torch.cat([x, 2 * x], dim),
    "stack": lambda x, dim: torch.stack([x, 2 * x], dim),
    "pad": lambda x, dim: F.pad(x, (1, 0) if dim == 2 else (0, 0, 1, 0)),
    "flatten": lambda x, dim: x.flatten(1) if dim == 1 else x.transpose(1, 2).flatten(1),
    "relu": lambda x, dim: x.relu(),
}


def modules(run, axes, frames):
    """Yields a module that runs `run`, and modules that then run a Linear over the last axis and a Conv1d over time."""
    y = run(torch.zeros(1, *(CHANNELS if axis == "C" else frames for axis in axes[1:])))
    yield Run(lambda self, x: run(x))
    yield Run(lambda self, x: self.last(run(x)), last=nn.Linear(y.shape[-1], 3))
    if y.ndim == 3 and axes == "NCT":
        yield Run(lambda self, x: self.conv(run(x)), conv=nn.Conv1d(y.shape[1], 3, 2))
    if y.ndim == 3 and axes == "NTC":
        yield Run(lambda self, x: self.conv(run(x).transpose(1, 2)).transpose(1, 2), conv=nn.Conv1d(y.shape[2], 3, 2))


def cases():
    for (name, run), dim, axes, frames in itertools.product(OPERATIONS.items(), (1, 2), ("NCT", "NTC"), (CHANNELS, 9)):
        for kind, module in zip(("alone", "linear", "conv"), modules(lambda x: run(x, dim), axes, frames)):
            for given in (None, axes):
                yield f"{name}-{dim}-{axes}-{frames}-{kind}-{given}", module.eval(), axes, frames, given


def recorded(module, axes, x):
    """Returns the outputs, [outputs, channels], for a recording x [frames, channels]."""
    with torch.no_grad():
        y = module(x[None] if axes == "NTC" else x.T[None])[0]
    return y.T if axes == "NCT" and y.ndim == 2 else y


def main(directory):
    torch.manual_seed(0)
    rejected = {}
    for name, module, axes, frames, given in cases():
        try:
            export(module, directory / f"{name}.safetensors", CHANNELS, given)
        except ExportError as error:
            rejected[name] = str(error)
            continue
        tensors = {}
        for length in (frames, 25):
            x = torch.randn(length, CHANNELS)
            try:
                tensors.update({f"x{length}": x, f"y{length}": recorded(module, axes, x)})
            except RuntimeError:
                assert length != frames  # a module for windows of this length
        write(directory / f"{name}.io.safetensors", tensors)
    (directory / "rejected.json").write_text(json.dumps(rejected))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
