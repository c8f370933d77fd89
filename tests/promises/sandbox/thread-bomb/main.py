import threading, time
# Daemons: the interpreter does not wait for them when it fails.
while True:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
