"""Writes test/vectors/pad.json: results of numpy.pad with widths on one side, on both sides, and wider than the signal.

    python3 python/make_pad_vectors.py test/vectors/pad.json
"""

import json
import sys

import numpy as np

MODES = ["constant", "edge", "reflect", "symmetric", "wrap", "mean", "median"]
WIDTHS = [(0, 0), (2, 1), (0, 3), (4, 0), (9, 14)]


def main(path: str) -> None:
    rng = np.random.default_rng(20261122)
    cases = []
    for length in [1, 2, 3, 6]:
        x = np.round(rng.standard_normal(length), 6)
        for mode in MODES:
            for width in WIDTHS:
                options = {"constant": [{"constant_values": -1.5}], "mean": [{}, {"stat_length": 2}, {"stat_length": 9}]}
                options["median"] = options["mean"]
                for extra in options.get(mode, [{}]):
                    y = np.pad(x, width, mode, **extra)
                    cases.append({"x": x.tolist(), "width": width, "mode": mode, **extra, "y": y.tolist()})
    with open(path, "w") as file:
        json.dump({"made_with": f"numpy {np.__version__}", "meaning": "y = numpy.pad(x, width, mode)", "cases": cases}, file)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
