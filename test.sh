#!/usr/bin/env bash
# Runs every check there is, on free ports, and cleans up. Last line: "N passed, N failed, N skipped".
#   ./test.sh [--long] [SUITE...]     --long adds soaks, long fuzzing and repeated kills; SUITE names folders of tests/, web, format, allocations, gate
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")"
. eng/prepare.sh

# Nothing of the caller's own installation may leak into the tests.
unset "${!EVENTS_@}" ASPNETCORE_ENVIRONMENT ASPNETCORE_URLS DOTNET_ENVIRONMENT

suites=()
for argument in "$@"; do
  case $argument in
    --long) export EVENTS_LONG_TESTS=1 ;;
    -*) say "Unknown argument $argument"; exit 2 ;;
    *) suites+=("$argument") ;;
  esac
done
wanted() { [ ${#suites[@]} -eq 0 ] || printf '%s\n' "${suites[@]}" | grep -qx "$1"; }

install_packages postgresql ffmpeg libopus0 libssl3 fonts-dejavu-core curl ca-certificates util-linux \
  chromium python3 python3-aiortc python3-aiohttp python3-pysaml2 xmlsec1 janus iproute2 nftables coturn jq flite || exit 1
require_tools || exit 1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

results=$PWD/TestResults
rm -rf "$results" && mkdir -p "$results"
passed=0 failed=0 skipped=0 failures=()

count() { passed=$((passed + $1)); failed=$((failed + $2)); skipped=$((skipped + $3)); }

# report NAME EXIT_CODE PASSED FAILED SKIPPED: a suite that ended badly without a failed test has crashed, and counts as one.
report() {
  local name=$1 code=$2 good=$3 bad=$4 left=$5
  if [ "$code" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  count "$good" "$bad" "$left"
  [ "$bad" = 0 ] || failures+=("$name")
  say "== $name: $good passed, $bad failed, $left skipped (exit code $code)"
}

# test_dotnet PROJECT RESULTS_FILE [ARGUMENT...]
test_dotnet() {
  local project=$1 file=$2
  shift 2
  dotnet test "$project" --no-build -c Release --nologo --blame-hang-timeout 5m --blame-hang-dump-type none \
    --logger "trx;LogFileName=$(basename "$file")" --logger "console;verbosity=minimal" --results-directory "$(dirname "$file")" "$@" >&2
}

# A few failures are run once more by themselves: what measures time may fail for its neighbours on a shared machine. Both runs are
# told at the end, and only what fails twice fails (docs/decisions/0028).
run_dotnet_suite() {
  local project=$1 name code trx numbers filter again unstable=0
  name=$(basename "$(dirname "$project")")
  say "== $name"
  trx=$results/$name/$name.trx
  test_dotnet "$project" "$trx"
  code=$?
  if [ ! -f "$trx" ]; then
    # A project without tests writes no results and ends well.
    report "$name" "$code" 0 0 0
    return
  fi
  numbers=$(grep -o '<Counters [^>]*' "$trx" | head -n 1)
  attribute() { printf '%s' "$numbers" | sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p"; }
  local total executed good
  total=$(attribute total) executed=$(attribute executed) good=$(attribute passed)
  filter=$(python3 eng/trx.py filter "$trx")
  if [ -n "$filter" ]; then
    say "Once more: $filter"
    again=${trx%.trx}.again.trx
    test_dotnet "$project" "$again" --filter "$filter"
    [ ! -f "$again" ] || unstable=$(python3 eng/trx.py unstable "$trx" "$again")
    good=$((good + unstable))
    [ "$good" != "$executed" ] || code=0
  fi
  report "$name" "$code" "${good:-0}" "$((${executed:-0} - ${good:-0}))" "$((${total:-0} - ${executed:-0}))"
}

run_web_suite() {
  say "== web"
  local file=$results/web.json code
  (cd src/Platform/Web && npm test --silent -- --reporter=default --reporter=json --outputFile="$file") >&2
  code=$?
  if [ -f "$file" ]; then
    report web "$code" "$(jq .numPassedTests "$file")" "$(jq .numFailedTests "$file")" "$(jq '.numPendingTests + .numTodoTests' "$file")"
  else
    report web "$code" 0 0 0
  fi
}

run_check() {
  local name=$1 code
  shift
  say "== $name"
  timeout 15m "$@" >&2
  code=$?
  if [ "$code" = 0 ]; then report "$name" 0 1 0 0; else report "$name" "$code" 0 1 0; fi
}

say "Building (Release)"
if ! dotnet build Events.sln -c Release -v quiet --nologo >&2; then
  say "The build failed."
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
build_web || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }

# Other vendors' own software, which the platform's tests hold it and its stand-ins against.
install_node_packages() {
  say "Installing the Node packages of $1"
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error) >&2
}
if wanted Platform.Tests; then
  for packages in tests/Platform.Tests/IdentityProviders tests/Platform.Tests/Clients; do
    build_once "$packages/node_modules/.events-build" "$packages/node_modules" "$(fingerprint "$packages")" install_node_packages "$packages" \
      || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
  done
fi

wanted format && run_check format dotnet format Events.sln --no-restore --verify-no-changes
for project in tests/*/*.csproj; do
  wanted "$(basename "$(dirname "$project")")" && run_dotnet_suite "$project"
done
[ -f src/Platform/Web/package.json ] && wanted web && run_web_suite
wanted allocations && run_check allocations dotnet benchmarks/Micro/bin/Release/net10.0/Micro.dll allocations
[ -x benchmarks/gate.sh ] && wanted gate && run_check gate benchmarks/gate.sh

# Last, since the end is all that many a log keeps.
python3 eng/trx.py failures "$results" >&2
[ ! -f "$results/web.json" ] || jq -r '.testResults[].assertionResults[] | select(.status == "failed") | "FAILED " + .fullName, (.failureMessages[] | "  " + .[0:2000])' "$results/web.json" >&2
[ ${#failures[@]} -eq 0 ] || say "Failed: ${failures[*]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
