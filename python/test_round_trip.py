"""The way back from Tapline into PyTorch: test/core/torch-export.test.ts runs both halves around its own.

    python3 python/test_round_trip.py make <directory>     # exports every module, and a recording beside it
    python3 python/test_round_trip.py check <directory>    # loads what came back

Between the halves Tapline writes, for each name: .same = save({ torch: true }) as loaded; .changed = the same after every
weight was changed, and in .changed-y what the changed network makes of the recording.
"""

import pathlib
import sys

import torch

from make_torch_vectors import CASES, computed, made, recording
from tapline_export import export, load, write

# the modules of which no weight is folded into another
NAMES = ["tcn", "same", "inception", "unet", "per-frame", "up-and-padded", "forecaster", "window"]


def make(directory):
    for name in NAMES:
        export(made(name), directory / f"{name}.safetensors", CASES[name][1])
        write(directory / f"{name}.x.safetensors", {"x": recording(name)})


def close(actual, expected):
    return actual.shape == expected.shape and (actual - expected).abs().max() <= 1e-5 * expected.abs().max()


def check(directory):
    for name in NAMES:
        module, x = made(name), recording(name)
        before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
        y = computed(name, module, x)
        same = load(directory / f"{name}.same.safetensors")
        norms = {key.rpartition(".")[0] for key in same if key.endswith("running_var")}
        for key, tensor in same.items():
            if key.rpartition(".")[0] not in norms:
                assert torch.equal(tensor, before[key]), f"{name}: {key} came back with other bits"
        assert [key for key in before if not key.endswith("num_batches_tracked")] == list(same), f"{name}: other order"
        module.load_state_dict(same)
        assert close(computed(name, module, x), y), f"{name}: the weights that came back give another output"
        module.load_state_dict(load(directory / f"{name}.changed.safetensors"))
        changed = load(directory / f"{name}.changed-y.safetensors")["y"].double()
        assert not close(changed, y), f"{name}: the weights were to be changed"
        assert close(computed(name, module, x), changed), f"{name}: the changed weights give another output than Tapline's"
        print(f"{name} came back")


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
