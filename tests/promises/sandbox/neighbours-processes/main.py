from attempts import report, results
import os, signal, time
end = time.monotonic() + 2
signal.signal(signal.SIGTERM, signal.SIG_IGN)
own = os.getpid()
reached = set()
while time.monotonic() < end:
    for number in list(range(2, 300)) + [os.getppid() or 1]:
        if number in (own, 1):
            continue
        for act in (lambda: os.kill(number, signal.SIGTERM), lambda: os.killpg(number, signal.SIGTERM), lambda: os.setpriority(os.PRIO_PROCESS, number, 19), lambda: os.sched_setaffinity(number, {0}), lambda: os.close(os.pidfd_open(number))):
            try:
                act()
                if number != os.getpgrp() and number != os.getsid(0):
                    reached.add(number)
            except OSError:
                pass
    try:
        os.setpriority(os.PRIO_USER, os.getuid(), 5)  # all processes of this user: in this run only
    except OSError:
        pass
    try:
        os.kill(-1, signal.SIGTERM)
    except OSError:
        pass
results["processes reached"] = "none" if not reached else "done"
report()
