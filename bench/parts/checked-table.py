"""A four-way table of means with pandas, and the checks that ACRO makes of it, in its manner.

Each check takes the table of another aggregate function over the same groups: rows, sum, largest, two largest, n largest,
negatives. Prints what came out and how long it took in seconds, without imports and without making the rows.
"""

import json
import sys
import time

import numpy as np
import pandas as pd

ROWS, ROUNDS = int(sys.argv[1]), int(sys.argv[2])
WHOLE = sys.argv[3] == "whole"
THRESHOLD, NK_N, NK_K, P = 10, 2, 0.9, 0.1

i = np.arange(ROWS, dtype=np.int64)
frame = pd.DataFrame(
    {
        "region": i % 5,
        "band": pd.Categorical.from_codes(((i // 5) % 4).astype(np.int8), ["a", "b", "c", "d"]),
        "year": (i // 20) % 6,
        "sex": pd.Categorical.from_codes(((i // 120) % 3).astype(np.int8), ["F", "M", "X"]),
        "value": (i * 7919) % 100003 if WHOLE else ((i * 7919) % 100003) / 64.0,
    }
)


def table(aggfunc):
    return pd.crosstab(
        [frame.region, frame.band], [frame.year, frame.sex], values=frame.value, aggfunc=aggfunc
    )


def checked():
    shown = table("mean")
    count = table("count")
    total = table("sum")
    top = table("max")
    top_two = table(lambda v: v.nlargest(2).sum())
    top_n = table(lambda v: v.nlargest(NK_N, keep="all")[0:NK_N].sum())
    negative = table(lambda v: (v < 0).sum())
    masks = {
        "threshold": (count < THRESHOLD).sum().sum(),
        "dominance": ((top_n / total) >= NK_K).sum().sum(),
        "p_ratio": (((total - top_two) / top) < P).sum().sum(),
        "negatives": (negative > 0).sum().sum(),
    }
    return shown, masks


seconds = []
for _ in range(ROUNDS):
    began = time.perf_counter()
    shown, masks = checked()
    seconds.append(time.perf_counter() - began)
print(
    json.dumps(
        {
            "seconds": sorted(seconds)[len(seconds) // 2],
            "cells": int(shown.size),
            "mean_of_means": float(shown.to_numpy().mean()),
            "masks": {name: int(n) for name, n in masks.items()},
        }
    )
)
