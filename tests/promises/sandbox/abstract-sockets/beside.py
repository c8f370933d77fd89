import select, socket, time
doors = []
for name, kind in (("\0neighbour", socket.SOCK_STREAM), ("\0neighbour-datagram", socket.SOCK_DGRAM)):
    door = socket.socket(socket.AF_UNIX, kind)
    door.bind(name)
    if kind == socket.SOCK_STREAM:
        door.listen()
    doors.append(door)
came, _, _ = select.select(doors, [], [], 3)
print("somebody came" if came else "unharmed")
