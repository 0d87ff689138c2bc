#!/usr/bin/env bash
# build.sh OUT: builds the servers and clients of connect-go and grpc-go into OUT/bin. The sources are copied there, because the code
# that protoc generates has to lie in their module. go.mod and go.sum pin everything.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$1
mkdir -p "$out/source" "$out/bin"
cp -R "$here/." "$out/source/"
cd "$out/source"
export GOFLAGS=-mod=readonly
go build -o "$out/bin/protoc-gen-go" google.golang.org/protobuf/cmd/protoc-gen-go
rm -rf gen
protoc -I "$here/../proto" --plugin="$out/bin/protoc-gen-go" --go_out=. --go_opt=module=interop interop/v1/interop.proto
go build -o "$out/bin/" ./cmd/...
