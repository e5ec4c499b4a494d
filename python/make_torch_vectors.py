"""Writes test/vectors/torch: exported modules, and for each (.io) an input and PyTorch's output.

    python3 python/make_torch_vectors.py test/vectors/torch

x [frames, channels] and y [outputs, channels] cover a whole recording. y is computed in double precision with the same
float32 weights. Modules are in eval mode with random weights and random running statistics.
"""

import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

from tapline_export import export, write


class EEGNet(nn.Module):
    """EEGNet-8,2 (Lawhern et al. 2018) at 128 Hz: temporal, spatial, separable convolution, all 'same' in time.

    With `flat`, the classifier is Dense over one window, as published; otherwise, an equivalent convolution over windows.
    """

    def __init__(self, channels=8, frames=128, classes=4, flat=False):
        super().__init__()
        f1, d, f2 = 8, 2, 16
        self.features = nn.Sequential(
            nn.Conv2d(1, f1, (1, 64), padding="same", bias=False),
            nn.BatchNorm2d(f1, eps=1e-3),
            nn.Conv2d(f1, d * f1, (channels, 1), groups=f1, bias=False),
            nn.BatchNorm2d(d * f1, eps=1e-3),
            nn.ELU(),
            nn.AvgPool2d((1, 4)),
            nn.Dropout(0.5),
            nn.Conv2d(d * f1, d * f1, (1, 16), padding="same", groups=d * f1, bias=False),
            nn.Conv2d(d * f1, f2, 1, bias=False),
            nn.BatchNorm2d(f2, eps=1e-3),
            nn.ELU(),
            nn.AvgPool2d((1, 8)),
            nn.Dropout(0.5),
        )
        width = frames // 32
        self.classifier = (
            nn.Sequential(nn.Flatten(), nn.Linear(f2 * width, classes)) if flat else nn.Conv2d(f2, classes, (1, width))
        )
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        return self.softmax(self.classifier(self.features(x.unsqueeze(1))))


