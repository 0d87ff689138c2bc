# The Debian packages, by what they are for. docs/dependencies.md says why each library was chosen.
packages_build=(
  g++ cmake ninja-build pkgconf ccache
  libboost1.81-dev libboost-url1.81-dev # sockets, timers, coroutines, HTTP/1.1 parsing, URLs
  libssl-dev                            # TLS
  libprotobuf-dev libprotoc-dev protobuf-compiler # messages, and what the generator reads
  libnghttp2-dev                        # HTTP/2
  libdeflate-dev zlib1g-dev libbrotli-dev libzstd-dev libsnappy-dev # compression
  libgtest-dev libgmock-dev libbenchmark-dev
)
packages_demo=(curl openssl)
packages_check=(
  python3 python3-venv libpython3.11    # the scripts in tools/, interop/ and conformance/; judges written in Python
  clang-19 libclang-rt-19-dev clang-format-19 clang-tidy-19 # the second compiler, format, lint
  curl openssl
  valgrind                              # counts the instructions of a call
  libgrpc++-dev protobuf-compiler-grpc  # grpc++ as a judge: only tests link it
  ca-certificates                       # for the judges' downloads
  chromium                              # a browser's own CORS
  systemd tinyproxy-bin                 # socket activation, and an HTTP proxy
)

packages_peers=(
  nghttp2-client nghttp2-server         # h2load, which generates, and nghttpd, a yardstick
  curl openssl python3 python3-venv strace valgrind
  libgrpc++-dev protobuf-compiler-grpc  # grpc++ as a peer
)

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    fail "need root to install packages, and sudo is not here. As root: apt-get install ${missing[*]}"
  fi
}

# setup_packages GROUP… — installs what is missing of the groups; quick if nothing is.
setup_packages() {
  if ! have dpkg-query; then
    [[ -n ${setup_told:-} ]] || say "not a Debian system: taking it that the packages named in tools/dev/setup.sh are here by other names"
    setup_told=1
    return 0
  fi
  local group name wanted=() missing=()
  for group in "$@"; do
    local -n names="packages_$group"
    wanted+=("${names[@]}")
  done
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2> /dev/null | sed -n 's/^installed //p') || true
  for name in "${wanted[@]}"; do
    grep -qxF -- "$name" <<< "$installed" || [[ " ${missing[*]} " == *" $name "* ]] || missing+=("$name")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  say "installing ${#missing[@]} Debian packages (for: $*): ${missing[*]}"
  # A broken third-party source must not stop us as long as Debian's own answers.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q || warn "apt-get update complained; trying to install anyway"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}
