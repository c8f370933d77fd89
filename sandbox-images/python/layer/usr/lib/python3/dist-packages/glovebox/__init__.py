"""Glovebox inside the sandbox: verbs whose tables and models the node can compute by itself.

Each verb returns the ordinary object of pandas or statsmodels, writes the output and beside it a claim. The node computes
the claim again from the data and releases its own figures, so nobody has to trust the program.

    import glovebox
    d = glovebox.dataset("flchain")
    t = d.where("age >= 60").crosstab(["flc.grp"], ["sex"], output="t1.csv")
    m = d.logit("death ~ age + C(sex) + kappa", output="m.json")

In a rehearsal each verb says at once what the checks will say. Any other file may be written to /out by hand.
"""

from ._context import Refused
from ._dataset import Dataset, dataset

__all__ = ["Dataset", "Refused", "dataset"]
