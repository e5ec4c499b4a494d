"""Exports a PyTorch module to a file that Tapline can stream: its NetworkSpec and weights, as safetensors.

    from tapline_export import export, load

    export(module, "network.safetensors", in_channels=8)    # then, in JavaScript: Network.load(bytes)
    module.load_state_dict(load("learned.safetensors"))     # written by network.save({ torch: true })

The module is traced in eval mode with torch.fx and is not modified. The streamed outputs equal those of the module on a
whole recording, [1, channels, frames] or [1, 1, channels, frames], in the same order: `export` runs both and raises
ExportError if they differ. Unsupported modules are rejected by name. Requires only torch (1.13 or later).

Convolutions, pools, and batch norms determine which axis of the input is time. `export` raises ExportError and asks for
`input_axes` if the module does not determine it and the results depend on it.
"""

import copy
import itertools
import json
import math
import operator
import struct
from collections import OrderedDict
from dataclasses import dataclass, field
from fractions import Fraction

import torch
import torch.nn.functional as F
from torch import fx, nn
from torch.nn.utils import parametrize

__all__ = ["ExportError", "Refused", "export", "load", "write"]


class ExportError(ValueError):
    """Raised if a module cannot be exported. The message names the unsupported part and the reason."""


class _WrongAxes(ExportError):
    """Raised if the module cannot be meant for an input with the assumed axes."""


class _MixedAxes(ExportError):
    """Raised if a reshape mixes axes, after which no operation determines what the axes of the input were."""


Refused = ExportError  # deprecated: the former name


def export(module, path, in_channels, input_axes=None):
    """Writes `module`, for input with `in_channels` channels, to `path` and returns its NetworkSpec.

    `input_axes` names the axes of the module's input: "NCT" for [batch, channels, time], or "NTC", "N1CT", "N1TC", or "TC".
    It is required only if the module does not determine which axis is time.

    If every weight of the module has its own place in the file, the file also contains their names in the module's state
    dict, and `network.save({ torch: true })` uses them.

    Raises ExportError if the module cannot be exported, and ValueError if `in_channels` or `input_axes` is invalid.
    """
    if isinstance(in_channels, bool) or not isinstance(in_channels, int) or in_channels < 1:
        raise ValueError(f"in_channels must be an integer >= 1, got {in_channels!r}")
    if input_axes is not None and input_axes not in INPUTS:
        raise ValueError(f"input_axes must be one of {', '.join(INPUTS)}, got {input_axes!r}")
    clone = _copy_of(module)
    tracer = _Tracer()
    whole = nn.Sequential(OrderedDict(module=clone)) if tracer.is_leaf_module(clone, "") else clone
    try:
        graph = tracer.trace(whole)
    except Exception as error:
        raise ExportError(f"{type(module).__name__} cannot be traced by torch.fx: {error}") from error
    layers = _convert(whole, graph, in_channels, clone, input_axes)
    spec = {"inChannels": in_channels, "layers": [layer.to_json() for layer in layers]}
    metadata = {"tapline": "network", "spec": json.dumps(spec)}
    origins = _origins(layers, clone)
    if origins:
        metadata["torch"] = json.dumps(origins)
    tensors = {name: layer.weights[part] for name, layer, part in _parameters(layers)}
    write(path, tensors, metadata)
    return spec


