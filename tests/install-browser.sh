#!/bin/sh
# Installs what the browser tests need and is not found, where the system's package manager is there: a Chromium, and on
# Debian and its like WebKit, the engine of Safari, with a screen for it.
set -e

has_chromium() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    for app in "/Applications/Chromium.app" "/Applications/Google Chrome.app"; do
        [ -d "$app" ] && return 0
    done
    return 1
}

has_webkit() {
    command -v WebKitWebDriver >/dev/null 2>&1 && command -v Xvfb >/dev/null 2>&1
}

if command -v apt-get >/dev/null 2>&1; then
    missing=""
    has_chromium || missing="chromium"
    has_webkit || missing="$missing webkit2gtk-driver xvfb"
    [ -n "$missing" ] || exit 0
    run=""
    [ "$(id -u)" -eq 0 ] || run="sudo"
    # shellcheck disable=SC2086 # one word per package
    $run apt-get update -qq && $run apt-get install -y -qq $missing
elif has_chromium; then
    exit 0
elif command -v brew >/dev/null 2>&1; then
    brew install --quiet --cask chromium
else
    echo "The browser tests need Chromium or Chrome; please install one." >&2
    exit 1
fi
