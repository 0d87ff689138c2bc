#!/usr/bin/env bash
# run.sh SERVER CLIENT — the README's programs do what the README says.
set -euo pipefail
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$1" "127.0.0.1:$port" &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
url=http://127.0.0.1:$port
for _ in $(seq 100); do
  if answer=$(curl -s -H 'content-type: application/json' -d '{"name": "Ada"}' "$url/greet.v1.GreetService/Greet"); then
    break
  fi
  sleep 0.05
done
[[ $answer == '{"greeting":"Hello, Ada"}' ]] || { echo "curl got: $answer"; exit 1; }
printed=$("$2" "$url")
[[ $printed == $'Hello, Ada of London\n3ms' ]] || { echo "the client printed: $printed"; exit 1; }
kill -TERM "$server"
wait "$server"
echo "the README's server and client greet"
