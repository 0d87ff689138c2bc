#!/usr/bin/env bash
# demo.sh BIN: starts BIN/greet_server on a plain and a TLS port, calls it with BIN/greet_demo and with curl.
set -euo pipefail
bin=$1
work=$(mktemp -d)
server=
finish() {
  [[ -z $server ]] || { kill "$server" 2> /dev/null && wait "$server" || true; }
  rm -rf "$work"
}
trap finish EXIT

say() { printf '\n==> %s\n' "$*"; }

say "making a certificate for localhost with openssl"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$work/key.pem" -out "$work/cert.pem" 2> /dev/null

say "starting greet_server: Connect, gRPC and gRPC-Web, HTTP/1.1 and HTTP/2 on each port"
"$bin/greet_server" --port 0 --tls-port 0 --cert "$work/cert.pem" --key "$work/key.pem" > "$work/ready" &
server=$!
for _ in $(seq 100); do
  [[ -s $work/ready ]] && break
  kill -0 "$server" 2> /dev/null || { echo "greet_server ended before it was ready"; exit 1; }
  sleep 0.1
done
read -r plain tls < "$work/ready"
echo "    $plain and $tls"

say "calling it with our clients"
"$bin/greet_demo" --plain "$plain" --tls "$tls" --ca "$work/cert.pem"

say "calling it with curl and JSON"
call() {
  local word
  printf '\n$ curl'
  for word in "$@"; do
    word=${word#"$work/"}
    if [[ $word == *[^a-zA-Z0-9:/._=-]* ]]; then printf " '%s'" "$word"; else printf ' %s' "$word"; fi
  done
  printf '\n'
  curl --silent --noproxy '*' --show-error --max-time 20 "$@" | tr -d '\r' | sed 's/^/    /'
  printf '\n'
}
path=greet.v1.GreetService/Greet
call -i -H 'content-type: application/json' -d '{"name": "Ada"}' "$plain/$path"
call -i --http2 --cacert "$work/cert.pem" -H 'content-type: application/json' -d '{"name": ""}' "$tls/$path"
call -G -d encoding=json --data-urlencode 'message={"name": "Grace"}' "$plain/$path"

say "ending greet_server"
kill "$server"
wait "$server"
server=
say "all as it should be"