def load(path):
    """Returns the tensors of a safetensors file (F32 or F64), by name."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(bytes(data[8 : 8 + length]))
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        kind = {"F32": torch.float32, "F64": torch.float64}[entry["dtype"]]
        flat = torch.frombuffer(data[begin:end], dtype=kind) if end > begin else torch.empty(0, dtype=kind)
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors


def write(path, tensors, metadata=None):
    """Writes tensors to a safetensors file as F32."""
    header, body = {"__metadata__": metadata or {}}, []
    end = 0
    for name, tensor in tensors.items():
        numbers = tensor.detach().float().flatten().tolist()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + 4 * len(numbers)]}
        body.append(struct.pack(f"<{len(numbers)}f", *numbers))
        end += 4 * len(numbers)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(body))


class _Tracer(fx.Tracer):
    """Keeps the path of the module that calls each operation, as `meta["path"]` of its node."""

    path = ""

    def call_module(self, module, forward, args, kwargs):
        outer, self.path = self.path, self.path_of_module(module)
        try:
            return super().call_module(module, forward, args, kwargs)
        finally:
            self.path = outer

    def create_node(self, *args, **kwargs):
        node = super().create_node(*args, **kwargs)
        node.meta["path"] = self.path
        return node


def _copy_of(module):
    """Returns a copy in eval mode. Running it can change it: some modules limit the norm of their weights."""
    computed = {  # deepcopy does not copy tensors that were computed from other tensors
        id(value): value.detach().clone()
        for each in module.modules()
        for value in vars(each).values()
        if isinstance(value, torch.Tensor) and not value.is_leaf
    }
    clone = copy.deepcopy(module, computed).eval().cpu()
    half = any(each.dtype in (torch.float16, torch.bfloat16) for each in clone.parameters())
    return clone.float() if half else clone


# ---- layers of the engine and their alignment ----


@dataclass
class Layer:
    """One layer of the engine: its spec, its weights (lag order, double precision), and their origins in the state dict."""

    spec: dict
    weights: dict = field(default_factory=dict)
    # part → { name, shape } in the state dict; None for zeros and ones that the exporter added
    origins: dict = field(default_factory=dict)
    branches: list = field(default_factory=list)
    # convolutions: the padding in input frames, (left, right)
    padding: tuple = (0, 0)
    # convolutions that only pad: (left, right, kind of padding, value)
    pads: tuple = None
    # whether several convolutions of the module were folded into this one
    folded: bool = False

    @property
    def type(self):
        return self.spec["type"]

    @property
    def reach(self):
        return (self.spec["kernelSize"] - 1) * self.spec.get("dilation", 1)

    @property
    def stride(self):
        return self.spec.get("stride", self.spec["kernelSize"] if self.type in ("avgPool", "maxPool") else 1)

    @property
    def anchor(self):
        return self.reach - self.padding[0]

    def aligned_frame(self, n):
        """Returns the input frame that output n is aligned with."""
        if self.type in ("conv1d", "avgPool", "maxPool"):
            return n * self.stride + self.anchor
        if self.type == "convTranspose1d":
            return n // self.stride
        return _aligned_frame(self.branches[0], n) if self.branches else n

    def frames(self, m):
        """Returns the number of outputs for m input frames, including the tail."""
        if self.type in ("conv1d", "avgPool", "maxPool"):
            return max(0, (m - 1 + self.padding[1] - self.anchor) // self.stride + 1) if m > 0 else 0
        if self.type == "convTranspose1d":
            return max(m * self.stride, (m - 1) * self.stride + self.reach + 1) if m > 0 else 0
        return min(_frames(branch, m) for branch in self.branches) if self.branches else m

    @property
    def rate(self):
        """The number of outputs per input frame."""
        if self.type in ("conv1d", "avgPool", "maxPool"):
            return Fraction(1, self.stride)
        if self.type == "convTranspose1d":
            return Fraction(self.stride)
        return _rate(self.branches[0]) if self.branches else Fraction(1)

    def to_json(self):
        spec = dict(self.spec)
        if self.type == "conv1d" and self.padding != (self.reach, 0):
            spec["mode"] = "valid" if self.padding == (0, 0) else list(self.padding)
        if self.type == "residual":
            spec["layers"] = [layer.to_json() for layer in self.branches[0]]
        if self.type == "concat":
            spec["branches"] = [[layer.to_json() for layer in branch] for branch in self.branches]
        return spec

    def run(self, x):
        """Returns the engine's output for a whole recording x [1, channels, frames]."""
        spec, weights = self.spec, self.weights
        if self.type == "conv1d":
            mode = {"edge": "replicate", "reflect": "reflect"}.get(spec.get("padding"), "constant")
            sides = self.pads[:2] if self.pads else self.padding
            x = F.pad(x, sides, mode, spec.get("padValue", 0.0)) if mode == "constant" else F.pad(x, sides, mode)
            if self.pads:
                return x
            kernel = weights["weight"].permute(0, 2, 1).flip(2)
            bias, dilation = weights.get("bias"), spec.get("dilation", 1)
            return F.conv1d(x, kernel, bias, self.stride, 0, dilation, spec.get("groups", 1))
        if self.type == "convTranspose1d":
            groups = spec.get("groups", 1)
            out, taps, width = weights["weight"].shape
            kernel = weights["weight"].reshape(groups, out // groups, taps, width).permute(0, 3, 1, 2)
            kernel = kernel.reshape(groups * width, out // groups, taps)
            extra = max(0, self.stride - 1 - self.reach)
            bias, dilation = weights.get("bias"), spec.get("dilation", 1)
            return F.conv_transpose1d(x, kernel, bias, self.stride, 0, extra, groups, dilation)
        if self.type == "linear":
            y = torch.einsum("oc,nct->not", weights["weight"][:, 0], x)
            return y + weights["bias"][:, None] if "bias" in weights else y
        if self.type == "norm":
            return x * weights["weight"][:, None] + weights["bias"][:, None]
        if self.type in ("avgPool", "maxPool"):
            pool = F.avg_pool1d if self.type == "avgPool" else F.max_pool1d
            return pool(x, spec["kernelSize"], self.stride)
        if self.type == "residual":
            return x + _run(self.branches[0], x)
        if self.type == "concat":
            return torch.cat([_run(branch, x) for branch in self.branches], 1)
        return ACTIVATIONS[self.type](x, spec.get("alpha"))


ACTIVATIONS = {
    "relu": lambda x, alpha: F.relu(x),
    "leakyRelu": lambda x, alpha: F.leaky_relu(x, alpha),
    "elu": lambda x, alpha: F.elu(x, alpha),
    "gelu": lambda x, alpha: F.gelu(x),
    "softplus": lambda x, alpha: F.softplus(x),
    "tanh": lambda x, alpha: torch.tanh(x),
    "sigmoid": lambda x, alpha: torch.sigmoid(x),
    "softmax": lambda x, alpha: F.softmax(x, 1),
    "square": lambda x, alpha: x * x,
    "abs": lambda x, alpha: x.abs(),
    "log": lambda x, alpha: x.clamp(min=alpha).log(),
    "identity": lambda x, alpha: x,
}


def _aligned_frame(layers, n):
    for layer in reversed(layers):
        n = layer.aligned_frame(n)
    return n


def _frames(layers, m):
    for layer in layers:
        m = layer.frames(m)
    return m


def _rate(layers):
    return math.prod((layer.rate for layer in layers), start=Fraction(1))


def _run(layers, x):
    for layer in layers:
        x = layer.run(x)
    return x


def _parameters(layers, prefix="layers."):
    """Yields (name, layer, part) of every weight, with the engine's names."""
    for index, layer in enumerate(layers):
        for part in layer.weights:
            yield f"{prefix}{index}.{part}", layer, part
        for b, branch in enumerate(layer.branches):
            inner = "layers." if layer.type == "residual" else f"branches.{b}."
            yield from _parameters(branch, f"{prefix}{index}.{inner}")


def _origins(layers, module):
    """Maps every weight of the engine to its origin in the state dict; None if this is not one-to-one."""
    origins = {}
    for name, layer, part in _parameters(layers):
        if part not in layer.origins:
            return None
        origins[name] = layer.origins[part]
        if layer.type == "norm" and part == "bias":
            place = name[: -len("bias")]
            origins[f"{place}running_mean"] = layer.origins["running_mean"]
            origins[f"{place}running_var"] = layer.origins["running_var"]
    order = [name for name in module.state_dict() if not name.endswith("num_batches_tracked")]
    if sorted(origin["name"] for origin in origins.values() if origin) != sorted(order):
        return None
    return dict(sorted(origins.items(), key=lambda item: order.index(item[1]["name"]) if item[1] else len(order)))


def _shift(channels, taps, lag, padding, kind="zeros", value=0.0):
    """Returns a convolution with a single 1 at `lag`, which delays, pads, or crops without changing samples."""
    kernel = torch.zeros(channels, taps, 1, dtype=torch.float64)
    kernel[:, lag] = 1
    spec = {"type": "conv1d", "outChannels": channels, "kernelSize": taps, "groups": channels, "bias": False}
    return Layer({**spec, **_padding_spec(kind, value)}, {"weight": kernel}, {"weight": None}, padding=padding)


def _matrix(matrix):
    """Returns a layer that multiplies the channels of every frame by a fixed matrix [out, in]."""
    spec = {"type": "linear", "outChannels": len(matrix), "bias": False}
    # the way back to PyTorch checks that added weights are still 0, 1, or -1
    origins = {"weight": None} if set(matrix.flatten().tolist()) <= {-1.0, 0.0, 1.0} else {}
    return Layer(spec, {"weight": matrix.double()[:, None]}, origins)


def _padding_spec(kind, value):
    return {} if kind == "zeros" else {"padding": kind, "padValue": value} if kind == "constant" else {"padding": kind}


# ---- the graph of layers ----


class Step:
    """A node in the graph of layers: the input, a layer applied to a step, or a sum or cat of several steps."""

    def __init__(self, channels, parents=(), layer=None, signs=None):
        self.channels, self.parents, self.layer, self.signs = channels, list(parents), layer, signs
        self.dominator = None
        for parent in self.parents:
            self.dominator = parent if self.dominator is None else _common(self.dominator, parent)

    def line(self):
        """Yields this step and its dominators, newest first: the steps that every path to it passes."""
        step = self
        while step is not None:
            yield step
            step = step.dominator


def _common(a, b):
    passed = {id(step) for step in a.line()}
    return next(step for step in b.line() if id(step) in passed)


def _layers(start, step):
    """Returns the layers from `start` to `step`."""
    if step is start:
        return []
    before = _layers(start, step.dominator)
    return before + ([step.layer] if step.layer else _join(step))


def _join(step):
    """Returns the layers of a sum or cat. PyTorch combines outputs with the same n; the engine combines outputs that are
    aligned with the same frame, so branches are delayed where needed."""
    origin = step.dominator
    branches = [_layers(origin, parent) for parent in step.parents]
    if any(_rate(branch) != _rate(branches[0]) for branch in branches):
        raise ExportError(
            "a sum or cat of tensors of different rates cannot be exported: their outputs are never aligned with the same frame"
        )
    if step.signs == [1, 1] and [] in branches:
        inner = branches[1 - branches.index([])]
        plain = _rate(inner) == 1 and all(_frames(inner, m) == m for m in range(1, 65))
        if plain and all(_aligned_frame(inner, n) == n for n in range(64)):
            return [Layer({"type": "residual"}, branches=[inner])]
    alignments = [_aligned_frame(branch, 0) for branch in branches]
    latest = max(alignments)
    delays = [latest - aligned_frame for aligned_frame in alignments]
    branches = [
        [_shift(origin.channels, d + 1, d, (0, d)), *branch] if d else branch for d, branch in zip(delays, branches)
    ]
    rate = _rate(branches[0])
    for branch in branches:
        for n in range(rate.numerator):
            if _aligned_frame(branch, n) != latest + math.floor(n / rate):
                raise ExportError("a sum or cat of upsampled tensors cannot be exported: their outputs lie between frames")
    layers = [Layer({"type": "concat"}, branches=branches)]
    if step.signs:
        layers.append(_matrix(torch.cat([sign * torch.eye(step.channels) for sign in step.signs], 1)))
    return layers


@dataclass(frozen=True)
class Size:
    """The size of an axis that is unknown until the module runs."""

    axis: str


@dataclass
class Temporal:
    """A Conv2d with kernel (1, K) over the rows of electrodes, to be folded into the spatial one that follows."""

    kernel: torch.Tensor  # [F, K]
    bias: torch.Tensor  # [F]
    window: dict


@dataclass
class Signal:
    """A tensor of the module: its axes, and the step that produces its channels.

    An axis is 'N' (batch), 'C' (channels), 'T' (time), '1' (size 1), 'F' (temporal kernels to be folded), or 'CT', 'TC'
    (flattened).
    """

    axes: tuple
    step: Step
    temporal: Temporal = None

    @property
    def channels(self):
        return self.step.channels

    def index(self, dim):
        if not -len(self.axes) <= dim < len(self.axes):
            raise _WrongAxes(f"dim {dim} of a tensor of {len(self.axes)} axes cannot be exported: there is no such axis")
        return dim % len(self.axes)

    def axis(self, dim):
        return self.axes[self.index(dim)]

    def size(self, dim):
        axis = self.axis(dim)
        return {"C": self.channels, "1": 1}.get(axis, Size(axis))

    @property
    def depends_on_axes(self):
        """Whether the last operation treats channels and time differently."""
        if self.temporal or self.axes[-1] in ("CT", "TC"):
            return True
        if self.step.layer:
            return self.step.layer.type in ALONG_AN_AXIS
        return len(self.step.parents) > 1 and not self.step.signs  # cat

    def turned(self, axes):
        return Signal(tuple(axes), self.step, self.temporal)

    def then(self, layer, axes=None):
        self.require_no_temporal(layer.type)
        channels = layer.spec.get("outChannels", self.channels)
        return Signal(self.axes if axes is None else tuple(axes), Step(channels, [self.step], layer))

    def map(self, type, **fields):
        """Applies an elementwise layer."""
        return self.then(Layer({"type": type, **fields}))

    def require_no_temporal(self, what):
        if self.temporal:
            raise ExportError(
                f"{what} between a Conv2d with kernel (1, K) and the one over the electrodes cannot be exported"
            )


ALONG_AN_AXIS = ("conv1d", "convTranspose1d", "linear", "avgPool", "maxPool", "softmax")
INPUTS = ("NCT", "N1CT", "NTC", "N1TC", "TC")


def _convert(module, graph, in_channels, named, input_axes):
    """Returns the layers of a traced module, verified against the module, if they are the same for every possible input."""
    names = {id(tensor): name for name, tensor in named.state_dict(keep_vars=True).items()}
    readings = [Reading(module, graph, tuple(axes), in_channels, names) for axes in ([input_axes] if input_axes else INPUTS)]
    fits = [reading for reading in readings if reading.fits()]
    if not fits:
        raise max(readings, key=lambda each: (not each.is_ruled_out, each.progress)).error
    first, *others = fits
    rest = [reading for reading in readings if reading.error]
    placed = any(each.placed for each in fits) and not any(isinstance(each.error, _MixedAxes) for each in rest)
    decided = input_axes or placed or all(each.is_ruled_out for each in rest)
    if decided and all(_same_layers(first.layers, other.layers) for other in others):
        return first.layers
    what = next((each.first for each in fits if each.first), "the module")
    choices = [f'"{"".join(each.axes)}" for {_names(each.axes)}' for each in readings if not each.is_ruled_out]
    raise ExportError(
        f"{what} cannot be exported: the module does not determine which axis of its input is time. "
        f"Set input_axes to {', '.join(choices[:-1])}{',' * (len(choices) > 2)} or {choices[-1]}"
    )


def _same_layers(layers, others):
    specs = [[each.to_json() for each in some] for some in (layers, others)]
    weights = [[layer.weights[part] for _, layer, part in _parameters(some)] for some in (layers, others)]
    return specs[0] == specs[1] and all(map(torch.equal, *weights))


class Reading:
    """Reads a traced module for an input with the given axes."""

    def __init__(self, module, graph, axes, in_channels, names):
        self.module, self.graph, self.axes, self.names = module, graph, axes, names
        self.source = Step(in_channels)
        self.progress = 0
        self.placed = False  # whether an operation that can only run along time determines which axis is time
        self.first = None  # the first operation that depends on which axis is time
        self.layers = self.error = None
        self.needs = []  # (step, frames, exact): step must have at least, or exactly, this many frames

    def fits(self):
        """Sets `layers`, verified against the module, or `error`."""
        try:
            self.layers = self.verified_layers()
        except ExportError as error:
            self.error = error
        return self.error is None

    @property
    def is_ruled_out(self):
        """Whether the module cannot be meant for this input, as opposed to Tapline having no equivalent layers."""
        return isinstance(self.error, _WrongAxes) and not self.has_fixed_length

    @property
    def has_fixed_length(self):
        return any(exact for _, _, exact in self.needs)

    def verified_layers(self):
        self.read()
        x, expected = self.probe()
        # read again: some modules limit the norm of their weights when they run
        layers, output = self.read()
        self.progress += 1
        if not isinstance(expected, torch.Tensor) or expected.ndim != len(output.axes):
            raise ExportError("the module's output cannot be exported: it must be one tensor of channels and time")
        x, expected = self.plain(x, self.axes), self.plain(expected, output.axes)
        actual = _run(layers, x.double())
        close = 1e-4 * float(expected.abs().nan_to_num(0, 0, 0).max()) if expected.numel() else 0.0
        if actual.shape != expected.shape or not torch.allclose(actual, expected.double(), 0.0, close, equal_nan=True):
            raise ExportError(
                "the module cannot be exported: the exported layers give other results than the module "
                "(possible causes: hooks, in-place changes, or steps that torch.fx does not trace)"
            )
        return layers

    def plain(self, tensor, axes):
        """Returns the first item of the batch as [1, channels, frames]."""
        if "N" in axes:
            tensor, axes = tensor[0], axes[1:]
        kept = [axis for axis in axes if axis != "1"]
        tensor = tensor.reshape([size for size, axis in zip(tensor.shape, axes) if axis != "1"])
        for position, axis in enumerate("CT"):
            if axis not in kept:
                tensor, kept = tensor.unsqueeze(position), kept[:position] + [axis] + kept[position:]
        return (tensor.T if kept == ["T", "C"] else tensor)[None]

    def probe(self):
        """Returns a random input of a suitable length, and the module's output for it."""
        kind = next((each.dtype for each in self.module.parameters()), torch.float32)
        generator = torch.Generator().manual_seed(0)
        failure = _WrongAxes("the module cannot be exported: no length of its input fits all of its layers")
        for length in itertools.islice(self.lengths(), 16):
            sizes = {"N": 2, "1": 1, "C": self.source.channels, "T": length}
            x = torch.randn([sizes[axis] for axis in self.axes], generator=generator, dtype=kind)
            try:
                with torch.no_grad():
                    return x, self.module(x)
            except Exception as error:
                failure = _WrongAxes(f"the module itself rejects an input of shape {list(x.shape)}: {error}")
        raise failure

    def lengths(self):
        paths = [(_layers(self.source, step), frames, exact) for step, frames, exact in self.needs]
        low, high = 1, 1 << 20
        while low < high:
            middle = (low + high) // 2
            long_enough = all(_frames(path, middle) >= frames for path, frames, _ in paths)
            low, high = (low, middle) if long_enough else (middle + 1, high)
        bound = any(exact for _, _, exact in paths)
        for length in range(low if bound else low + 16, low + 4096):
            if all(not exact or _frames(path, length) == frames for path, frames, exact in paths):
                yield length

    def place(self):
        """Records that the last operation determines which axis is time, unless a reshape to a fixed length was before it."""
        self.placed = self.placed or not self.has_fixed_length

    def require_time_last(self, signal, what):
        """Requires [batch, channels, time], the only axes along which PyTorch runs a 1-D convolution or pool over time."""
        if signal.axes != ("N", "C", "T"):
            kind = _WrongAxes if "C" in signal.axes else ExportError
            raise kind(f"the input of {what} must be [batch, channels, time], {_describe(signal)}")
        self.place()

    def need(self, signal, frames, exact=False):
        self.needs.append((signal.step, frames, exact))

    def read(self):
        """Returns the layers of the module and its output signal."""
        values, has_input = {}, False
        self.progress, self.needs, self.placed, self.first = 0, [], False, None
        for node in self.graph.nodes:
            args = fx.node.map_arg(node.args, lambda each: values[each])
            kwargs = fx.node.map_arg(node.kwargs, lambda each: values[each])
            if node.op == "placeholder":
                if has_input and not args:
                    raise ExportError(f"the input {node.target!r} cannot be exported: a stream has one input")
                values[node] = args[0] if has_input else Signal(self.axes, self.source)
                has_input = True
            elif node.op == "get_attr":
                values[node] = operator.attrgetter(node.target)(self.module)
            elif node.op == "call_module":
                values[node] = self.call_module(node, args, kwargs)
            elif node.op == "output":
                return self.result(args[0])
            else:
                values[node] = self.call(node, args, kwargs)
            if not self.first and isinstance(values[node], Signal) and values[node].depends_on_axes:
                self.first = self.label(node)
            self.progress += 1
        raise ExportError("the module cannot be exported: it returns nothing")

    def result(self, signal):
        if not isinstance(signal, Signal):
            raise ExportError(f"an output of type {type(signal).__name__} cannot be exported: it must be one tensor")
        signal.require_no_temporal("the output")
        if not set(signal.axes) <= {"N", "C", "T", "1"}:
            raise ExportError("a flattened output cannot be exported: a Linear must follow it")
        layers = _layers(self.source, signal.step)
        for layer in _all(layers):
            if layer.type == "clamp":
                raise ExportError("clamp cannot be exported, except with min=0 or directly before log")
        if not self.has_fixed_length:
            self.need(signal, 3)
        return layers, signal

    def label(self, node):
        """Names an operation and its module: Softmax (head.1), or softmax (head), which the module head calls."""
        path, name = node.meta["path"], node.target if isinstance(node.target, str) else node.target.__name__
        if node.op == "call_module":
            path, name = node.target, parametrize.type_before_parametrizations(self.module.get_submodule(node.target)).__name__
        name = "an index or slice" if name == "getitem" else name
        return f"{name} ({path})" if path else name

    def call_module(self, node, args, kwargs):
        module = self.module.get_submodule(node.target)
        kind = parametrize.type_before_parametrizations(module)
        convert, named = MODULES.get(kind), self.label(node)
        if convert is None:
            raise ExportError(f"{named} cannot be exported: {HINTS.get(kind.__name__, 'Tapline has no equivalent layer')}")
        if len(args) != 1 or kwargs or not isinstance(args[0], Signal):
            raise ExportError(f"{named} cannot be exported: it must be called with one tensor")
        try:
            return convert(self, module, args[0])
        except ExportError as error:
            raise type(error)(f"{named}: {error}") from None

    def call(self, node, args, kwargs):
        name = node.target if isinstance(node.target, str) else node.target.__name__
        if not any(isinstance(each, (Signal, Size)) for each in _flat([args, kwargs])):
            if node.op == "call_method":
                return getattr(args[0], name)(*args[1:], **kwargs)
            return node.target(*args, **kwargs)
        module_name = getattr(node.target, "__module__", None) or "torch"
        is_torch = node.op == "call_method" or module_name.split(".")[0] in ("torch", "_operator", "builtins")
        if "input" in kwargs:  # the first argument of PyTorch's functions
            kwargs = dict(kwargs)
            args = (kwargs.pop("input"), *args)
        convert = FUNCTIONS.get(name.rstrip("_")) if is_torch and node.target is not torch.batch_norm else None
        if name == "getitem" and isinstance(args[0], tuple):
            if isinstance(args[1], int) and not -len(args[0]) <= args[1] < len(args[0]):
                raise _WrongAxes(f"size {args[1]} of a tensor of {len(args[0])} axes cannot be exported: there is no such axis")
            return args[0][args[1]]
        named = self.label(node)
        if convert is None or not any(isinstance(each, Signal) for each in _flat([args, kwargs])):
            raise ExportError(f"{named} cannot be exported: {HINTS.get(name, 'Tapline has no equivalent layer')}")
        try:
            return convert(self, *args, **kwargs)
        except ExportError as error:
            text, plain = str(error), named.split(" (")[0]
            text = named + text[len(plain) :] if text.startswith(plain) else f"{named}: {text}"
            raise type(error)(text) from None
        except (TypeError, AttributeError, ValueError, IndexError) as error:
            raise ExportError(f"{named} cannot be exported with these arguments: {error}") from error

    def origin(self, tensor, part="weight"):
        """Returns { part: { name, shape } } of a tensor in the state dict, or {}."""
        name = self.names.get(id(tensor))
        return {part: {"name": name, "shape": list(tensor.shape)}} if name else {}


def _all(layers):
    for layer in layers:
        yield layer
        for branch in layer.branches:
            yield from _all(branch)


def _flat(value):
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _flat(each)
    elif isinstance(value, dict):
        yield from _flat(list(value.values()))
    else:
        yield value


# ---- convolutions ----


def _one(value, what):
    """Returns the number in a setting that can be a tuple of one."""
    if isinstance(value, (tuple, list)):
        if len(value) != 1:
            raise ExportError(f"{what} {tuple(value)} cannot be exported: it must be one number")
        value = value[0]
    return value


def _pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def _sides(padding, reach):
    """Returns PyTorch's padding as (left, right)."""
    if padding == "same":
        return reach // 2, reach - reach // 2
    return (0, 0) if padding == "valid" else (padding, padding)


PADDINGS = {"zeros": "zeros", "constant": "zeros", "replicate": "edge", "reflect": "reflect"}


def _kind_of_padding(mode):
    if mode == "circular":
        raise ExportError(
            "circular padding cannot be exported: a stream has no period, unless you set one in the spec yourself "
            "(padding: 'wrap', period)"
        )
    if mode not in PADDINGS:
        raise ExportError(f"padding mode {mode!r} cannot be exported")
    return PADDINGS[mode]


def _convolve(reading, x, kernel, bias, window, groups, axes, origins, folded=False):
    """Applies a convolution over time. kernel: [out, in/groups, K] in PyTorch's order; window: as from `_window`."""
    stride, dilation, kind, value = window["stride"], window["dilation"], window["kind"], 0.0
    (left, right), taps = window["sides"], kernel.shape[2]
    if kernel.shape[1] * groups != x.channels:
        raise ExportError(f"in_channels must be {x.channels} here, got {kernel.shape[1] * groups}")
    reach = (taps - 1) * dilation
    if left > reach or right > reach:
        x = _pad_time(reading, x, left, right, kind, 0.0)
        left = right = 0
    pads = x.step.layer.pads if x.step.layer else None
    alike = pads and (left == right == 0 or (pads[2] == kind and kind != "reflect" and pads[3] == 0))
    if alike and left + pads[0] <= reach and right + pads[1] <= reach:
        left, right, kind, value = left + pads[0], right + pads[1], pads[2], pads[3]
        x = Signal(x.axes, x.step.parents[0])
    if kind == "reflect":
        reading.need(x, max(left, right) + 1)
    spec = {"type": "conv1d", "outChannels": kernel.shape[0], "kernelSize": taps}
    for field_, number in (("stride", stride), ("dilation", dilation), ("groups", groups)):
        if number != 1:
            spec[field_] = number
    if left or right:
        spec.update(_padding_spec(kind, value))
    weights = {"weight": kernel.detach().double().flip(2).permute(0, 2, 1).contiguous()}
    if bias is None:
        spec["bias"] = False
    else:
        weights["bias"] = bias.detach().double()
    return x.then(Layer(spec, weights, origins, padding=(left, right), folded=folded), axes)


def _window(stride, padding, dilation, taps, mode):
    sides = _sides(padding, (taps - 1) * dilation)
    return {"stride": stride, "dilation": dilation, "sides": sides, "kind": _kind_of_padding(mode)}


def _conv1d(reading, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
    reading.require_time_last(x, "conv1d")
    stride, dilation = _one(stride, "stride"), _one(dilation, "dilation")
    padding = padding if isinstance(padding, str) else _one(padding, "padding")
    window = _window(stride, padding, dilation, weight.shape[2], padding_mode)
    origins = {**reading.origin(weight), **(reading.origin(bias, "bias") if bias is not None else {})}
    return _convolve(reading, x, weight, bias, window, groups, x.axes, origins)


def _describe(x):
    return f"got {_names(x.axes)}"


def _names(axes):
    words = {"N": "batch", "C": "channels", "T": "time", "F": "kernels", "CT": "channels and time", "TC": "time and channels"}
    return f"[{', '.join(words.get(axis, axis) for axis in axes)}]"


def _conv2d(reading, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
    if len(x.axes) != 4 or x.axes[0] != "N" or "T" not in x.axes[2:]:
        raise _WrongAxes(f"the input of conv2d must be [batch, maps, rows, time], {_describe(x)}")
    time = x.axes.index("T") - 2
    rows = 1 - time
    paddings = (padding, padding) if isinstance(padding, str) else _pair(padding)
    strides, dilations = _pair(stride), _pair(dilation)
    height, taps = weight.shape[2 + rows], weight.shape[2 + time]
    row = x.axes[2 + rows]
    window = _window(strides[time], paddings[time], dilations[time], taps, padding_mode)
    sides = _sides(paddings[rows], (height - 1) * dilations[rows])
    origins = {**reading.origin(weight), **(reading.origin(bias, "bias") if bias is not None else {})}
    electrodes = x.channels if row == "C" else 1
    if sides != (0, 0) or height not in (1, electrodes) or (height < electrodes and strides[rows] != 1):
        kind = _WrongAxes if height > electrodes and sides == (0, 0) else ExportError
        raise kind(
            f"a kernel of {height} rows over {electrodes}, padded by {sides}, cannot be exported: it must cover one row or all"
        )
    one_row = ["N", "C", "1", "T"] if time == 1 else ["N", "C", "T", "1"]
    kernel = weight.detach().double().movedim(2 + time, 3)  # [out, in/groups, rows, K]
    if x.axes[1] == "C" and row == "1":
        return _convolve(reading, x, kernel[:, :, 0], bias, window, groups, one_row, origins)
    if x.axes[1] == "1" and row == "C" and height == electrodes and groups == 1:
        return _convolve(reading, x, kernel[:, 0], bias, window, 1, one_row, origins)
    if x.axes[1] == "1" and row == "C" and groups == 1:
        start = torch.zeros(kernel.shape[0], dtype=torch.float64) if bias is None else bias.detach().double()
        return Signal(("N", "F", *x.axes[2:]), x.step, Temporal(kernel[:, 0, 0], start, window))
    if x.axes[1] == "F" and row == "C":
        return _spatial(reading, x, kernel, bias, window, groups, one_row)
    raise ExportError(f"conv2d with {groups} groups cannot be exported here, {_describe(x)}")


def _spatial(reading, x, kernel, bias, window, groups, axes):
    """Folds a temporal kernel w [F, K] and the following spatial kernel s [out, F/groups, electrodes]:

    W[o, e, k] = Σ_f s[o, f, e] w[f, k],    b[o] = b_s[o] + Σ_f Σ_e s[o, f, e] b_w[f]
    """
    temporal = x.temporal
    if kernel.shape[3] != 1 or window["stride"] != 1 or window["sides"] != (0, 0) or kernel.shape[2] != x.channels:
        raise ExportError(f"a Conv2d with kernel (1, K) must be followed by one with kernel ({x.channels}, 1)")
    out, width = kernel.shape[:2]
    if width * groups != temporal.kernel.shape[0]:
        raise ExportError(f"in_channels must be {temporal.kernel.shape[0]} here, got {width * groups}")
    weight, start = [], torch.zeros(out, dtype=torch.float64) if bias is None else bias.detach().double().clone()
    for o in range(out):
        first = o // (out // groups) * width
        spatial = kernel[o, :, :, 0]
        weight.append(torch.einsum("fe,fk->ek", spatial, temporal.kernel[first : first + width]))
        start[o] += (spatial.sum(1) * temporal.bias[first : first + width]).sum()
    # a kernel (1, K) and then (C, 1) is the usual pair; with K = C, both axes could be the electrodes
    if axes[3] == "T" and temporal.kernel.shape[1] not in (1, x.channels):
        reading.place()
    plain = Signal(x.axes, x.step)
    return _convolve(reading, plain, torch.stack(weight), start, temporal.window, 1, axes, {}, folded=True)


def _conv_transpose1d(
    reading, x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1, padding_mode="zeros"
):
    reading.require_time_last(x, "conv_transpose1d")
    stride, dilation = _one(stride, "stride"), _one(dilation, "dilation")
    inputs, width, taps = weight.shape
    if _one(padding, "padding") != 0:
        raise ExportError("padding of a transposed convolution cannot be exported: it must be 0")
    if inputs != x.channels:
        raise ExportError(f"in_channels must be {x.channels} here, got {inputs}")
    extra = max(0, stride - 1 - (taps - 1) * dilation)
    if _one(output_padding, "output_padding") != extra:
        raise ExportError(f"output_padding of this transposed convolution cannot be exported: it must be {extra}")
    spec = {"type": "convTranspose1d", "outChannels": width * groups, "kernelSize": taps}
    for field_, number in (("stride", stride), ("dilation", dilation), ("groups", groups)):
        if number != 1:
            spec[field_] = number
    kernel = weight.detach().double().reshape(groups, inputs // groups, width, taps).permute(0, 2, 3, 1)
    weights, origins = {"weight": kernel.reshape(groups * width, taps, inputs // groups)}, reading.origin(weight)
    if bias is None:
        spec["bias"] = False
    else:
        weights["bias"] = bias.detach().double()
        origins.update(reading.origin(bias, "bias"))
    return x.then(Layer(spec, weights, origins))


def _linear(reading, x, weight, bias=None):
    """Applies a linear layer to each frame, or to a flattened window (a valid convolution as long as the window)."""
    origins = {**reading.origin(weight), **(reading.origin(bias, "bias") if bias is not None else {})}
    out, inputs = weight.shape
    last = x.axes[-1]
    if last == "C":
        if inputs != x.channels:
            raise ExportError(f"in_features must be {x.channels} here, got {inputs}")
        spec, weights = {"type": "linear", "outChannels": out}, {"weight": weight.detach().double()[:, None]}
        if bias is None:
            spec["bias"] = False
        else:
            weights["bias"] = bias.detach().double()
        return x.then(Layer(spec, weights, origins))
    if last not in ("CT", "TC"):
        raise ExportError(f"the last axis of the input of linear must be channels or a flattened window, {_describe(x)}")
    if inputs % x.channels:
        raise ExportError(f"in_features must be a multiple of its {x.channels} channels, got {inputs}")
    frames = inputs // x.channels
    reading.need(x, frames, exact=True)
    kernel = weight.reshape(out, x.channels, frames) if last == "CT" else weight.reshape(out, frames, -1).transpose(1, 2)
    window = _window(1, 0, 1, frames, "zeros")
    return _convolve(reading, x, kernel, bias, window, 1, ("N", "C"), origins if last == "CT" else {})


def _batch_norm(reading, x, mean, variance, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """y = γ (x - μ) / √(v + ε) + β: folded into a preceding folded convolution, otherwise an affine norm."""
    if training or mean is None or variance is None:
        raise ExportError("a batch norm without running statistics cannot be exported: it needs the whole recording")
    scale = (variance.detach().double() + eps).rsqrt()
    scale = scale if weight is None else scale * weight.detach().double()
    shift = -mean.detach().double() * scale
    shift = shift if bias is None else shift + bias.detach().double()
    if x.temporal:
        temporal = x.temporal
        kernel, start = temporal.kernel * scale[:, None], temporal.bias * scale + shift
        return Signal(x.axes, x.step, Temporal(kernel, start, temporal.window))
    if len(x.axes) < 2 or x.axes[1] != "C":
        raise _WrongAxes(f"axis 1 of the input of a batch norm must be the channels, {_describe(x)}")
    if len(scale) != x.channels:
        raise ExportError(f"num_features must be {x.channels} here, got {len(scale)}")
    if x.axes == ("N", "C", "T") and len(reading.axes) == 3:
        reading.place()
    before = x.step.layer
    if before and before.folded:
        kernel = before.weights["weight"] * scale[:, None, None]
        weights = {"weight": kernel, "bias": before.weights["bias"] * scale + shift}
        layer = Layer(before.spec, weights, padding=before.padding, folded=True)
        return Signal(x.axes, Step(x.channels, x.step.parents, layer))
    origins = {}
    if weight is not None and bias is not None:
        origins = {**reading.origin(weight), **reading.origin(bias, "bias"), **reading.origin(mean, "running_mean")}
        origins.update(reading.origin(variance, "running_var"))
        if len(origins) == 4:
            origins["running_var"]["eps"] = eps
        else:
            origins = {}
    return x.then(Layer({"type": "norm", "kind": "affine"}, {"weight": scale, "bias": shift}, origins))


# ---- pools and padding ----


def _pool(reading, x, type, kernel, stride, padding, ceil_mode, counted=True, dims=1):
    if dims == 1:
        reading.require_time_last(x, "a pool")
    elif len(x.axes) != 4 or x.axes[:2] != ("N", "C") or "T" not in x.axes:
        raise _WrongAxes(f"the input of a 2-D pool must be one row, [batch, channels, 1, time], {_describe(x)}")
    if not stride and stride != 0:
        stride = kernel
    if dims == 2:
        time = x.axes.index("T") - 2
        kernels, strides, paddings = _pair(kernel), _pair(stride), _pair(padding)
        if kernels[1 - time] != 1 or paddings[1 - time] != 0:
            raise ExportError("a pool over rows cannot be exported: only over time")
        kernel, stride, padding = kernels[time], strides[time], paddings[time]
    kernel, stride, padding = _one(kernel, "kernel_size"), _one(stride, "stride"), _one(padding, "padding")
    if ceil_mode:
        raise ExportError("ceil_mode cannot be exported: windows must be complete")
    if padding and (type == "maxPool" or not counted):
        raise ExportError("the padding of a pool cannot be exported unless it is counted as zeros (count_include_pad)")
    if padding:
        x = _pad_time(reading, x, padding, padding, "zeros", 0.0)
    spec = {"type": type, "kernelSize": kernel}
    return x.then(Layer(spec if stride == kernel else {**spec, "stride": stride}))


def _avg_pool1d(reading, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    return _pool(reading, x, "avgPool", kernel_size, stride, padding, ceil_mode, count_include_pad)


def _avg_pool2d(
    reading, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    if divisor_override is not None:
        raise ExportError("divisor_override cannot be exported")
    return _pool(reading, x, "avgPool", kernel_size, stride, padding, ceil_mode, count_include_pad, dims=2)


def _max_pool(dims):
    def convert(reading, x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        if any(each != 1 for each in _flat([dilation])) or return_indices:
            raise ExportError("dilation and return_indices of a max pool cannot be exported")
        return _pool(reading, x, "maxPool", kernel_size, stride, padding, ceil_mode, dims=dims)

    return convert


def _pad_time(reading, x, left, right, kind, value):
    """Pads with `left` frames before the first and `right` after the last. A following convolution absorbs the padding."""
    x.require_no_temporal("padding")
    if (left, right) == (0, 0):
        return x
    if kind == "reflect":
        reading.need(x, max(left, right) + 1)
    both = left + right
    layer = _shift(x.channels, both + 1, left, (both, both), kind, value)
    layer.pads = (left, right, kind, value)
    return x.then(layer)


def _pad(reading, x, pad, mode="constant", value=None):
    kind, value = _kind_of_padding(mode), float(value or 0)
    sides = list(pad) if isinstance(pad, (tuple, list)) else [pad, pad]
    for back in range(len(sides) // 2):
        left, right = sides[2 * back : 2 * back + 2]
        if (left, right) == (0, 0):
            continue
        if x.axis(-1 - back) != "T":
            raise ExportError(f"padding of an axis other than time cannot be exported, {_describe(x)}")
        if left > 0 or right > 0:
            x = _pad_time(reading, x, max(left, 0), max(right, 0), "constant" if value else kind, value)
        if left < 0 or right < 0:
            x = _crop(reading, x, max(-left, 0), max(-right, 0))
    return x


def _crop(reading, x, left, right):
    """Removes the first `left` and the last `right` frames."""
    x.require_no_temporal("a slice")
    layer = x.step.layer
    if layer and layer.pads:
        before, after, kind, value = layer.pads
        less = (before - min(before, left), after - min(after, right))
        left, right = left - min(before, left), right - min(after, right)
        x, layer = _pad_time(reading, Signal(x.axes, x.step.parents[0]), *less, kind, value), None
    plain = layer and layer.type == "conv1d" and (layer.stride == 1 or right == 0)
    if plain and layer.padding[0] >= left * layer.stride and layer.padding[1] >= right:
        padding = (layer.padding[0] - left * layer.stride, layer.padding[1] - right)
        spec = layer.spec
        if padding == (0, 0):
            spec = {name: value for name, value in spec.items() if name not in ("padding", "padValue")}
        less = Layer(spec, layer.weights, layer.origins, padding=padding, folded=layer.folded)
        return Signal(x.axes, Step(x.channels, x.step.parents, less))
    return x.then(_shift(x.channels, left + right + 1, right, (0, 0))) if left + right else x


def _getitem(reading, x, index):
    index = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in index:
        at = index.index(Ellipsis)
        rest = len(x.axes) - sum(each is not None for each in index) + 1
        index[at : at + 1] = [slice(None)] * rest
    axes, old = [], list(x.axes)
    for each in index:
        if each is None:
            axes.append("1")
            continue
        if not old:
            raise _WrongAxes(f"too many indexes cannot be exported, {_describe(x)}")
        axis = old.pop(0)
        if isinstance(each, slice) and each == slice(None):
            axes.append(axis)
        elif isinstance(each, slice) and axis == "T" and each.step in (None, 1):
            start, stop = each.start or 0, each.stop
            if not isinstance(start, int) or start < 0 or not (stop is None or (isinstance(stop, int) and stop < 0)):
                raise ExportError("an index or slice of time cannot be exported unless it is [a:], [:-b], or [a:-b]")
            x = _crop(reading, x, start, -(stop or 0))
            axes.append(axis)
        elif axis == "C" and isinstance(each, (slice, int)):
            chosen = torch.eye(x.channels)[each].reshape(-1, x.channels)
            if len(chosen) == 0:
                raise ExportError(f"an index or slice that keeps none of the {x.channels} channels cannot be exported")
            x = x.then(_matrix(chosen))
            axes += [axis] if isinstance(each, slice) else []
        elif each in (0, -1) and axis == "1":
            continue
        else:
            hint = "; remove it: the stream emits this output at every frame" if axis == "T" else ""
            place = f"axis {len(x.axes) - len(old) - 1} of {_names(x.axes)}"
            raise ExportError(f"an index or slice of {place} cannot be exported{hint}")
    return x.turned(axes + old)


def _mean(reading, x, dim=None, keepdim=False):
    """The mean over the channels."""
    dim = _one(dim, "dim")
    if dim is None or x.axis(dim) == "T":
        raise ExportError(f"mean over dim {dim} cannot be exported: {_WHOLE}, {_describe(x)}")
    if x.axis(dim) != "C":
        raise ExportError(f"mean over dim {dim} cannot be exported: it must be over the channels, {_describe(x)}")
    axes = [axis for axis in x.axes if axis != "C" or keepdim]
    return x.then(_matrix(torch.full((1, x.channels), 1 / x.channels, dtype=torch.float64)), axes)


# ---- elementwise ----


def _clamp(reading, x, min=None, max=None):
    if max is not None or min is None:
        raise ExportError("clamp cannot be exported, except with min=0 or directly before log")
    return x.map("relu") if float(min) == 0 else x.map("clamp", alpha=float(min))


POSITIVE = ("square", "abs", "relu", "sigmoid", "softmax", "softplus")


def _log(reading, x):
    """log(max(x, alpha)); without a clamp, only of non-negative input."""
    x.require_no_temporal("log")
    layer = x.step.layer
    if layer and layer.type == "clamp":
        return Signal(x.axes, x.step.parents[0]).map("log", alpha=layer.spec["alpha"])
    step = x.step
    while step.layer and step.layer.type in ("avgPool", "maxPool"):
        step = step.parents[0]
    if not step.layer or step.layer.type not in POSITIVE:
        raise ExportError("log cannot be exported here: clamp(min=...) must come before it")
    return x.map("log", alpha=0)


def _pow(reading, x, exponent):
    if exponent != 2:
        raise ExportError(f"pow with exponent {exponent} cannot be exported: it must be 2")
    return x.map("square")


def _softmax(reading, x, dim=None, *_, **__):
    if dim is None or x.axis(dim) != "C":
        raise ExportError(f"softmax over dim {dim} cannot be exported: it must be over the channels, {_describe(x)}")
    return x.map("softmax")


def _gelu(reading, x, approximate="none"):
    if approximate != "none":
        raise ExportError(f"gelu with approximate={approximate!r} cannot be exported: only approximate='none'")
    return x.map("gelu")


def _softplus(reading, x, beta=1, threshold=20):
    if beta != 1 or threshold < 20:
        raise ExportError(f"softplus with beta {beta} and threshold {threshold} cannot be exported: they must be 1 and 20")
    return x.map("softplus")


def _dropout(reading, x, p=0.5, training=True, *_, **__):
    if training:
        raise ExportError("dropout that is active in eval mode cannot be exported")
    return x


def _number(value):
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        return float(value)
    return float(value) if isinstance(value, (int, float)) else None


def _affine(x, scale, shift):
    weights = {"weight": torch.full((x.channels,), scale), "bias": torch.full((x.channels,), shift)}
    if not set(x.axes) <= {"N", "C", "T", "1"}:
        raise ExportError(f"arithmetic with a number cannot be exported here, {_describe(x)}")
    return x.then(Layer({"type": "norm", "kind": "affine"}, {part: each.double() for part, each in weights.items()}))


def _spread(x, channels):
    """Copies a single channel to as many channels as the other term of a sum has."""
    return x.then(_matrix(torch.ones(channels, 1))) if x.channels == 1 and channels > 1 and "C" in x.axes else x


def _sum_of(sign):
    def convert(reading, x, other, alpha=1):
        if alpha != 1:
            raise ExportError("a sum with alpha cannot be exported")
        if isinstance(x, Signal) and isinstance(other, Signal):
            for each in (x, other):
                each.require_no_temporal("a sum")
            x, other = _spread(x, other.channels), _spread(other, x.channels)
            if x.axes != other.axes or x.channels != other.channels:
                raise ExportError(f"a sum of tensors of different shapes cannot be exported, {_describe(x)} and {_describe(other)}")
            return Signal(x.axes, Step(x.channels, [x.step, other.step], signs=[1, sign]))
        number = _number(other if isinstance(x, Signal) else x)
        if number is None:
            raise ExportError("a sum with a fixed tensor cannot be exported: only with a number or another signal")
        if isinstance(x, Signal):
            return _affine(x, 1.0, sign * number)
        return _affine(other, float(sign), number)

    return convert


def _mul(reading, x, other):
    if x is other:
        return x.map("square")
    signal, number = (x, _number(other)) if isinstance(x, Signal) else (other, _number(x))
    if number is None:
        raise ExportError("a product of two tensors cannot be exported: only x * x, or with a number")
    return _affine(signal, number, 0.0)


def _div(reading, x, other):
    number = _number(other) if isinstance(x, Signal) else None
    if not number:
        raise ExportError("a quotient cannot be exported unless by a number")
    return _affine(x, 1 / number, 0.0)


# ---- shapes ----


def _cat(reading, tensors, dim=0):
    if not all(isinstance(each, Signal) for each in tensors):
        raise ExportError("cat with a fixed tensor cannot be exported")
    for each in tensors:
        each.require_no_temporal("cat")
    if tensors[0].axis(dim) != "C" or any(each.axes != tensors[0].axes for each in tensors):
        raise ExportError(f"cat over dim {dim} cannot be exported: it must join channels, {_describe(tensors[0])}")
    steps = [each.step for each in tensors]
    return Signal(tensors[0].axes, Step(sum(step.channels for step in steps), steps))


def _flatten(reading, x, start_dim=0, end_dim=-1):
    first, last = x.index(start_dim), x.index(end_dim)
    return x.turned([*x.axes[:first], _merge(x, x.axes[first : last + 1]), *x.axes[last + 1 :]])


def _merge(x, axes):
    """Returns the axis that results from flattening several axes."""
    names = [axis for axis in axes if axis != "1"]
    merged = "".join(names) or "1"
    if merged not in ("1", "N", "C", "T", "CT", "TC", "F"):
        raise _MixedAxes(f"a flatten of these axes cannot be exported, {_describe(x)}")
    return merged


def _squeeze(reading, x, dim=None):
    if dim is None:
        return x.turned([axis for axis in x.axes if axis != "1"])
    dims = sorted((x.index(each) for each in (dim if isinstance(dim, (tuple, list)) else [dim])), reverse=True)
    axes = list(x.axes)
    for each in dims:
        if axes[each] == "T":
            if _frames(_layers(reading.source, x.step), 1) == 1:
                raise ExportError(f"squeeze over dim {each} cannot be exported: it is time, {_describe(x)}")
            reading.need(x, 1, exact=True)
        if axes[each] in ("T", "1") or (axes[each] == "C" and x.channels == 1):
            del axes[each]
    return x.turned(axes)


def _unsqueeze(reading, x, dim):
    at = dim % (len(x.axes) + 1)
    return x.turned([*x.axes[:at], "1", *x.axes[at:]])


def _permute(reading, x, *dims):
    dims = dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    return x.turned([x.axis(dim) for dim in dims])


def _transpose(reading, x, dim0, dim1):
    axes = list(x.axes)
    a, b = x.index(dim0), x.index(dim1)
    axes[a], axes[b] = axes[b], axes[a]
    return x.turned(axes)


def _reshape(reading, x, *shape):
    shape = list(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else list(shape)
    axes = _match_axes(reading, x, list(x.axes), shape)
    if axes is None:
        names = [each.axis if isinstance(each, Size) else each for each in shape]
        raise _MixedAxes(f"reshape to {names} cannot be exported, {_describe(x)}")
    return x.turned(axes)


def _match_axes(reading, x, axes, shape):
    """Returns the axes of a tensor of `shape` with the same memory order as `axes`, or None."""
    if not shape:
        return [] if all(axis == "1" for axis in axes) else None
    want, *rest = shape
    if axes:
        size = {"C": x.channels, "1": 1}.get(axes[0], Size(axes[0]))
        known = isinstance(size, int)
        if want == size or want == -1 or (not known and isinstance(want, int) and want > 1 and axes[0] == "T"):
            tail = _match_axes(reading, x, axes[1:], rest)
            if tail is not None:
                if not known and isinstance(want, int) and want > 1:
                    reading.need(x, want, exact=True)
                return [axes[0], *tail]
        if axes[0] == "1":
            tail = _match_axes(reading, x, axes[1:], shape)
            if tail is not None:
                return tail
    if want == 1:
        tail = _match_axes(reading, x, axes, rest)
        if tail is not None:
            return ["1", *tail]
    if not rest and len(axes) > 1 and "N" not in axes:
        names = [axis for axis in axes if axis != "1"]
        if want == -1 and "".join(names) in ("CT", "TC"):
            return ["".join(names)]
        if isinstance(want, int) and "".join(names) in ("CT", "TC") and want % x.channels == 0:
            reading.need(x, want // x.channels, exact=True)
            return ["".join(names)]
    return None


def _unflatten(reading, x, dim, sizes):
    at = x.index(dim)
    return _reshape(reading, x, [*map(x.size, range(at)), *sizes, *map(x.size, range(at + 1, len(x.axes)))])


def _getattr(reading, x, name):
    if name == "shape":
        return tuple(x.size(dim) for dim in range(len(x.axes)))
    if name == "ndim":
        return len(x.axes)
    raise ExportError(f"the attribute {name!r} of a tensor cannot be exported")


def _size(reading, x, dim=None):
    return _getattr(reading, x, "shape") if dim is None else x.size(dim)


def _same(reading, x, *_, **__):
    return x


FUNCTIONS = {
    "conv1d": _conv1d,
    "conv2d": _conv2d,
    "conv_transpose1d": _conv_transpose1d,
    "linear": _linear,
    "batch_norm": _batch_norm,
    "avg_pool1d": _avg_pool1d,
    "avg_pool2d": _avg_pool2d,
    "max_pool1d": _max_pool(1),
    "max_pool2d": _max_pool(2),
    "pad": _pad,
    "getitem": _getitem,
    "mean": _mean,
    "relu": lambda reading, x, inplace=False: x.map("relu"),
    "leaky_relu": lambda reading, x, negative_slope=0.01, inplace=False: x.map("leakyRelu", alpha=negative_slope),
    "elu": lambda reading, x, alpha=1.0, inplace=False: x.map("elu", alpha=alpha),
    "gelu": _gelu,
    "softplus": _softplus,
    "tanh": lambda reading, x: x.map("tanh"),
    "sigmoid": lambda reading, x: x.map("sigmoid"),
    "softmax": _softmax,
    "square": lambda reading, x: x.map("square"),
    "abs": lambda reading, x: x.map("abs"),
    "pow": _pow,
    "log": _log,
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": _clamp,
    "dropout": _dropout,
    "dropout1d": _dropout,
    "dropout2d": _dropout,
    "alpha_dropout": _dropout,
    "feature_alpha_dropout": _dropout,
    "add": _sum_of(1),
    "iadd": _sum_of(1),
    "sub": _sum_of(-1),
    "isub": _sum_of(-1),
    "mul": _mul,
    "imul": _mul,
    "div": _div,
    "truediv": _div,
    "itruediv": _div,
    "cat": _cat,
    "concat": _cat,
    "flatten": _flatten,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "permute": _permute,
    "transpose": _transpose,
    "swapaxes": _transpose,
    "reshape": _reshape,
    "view": _reshape,
    "unflatten": _unflatten,
    "getattr": _getattr,
    "size": _size,
    "dim": lambda reading, x: len(x.axes),
    "contiguous": _same,
    "clone": _same,
    "detach": _same,
}


def _module(function, **settings):
    """Converts a module like its function, with settings {argument: attribute of the module}."""
    return lambda reading, module, x: function(
        reading, x, **{argument: getattr(module, name) for argument, name in settings.items()}
    )


def _settings(*names):
    return {name: name for name in names}


_WINDOW = _settings("weight", "bias", "stride", "padding", "dilation", "groups", "padding_mode")
_POOL = _settings("kernel_size", "stride", "padding", "ceil_mode")
_NORM = {"mean": "running_mean", "variance": "running_var", **_settings("weight", "bias", "eps")}
_RELU = FUNCTIONS["relu"]


def _padding_module(mode):
    return lambda reading, module, x: _pad(reading, x, module.padding, mode, getattr(module, "value", 0))


def _nothing(reading, module, x):
    return x


MODULES = {
    nn.Conv1d: _module(_conv1d, **_WINDOW),
    nn.Conv2d: _module(_conv2d, **_WINDOW),
    nn.ConvTranspose1d: _module(_conv_transpose1d, output_padding="output_padding", **_WINDOW),
    nn.Linear: _module(_linear, **_settings("weight", "bias")),
    nn.BatchNorm1d: _module(_batch_norm, **_NORM),
    nn.BatchNorm2d: _module(_batch_norm, **_NORM),
    nn.AvgPool1d: _module(_avg_pool1d, **_POOL, **_settings("count_include_pad")),
    nn.AvgPool2d: _module(_avg_pool2d, **_POOL, **_settings("count_include_pad", "divisor_override")),
    nn.MaxPool1d: _module(_max_pool(1), **_POOL, **_settings("dilation", "return_indices")),
    nn.MaxPool2d: _module(_max_pool(2), **_POOL, **_settings("dilation", "return_indices")),
    nn.ReLU: _module(_RELU),
    nn.LeakyReLU: _module(FUNCTIONS["leaky_relu"], **_settings("negative_slope")),
    nn.ELU: _module(FUNCTIONS["elu"], **_settings("alpha")),
    nn.GELU: _module(_gelu, **_settings("approximate")),
    nn.Softplus: _module(_softplus, **_settings("beta", "threshold")),
    nn.Tanh: _module(FUNCTIONS["tanh"]),
    nn.Sigmoid: _module(FUNCTIONS["sigmoid"]),
    nn.Softmax: _module(_softmax, **_settings("dim")),
    nn.Flatten: _module(_flatten, **_settings("start_dim", "end_dim")),
    nn.Unflatten: _module(_unflatten, dim="dim", sizes="unflattened_size"),
    nn.ConstantPad1d: _padding_module("constant"),
    nn.ConstantPad2d: _padding_module("constant"),
    nn.ZeroPad2d: _padding_module("constant"),
    nn.ReplicationPad1d: _padding_module("replicate"),
    nn.ReplicationPad2d: _padding_module("replicate"),
    nn.ReflectionPad1d: _padding_module("reflect"),
    nn.ReflectionPad2d: _padding_module("reflect"),
    **{each: _nothing for each in (nn.Identity, nn.Dropout, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)},
    nn.FeatureAlphaDropout: _nothing,
}
for _name in ("Dropout1d", "ZeroPad1d", "CircularPad1d"):  # not in every version of torch
    if hasattr(nn, _name):
        _mode = {"ZeroPad1d": "constant", "CircularPad1d": "circular"}.get(_name)
        MODULES[getattr(nn, _name)] = _padding_module(_mode) if _mode else _nothing

_WHOLE = "it needs the whole recording, which is not available in a stream"
HINTS = {
    "AdaptiveAvgPool1d": _WHOLE,
    "AdaptiveAvgPool2d": _WHOLE,
    "AdaptiveMaxPool1d": _WHOLE,
    "InstanceNorm1d": _WHOLE,
    "GroupNorm": _WHOLE,
    "LogSoftmax": "export the module without it, or with Softmax",
}
