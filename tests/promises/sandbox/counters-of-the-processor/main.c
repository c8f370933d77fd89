#include "attempts.h"
#ifdef __x86_64__
static long by_counter(long number) { unsigned low, high; __asm__ volatile("rdpmc" : "=a"(low), "=d"(high) : "c"((unsigned)number)); return 0; }
static long by_register(long number) { unsigned low, high; __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"((unsigned)number)); return 0; }
static long ports(long number) { unsigned char value; __asm__ volatile("inb %w1, %b0" : "=a"(value) : "Nd"((unsigned short)number)); return 0; }
static long invalidate(long unused) { __asm__ volatile("wbinvd"); return unused; }
static long halt(long unused) { __asm__ volatile("hlt"); return unused; }
#else
static long by_counter(long unused) { unsigned long value; __asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value)); return unused; }
static long by_register(long unused) { unsigned long value; __asm__ volatile("mrs %0, sctlr_el1" : "=r"(value)); return unused; }
static long ports(long unused) { raise(SIGILL); return unused; }
static long invalidate(long unused) { raise(SIGILL); return unused; }
static long halt(long unused) { raise(SIGILL); return unused; }
#endif
static long device(long which) {
  const char *const paths[] = {"/dev/cpu/0/msr", "/dev/cpu/0/cpuid", "/dev/cpu_dma_latency", "/sys/devices/cpu/rdpmc", "/sys/bus/event_source/devices/cpu/type"};
  return open(paths[which], O_RDONLY);
}
int main(void) {
  in_child("counter 0", by_counter, 0);
  in_child("fixed counter", by_counter, 1L << 30);
  in_child("register", by_register, 0x10);
  in_child("port", ports, 0x70);
  in_child("empty the caches", invalidate, 0);
  in_child("halt", halt, 0);
  for (long which = 0; which < 5; which++) {
    char name[16];
    snprintf(name, sizeof name, "device %ld", which);
    in_child(name, device, which);
  }
  report();
}
