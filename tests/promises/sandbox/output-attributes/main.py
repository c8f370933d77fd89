from attempts import attempt, report
import os
open("/out/table.csv", "w").write("a\n1\n")
for name in ("user.secret", "security.note", "trusted.note", "system.posix_acl_access"):
    attempt("attribute " + name, lambda: os.setxattr("/out/table.csv", name, b"secret"))
os.utime("/out/table.csv", ns=(1234567890123456789, 987654321987654321))
os.chmod("/out/table.csv", 0o2751)
with open("/out/table.csv", "r+b") as f:  # past its end, in the same page
    f.seek(4000)
    f.write(b"hidden-behind-the-end")
    f.truncate(4)
report()
