# The sender: takes all that one user may have, by turns of a tenth of a second.
import array, fcntl, os, signal, socket, time
from attempts import syscall
end = time.monotonic() + 3.5
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
while time.monotonic() < end:
    child = os.fork()
    if child == 0:
        signal.pause()
    os.kill(child, signal.SIGSTOP)
    taken, pipes = 0, []
    import ctypes
    libc = ctypes.CDLL(None)
    while taken < 200_000 and libc.sigqueue(child, int(signal.SIGRTMIN), None) == 0:
        taken += 1
    try:
        for _ in range(400):
            pipes.append(os.pipe())
            fcntl.fcntl(pipes[-1][1], 1031, 1 << 20)
    except OSError:
        pass
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    a.setblocking(False)
    try:
        while True:
            a.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 200))])
    except OSError:
        pass
    time.sleep(0.1)
    for handles in pipes:
        os.close(handles[0])
        os.close(handles[1])
    a.close()
    b.close()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    time.sleep(0.1)
print("unharmed")
