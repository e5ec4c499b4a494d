"""Reads the tables named on standard input, [{path, options}], with pandas; prints their times in ms and their values."""
import json
import sys

import pandas

tables = []
for table in json.load(sys.stdin):
    frame = pandas.read_csv(table["path"], **table["options"])
    times = frame.iloc[:, 0]
    if not pandas.api.types.is_numeric_dtype(times):
        times = times.map(lambda time: time.timestamp() * 1000)
    values = frame.iloc[:, 1:].astype("float32")
    rows = [[None if pandas.isna(value) else float(value) for value in row] for row in values.values]
    tables.append({"times": [float(time) for time in times], "labels": list(values.columns), "values": rows})
json.dump(tables, sys.stdout)
