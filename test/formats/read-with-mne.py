"""Reads recordings with MNE-Python, for others to compare with.

python3 read-with-mne.py DIRECTORY FILE...

prints a line of JSON for each file and writes its samples, in the units of the file, as DIRECTORY/0, 1, ...:
doubles, [frames, channels].
"""

import json
import sys

import mne
import numpy as np

readers = {
    "edf": mne.io.read_raw_edf,
    "bdf": mne.io.read_raw_bdf,
    "gdf": mne.io.read_raw_gdf,
    "vhdr": mne.io.read_raw_brainvision,
}
volts = {"V": 1, "mV": 1e-3, "µV": 1e-6, "uV": 1e-6, "nV": 1e-9, "µS": 1e-6, "uS": 1e-6}


def units_of(raw):
    """The size of the unit of each channel in the units of MNE."""
    extras = raw._raw_extras[0]
    if "units" in extras:
        return extras["units"]
    return np.array([volts.get(raw._orig_units[name], 1) for name in raw.ch_names])


directory, *files = sys.argv[1:]
for number, file in enumerate(files):
    raw = readers[file.split(".")[-1]](file, preload=True, verbose="error")
    units = units_of(raw)
    (raw.get_data() / units[:, None]).T.astype("<f8").tofile(f"{directory}/{number}")
    date = raw.info["meas_date"]
    status = "Status" in raw.ch_names
    triggers = mne.find_events(raw, "Status", mask=0xFFFF, mask_type="and", verbose="error") if status else []
    told = {
        "rate": raw.info["sfreq"],
        "labels": raw.ch_names,
        "time": date and date.timestamp() * 1000,
        "annotations": [[a["onset"], a["duration"], a["description"]] for a in raw.annotations],
        "triggers": [[int(at), int(trigger)] for at, _, trigger in triggers],
    }
    print(json.dumps(told))
