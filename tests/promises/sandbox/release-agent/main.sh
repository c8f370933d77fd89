. ./attempts.sh
# CVE-2022-0492 and its elder: have the kernel run a program of ours when a group empties.
script "a directory for it" 'mkdir /tmp/group && mount -t cgroup -o rdma cgroup /tmp/group'
script "by memory" 'mkdir /tmp/m && mount -t cgroup -o memory cgroup /tmp/m'
script "version 2" 'mkdir /tmp/v2 && mount -t cgroup2 none /tmp/v2'
script "in a user namespace" 'unshare -UrmC sh -c "mount -t cgroup -o rdma cgroup /tmp/group"'
for file in $(find /sys/fs/cgroup -name release_agent -o -name notify_on_release -o -name cgroup.procs -o -name tasks \
  -o -name devices.allow -o -name memory.limit_in_bytes -o -name pids.max -o -name cpu.cfs_quota_us 2>/dev/null); do
  script "write $file" "echo 1 > $file"
done
for folder in $(find /sys/fs/cgroup -maxdepth 2 -type d 2>/dev/null); do
  script "group in $folder" "mkdir $folder/mine"
done
script "release_agent at the root" 'echo /tmp/run > /sys/fs/cgroup/release_agent'
script "no other's group is seen" 'find /sys/fs/cgroup -type d | grep -E "docker|glovebox|system.slice|run_"'
report
