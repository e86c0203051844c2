#!/usr/bin/env bash
# Starts everything on this machine: installs, builds, then becomes the supervisor. See README.md and docs/operations.md.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
. eng/prepare.sh

install_packages postgresql ffmpeg libopus0 libssl3 fonts-dejavu-core flite curl ca-certificates util-linux
require_tools

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
binary=src/Platform/bin/Release/net10.0/Events.Platform.dll

build_binary() {
  say "Building (Release)"
  dotnet build src/Platform/Events.Platform.csproj -c Release -v quiet --nologo >&2
}
build_web
build_once src/Platform/obj/.events-build "$binary" \
  "$(fingerprint src Directory.Build.props Directory.Packages.props global.json)" build_binary

export ASPNETCORE_ENVIRONMENT="${ASPNETCORE_ENVIRONMENT:-Development}"
# From here on this process is the supervisor: Ctrl+C, SIGTERM and its death stop everything.
exec dotnet "$binary" "$@"
