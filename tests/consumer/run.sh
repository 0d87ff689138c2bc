#!/usr/bin/env bash
# run.sh BUILD: installs what BUILD holds, builds the project beside this script against the installed package from
# scratch, starts it and asks it with curl; then once more with archives of what the library is built on.
set -eu
build=$(realpath "$1")
project=$(cd "$(dirname "$0")/project" && pwd)
work=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || kill "$server" 2> /dev/null || true
  rm -rf "$work"
}
trap stop EXIT

step() { echo "== $*"; }

step install
cmake --install "$build" --prefix "$work/first" > "$work/install.log" || { cat "$work/install.log"; exit 1; }
# What is installed must not depend on where.
mv "$work/first" "$work/prefix"
"$work/prefix/bin/protoc-gen-connect-cpp" --version

# build_in FOLDER ARG…
build_in() {
  local folder=$1
  shift
  cmake -S "$project" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_CXX_FLAGS="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror" "$@" > "$work/configure.log" 2>&1 ||
    { cat "$work/configure.log"; exit 1; }
  cmake --build "$folder" > "$work/build.log" || { cat "$work/build.log"; exit 1; }
}

step build
build_in "$work/build"

# connectrpc_generate tells the build tool all that its commands read and write.
cmake --build "$work/build" | tee "$work/again.log" | grep -q "no work to do" || { cat "$work/again.log"; exit 1; }

# start PROGRAM
start() {
  : > "$work/address"
  "$1" > "$work/address" &
  server=$!
  for _ in $(seq 100); do
    [ -s "$work/address" ] && break
    kill -0 "$server" || { echo "the server ended before it was ready"; exit 1; }
    sleep 0.1
  done
  url=$(head -n 1 "$work/address")
}
finish() {
  kill "$server"
  wait "$server" || { echo "the server ended with status $?"; exit 1; }
  server=
}

step call
start "$work/build/hello_server"

# expect NAME WANTED GOT
expect() {
  [ "$2" = "$3" ] || { printf '%s: expected\n%s\ngot\n%s\n' "$1" "$2" "$3"; exit 1; }
  echo "$1: $3"
}
ask() { curl --silent --show-error --max-time 10 "$@" "$url/hello.v1.HelloService/Hello"; }

expect HTTP/1.1 '{"text":"Hello, Ada!"}' \
  "$(ask --http1.1 -H 'content-type: application/json' -d '{"name": "Ada"}')"
expect HTTP/2 '{"text":"Hello, Ada!"}' \
  "$(ask --http2-prior-knowledge -H 'content-type: application/json' -d '{"name": "Ada"}')"
expect GET '{"text":"Hello, Ada!"}' \
  "$(ask --get --data-urlencode 'message={"name": "Ada"}' --data connect=v1 --data encoding=json)"
expect header Ada \
  "$(ask -o /dev/null -w '%header{greeted}' -H 'content-type: application/json' -d '{"name": "Ada"}')"

step stop
finish

step archives
build_in "$work/archives" -DCONNECTRPC_STATIC_DEPENDENCIES=ON
needed=$(readelf -d "$work/archives/hello_server" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
for library in protobuf ssl crypto nghttp2 boost_url deflate brotli zstd snappy; do
  ! grep -q "lib$library" <<< "$needed" || { echo "needs lib$library as a shared library:" $needed; exit 1; }
done
start "$work/archives/hello_server"
expect HTTP/2 '{"text":"Hello, Ada!"}' \
  "$(ask --http2-prior-knowledge -H 'content-type: application/json' -d '{"name": "Ada"}')"
finish
