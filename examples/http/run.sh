#!/usr/bin/env bash
# run.sh HTTP_SERVER BEAST_SERVER WWW — a plain route, files, a proxy and RPCs on one port, driven with curl.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

# start NAME PROGRAM ARG… — sets NAME to the address that the program prints.
start() {
  local name=$1
  shift
  "$@" >"$work/$name" &
  for _ in $(seq 200); do
    [[ -s $work/$name ]] && break
    sleep 0.05
  done
  declare -g "$name=$(head -1 "$work/$name")"
}

checks=0
# expect WANTED CURL_ARG… — what curl prints must be WANTED, by HTTP/1.1 and by HTTP/2.
expect() {
  local wanted=$1 version got
  shift
  for version in ${versions:---http1.1 --http2-prior-knowledge}; do
    got=$(curl -sS --max-time 20 "$version" "$@")
    [[ $got == "$wanted" ]] || { printf 'curl %s %s\n  got:    %s\n  wanted: %s\n' "$version" "$*" "$got" "$wanted"; exit 1; }
    checks=$((checks + 1))
  done
}

start beast "$2" --port 0
start url "$1" --www "$3" --port 0 --unix "$work/socket" --upstream "${beast#http://}"
greet=(-H 'content-type: application/json' -d '{"name": "Ada"}')
hello='{"greeting":"Hello, Ada!"}'

# RPCs, by the long way around and the short one.
expect "$hello" "${greet[@]}" "$url/greet.v1.GreetService/Greet"
expect "$hello" "${greet[@]}" --unix-socket "$work/socket" http://localhost/greet.v1.GreetService/Greet
expect 200,greeter,v1 -o "$work/out" -w '%{http_code},%header{server},%header{greet-version}' "${greet[@]}" \
  "$url/greet.v1.GreetService/Greet"

# Plain routes.
expect ok "$url/healthz"
expect '405,GET, HEAD' -o "$work/out" -w '%{http_code},%header{allow}' -X DELETE "$url/metrics"
head -c 3000000 /dev/zero | tr '\0' a >"$work/large"
head -c 3000000 /dev/zero | tr '\0' A >"$work/loud"
expect 200 -o "$work/out" -w '%{http_code}' --data-binary "@$work/large" "$url/shout"
cmp "$work/out" "$work/loud"

# Files, and none that lie elsewhere.
expect "$(cat "$3/index.html")" "$url/static/"
expect "text/html; charset=utf-8" -o "$work/out" -w '%header{content-type}' "$url/static/index.html"
expect "200,$(stat -c %s "$3/index.html")" -I -o "$work/out" -w '%{http_code},%header{content-length}' \
  "$url/static/index.html"
expect 404 -o "$work/out" -w '%{http_code}' --path-as-is "$url/static/../run.sh"
expect 404 -o "$work/out" -w '%{http_code}' "$url/static/%2e%2e/run.sh"
tag=$(curl -sS -o /dev/null -w '%header{etag}' "$url/static/index.html")
expect 304 -o "$work/out" -w '%{http_code}' -H "if-none-match: $tag" "$url/static/index.html"

# A guarded part, answered in the caller's protocol.
expect '{"code":"unauthenticated","message":"a token is needed here"}' "${greet[@]}" \
  "$url/admin/greet.v1.GreetService/Greet"
expect "$hello" -H 'authorization: Bearer open-sesame' "${greet[@]}" "$url/admin/greet.v1.GreetService/Greet"
versions=--http2-prior-knowledge expect 200,16 -o "$work/out" -w '%{http_code},%header{grpc-status}' \
  -H 'content-type: application/grpc' -H 'te: trailers' --data-binary '' "$url/admin/greet.v1.GreetService/Greet"

# The server behind the proxy, through it and by itself: the service as a function inside Boost.Beast.
expect 3000000 --data-binary "@$work/large" "$url/length"
expect 3000000 -H 'transfer-encoding: chunked' --data-binary "@$work/large" "$url/length"
expect 404 -o "$work/out" -w '%{http_code}' "$url/elsewhere"
versions=--http1.1
expect "ok from Beast" "$beast/healthz"
expect "$hello" "${greet[@]}" "$beast/greet.v1.GreetService/Greet"
expect "$hello" -H 'transfer-encoding: chunked' "${greet[@]}" "$beast/greet.v1.GreetService/Greet"
expect "$hello$hello" "${greet[@]}" "$beast/greet.v1.GreetService/Greet" "$beast/greet.v1.GreetService/Greet"
expect 404 -o "$work/out" -w '%{http_code}' "$beast/none"

kill -TERM $(jobs -p)
wait
[[ ! -e $work/socket ]] || { echo "the unix socket's file is still there"; exit 1; }
echo "curl asked $checks times"
