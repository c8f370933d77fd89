. ./attempts.sh
script "a socket file anywhere" 'find / -xdev -type s 2>/dev/null | grep .'
script "one on another mount" 'find /dev /run /tmp /out /data /work /var /etc -type s 2>/dev/null | grep .'
for path in /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock /run/dbus/system_bus_socket /dev/log \
  /run/systemd/notify /run/podman/podman.sock /var/run/crio/crio.sock /tmp/.X11-unix/X0; do
  attempt "$path" test -e "$path"
done
script "a credential" 'ls /run/secrets /var/run/secrets /root/.docker /root/.ssh /root/.aws /etc/ssl/private/*'
script "a variable of the node" 'env | grep -iE "docker|token|secret|key|password|redis|aws|node_"'
script "the node's folders" 'grep -E "vault|glovebox.db|admin.token" -r /etc /run /var 2>/dev/null'
report
