from attempts import NUMBERS, in_child, report, syscall
import json
# Each with plain zeros: a filter refuses before the kernel looks at arguments.
for name in json.load(open("/work/refused.json")):
    in_child(name, lambda: syscall(name, 0, 0, 0, 0, 0, 0))
report()
