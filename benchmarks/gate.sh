#!/usr/bin/env bash
# The gates that ./test.sh holds: 200 WHEP viewers of one 1.5 Mbit/s publisher lose nothing and take at most 100 KB each, and what a forwarded packet costs is printed beside
# Debian's Janus in the same run; and 500 viewers, sixteen joining at a time, lose nothing and fill no receive buffer of ours.
# One repetition of each is allowed: a machine shared with others may stall for a second.
set -euo pipefail
cd "$(dirname "$0")"
twice() { "$@" || { echo "Once more ..."; "$@"; }; }
twice ./compare.sh --viewers 200 --seconds 10 --janus one
twice ./compare.sh --viewers 500 --seconds 5 --bitrate 200 --janus none
