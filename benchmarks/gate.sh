#!/usr/bin/env bash
# The gate that ./test.sh holds: 200 WHEP viewers of one 1.5 Mbit/s publisher lose nothing, and what a forwarded packet costs is
# printed beside Debian's Janus in the same run. One repetition is allowed: a machine shared with others may stall for a second.
set -euo pipefail
cd "$(dirname "$0")"
./compare.sh --viewers 200 --seconds 10 --janus one || { echo "Once more ..."; ./compare.sh --viewers 200 --seconds 10 --janus one; }
