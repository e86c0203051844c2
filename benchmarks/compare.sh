#!/usr/bin/env bash
# Runs the same load against Debian's Janus (videoroom plugin) and against an Events media role, on this machine, one after the
# other, and prints both with their ratios. It stops only what it has started.
#
#   benchmarks/compare.sh [--viewers N] [--seconds N] [--bitrate KBIT] [--pacing paced|burst] [--gro yes|no] [--janus all|one|none]
#                         [--roles media|all] [--joins N] [--events-url URL --events-pid PID]
#
# --pacing: the publisher spreads a frame over 2.5 times its rate, or sends it at once as Chromium does. --gro: viewers receive with UDP_GRO, as a network card would.
# --joins: viewers that come each second; 0 is sixteen at a time, which fills both cores of a small machine with both programs.
#
# --roles: all is a whole installation with its database, as ./run.sh starts it, all of whose processes are counted.
#
# Without --events-url it starts a media role of its own from src/Platform/bin/Release. It ends with 1 when a viewer of ours did not join,
# lost a packet or took more than 100 KB, or a socket of ours had no room for a packet: ./test.sh runs it as gate.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

viewers=100 seconds=20 bitrate=1500 pacing=paced gro=no janus_runs=all roles=media joins=0 events_url="" events_pid=""
while [ $# -gt 0 ]; do
  case "$1" in
    --viewers) viewers=$2 ;;
    --seconds) seconds=$2 ;;
    --bitrate) bitrate=$2 ;;
    --pacing) pacing=$2 ;;
    --gro) gro=$2 ;;
    --janus) janus_runs=$2 ;;
    --roles) roles=$2 ;;
    --joins) joins=$2 ;;
    --events-url) events_url=$2 ;;
    --events-pid) events_pid=$2 ;;
    *) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift 2
done

if [ "$janus_runs" != none ] && ! command -v janus >/dev/null; then
  echo "Installing janus ..."
  if [ "$(id -u)" = 0 ]; then as_root=""; else as_root="sudo"; fi
  # Debian would start a Janus of its own on the default ports: a policy keeps it from doing so.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod +x "$policy"
    trap '$as_root rm -f "$policy"' EXIT
  fi
  $as_root apt-get update -q && $as_root apt-get install -y -q janus
fi
for tool in jq curl python3; do command -v "$tool" >/dev/null || { echo "$tool is needed"; exit 1; }; done

work=$(mktemp -d)
chmod 711 "$work" # PostgreSQL's user, when it is another, keeps its cluster there.
started=()
cleanup() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
  if [ -n "${dummy:-}" ]; then ip link del "$dummy"; fi
  if [ -n "${policy:-}" ] && [ -n "${as_root+x}" ]; then $as_root rm -f "$policy"; fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

wait_for() { # url, log
  for _ in $(seq 100); do
    curl -sf -o /dev/null "$1" && return 0
    sleep 0.1
  done
  echo "no answer from $1"; tail -20 "$2"; exit 1
}

dotnet build benchmarks/Load -c Release -v q --nologo
load() { # name, arguments
  local name=$1; shift
  echo "--- $name"
  dotnet benchmarks/Load/bin/Release/net10.0/Load.dll --viewers "$viewers" --seconds "$seconds" --bitrate "$bitrate" --pacing "$pacing" --joins "$joins" \
    $([ "$gro" = no ] || echo --gro) --json "$work/$name.json" "$@" || echo "(the run reported a failure)"
}

# Janus takes no loopback interface; traffic to any own address stays on loopback all the same.
address=$(hostname -I | tr ' ' '\n' | grep -m1 '\.' || true)
dummy=""
if [ -z "$address" ]; then
  # A machine with nothing but loopback: an interface of our own, gone when we end.
  dummy=events-compare address=198.18.0.1
  ip link add "$dummy" type dummy && ip addr add "$address/32" dev "$dummy" && ip link set "$dummy" up
fi

run_janus() { # name, event loops (0: a thread per peer)
  local name=$1 loops=$2 port plugins
  port=$(free_port)
  mkdir -p "$work/$name"
  plugins=$(find /usr/lib -maxdepth 3 -type d -path '*/janus/plugins' | head -1)
  [ -n "$plugins" ] || { echo "janus' plugins are not in /usr/lib"; exit 1; }
  cat >"$work/$name/janus.jcfg" <<CONFIG
general: {
  configs_folder = "$work/$name"
  plugins_folder = "$plugins"
  transports_folder = "$(dirname "$plugins")/transports"
  events_folder = "$work/none"
  loggers_folder = "$work/none"
  server_name = "compare"
  session_timeout = 0
  debug_level = 3
  $([ "$loops" = 0 ] || echo "event_loops = $loops")
}
media: { rtp_port_range = "42000-49999" }
nat: { ice_lite = true, ice_enforce_list = "$address", full_trickle = false, ipv6 = false }
plugins: { disable = "libjanus_audiobridge.so,libjanus_echotest.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_nosip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so,libjanus_lua.so,libjanus_duktape.so" }
transports: { disable = "libjanus_websockets.so,libjanus_pfunix.so,libjanus_rabbitmq.so,libjanus_mqtt.so,libjanus_nanomsg.so" }
CONFIG
  cat >"$work/$name/janus.transport.http.jcfg" <<CONFIG
general: { json = "compact", base_path = "/janus", http = true, port = $port, ip = "127.0.0.1", https = false }
admin: { admin_http = false }
CONFIG
  echo 'general: { }' >"$work/$name/janus.plugin.videoroom.jcfg"
  janus -F "$work/$name" -C "$work/$name/janus.jcfg" >"$work/$name/log" 2>&1 &
  local pid=$!
  started+=("$pid")
  wait_for "http://127.0.0.1:$port/janus/info" "$work/$name/log"
  load "$name" --janus "http://127.0.0.1:$port/janus" --pid "$pid"
  kill "$pid"; wait "$pid" 2>/dev/null || true
}

