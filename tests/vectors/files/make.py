"""Makes the honest files of this folder as Python's libraries write them; prints a tar of them.

Use, in the project's python image: python3 make.py | tar x    (numpy, matplotlib, pandas, Pillow)
"""
import io
import sys
import tarfile

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image

out = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")


def put(name, content):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    out.addfile(info, io.BytesIO(content))


def saved(write, *args, **kwargs):
    held = io.BytesIO()
    write(held, *args, **kwargs)
    return held.getvalue()


rng = np.random.default_rng(7)
arrays = {
    "weights": rng.normal(size=(3, 4)),
    "single": rng.normal(size=5).astype("f4"),
    "half": rng.normal(size=4).astype("f2"),
    "count": np.array([1, 22, 333, 123456789012], dtype="i8"),
    "flag": np.array([True, False]),
    "label": np.array(["low", "middle", "высокий"]),
    "scalar": np.array(2.5),
    "empty": np.zeros((0, 3)),
    "big_endian": np.arange(3, dtype=">f8"),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "complex": np.array([1 + 2j]),
}
put("stored.npz", saved(np.savez, **arrays))
put("compressed.npz", saved(np.savez_compressed, **arrays))
put("objects.npz", saved(np.savez, a=np.array([{"a": 1}], dtype=object)))

fig, ax = plt.subplots(figsize=(3, 2))
ax.plot(np.arange(5), rng.normal(size=5), label="kappa")
ax.set_title("Kappa by age")
ax.legend()
put("plot.svg", saved(fig.savefig, format="svg"))
plain = saved(fig.savefig, format="png")
photo = Image.open(io.BytesIO(plain)).convert("RGB")
put("baseline.jpeg", saved(photo.save, "JPEG", quality=90))
put("progressive.jpeg", saved(photo.save, "JPEG", quality=90, progressive=True))
put("full_chroma.jpeg", saved(photo.save, "JPEG", quality=95, subsampling=0))
put("optimised.jpeg", saved(photo.save, "JPEG", quality=60, optimize=True, subsampling=1))
put("grey.jpeg", saved(photo.convert("L").save, "JPEG", quality=85))
put("restarts.jpeg", saved(photo.save, "JPEG", quality=80, restart_marker_blocks=2))
put("cmyk.jpeg", saved(photo.convert("CMYK").save, "JPEG"))
odd = photo.crop((0, 0, 37, 21))
put("odd_size.jpeg", saved(odd.save, "JPEG", quality=90))
exif = Image.Exif()
exif[0x010E] = "1,70,F,2.0,1.0"
put("metadata.jpeg", saved(odd.save, "JPEG", exif=exif, comment=b"a comment", icc_profile=b"x" * 3000))

frame = pd.DataFrame({"sex": ["F", "M"], "n": [4350, 3524], "mean": [64.72134567891, 63.9]})
put("table.html", frame.to_html().encode())
import statsmodels.api as sm

x = sm.add_constant(pd.DataFrame({"age": rng.normal(70, 9, 300)}))
fit = sm.OLS(2 + 0.03 * x["age"] + rng.normal(size=300), x).fit()
put("summary.html", ("<html><body>" + fit.summary().as_html() + "</body></html>").encode())
out.close()
