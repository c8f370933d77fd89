from attempts import attempt, report
import socket, time
def call(name, kind):
    with socket.socket(socket.AF_UNIX, kind) as s:
        s.connect(name)
        s.send(b"are you there?")
end = time.monotonic() + 2.5
turn = 0
while time.monotonic() < end:  # the neighbour starts when it starts: a wall must hold the whole time
    turn += 1
    for name in ("\0neighbour", "\0neighbour-datagram"):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            attempt(f"{name[1:]} {int(kind)} {turn % 50}", lambda: call(name, kind))
    time.sleep(0.02)
report()
