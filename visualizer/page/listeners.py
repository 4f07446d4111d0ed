"""Options that the page's listeners share, typed so that they can be splatted: `button.click(f, a, b, **QUIET)`."""

from __future__ import annotations

from typing import Literal, TypedDict


class Quiet(TypedDict):
    """The page tells itself what goes on, and the listener is no endpoint for programs."""

    show_progress: Literal["hidden"]
    api_visibility: Literal["private"]


class AtOnce(Quiet):
    """Does not wait in the queue, either: what the browser does alone, or what the server answers in no time."""

    queue: Literal[False]


class Shared(Quiet):
    """Of those with one `concurrency_id` so many run at a time."""

    concurrency_limit: int
    concurrency_id: str


QUIET: Quiet = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE: AtOnce = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
EXPORTING: Shared = {
    "show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 2, "concurrency_id": "export"
}  # fmt: skip
PREVIEWING: Shared = {
    "show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 1, "concurrency_id": "preview"
}  # fmt: skip
"""One at a time: of two, the slower picture would come last, and stay."""
