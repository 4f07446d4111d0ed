"""Whether Gradio's queue still ends for all when one client joins it without a session.

`python -m bench.stopped_queue` sends eight calls with an empty session hash to a page of one function, then an ordinary
one. In Gradio 6.31 the event gets a session of its own while its messages stay with the empty one:
`Queue.broadcast_estimations` raises KeyError inside `start_processing`, whose `finally` stops the queue.
visualizer/page/door.py keeps such calls out, and need not when this prints "goes on".
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import gradio as gr

_CALLS = 8


def main() -> int:
    """Print what the queue does. Returns 1 when it stops."""
    with gr.Blocks(analytics_enabled=False) as page:
        gr.api(_work, api_name="work")
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
    try:
        with ThreadPoolExecutor(_CALLS) as threads:
            list(threads.map(lambda _: _status(f"{address}gradio_api/queue/join", ""), range(_CALLS)))
        status = _status(f"{address}gradio_api/queue/join", "ordinary")
    finally:
        page.close(verbose=False)
    goes_on = status == 200
    print(f"Gradio {gr.__version__}: after {_CALLS} calls without a session the queue "
          f"{'goes on' if goes_on else f'has stopped (an ordinary call gets {status})'}.")  # fmt: skip
    return 0 if goes_on else 1


def _work() -> str:
    return "done"


def _status(url: str, session: str) -> int:
    call = json.dumps({"data": [], "fn_index": 0, "session_hash": session}).encode()
    request = urllib.request.Request(url, call, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as exc:
        return exc.code


if __name__ == "__main__":
    sys.exit(main())
