"""Writes test/vectors/firwin.json: windowed-sinc kernels, Gaussians, and recursive sections from scipy.

    python3 python/make_firwin_vectors.py test/vectors/firwin.json
"""

import json
import sys

import numpy as np
import scipy
from scipy import ndimage, signal

BANDS = {"lowPass": ([12.0], True), "highPass": ([7.5], False), "bandPass": ([8.0, 13.0], False), "bandStop": ([48.0, 52.0], True)}


def kernels() -> list:
    cases = []
    for name, (cutoff, pass_zero) in BANDS.items():
        for window in ["hamming", "hann", "blackman"]:
            for rate, taps in [(250.0, 31), (256.0, 101), (200.0, 1), (125.0, 40)]:
                if taps % 2 == 0 and name in ("highPass", "bandStop"):
                    continue
                w = signal.firwin(taps, cutoff, window=window, pass_zero=pass_zero, scale=True, fs=rate)
                cases.append({"name": name, "cutoff": cutoff, "window": window, "rate": rate, "taps": taps, "w": w.tolist()})
    return cases


def gaussians() -> list:
    impulse = np.zeros(201)
    impulse[100] = 1
    cases = []
    for sigma in [0.5, 1.0, 2.25, 7.0]:
        radius = int(4 * sigma + 0.5)
        w = ndimage.gaussian_filter1d(impulse, sigma, truncate=4.0)[100 - radius : 101 + radius]
        cases.append({"sigma": sigma, "w": w.tolist()})
    return cases


def sections(rng: np.random.Generator) -> list:
    x = np.cumsum(rng.standard_normal((120, 2)), axis=0).astype(np.float32).astype(np.float64)
    cases = []
    for rate in [250.0, 256.0, 1000.0]:
        for name, hz, q, (b, a) in [
            ("notch", 60.0, 30.0, signal.iirnotch(60.0, 30.0, fs=rate)),
            ("notch", 50.0, 5.0, signal.iirnotch(50.0, 5.0, fs=rate)),
            ("butterworthHighPass", 1.0, None, signal.butter(2, 1.0, "high", fs=rate)),
            ("butterworthHighPass", 30.0, None, signal.butter(2, 30.0, "high", fs=rate)),
        ]:
            y = signal.lfilter(b, a, x, axis=0)
            cases.append({"name": name, "hz": hz, "q": q, "rate": rate, "b": b.tolist(), "a": a.tolist(), "y": y.ravel().tolist()})
    return [x.ravel().tolist(), cases]


def main(path: str) -> None:
    x, recursive = sections(np.random.default_rng(20261122))
    content = {
        "made_with": f"numpy {np.__version__}, scipy {scipy.__version__}",
        "meaning": "kernels: scipy.signal.firwin, scale=True; gaussians: scipy.ndimage.gaussian_filter1d of an impulse; "
        "sections: b and a, and y = scipy.signal.lfilter(b, a, x) of x [120 frames, 2 channels] from rest",
        "kernels": kernels(),
        "gaussians": gaussians(),
        "x": x,
        "sections": recursive,
    }
    with open(path, "w") as file:
        json.dump(content, file)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
