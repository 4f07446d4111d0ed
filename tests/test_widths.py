"""The page draws by the widths that the exports draw by: five hundred texts, in a real browser."""

import json
import random
import unicodedata
from collections import Counter

import pytest

from tests.support.browser import PAINTED
from tests.support.canvas_samples import tiny_state
from tests.support.played import made_info
from tests.support.player_pages import choose, pause
from visualizer.picture import Glyphs
from visualizer.picture.cells import CellGrid
from visualizer.picture.final_text import FinalText
from visualizer.player import recording_message
from visualizer.trace import Phase, Trace

SCRIPTS = {
    "latin": (0x41, 0x250), "marks": (0x300, 0x370), "greek": (0x370, 0x400), "cyrillic": (0x400, 0x530),
    "armenian": (0x531, 0x590), "hebrew": (0x5D0, 0x5EB), "arabic": (0x620, 0x6D4), "devanagari": (0x900, 0x980),
    "bengali": (0x980, 0xA00), "gurmukhi": (0xA00, 0xA80), "gujarati": (0xA80, 0xB00), "oriya": (0xB00, 0xB80),
    "tamil": (0xB80, 0xC00), "telugu": (0xC00, 0xC80), "kannada": (0xC80, 0xD00), "malayalam": (0xD00, 0xD80),
    "sinhala": (0xD80, 0xE00), "thai": (0xE01, 0xE5C), "lao": (0xE81, 0xEE0), "myanmar": (0x1000, 0x102B),
    "georgian": (0x10A0, 0x1100), "jamo": (0x1100, 0x1200), "ethiopic": (0x1200, 0x1380), "cherokee": (0x13A0, 0x1400),
    "runic": (0x16A0, 0x16F9), "khmer": (0x1780, 0x17EA), "punctuation": (0x2010, 0x2060), "arrows": (0x2190, 0x2200),
    "mathematics": (0x2200, 0x2300), "boxes": (0x2500, 0x2600), "symbols": (0x2600, 0x2700), "kana": (0x3041, 0x3100),
    "han": (0x4E00, 0x9FA0), "hangul": (0xAC00, 0xD7A4), "full width": (0xFF01, 0xFFA0), "emoji": (0x1F300, 0x1F650),
    "letters in mathematics": (0x1D400, 0x1D4C0), "rare han": (0x20000, 0x20100),
}  # fmt: skip
FIXED = (
    "—", " — ", "“quoted”", " ’s", "…", "→", "é", "e\u0301", " naïve", "漢字", " 漢字",
    "❤️", "❤", "👩‍👩‍👧", "👍🏽", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "שלום", "\u200d", "\u200b", "\ufeff", "\u00ad", "\u00a0", "\u3000", " \u3000", "\x00", "\x1c", "\x85",
    "\t", "\t\treturn", " ", "    ", "\n", "\n\n", " a\n", "\r", "a\r\n", "\ufffd", "word",
    " extraordinarily", "漢字仮名交じり文の例", "", "ﬁ", "ﷺ", "각", "ᄀ", "क्षि",
    "நி", "กำ", "︎", "\U0010fffd",
)  # fmt: skip
COUNT = 500


def made_texts():
    """Texts of one to four letters of each script in turn, half of them after a space, and the fixed ones."""
    dice = random.Random(1)
    drawn = []
    while len(drawn) < COUNT - len(FIXED):
        start, end = list(SCRIPTS.values())[len(drawn) % len(SCRIPTS)]
        letters = [chr(code) for code in range(start, end) if unicodedata.category(chr(code)) not in ("Cn", "Cs")]
        drawn.append(dice.choice(("", " ")) + "".join(dice.choices(letters, k=dice.randint(1, 4))))
    return [*FIXED, *drawn]


TEXTS = made_texts()
NEWLINE_ID, OTHER_ID = COUNT, COUNT + 1


def trace_of_texts(ids, *states):
    """A run of these states, of which a last one commits all ids."""
    commit = tiny_state(ids, [True] * len(ids), Phase.COMMIT, step=2)
    texts = dict(enumerate(TEXTS)) | {NEWLINE_ID: "\n", OTHER_ID: "other"}
    states = (*states, commit)
    return Trace(made_info(), states, texts, frozenset(), ({},) * len(states), ("",), "stop")


def film_widths(trace, index, settled):
    """How many cells of the exports' grid every position takes in a state."""
    grid = CellGrid(FinalText(trace, Glyphs().columns), 400, settled)
    widths = Counter()
    for cell in grid.cells(index):
        widths[cell.position] += cell.width
    return [widths[position] for position in range(len(trace.states[index].canvas_ids))]


@pytest.fixture
def shown_at_the_first_step(opened):
    """Opens the player at the first step of a trace, in a layout; what a script finds there."""

    def look(trace, layout, script):
        message = json.loads(recording_message(trace, "r"))
        del message["direction"]  # which would show the tokens of the noise in place of its grain
        page = opened(message)
        choose(page, layout)
        pause(page)
        for _ in range(8):
            page.evaluate(PAINTED)  # what is out of sight follows
        return page.evaluate(f"() => [...document.querySelectorAll('.dp-canvas .dp-cell')].map({script})")

    return look


def test_noise_is_as_wide_on_the_page_as_in_a_film(shown_at_the_first_step):
    ids = list(range(COUNT))
    noise = tiny_state(ids, [False] * COUNT)
    trace = trace_of_texts(ids, noise)
    chips = shown_at_the_first_step(trace, "flow", "(cell) => cell.lastChild.textContent.length")
    expected = film_widths(trace, 0, settled=False)
    assert {text: chip for text, chip, width in zip(TEXTS, chips, expected, strict=True) if chip != width} == {}
    assert len(set(chips)) > 10


def test_another_token_has_as_much_room_in_the_settled_layout_as_the_final_one_in_a_film(shown_at_the_first_step):
    """One text a line, so that its letters join no others; what breaks lines or meets tab stops has no one width."""
    ids = [place for place, text in enumerate(TEXTS) if text.strip() and not {"\n", "\r", "\t"} & set(text)]
    ids = [token_id for token_id in ids if TEXTS[token_id] == TEXTS[token_id].rstrip()]
    assert len(ids) > 450
    lines = [token_id for own in ids for token_id in (own, NEWLINE_ID)]
    other = [OTHER_ID] * len(lines)
    trace = trace_of_texts(lines, tiny_state(other, [True] * len(lines)))
    room = "(cell) => Number(cell.lastChild.style.getPropertyValue('--room'))"
    rooms = shown_at_the_first_step(trace, "settled", room)
    expected = film_widths(trace, 1, settled=True)
    texts = [TEXTS[token_id] for token_id in ids]
    pairs = zip(texts, rooms[::2], expected[::2], strict=True)
    assert {text: (room, width) for text, room, width in pairs if room != width} == {}
