#include "attempts.h"
static long made(const char *name, size_t length) {
  char path[8192] = "/out/";
  memcpy(path + 5, name, length);
  path[5 + length] = 0;
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (file != -1) close(file);
  return file;
}
int main(void) {
  static char long_name[4096];
  memset(long_name, 'n', sizeof long_name);
  attempt("4,096 characters", made(long_name, sizeof long_name));
  attempt("256 characters", made(long_name, 256));
  attempt("upwards", made("../escaped.txt", 14));
  attempt("upwards to etc", made("../../etc/escaped", 17));
  attempt("upwards to the work", made("../work/escaped", 15));
  attempt("empty", made("", 0));
  attempt("dot", made(".", 1));
  attempt("dots", made("..", 2));
  /* Allowed, never collected and never shown: 255 bytes, newline, escape sequences, a NUL that cuts the name short. */
  made(long_name, 255);
  made("table.csv\nother.csv", 19);
  made("\033]0;title\007table.csv", 19);
  made("table.csv\0.txt.exe", 18 - 9 + 2);
  made("\xff\xfe\xfd", 3);
  made("CON", 3);
  made("a\tb\rc", 5);
  report();
}
