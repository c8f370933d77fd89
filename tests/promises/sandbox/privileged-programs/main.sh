. ./attempts.sh
for command in "su -c id" "sudo -n id" "passwd -d nobody" "chsh -s /bin/sh" "newgrp root" "gpasswd -a nobody root" \
  "mount -t tmpfs none /tmp" "umount /data" "umount -l /proc" "unshare -r id" "unshare -m true" "nsenter -t 1 -m id" \
  "chroot / id" "setpriv --reuid 0 id" "ping -c1 127.0.0.1" "pkexec id" "dmesg" "swapon -a" "hostname other" \
  "date -s 2020-01-01" "nice -n -5 true" "chown 0 /tmp" "mknod /tmp/null c 1 3" "mkfifo /tmp/fifo" "losetup -a" \
  "docker ps" "ctr version" "crictl ps" "systemctl status" "reboot -f" "kill -9 1 && exit 1"; do
  script "$command" "$command"
done
report
