. ./attempts.sh
ulimit -c unlimited 2>/dev/null
script "core limit raised" '[ "$(ulimit -c)" != 0 ]'
for name in core_pattern core_pipe_limit modprobe poweroff_cmd hotplug usermodehelper/bset usermodehelper/inheritable \
  ns_last_pid sysrq panic keys/maxkeys yama/ptrace_scope unprivileged_bpf_disabled perf_event_paranoid; do
  script "kernel/$name" "echo '|/tmp/run' > /proc/sys/kernel/$name"
done
for path in /proc/sysrq-trigger /sys/kernel/uevent_helper /sys/kernel/mm/transparent_hugepage/enabled \
  /proc/sys/fs/binfmt_misc/register /sys/kernel/security /sys/kernel/debug /proc/self/coredump_filter_other; do
  script "$path" "echo '|/tmp/run' > $path"
done
script "a core file" 'cd /out && sh -c "kill -SEGV \$\$"; ls /out | grep core'
report
