import os, signal, time
hit = []
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(number, lambda n, _: hit.append(n))
time.sleep(2.5)
print("unharmed" if not hit and os.getpriority(os.PRIO_PROCESS, 0) == 0 else f"hit by {hit} {os.getpriority(os.PRIO_PROCESS, 0)}")
