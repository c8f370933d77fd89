#include "attempts.h"
#include <linux/bpf.h>
#include <linux/perf_event.h>
static long load(long type) {
  struct bpf_insn code[] = {{.code = 0xb7}, {.code = 0x95}};
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = (unsigned)type;
  attributes.insns = (uint64_t)(uintptr_t)code;
  attributes.insn_cnt = 2;
  attributes.license = (uint64_t)(uintptr_t) "GPL";
  return call(NR_bpf, BPF_PROG_LOAD, (long)&attributes, sizeof attributes, 0, 0);
}
static long map(long type) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.map_type = (unsigned)type;
  attributes.key_size = 4, attributes.value_size = 8, attributes.max_entries = 1;
  return call(NR_bpf, BPF_MAP_CREATE, (long)&attributes, sizeof attributes, 0, 0);
}
static long event(long type) {
  struct perf_event_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.size = sizeof attributes, attributes.type = (unsigned)type, attributes.exclude_kernel = 1;
  return call(NR_perf_event_open, (long)&attributes, 0, -1, -1, 0);
}
static long faults(long flags) { return call(NR_userfaultfd, flags, 0, 0, 0, 0); }
static long device(long flags) { return open("/dev/userfaultfd", (int)flags); }
static long module(long handle) { return call(NR_finit_module, handle, (long)"", 0, 0, 0); }
static long image(long unused) { return call(NR_init_module, (long)"\177ELF", 4, (long)"", 0, unused); }
static long kexec(long flags) { return call(NR_kexec_load, 0, 0, 0, flags, 0); }
static long filter(long flags) { return call(NR_seccomp, 1, flags, 0, 0, 0); }
int main(void) {
  in_child("socket filter", load, BPF_PROG_TYPE_SOCKET_FILTER);
  in_child("cgroup program", load, BPF_PROG_TYPE_CGROUP_SKB);
  in_child("tracepoint", load, BPF_PROG_TYPE_TRACEPOINT);
  in_child("array", map, BPF_MAP_TYPE_ARRAY);
  in_child("hash", map, BPF_MAP_TYPE_HASH);
  in_child("hardware event", event, PERF_TYPE_HARDWARE);
  in_child("software event", event, PERF_TYPE_SOFTWARE);
  in_child("cache event", event, PERF_TYPE_HW_CACHE);
  in_child("page faults", faults, 0);
  in_child("page faults of user mode", faults, 1);
  in_child("page faults by device", device, O_RDWR);
  in_child("module by handle", module, open("/work/program", O_RDONLY));
  in_child("module by image", image, 0);
  in_child("another kernel", kexec, 0);
  in_child("filter with a listener", filter, 8);
  report();
}
