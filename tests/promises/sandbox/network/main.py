from attempts import attempt, report, syscall
import socket
FAMILIES = range(0, 50)
for family in FAMILIES:
    if family == socket.AF_UNIX:
        continue
    for kind, label in ((1, "stream"), (2, "datagram"), (3, "raw"), (5, "seqpacket")):
        attempt(f"family {family} {label}", lambda: syscall("socket", family, kind, 0))
for family, kind, protocol, label in ((16, 3, 15, "netlink uevents"), (17, 3, 768, "packet all"), (40, 1, 0, "vsock"), (2, 3, 1, "icmp"), (38, 5, 0, "kernel crypto"), (44, 3, 0, "xdp"), (2, 1, 132, "sctp")):
    attempt(label, lambda: syscall("socket", family, kind, protocol))
attempt("pair of another family", lambda: syscall("socketpair", 2, 1, 0, 0))
attempt("high bits in the family", lambda: syscall("socket", (1 << 32) | 2, 1, 0))
attempt("name lookup", lambda: socket.getaddrinfo("example.com", 443))
attempt("metadata address", lambda: socket.create_connection(("169.254.169.254", 80), timeout=1))
attempt("loopback", lambda: socket.create_connection(("127.0.0.1", 2375), timeout=1))
def abstract(name):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("\0" + name)
for name in ("/tmp/dbus-x", "/containerd-shim/moby", "snapd", "/tmp/.X11-unix/X0", "glovebox"):
    attempt("abstract socket " + name, lambda: abstract(name))
def path(name):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(name)
for name in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/dbus/system_bus_socket", "/run/systemd/private", "/dev/log", "/run/udev/control"):
    attempt(name, lambda: path(name))
report()
