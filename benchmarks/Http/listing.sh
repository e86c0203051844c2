#!/usr/bin/env bash
# How many requests a second the public listing answers on one core: the platform role on one, the generator (wrk, from Debian) on
# another, PostgreSQL wherever it likes. An installation of its own in a temporary directory, on free ports; everything is stopped at the end.
#
#   benchmarks/Http/listing.sh [--events N] [--seconds N] [--connections N] [--least REQUESTS_PER_SECOND]
#
# While it runs, an event is renamed once a second and looked for in the listing. It ends with 1 below --least, on any failed request, and
# when an edit took longer than a second to show.
set -euo pipefail
cd "$(dirname "$0")/../.."
. eng/prepare.sh

events=200 seconds=10 connections=32 least=5000
while [ $# -gt 0 ]; do
  case "$1" in
    --events) events=$2 ;;
    --seconds) seconds=$2 ;;
    --connections) connections=$2 ;;
    --least) least=$2 ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift 2
done

install_packages wrk curl jq util-linux postgresql
binary=src/Platform/bin/Release/net10.0/Events.Platform.dll
[ -f "$binary" ] || { say "Build first: dotnet build -c Release src/Platform"; exit 2; }

work=$(mktemp -d)
chmod 755 "$work"
supervisor=""
stop() {
  [ -z "$supervisor" ] || { kill -TERM "$supervisor" 2>/dev/null && wait "$supervisor" 2>/dev/null || true; }
  rm -rf "$work"
}
trap stop EXIT

read -r http media mixer rtc < <(python3 -c '
import socket
held = [socket.socket() for _ in range(4)]
[s.bind(("127.0.0.1", 0)) for s in held]
print(*[s.getsockname()[1] for s in held])')

env EVENTS_DATA_DIR="$work/data" EVENTS_HTTP_PORT="$http" EVENTS_MEDIA_HTTP_PORT="$media" EVENTS_MIXER_HTTP_PORT="$mixer" EVENTS_RTC_PORT="$rtc" EVENTS_RTC_WORKERS=1 \
  ASPNETCORE_ENVIRONMENT=Development dotnet "$binary" >"$work/log" 2>&1 &
supervisor=$!
url=http://127.0.0.1:$http
for _ in $(seq 240); do curl -fsS "$url/readyz" >/dev/null 2>&1 && break; sleep 0.5; done
curl -fsS "$url/readyz" >/dev/null || { cat "$work/log"; exit 1; }

ask() { curl -fsS -b "$work/jar" -c "$work/jar" -H 'X-Events-Csrf: 1' -H 'Content-Type: application/json' "$@"; }
demo=$(ask "$url/api/v1/demo")
ask -d "$(jq -c '{email, password}' <<<"$demo")" "$url/api/v1/auth/sign-in" >/dev/null
organisation=$(ask "$url/api/v1/me" | jq -r '.organisations[0].id')
words=$(printf 'A day of talks, workshops and people worth meeting. %.0s' {1..6})
for i in $(seq "$events"); do
  jq -cn --arg name "Event $i" --arg words "$words" '{name: $name, description: $words, timeZone: "Europe/Zurich", startsAt: "2190-05-01T08:00:00Z", endsAt: "2190-05-02T08:00:00Z"}'
done >"$work/events"
while IFS= read -r body; do ask -d "$body" "$url/api/v1/organisations/$organisation/events" >>"$work/made"; echo >>"$work/made"; done <"$work/events"
edited=$(tail -n 1 "$work/made" | jq -r .id)

platform=$(pgrep -P "$supervisor" -f -- '--role platform')
taskset -a -cp 0 "$platform" >/dev/null
bytes=$(curl -fsS "$url/api/v1/events" | wc -c)
taskset -c 1 wrk -t1 -c"$connections" -d3s "$url/api/v1/events" >/dev/null # compiled and warm

cpu() { awk '{print $14 + $15}' "/proc/$platform/stat"; }
taskset -c 1 wrk -t1 -c"$connections" -d"${seconds}s" --latency "$url/api/v1/events" >"$work/wrk" &
generator=$!
before=$(cpu) slowest=0
for i in $(seq $((seconds - 1))); do
  ask -X PATCH -d "{\"name\":\"Edit $i\"}" "$url/api/v1/events/$edited" >/dev/null
  start=$(date +%s%N)
  until curl -fsS "$url/api/v1/events" | grep -q "\"Edit $i\""; do
    [ $(($(date +%s%N) - start)) -lt 5000000000 ] || break
  done
  took=$((($(date +%s%N) - start) / 1000000))
  [ "$took" -le "$slowest" ] || slowest=$took
  sleep 0.7
done
wait "$generator"
after=$(cpu)

rate=$(awk '/Requests\/sec/ {print int($2)}' "$work/wrk")
echo "listing: $rate requests/s on one core, $bytes bytes each, $connections connections, $seconds s; platform used $(awk -v t=$((after - before)) -v s="$seconds" 'BEGIN {printf "%.0f %%", t / s}') of a core"
awk '/50%|99%/ {print "  latency " $1 " " $2}' "$work/wrk"
echo "  slowest edit to show, on the process that made it: $slowest ms"
if grep -qE 'Non-2xx|Socket errors' "$work/wrk"; then grep -E 'Non-2xx|Socket errors' "$work/wrk"; exit 1; fi
[ "$rate" -ge "$least" ] && [ "$slowest" -le 1000 ]
