"""Given to both ends of a channel: time cut into slots by the clock of the machine, a bit for each from a seed."""
import hashlib
import json
import os
import time

SEED = os.environ["GLOVEBOX_SEED"]
SLOT = float(os.environ["GLOVEBOX_SLOT_S"])
SECONDS = float(os.environ["GLOVEBOX_SECONDS"])
END = time.time() + SECONDS


def bit(slot):
    return hashlib.sha256(f"{SEED} {slot}".encode()).digest()[0] & 1


def send(on, off):
    """Calls on(end) or off(end) in each slot, which return at its end."""
    while time.time() < END:
        slot = int(time.time() / SLOT)
        (on if bit(slot) else off)((slot + 1) * SLOT)


def rest(end):
    left = end - time.time()
    if left > 0:
        time.sleep(left)


def receive(measure):
    """Prints [slot, number] for each slot; measure(end) watches until the end of its slot."""
    seen = []
    while time.time() < END:
        slot = int(time.time() / SLOT)
        seen.append([slot, measure((slot + 1) * SLOT)])
    print(json.dumps(seen[1:]))
