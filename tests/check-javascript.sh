#!/bin/sh
# Checks the types of the page's JavaScript, which are written as JSDoc. Installs the checker where it is missing.
set -e
cd "$(dirname "$0")/.."
version=7.0.2
folder=.venv/typescript-$version
if ! command -v npm >/dev/null 2>&1; then
    echo "Checking the JavaScript needs Node.js; please install it." >&2
    exit 1
fi
if [ ! -x "$folder/node_modules/.bin/tsc" ]; then
    mkdir -p "$folder"
    npm install --silent --no-audit --no-fund --no-save --prefix "$folder" "typescript@$version"
fi
"$folder/node_modules/.bin/tsc" --project assets/tsconfig.json
