import subprocess, sys
code = "b=[]\nwhile True: b.append(bytearray(b'x') * (8 << 20))"
sys.exit(subprocess.run([sys.executable, "-c", code]).returncode != 0)
