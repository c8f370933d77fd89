from attempts import attempt, report, syscall
import os, stat
os.chdir("/out")
attempt("fifo", lambda: os.mkfifo("pipe.txt"))
attempt("character device", lambda: os.mknod("null.txt", stat.S_IFCHR | 0o666, os.makedev(1, 3)))
attempt("block device", lambda: os.mknod("disk.txt", stat.S_IFBLK | 0o666, os.makedev(254, 0)))
attempt("regular file by mknod", lambda: os.mknod("plain.txt", stat.S_IFREG | 0o666))
attempt("mkfifo in tmp", lambda: os.mkfifo("/tmp/pipe"))
report()
