import mmap
from slots import rest, send
def hold(end):
    block = mmap.mmap(-1, 160 << 20)
    for at in range(0, 160 << 20, 4096):
        block[at] = 1
    rest(end)
    block.close()
send(hold, rest)
