n = 0
while n < 10_000_000:
    open(f"/out/{n}", "w").close()
    n += 1
