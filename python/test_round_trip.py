"""Tests loading weights from Tapline into PyTorch. test/core/network/torch-export.test.ts runs both parts.

    python3 python/test_round_trip.py make <directory>     # exports every module and a recording
    python3 python/test_round_trip.py check <directory>    # loads the weights that Tapline wrote

Between the parts, Tapline writes for each name: .same: save({ torch: true }) of the loaded network; .changed: the same after
every weight was changed; .changed-y: the output of the changed network for the recording.
"""

import pathlib
import sys

import torch

from make_torch_vectors import CASES, compute, make_module, recording
from tapline_export import export, load, write

# the modules without folded weights
NAMES = ["tcn", "same", "inception", "unet", "per-frame", "up-and-padded", "forecaster", "window"]


def make(directory):
    for name in NAMES:
        export(make_module(name), directory / f"{name}.safetensors", CASES[name][1])
        write(directory / f"{name}.x.safetensors", {"x": recording(name)})


def close(actual, expected):
    return actual.shape == expected.shape and (actual - expected).abs().max() <= 1e-5 * expected.abs().max()


def check(directory):
    for name in NAMES:
        module, x = make_module(name), recording(name)
        before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
        y = compute(name, module, x)
        same = load(directory / f"{name}.same.safetensors")
        norms = {key.rpartition(".")[0] for key in same if key.endswith("running_var")}
        for key, tensor in same.items():
            if key.rpartition(".")[0] not in norms:
                assert torch.equal(tensor, before[key]), f"{name}: {key} has different bits"
        assert [key for key in before if not key.endswith("num_batches_tracked")] == list(same), f"{name}: the order of the names differs"
        module.load_state_dict(same)
        assert close(compute(name, module, x), y), f"{name}: the loaded weights give another output"
        module.load_state_dict(load(directory / f"{name}.changed.safetensors"))
        changed = load(directory / f"{name}.changed-y.safetensors")["y"].double()
        assert not close(changed, y), f"{name}: the weights must have changed"
        assert close(compute(name, module, x), changed), f"{name}: the changed weights give another output than Tapline"
        print(f"{name} loaded")


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
