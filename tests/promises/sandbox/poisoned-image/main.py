from attempts import report, results
import sys
results["start of Python"] = "clean" if not hasattr(sys, "poison") else "done"
import json, statistics
results["modules"] = "clean" if "poison" not in open(json.__file__).read() and not hasattr(statistics, "poison") else "done"
results["path"] = "clean" if not [p for p in sys.path if p.startswith(("/tmp", "/out", "/dev"))] else "done"
import os
results["variables"] = "clean" if not [k for k in os.environ if k in ("PYTHONSTARTUP", "PYTHONPATH", "LD_PRELOAD", "BASH_ENV")] else "done"
results["caches"] = "clean" if os.access(os.path.dirname(json.__file__), os.W_OK) is False else "done"
report()
