#!/usr/bin/env bash
# Two builds at once, each with a load of its own, so that a loud hour is as loud for both: what a change costs or saves, to about one percent in ten minutes.
#
#   benchmarks/pair.sh OLD NEW [--runs N] [--roles media|all] [arguments of benchmarks/Load]
#
# OLD and NEW are directories that `dotnet build src/Platform -c Release -o DIRECTORY` filled. Prints both figures of each run and, at the end, the mean of the
# ratios NEW / OLD with its standard error. By default 100 viewers with UDP_GRO and frames at once, 12 s.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
old=$(realpath "$1") new=$(realpath "$2")
shift 2
cd "$(dirname "$0")/.."

runs=6 roles=media load=()
while [ $# -gt 0 ]; do
  case "$1" in
    --runs) runs=$2; shift 2 ;;
    --roles) roles=$2; shift 2 ;;
    *) load+=("$1"); shift ;;
  esac
done
[ ${#load[@]} -gt 0 ] || load=(--viewers 100 --gro --pacing burst --seconds 12)

for tool in jq curl python3; do command -v "$tool" >/dev/null || { echo "$tool is needed"; exit 1; }; done
dotnet build benchmarks/Load -c Release -v q --nologo
work=$(mktemp -d)
chmod 711 "$work" # PostgreSQL's user, when it is another, keeps its cluster there.
trap 'rm -rf "$work"' EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

measure() ( # build, result
  rm -f "$2.json" # Of the run before.
  log=$2.log data=$2.data stdin=$2.stdin media=$(free_port)
  settings=(ASPNETCORE_ENVIRONMENT=Development EVENTS_OPEN_WHIP=1 EVENTS_BIND=127.0.0.1 EVENTS_HTTP_PORT="$(free_port)" EVENTS_MEDIA_HTTP_PORT="$media"
    EVENTS_MIXER_HTTP_PORT="$(free_port)" EVENTS_RTC_PORT="$(free_port)" EVENTS_RTC_WORKERS=1 EVENTS_DATA_DIR="$data")
  if [ "$roles" = media ]; then # As the supervisor starts it (src/Platform/Roles/Supervisor.cs, MediaRuntime).
    settings+=(DOTNET_TieredCompilation=0 DOTNET_GCgen0size=40000 DOTNET_GCGen0MaxBudget=80000 DOTNET_GCGen1MaxBudget=40000)
  fi
  # The role stops when its standard input ends, so it gets a pipe that stays open.
  mkfifo "$stdin"
  env "${settings[@]}" dotnet "$1/Events.Platform.dll" --role "$roles" <"$stdin" >"$log" 2>&1 &
  pid=$!
  exec 9>"$stdin"
  trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null || true; rm -rf "$data" "$stdin"' EXIT
  for _ in $(seq 300); do
    if [ "$roles" = all ]; then ! grep -q '^ready' "$log" || break; elif curl -sf -o /dev/null "http://127.0.0.1:$media/readyz"; then break; fi
    sleep 0.1
  done
  [ "$roles" = media ] || sleep 8 # What is compiled once is not what is compared.
  dotnet benchmarks/Load/bin/Release/net10.0/Load.dll --url "http://127.0.0.1:$media" --room pair --pid "$pid" --json "$2.json" "${load[@]}" >>"$log" 2>&1 || { tail -5 "$log" >&2; exit 1; }
)

for run in $(seq "$runs"); do
  # Who begins first takes turns.
  if [ $((run % 2)) = 1 ]; then first=old second=new; else first=new second=old; fi
  measure "${!first}" "$work/$first" & one=$!
  measure "${!second}" "$work/$second" & two=$!
  failed=0
  wait $one || failed=1
  wait $two || failed=1
  [ $failed = 0 ] || { echo "Run $run failed: there is no figure of it." >&2; exit 1; }
  jq -rn --slurpfile a "$work/old.json" --slurpfile b "$work/new.json" '"\($a[0].serverMicrosecondsPerPacket) \($b[0].serverMicrosecondsPerPacket)"'
done | awk '
  { printf "%.2f µs  %.2f µs  × %.3f\n", $1, $2, $2 / $1; ratio = log($2 / $1); sum += ratio; squares += ratio * ratio; fflush() }
  END { if (NR > 1) { mean = sum / NR; printf "NEW / OLD × %.3f ± %.3f\n", exp(mean), sqrt((squares / NR - mean * mean) / (NR - 1)) } }'
