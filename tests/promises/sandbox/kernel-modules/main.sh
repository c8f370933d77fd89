. ./attempts.sh
script "insmod" 'insmod /work/program'
script "modprobe" 'modprobe dummy'
script "a list of modules" 'ls /lib/modules/*'
script "the loaded ones" 'grep . /proc/modules'
script "parameters" 'ls /sys/module/*'
# What asks for a module by itself: a file system, a device, a family, a cipher, a binary format.
script "by file system" 'mount -t btrfs /dev/null /tmp'
script "by loop device" 'losetup -f'
script "by network device" 'ip link add dummy0 type dummy'
printf '\336\255\276\357 nothing' > /tmp/odd && chmod +x /tmp/odd
script "by binary format" '/tmp/odd'
script "by cipher" 'python3 -c "import socket; socket.socket(38, 5, 0).bind((\"hash\", \"glovebox\"))"'
script "by line discipline" 'python3 -c "import fcntl, os; fcntl.ioctl(0, 0x5423, b\"\x19\0\0\0\")"'
script "by device number" 'mknod /tmp/loop b 7 0'
report