run_events() {
  if [ -z "$events_url" ]; then
    local http log="$work/events.log" dll=src/Platform/bin/Release/net10.0/Events.Platform.dll
    http=$(free_port)
    dotnet build src/Platform -c Release -v q --nologo
    # The role stops when its standard input ends, so it gets a pipe that stays open.
    mkfifo "$work/stdin"
    local settings=(ASPNETCORE_ENVIRONMENT=Development EVENTS_OPEN_WHIP=1 EVENTS_BIND=127.0.0.1 EVENTS_HTTP_PORT="$(free_port)" EVENTS_MEDIA_HTTP_PORT="$http"
      EVENTS_RTC_PORT="$(free_port)" EVENTS_DATA_DIR="$work/data")
    if [ "$roles" = all ]; then
      settings+=(EVENTS_MIXER_HTTP_PORT="$(free_port)")
    else
      # As the supervisor starts it (src/Platform/Roles/Supervisor.cs, MediaRuntime).
      settings+=(DOTNET_TieredCompilation=0 DOTNET_GCgen0size=40000 DOTNET_GCGen0MaxBudget=80000 DOTNET_GCGen1MaxBudget=40000 EVENTS_RTC_WORKERS=1)
    fi
    env "${settings[@]}" dotnet "$dll" --role "$roles" <"$work/stdin" >"$log" 2>&1 &
    events_pid=$!
    started+=("$events_pid")
    exec 9>"$work/stdin"
    events_url="http://127.0.0.1:$http"
    wait_for "$events_url/readyz" "$log"
    if [ "$roles" = all ]; then
      for _ in $(seq 300); do ! grep -q '^ready' "$log" || break; sleep 0.1; done
      sleep 8 # What is compiled once is not what is compared.
    fi
  fi
  load events --url "$events_url" --room "compare-$$" ${events_pid:+--pid "$events_pid"}
}

run_events
# Of the workers' own sockets, counted by the kernel for each; the generator's count is of the whole machine.
own_drops=$(curl -sf "$events_url/metrics" | awk '/^events_rtc_datagrams_dropped/ { sum += $NF; seen = 1 } END { print seen ? sum : "unknown" }')
if [ "$janus_runs" != none ]; then run_janus janus-one-loop 1; fi
if [ "$janus_runs" = all ]; then run_janus janus-default 0; fi

echo
row() { # title, jq expression
  printf '%-34s' "$1"
  local own other
  own=$(jq -r "$2 // empty" "$work/events.json" 2>/dev/null || true)
  printf '%14s' "${own:--}"
  for name in janus-one-loop janus-default; do
    other=$(jq -r "$2 // empty" "$work/$name.json" 2>/dev/null || true)
    printf '%16s %7s' "${other:--}" "$(awk -v a="$own" -v b="$other" 'BEGIN { print (a != "" && b != "" && a + 0 > 0) ? sprintf("×%.2f", b / a) : "" }')"
  done
  echo
}
printf '%-34s%14s%16s %7s%16s %7s\n' "$viewers viewers, $bitrate kbit/s, $pacing" events "janus loops=1" ratio "janus default" ratio
row "joined" '.joined'
row "CPU µs per delivered packet" '.serverMicrosecondsPerPacket * 100 | round / 100'
row "server CPU, % of a core" '.serverCpuShare * 1000 | round / 10'
row "memory per viewer, KB" '.serverKilobytesPerViewer | round'
row "packets lost" '.packetsLost'
printf '%-34s%14s\n' "dropped by our sockets" "$own_drops"
row "delay p50, ms" '.delayP50 * 10 | round / 10'
row "delay p99, ms" '.delayP99 * 10 | round / 10'
row "join to first media p50, ms" '.firstMediaP50 | round'
row "join to first keyframe p50, ms" '.firstKeyframeP50 | round'
row "join to first keyframe p99, ms" '.firstKeyframeP99 | round'
row "join to present frame p50, ms" '.firstPresentP50 | round'
row "join to present frame p99, ms" '.firstPresentP99 | round'
echo "Ratios are Janus over Events; CPU on loopback includes the receivers' half of the kernel's work."

jq -e '.joined == .viewers and .packetsLost == 0' "$work/events.json" >/dev/null \
  || { echo "Gate: every viewer of ours joins and loses nothing; that did not hold."; exit 1; }
jq -e '.serverKilobytesPerViewer == null or .serverKilobytesPerViewer <= 100' "$work/events.json" >/dev/null \
  || { echo "Gate: a viewer of ours takes at most 100 KB of memory; it was $(jq -r '.serverKilobytesPerViewer | round' "$work/events.json")."; exit 1; }
[ "$own_drops" = 0 ] || { echo "Gate: no socket of ours drops what it receives; $own_drops datagrams were."; exit 1; }
