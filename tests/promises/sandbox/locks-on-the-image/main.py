from attempts import attempt, report, results
import fcntl, os, time
seen = {"flock": set(), "record": set(), "lease": set()}
end = time.monotonic() + 2.5
file = os.open("/usr/bin/env", os.O_RDONLY)
while time.monotonic() < end:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(file, fcntl.LOCK_UN)
        seen["flock"].add("free")
    except OSError:
        seen["flock"].add("taken")
    try:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.lockf(file, fcntl.LOCK_UN)
        seen["record"].add("free")
    except OSError as error:
        seen["record"].add("taken" if error.errno in (11, 13) else "refused")
    try:
        fcntl.fcntl(file, 1024, 0)
        fcntl.fcntl(file, 1024, 2)
        seen["lease"].add("given")
    except OSError as error:
        seen["lease"].add(str(error.errno))
    time.sleep(0.01)
for name, states in seen.items():
    results[name] = "done" if "taken" in states or len(states) > 1 else "steady"
report()
