. ./attempts.sh
# Names: only the run's own, and those that are addresses, are known.
for name in example.com host.docker.internal gateway.docker.internal metadata.google.internal _gateway; do
  attempt "name $name" getent ahosts "$name"
done
for host in 127.0.0.1 localhost 172.17.0.1 10.0.0.1 169.254.169.254 192.168.0.1 8.8.8.8 host.docker.internal glovebox; do
  script "bash to $host" "bash -c 'exec 3<>/dev/tcp/$host/$GLOVEBOX_CANARY_PORT'"
done
canary=http://127.0.0.1:$GLOVEBOX_CANARY_PORT/
attempt curl curl -m2 "$canary"
attempt "curl to the metadata" curl -m2 http://169.254.169.254/latest/meta-data/
attempt wget wget -T2 "$canary"
attempt nc nc -w1 127.0.0.1 "$GLOVEBOX_CANARY_PORT"
attempt ssh ssh -o ConnectTimeout=1 127.0.0.1
attempt ping ping -c1 -W1 8.8.8.8
attempt ip ip link set lo up
attempt ifconfig ifconfig lo up
attempt iptables iptables -L
attempt perl perl -MIO::Socket::INET -e 'exit(IO::Socket::INET->new("127.0.0.1:$ENV{GLOVEBOX_CANARY_PORT}") ? 0 : 1)'
attempt python python3 -c "import urllib.request as u; u.urlopen('$canary', timeout=2)"
attempt pip python3 -m pip download six
attempt apt sh -c 'apt-get -q update 2>&1 | grep -E "^Get:|^Hit:"'
report
