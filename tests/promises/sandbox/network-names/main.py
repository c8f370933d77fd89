from attempts import attempt, report, results
import os
def lines(path, skip):
    try:
        return open(path).read().strip().split("\n")[skip:]
    except OSError as error:
        return []
names = [line.split(":")[0].strip() for line in lines("/proc/net/dev", 2)]
results["interfaces"] = "loopback" if set(names) <= {"lo"} else "done"
for name in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "icmp", "packet", "netlink", "arp", "route", "fib_trie", "if_inet6", "ipv6_route", "rt_cache", "wireless", "igmp", "dev_mcast"):
    rows = [row for row in lines(f"/proc/net/{name}", 1) if row.strip() and "lo" not in row.split() and "127.0.0" not in row and "+--" not in row and "Local" not in row and "Main" not in row]
    quiet = name in ("fib_trie", "igmp", "dev_mcast", "netlink")
    results["/proc/net/" + name] = "empty" if quiet or not rows else "done"
own = [row for row in lines("/proc/net/unix", 1) if len(row.split()) > 7]
results["named unix sockets"] = "none" if not own else "done"
results["name servers"] = "none" if not [l for l in lines("/etc/resolv.conf", 0) if l.strip()] else "done"
results["hosts"] = "own" if all(l.split()[0] in ("127.0.0.1", "::1") for l in lines("/etc/hosts", 0) if l.strip()) else "done"
results["hostname"] = "glovebox" if os.uname().nodename == "glovebox" else "done"
for path in ("/sys/class/net/eth0/address", "/sys/class/net/lo/statistics/rx_bytes", "/etc/hostname_of_host", "/etc/machine-id", "/proc/net/nf_conntrack", "/proc/net/ip_tables_names"):
    attempt("read " + path, lambda: open(path).read(1) or (_ for _ in ()).throw(OSError(61, "empty")))
report()
