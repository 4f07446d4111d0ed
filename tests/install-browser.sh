#!/bin/sh
# Installs a Chromium for the browser tests when none is found and the system's package manager is there.
set -e
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
for app in "/Applications/Chromium.app" "/Applications/Google Chrome.app"; do
    [ -d "$app" ] && exit 0
done
if command -v apt-get >/dev/null 2>&1; then
    run=""
    [ "$(id -u)" -eq 0 ] || run="sudo"
    $run apt-get update -qq && $run apt-get install -y -qq chromium
elif command -v brew >/dev/null 2>&1; then
    brew install --quiet --cask chromium
else
    echo "The browser tests need Chromium or Chrome; please install one." >&2
    exit 1
fi
