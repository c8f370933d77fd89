from attempts import in_child, report, syscall
import ctypes
FLAGS = {"mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000, "net": 0x40000000}
for name, flag in FLAGS.items():
    in_child(f"unshare {name}", lambda: syscall("unshare", flag))
    in_child(f"clone {name}", lambda: syscall("clone", flag | 17, 0, 0, 0, 0))
    in_child(f"clone {name} with user", lambda: syscall("clone", flag | 0x10000000 | 17, 0, 0, 0, 0))
in_child("unshare time", lambda: syscall("unshare", 0x80))
class Arguments(ctypes.Structure):
    _fields_ = [(n, ctypes.c_uint64) for n in ("flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls", "set_tid", "set_tid_size", "cgroup")]
for name, flag in {**FLAGS, "time": 0x80, "nothing": 0}.items():
    arguments = Arguments(flags=flag, exit_signal=17)
    in_child(f"clone3 {name}", lambda: syscall("clone3", ctypes.byref(arguments), ctypes.sizeof(arguments)))
for kind in ("user", "net", "mnt", "pid", "ipc", "uts", "cgroup"):
    def enter():
        with open(f"/proc/1/ns/{kind}") as f:
            syscall("setns", f.fileno(), 0)
    in_child(f"setns {kind}", enter)
report()