class ShallowConvNet(nn.Module):
    """ShallowConvNet (Schirrmeister et al. 2017): learned band power. Window of 256 frames."""

    def __init__(self, channels=6, frames=256, classes=4):
        super().__init__()
        self.temporal = nn.Conv2d(1, 40, (1, 25))
        self.spatial = nn.Conv2d(40, 40, (channels, 1), bias=False)
        self.norm = nn.BatchNorm2d(40)
        self.pool = nn.AvgPool2d((1, 75), stride=(1, 15))
        self.drop = nn.Dropout(0.5)
        self.classifier = nn.Conv2d(40, classes, (1, (frames - 24 - 75) // 15 + 1))

    def forward(self, x):
        x = torch.square(self.norm(self.spatial(self.temporal(x))))
        x = torch.log(torch.clamp(self.pool(x), min=1e-6))
        return self.classifier(self.drop(x)).squeeze(2)


class CausalBlock(nn.Module):
    """The block of a temporal convolutional network: padded on both sides, with the right side removed."""

    def __init__(self, inputs, outputs, taps, dilation):
        super().__init__()
        self.cut = (taps - 1) * dilation
        self.first = nn.Conv1d(inputs, outputs, taps, padding=self.cut, dilation=dilation)
        self.second = nn.Conv1d(outputs, outputs, taps, padding=self.cut, dilation=dilation)
        self.shortcut = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.norm = nn.BatchNorm1d(outputs)
        self.relu = nn.ReLU()

    def forward(self, x):
        y = self.relu(self.first(x)[:, :, : -self.cut])
        y = self.relu(self.norm(self.second(y)[:, :, : -self.cut]))
        return self.relu(y + self.shortcut(x))


class SameBlock(nn.Module):
    """Residual sum and difference around non-causal convolutions."""

    def __init__(self, channels):
        super().__init__()
        self.wide = nn.Conv1d(channels, channels, 7, padding=3)
        self.norm = nn.BatchNorm1d(channels)
        self.even = nn.Conv1d(channels, channels, 4, padding="same", bias=False)

    def forward(self, x):
        x = x + F.elu(self.norm(self.wide(x)), alpha=0.7)
        return torch.tanh(x - self.even(x))


class Inception(nn.Module):
    """Parallel branches of different lengths and delays."""

    def __init__(self, channels):
        super().__init__()
        self.branches = nn.ModuleList([nn.Conv1d(channels, 2, k, stride=2, padding=k // 2) for k in (1, 5, 9)])
        self.pool = nn.AvgPool1d(3, stride=2, padding=1)
        self.mix = nn.Conv1d(6 + channels, 3, 3, padding_mode="replicate", padding=1)

    def forward(self, x):
        parts = [F.leaky_relu(branch(x), 0.2) for branch in self.branches]
        return self.mix(torch.cat([*parts, self.pool(x)], dim=1))


class UNet(nn.Module):
    """Downsampling, upsampling, and a skip connection; for an even number of frames."""

    def __init__(self, channels):
        super().__init__()
        self.into = nn.Conv1d(channels, 4, 5, padding=2)
        self.deep = nn.Conv1d(4, 4, 3, padding=1, padding_mode="reflect")
        self.up = nn.ConvTranspose1d(4, 4, 2, stride=2)
        self.out = nn.Conv1d(8, 2, 3, padding=1)

    def forward(self, x):
        x = F.gelu(self.into(x))
        y = self.up(F.softplus(self.deep(F.max_pool1d(x, 2))))
        return self.out(torch.cat((x, y), 1))


class PerFrame(nn.Module):
    """Linear over the channels of every frame, with time first."""

    def __init__(self, channels):
        super().__init__()
        self.dense = nn.Linear(channels, 6)
        self.pool = nn.MaxPool1d(4, stride=3)
        self.classes = nn.Linear(6, 3)

    def forward(self, x):
        y = self.pool(torch.sigmoid(self.dense(x.transpose(1, 2))).transpose(1, 2))
        return F.softmax(self.classes(y.permute(0, 2, 1)), dim=-1)


def up_and_padded(channels):
    return nn.Sequential(
        nn.ConstantPad1d((4, 1), 0.5),
        nn.Conv1d(channels, 4, 3, dilation=3, groups=channels),
        nn.Sequential(nn.LeakyReLU(0.1), nn.Dropout(0.3), nn.Sequential(nn.ConvTranspose1d(4, 6, 5, stride=3, groups=2))),
        nn.BatchNorm1d(6, eps=1e-2),
        nn.Identity(),
    )


def window_classifier(channels):
    """Conv1d, then a Linear over a flattened window of 10 feature frames."""
    return nn.Sequential(
        nn.Conv1d(channels, 4, 6, stride=2, padding=2), nn.GELU(), nn.Flatten(), nn.Linear(40, 8), nn.ReLU(), nn.Linear(8, 3)
    )


def forecaster(channels):
    """The forecaster of docs/eeg.md: causal, so that each output is aligned with the newest frame."""
    return nn.Sequential(
        nn.ConstantPad1d((15, 0), 0.0), nn.Conv1d(channels, 8, 16), nn.Tanh(), nn.Conv1d(8, channels, 1)
    )


# name → module, channels, frames of the recording, axes of the input
CASES = {
    "eegnet": (lambda: EEGNet(), 8, 512, 3),
    "eegnet-window": (lambda: EEGNet(flat=True), 8, 128, 3),
    "shallow": (lambda: ShallowConvNet(), 6, 400, 4),
    "tcn": (lambda: nn.Sequential(CausalBlock(3, 4, 3, 1), CausalBlock(4, 4, 3, 2), CausalBlock(4, 4, 3, 4)), 3, 60, 3),
    "same": (lambda: nn.Sequential(SameBlock(3), SameBlock(3)), 3, 50, 3),
    "inception": (lambda: Inception(2), 2, 51, 3),
    "unet": (lambda: UNet(3), 3, 48, 3),
    "per-frame": (lambda: PerFrame(4), 4, 40, 3),
    "up-and-padded": (lambda: up_and_padded(2), 2, 30, 3),
    "forecaster": (lambda: forecaster(8), 8, 40, 3),
    "window": (lambda: window_classifier(2), 2, 20, 3),
}


def make_module(name):
    """Returns the module of a case in eval mode, with seeded random weights."""
    torch.manual_seed(list(CASES).index(name))
    module = CASES[name][0]().eval()
    with torch.no_grad():
        for each in module.modules():
            if isinstance(each, (nn.BatchNorm1d, nn.BatchNorm2d)):
                each.weight.uniform_(0.5, 1.5)
                each.bias.normal_()
                each.running_mean.normal_()
                each.running_var.uniform_(0.3, 3)
    return module


def recording(name):
    """Returns x [frames, channels] of a case."""
    _, channels, frames, _ = CASES[name]
    return torch.randn(frames, channels, generator=torch.Generator().manual_seed(7))


def compute(name, module, x):
    """Returns y [outputs, channels] for a recording x [frames, channels], in double precision."""
    whole = x.double().T[None]
    with torch.no_grad():
        y = module.double()(whole[:, None] if CASES[name][3] == 4 else whole)
    module.float()
    if name == "per-frame":
        return y[0]
    return y.reshape(y.shape[1], -1).T


def main(path):
    directory = pathlib.Path(path)
    directory.mkdir(parents=True, exist_ok=True)
    for name, (_, channels, _, _) in CASES.items():
        module, x = make_module(name), recording(name)
        export(module, directory / f"{name}.safetensors", channels)
        write(directory / f"{name}.io.safetensors", {"x": x, "y": compute(name, module, x)})


if __name__ == "__main__":
    main(sys.argv[1])
