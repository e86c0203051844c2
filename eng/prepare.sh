# Sourced by run.sh and test.sh: installs what is missing, builds what has changed.

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null 2>&1; then sudo -- "$@"
  else say "This needs root: $*"; say "Run it as root, or install sudo."; return 1
  fi
}

# Installs those of the named Debian packages that are missing.
install_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "Installing Debian packages: ${missing[*]}"
  # Debian's postgresql package makes and starts a cluster of its own when it is installed; ours is private to the data directory.
  if printf '%s\n' "${missing[@]}" | grep -qx postgresql && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    as_root install -d /etc/postgresql-common
    echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  # Likewise coturn's: tests start their own, and its port may be wanted.
  if printf '%s\n' "${missing[@]}" | grep -qx coturn && [ -d /run/systemd/system ]; then
    as_root systemctl mask coturn.service >&2
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Options::=--force-confold "${missing[@]}" >&2
}

require_tools() {
  command -v dotnet >/dev/null || { say "The .NET 10 SDK is missing: https://dotnet.microsoft.com/download/dotnet/10.0"; return 1; }
  command -v npm >/dev/null || { say "Node 20 with npm is missing: https://nodejs.org/"; return 1; }
}

# A hash over names and contents of the files below the given paths, without build output.
fingerprint() {
  find "$@" \( -name bin -o -name obj -o -name node_modules -o -name wwwroot -o -name dist -o -name TestResults \) -prune -o -type f -print0 2>/dev/null \
    | sort -z | xargs -0 -r sha256sum | sha256sum | cut -d' ' -f1
}

# build_once STAMP OUTPUT FINGERPRINT COMMAND...: runs the command unless OUTPUT was built from just this.
build_once() {
  local stamp=$1 output=$2 print=$3
  shift 3
  if [ -e "$output" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$print" ]; then return 0; fi
  rm -f "$stamp"
  "$@" || return 1
  mkdir -p "$(dirname "$stamp")"
  printf '%s\n' "$print" >"$stamp"
}

build_web() {
  local web=src/Platform/Web
  if [ ! -f "$web/package.json" ]; then
    say "The web client's sources are not here ($web): pages are left out, API and media work."
    return 0
  fi
  build_once "$web/node_modules/.events-build" src/Platform/wwwroot/index.html "$(fingerprint "$web")" build_web_now
}

build_web_now() {
  say "Building the web client"
  (cd src/Platform/Web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build) >&2
}

