"""A run as one HTML file: the player and the recording inside, nothing loaded from anywhere.

The recording travels compressed, as base64 in a script element of no known type, so that no text in it can be markup.
A content security policy lets only the file's own script run.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import re

from visualizer.measure import is_race
from visualizer.player import compare_message, race_message, recording_message
from visualizer.trace import Trace, Writing

_BASE64_LINE = 4096
_TITLE_CHARACTERS = 80
_KEPT_FONT = ('"JetBrains Mono"', "font-weight: 400")
_START = """
(async () => {
  const root = document.getElementById("player");
  const text = document.getElementById("recording").textContent;
  const bytes = Uint8Array.from(atob(text.replace(/\\s/g, "")), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  createPlayer(root).receive(await new Response(stream).text());
  document.getElementById("plain").remove();
})();
"""
_PAGE_CSS = """
body { margin: 0 auto; max-width: 1100px; padding: 24px 20px 40px; background: var(--c-page); color: var(--c-text);
  font: 15px/1.5 var(--font-ui); }
#asked { margin: 0 0 16px; font-size: 18px; font-weight: 600; white-space: pre-wrap; overflow-wrap: anywhere;
  max-height: 30vh; overflow-y: auto; }
.dp:not(:fullscreen) > .dp-panes .dp-prompt { display: none !important; }
#plain, #plain pre { color: var(--c-quiet); white-space: pre-wrap; overflow-wrap: anywhere; }
"""


def html_page(trace: Trace, script: str, css: str, theme: str) -> str:
    """The page of a run. script: defines `createPlayer(root)`; css: its rules. theme: the name that it opens in."""
    return _page(trace, trace.answer, recording_message(trace, run=""), script, css, theme)


def pair_page(left: Trace, right: Trace, script: str, css: str, theme: str) -> str:
    """The page of two runs beside one another, as that of a run."""
    both = left.answer if right.info.writing is Writing.DRAWN else f"{left.answer}\n\n{right.answer}"
    if is_race(left.info, right.info):
        message = race_message(left, right, ("", ""))
    else:
        message = compare_message(recording_message(left, ""), recording_message(right, ""))
    return _page(left, both, message, script, css, theme)


def _page(trace: Trace, text: str, message: str, script: str, css: str, theme: str) -> str:
    """message: what the player gets; text: what stands where no script may run."""
    script += _START
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{hashed}'; style-src 'unsafe-inline'; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    prompt = html.escape(trace.info.prompt)
    title = html.escape(" ".join(trace.info.prompt.split())[:_TITLE_CHARACTERS])
    return f"""<!doctype html>
<html lang="en" data-theme="{html.escape(theme)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="{html.escape(f"{trace.info.checkpoint}, {trace.info.fingerprint}")}">
<title>{title}</title>
<style>{_without_other_fonts(css)}{_PAGE_CSS}</style>
</head>
<body>
<h1 id="asked" dir="auto" tabindex="0">{prompt}</h1>
<main>
<div id="player" class="player-root"></div>
<div id="plain"><p>The recording plays in browsers since 2023 where scripts may run. The text that was written:</p>
<pre dir="auto">
{html.escape(text)}</pre></div>
</main>
<script type="application/gzip+base64" id="recording">
{_packed(message)}
</script>
<script>{script}</script>
</body>
</html>
"""


def _without_other_fonts(css: str) -> str:
    """The style sheet with the canvas's own font only: all of them would be a third of the file."""
    return re.sub(
        r"@font-face \{[^}]*\}", lambda rule: rule[0] if all(word in rule[0] for word in _KEPT_FONT) else "", css
    )


def _packed(message: str) -> str:
    """Compressed, in lines that editors can open."""
    text = base64.b64encode(gzip.compress(message.encode(), 9, mtime=0)).decode()
    return "\n".join(text[start : start + _BASE64_LINE] for start in range(0, len(text), _BASE64_LINE))
