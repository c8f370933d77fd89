# Given to every hostile shell script: tries commands, and prints what came of each as one JSON object.
results=''
attempt() { # NAME COMMAND…: "done" if the command ends well
  name=$1; shift
  if "$@" >/dev/null 2>&1; then result=done; else result="exit $?"; fi
  results="$results${results:+,}\"$name\":\"$result\""
}
script() { name=$1; attempt "$name" sh -c "$2"; }
report() { printf '{%s}\n' "$results"; }
