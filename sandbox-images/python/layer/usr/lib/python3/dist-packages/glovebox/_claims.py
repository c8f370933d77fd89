"""The file by which the node is told what a table or model is of: a line of JSON an output, appended, the last one counts."""

import json
import os

from ._checks import preview
from ._context import Refused, out_folder, tell

_FILE = ".glovebox.claims"


def write(output, text, dataset, claim):
    """The program's own file, and what it shows. The node computes the same again and keeps its own."""
    if "/" in output or output in ("", ".", "..") or output.startswith(".glovebox"):
        raise Refused(f"is no name of an output: {output}")
    with open(os.path.join(out_folder(), output), "w", encoding="utf-8", newline="") as f:
        f.write(text)
    line = json.dumps({"output": output, "dataset": dataset, "syntax": "python", "claim": claim}, allow_nan=False)
    place = os.open(os.path.join(out_folder(), _FILE), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(place, f"{line}\n".encode())
    finally:
        os.close(place)


def note(frame, output, findings):
    """Keeps with a result what the checks will say of it, and says so to whoever rehearses."""
    frame.attrs["glovebox"] = {"output": output, "findings": findings}
    for rule, verdict, message in findings:
        tell(f"{output}: {verdict} ({rule}): {message}")
    if not findings:
        tell(f"{output}: nothing to object to, as far as is seen here")
    return frame


def note_cells(frame, output, cells):
    return note(frame, output, preview(cells))
