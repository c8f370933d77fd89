from attempts import attempt, report, results
import os, signal
child = os.fork()
if child == 0:
    signal.pause()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
attempt("kill init for sure", lambda: (os.kill(1, signal.SIGKILL), os.kill(1, 0), (_ for _ in ()).throw(OSError(1, "alive"))))
os.kill(-1, signal.SIGTERM)
results["the child"] = "dead, as it was our own" if os.waitpid(child, 0)[1] == signal.SIGTERM else "odd"
report()
