"""Tests which modules tapline_export rejects, with which message, and which unusual modules it accepts.

    python3 python/test_export.py

test/core/network/torch-export.test.ts runs this file if torch is installed.
"""

import copy
import pathlib
import tempfile

import torch
import torch.nn.functional as F
from torch import nn

from tapline_export import ExportError, export

FILE = pathlib.Path(tempfile.mkdtemp()) / "network.safetensors"


class Run(nn.Module):
    """A module whose forward is `run(self, x)`, with the given parts."""

    def __init__(self, run, **parts):
        super().__init__()
        self.run = run
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.run(self, x)


class NormedConv2d(nn.Conv2d):
    """Limits the norm of its weights when it runs, as EEGNet's spatial convolution often does."""

    def forward(self, x):
        self.weight.data = torch.renorm(self.weight.data, p=2, dim=0, maxnorm=0.1)
        return super().forward(x)


class CausalConv1d(nn.Conv1d):
    def forward(self, x):
        return super().forward(F.pad(x, (self.dilation[0] * (self.kernel_size[0] - 1), 0)))


class Twice(nn.Module):
    def forward(self, x, y):
        return x + y


def conv(inputs=3, outputs=4, taps=3, **options):
    return nn.Conv1d(inputs, outputs, taps, **options)


REJECTED = {
    "LSTM": nn.LSTM(3, 4),
    "LSTM (1)": nn.Sequential(conv(), nn.LSTM(4, 4)),
    "LayerNorm (deep.1)": Run(lambda self, x: self.deep(x), deep=nn.Sequential(conv(), nn.LayerNorm(4))),
    "AdaptiveAvgPool1d (1) cannot be exported: it needs the whole recording": nn.Sequential(conv(), nn.AdaptiveAvgPool1d(1)),
    "LogSoftmax (1) cannot be exported: export the module without it": nn.Sequential(conv(), nn.LogSoftmax(1)),
    "a stream has no period, unless": conv(padding=1, padding_mode="circular"),
    "padding of a transposed convolution": nn.Sequential(nn.ConvTranspose1d(3, 2, 4, padding=1)),
    "output_padding": nn.Sequential(nn.ConvTranspose1d(3, 2, 4, stride=2, output_padding=1)),
    "approximate='tanh'": nn.Sequential(nn.GELU(approximate="tanh")),
    "beta 2": nn.Sequential(nn.Softplus(beta=2)),
    "softmax over dim 2": nn.Sequential(conv(), nn.Softmax(dim=2)),
    "without running statistics": nn.Sequential(nn.BatchNorm1d(3, track_running_stats=False)),
    "ceil_mode": nn.Sequential(nn.MaxPool1d(3, ceil_mode=True)),
    "the padding of a pool": nn.Sequential(nn.MaxPool1d(3, padding=1)),
    "in_channels must be 3 here, got 2": conv(2),
    "the last axis of the input of linear": nn.Sequential(conv(), nn.Linear(8, 2)),
    "a Linear must follow": nn.Sequential(conv(), nn.Flatten()),
    "elu between a Conv2d": nn.Sequential(nn.Conv2d(1, 4, (1, 8)), nn.ELU(), nn.Conv2d(4, 6, (3, 1))),
    "different rates": Run(lambda self, x: torch.cat([x[:, :, ::1], self.up(x)], 1), up=nn.ConvTranspose1d(3, 3, 2, stride=2)),
    "clamp(min=...) must come before": Run(lambda self, x: torch.log(x)),
    "clamp": Run(lambda self, x: x.clamp(-1, 1)),
    "mean cannot be exported": Run(lambda self, x: x.mean(-1)),
    "the stream emits this output at every frame": Run(lambda self, x: self.conv(x)[:, :, -1], conv=conv()),
    "a product of two": Run(lambda self, x: x * torch.sigmoid(x)),
    # no operation determines which axis is time
    "an index or slice (1.0) cannot be exported: the module does not determine which axis of its input is time. Set input_axes "
    'to "NCT" for [batch, channels, time]': nn.Sequential(nn.ReLU(), nn.Sequential(Run(lambda self, x: x[:, 1:] - x[:, :-1]))),
    "Softmax (0) cannot be exported: the module does not": nn.Sequential(nn.Softmax(1)),
    "Linear (0) cannot be exported: the module does not": nn.Sequential(nn.Linear(3, 4)),
    "Flatten (0) cannot be exported: the module does not": nn.Sequential(nn.Flatten(), nn.Linear(60, 2)),
    "the module does not determine": Run(lambda self, x: self.conv(x.reshape(x.shape[0], x.shape[2], 3).transpose(1, 2)), conv=conv()),
    'Set input_axes to "N1CT" for [batch, 1, channels, time] or "N1TC"': nn.Sequential(nn.Conv2d(1, 2, (1, 3)), nn.Conv2d(2, 2, (3, 1))),
    # a convolution determines it
    "softmax over dim 2 cannot be exported: it must be over the channels": Run(lambda self, x: self.conv(x.softmax(2)), conv=conv()),
    "squeeze over dim 2 cannot be exported: it is time": Run(lambda self, x: self.last(self.conv(x).squeeze(2)), conv=conv(padding=1), last=nn.Linear(4, 4)),
    "roll cannot be exported": Run(lambda self, x: self.conv(x.roll(1, 1)), conv=conv()),
    "a stream has one input": Twice(),
    "cannot be traced by torch.fx": Run(lambda self, x: x if x.sum() > 0 else -x),
    # y is changed in place, which torch.fx does not trace
    "the exported layers give other results than the module": Run(lambda self, x: (lambda y: F.relu_(y) + y)(self.conv(x)), conv=conv()),
}
ACCEPTED = {
    "a lone layer": (conv(padding=1), 3),
    "a subclass that pads": (nn.Sequential(CausalConv1d(3, 4, 3, dilation=2)), 3),
    "a norm limited at every run": (nn.Sequential(nn.Conv2d(1, 4, (1, 8)), NormedConv2d(4, 6, (3, 1)), nn.ELU()), 3),
    "weight norm": (nn.Sequential(nn.utils.weight_norm(conv())), 3),
    "an MLP on frames": (nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2), nn.Softmax(dim=-1)), 3, "TC"),
    "time along the rows": (nn.Sequential(nn.Conv2d(1, 4, (8, 1)), nn.BatchNorm2d(4), nn.Conv2d(4, 6, (1, 3))), 3),
    "one electrode": (nn.Sequential(nn.Conv2d(1, 4, (1, 8)), nn.AvgPool2d((1, 2)), nn.Conv2d(4, 2, (1, 3))), 1),
    "views": (Run(lambda self, x: self.part(x.view(x.shape[0], 1, 3, -1)).reshape(x.size(0), -1, x.size(2)), part=nn.Conv2d(1, 2, (3, 1))), 3, "NCT"),
    "crops and numbers": (Run(lambda self, x: 1 - x[..., 2:-2] / 4 + 2 * self.conv(x), conv=conv(3, 3, 5)), 3),
    "log of a power": (Run(lambda self, x: F.avg_pool1d(x**2, 4).log()), 3),
    "a window of its own length": (Run(lambda self, x: self.part(x.view(-1, 3 * 20)), part=nn.Linear(60, 2)), 3, "NCT"),
}  # fmt: skip
if hasattr(nn.utils.parametrizations, "weight_norm"):
    ACCEPTED["weight norm, newer"] = (nn.Sequential(nn.utils.parametrizations.weight_norm(conv())), 3)


def main():
    torch.manual_seed(0)
    for sentence, module in REJECTED.items():
        try:
            export(module, FILE, 3)
        except ExportError as error:
            assert sentence in str(error), f"the message must contain {sentence!r}, got: {error}"
        else:
            raise AssertionError(f"the export must fail with {sentence!r}")
        assert not FILE.exists(), "a rejected export must write no file"
    for name, (module, channels, *axes) in ACCEPTED.items():
        module.train()
        before = copy.deepcopy(list(module.parameters()))
        export(module, FILE, channels, *axes)
        same = all(torch.equal(a, b) for a, b in zip(before, module.parameters()))
        assert same and module.training, f"{name}: export changed the module"
    print(f"{len(REJECTED)} rejected, {len(ACCEPTED)} accepted")


if __name__ == "__main__":
    main()
