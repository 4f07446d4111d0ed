"""A prompt in a few lines that fit; what is left out is counted."""

from __future__ import annotations

from collections.abc import Callable

_ELLIPSIS = "…"


def shortened(text: str, width_of: Callable[[str], int], room: int, ending: str = _ELLIPSIS) -> str:
    """The longest start of a text that fits with its ending, cut visibly; the text itself if it fits."""
    if width_of(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width_of(text[:middle].rstrip() + ending) <= room else (low, middle - 1)
    return text[:low].rstrip() + ending


class LineBreaker:
    """Breaks text of one size into lines. width_of: pixels that a line takes."""

    def __init__(self, font_px: int, width_of: Callable[[str], int]) -> None:
        self._font_px, self._width_of = font_px, width_of

    def balanced(self, text: str, most: int, room: int) -> list[str]:
        """At most so many lines of a text, about equally long where all of it fits."""
        lines = self._broken(text, most, room)
        narrow = room
        while len(lines) > 1 and " ".join(lines) == text:
            narrow -= max(1, room // 20)
            narrower = self._broken(text, most, narrow)
            if len(narrower) != len(lines) or " ".join(narrower) != text:
                break
            lines = narrower
        return lines

    def _broken(self, text: str, most: int, room: int) -> list[str]:
        lines: list[str] = []
        while text and len(lines) < most:
            line = self._line(text, room, is_last=len(lines) == most - 1)
            lines.append(line)
            text = text[len(line) :].lstrip() if text.startswith(line) else ""
        return lines

    def _line(self, text: str, room: int, is_last: bool) -> str:
        head = shortened(text[: self._most_characters(room)], self._width_of, room, "")
        if head == text:
            return text
        if is_last:
            ending = f"{_ELLIPSIS}  and {len(text) - len(head):,} more characters"
            cut = shortened(text[: len(head)] + "  ", self._width_of, room - self._width_of(ending), "")
            return f"{cut}{_ELLIPSIS}  and {len(text) - len(cut):,} more characters"
        at_space = head.rfind(" ")
        return head[:at_space] if at_space > len(head) // 2 and text[len(head) : len(head) + 1] != " " else head

    def _most_characters(self, room: int) -> int:
        """More characters than ever fit; long prompts are not measured whole."""
        return 8 * room // max(1, self._font_px) + 1
