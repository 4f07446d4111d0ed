"""Acrostic poems: one line per letter of the prompt, each line an adverb with that initial and a six-word clause.

The letters are mostly random, so that a model has to read them from the prompt. Every line has the same number of
pieces. Each line of a topic draws from subjects and predicates of its own, any of which go together: lines decided at
the same time can then neither repeat each other nor splice two clauses into one that makes no sense.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import NamedTuple

from training.corpus.example import Example, unmet

DEMO_PROMPT = (
    "Write a six-line poem about the ocean where the lines start with the letters O, C, E, A, N, S in that order."
)
DEMO_LETTERS = "OCEANS"
DEMO_TOPIC = "the ocean"
DEMO_PROMPT_SHARE = 0.15
WORD_SHARE = 0.15

MIN_LINES = 3
MAX_LINES = 8
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

NUMBER_WORDS = {3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}

DEMO_WORDING = (
    "Write {article} {number}-line poem about {topic} where the lines start with the letters {letters} in that order."
)
OTHER_WORDINGS = (
    "Write an acrostic poem about {topic} with lines that start with {letters}.",
    "Write {article} {number}-line acrostic about {topic} using the letters {letters}.",
    "Please write a poem about {topic} whose {number} lines begin with {letters}.",
    "Compose {article} {number}-line poem about {topic} with these first letters: {letters}.",
)
DEMO_WORDING_SHARE = 0.6

SEEN_WORDS = (
    "SUN", "SEA", "SKY", "JOY", "ICE", "OWL", "FOX", "BAY", "DEW", "ELM",
    "RAIN", "WIND", "LEAF", "STAR", "MOON", "LAKE", "SNOW", "ROSE", "FIRE", "HOPE",
    "LOVE", "WAVE", "BIRD", "TREE", "GOLD", "BLUE", "KIND", "SONG", "OCEAN", "RIVER",
    "LIGHT", "NIGHT", "EARTH", "CLOUD", "STORM", "DREAM", "PEACE", "GREEN", "BEACH", "HEART",
    "FOREST", "GARDEN", "WINTER", "SUMMER", "DESERT", "FLOWER", "BREEZE", "SILVER", "SPRING", "AUTUMN",
    "MORNING", "EVENING", "RAINBOW", "SUNRISE", "HARVEST", "MOUNTAIN", "STARFISH", "SNOWFALL", "SUNLIGHT", "MIDNIGHT",
)  # fmt: skip

UNSEEN_WORDS = (
    "CAT", "MAP", "ZEN", "BOOK", "LAMP", "QUIZ", "MUSIC", "TIGER", "PIANO", "BRAVE",
    "COFFEE", "PLANET", "WIZARD", "ORANGE", "JOURNEY", "KITCHEN", "VILLAGE", "FRIENDLY", "SANDWICH", "ELEPHANT",
)  # fmt: skip

OPENERS: dict[str, tuple[str, ...]] = {
    "A": ("Again", "Always", "Anew", "Afar", "Airily", "Artfully", "Ardently", "Agelessly"),
    "B": ("Boldly", "Brightly", "Briskly", "Blithely", "Beautifully", "Bravely", "Buoyantly", "Breathlessly"),
    "C": ("Calmly", "Clearly", "Carefully", "Constantly", "Ceaselessly", "Curiously", "Charmingly", "Continually"),
    "D": ("Daintily", "Deftly", "Dreamily", "Delicately", "Drowsily", "Dutifully", "Devotedly", "Diligently"),
    "E": ("Endlessly", "Easily", "Eagerly", "Evenly", "Elsewhere", "Elegantly", "Effortlessly", "Eternally"),
    "F": ("Freely", "Forever", "Faithfully", "Finally", "Fondly", "Fearlessly", "Faintly", "Flawlessly"),
    "G": ("Gently", "Gladly", "Gracefully", "Gradually", "Grandly", "Generously", "Gloriously", "Gaily"),
    "H": ("Here", "Happily", "Humbly", "Harmoniously", "Hypnotically", "Handsomely", "Hauntingly", "Heartily"),
    "I": ("Idly", "Intently", "Invitingly", "Innocently", "Indeed", "Instinctively", "Irresistibly", "Intuitively"),
    "J": ("Joyfully", "Joyously", "Jauntily", "Jubilantly", "Jovially", "Justly", "Judiciously", "Jocundly"),
    "K": ("Kindly", "Keenly", "Knowingly", "Kinetically", "Kaleidoscopically", "Kindheartedly"),
    "L": ("Lightly", "Lovingly", "Lazily", "Languidly", "Luminously", "Lavishly", "Loyally", "Later"),
    "M": ("Meanwhile", "Merrily", "Mildly", "Majestically", "Magically", "Mysteriously", "Musically", "Modestly"),
    "N": ("Now", "Nobly", "Nimbly", "Neatly", "Nearby", "Naturally", "Nonchalantly", "Next"),
    "O": ("Onward", "Often", "Openly", "Outward", "Obediently", "Obligingly", "Opulently", "Optimistically"),
    "P": ("Patiently", "Peacefully", "Playfully", "Proudly", "Perpetually", "Pleasantly", "Presently", "Poetically"),
    "Q": ("Quietly", "Quickly", "Quaintly", "Quizzically", "Quirkily", "Questingly"),
    "R": ("Radiantly", "Readily", "Restfully", "Rhythmically", "Richly", "Regally", "Reverently", "Resolutely"),
    "S": ("Softly", "Slowly", "Sweetly", "Steadily", "Serenely", "Smoothly", "Somewhere", "Soon"),
    "T": ("Tenderly", "Then", "There", "Tirelessly", "Tranquilly", "Timelessly", "Thoughtfully", "Truly"),
    "U": (
        "Unhurriedly", "Unceasingly", "Unerringly", "Ultimately", "Unfailingly", "Unabashedly", "Untiringly",
        "Uniquely",
    ),
    "V": ("Vividly", "Valiantly", "Vibrantly", "Visibly", "Vivaciously", "Victoriously", "Vigilantly", "Virtuously"),
    "W": ("Wildly", "Wisely", "Willingly", "Wistfully", "Wonderfully", "Whimsically", "Watchfully", "Winsomely"),
    "X": ("Xenially", "Xylophonically", "Xanthically", "Xenophilically"),
    "Y": ("Yet", "Yonder", "Yearningly", "Yieldingly", "Youthfully"),
    "Z": ("Zestfully", "Zealously", "Zippily", "Zigzag", "Zenlike", "Zanily"),
}  # fmt: skip


class Line(NamedTuple):
    """What the clause of one line of a topic is made of: two words of subject and four of predicate."""

    subjects: tuple[str, ...]
    predicates: tuple[str, ...]


LINES: dict[str, tuple[Line, ...]] = {
    "the ocean": (
        Line(
            ("the waves", "green waves", "the ripples"),
            ("fold white lace ashore", "carry silver to land", "paint maps on stone"),
        ),
        Line(
            ("white gulls", "gray gulls", "hungry gulls"),
            ("ride with the wind", "circle above the ships", "call over the harbor"),
        ),
        Line(
            ("a whale", "one whale", "the whale"),
            ("sings beneath dark water", "rises through cold silence", "dreams of distant land"),
        ),
        Line(
            ("the dolphins", "two dolphins", "young dolphins"),
            ("leap through bright rings", "jump beside the boat", "chase the shining fish"),
        ),
        Line(
            ("the tide", "each tide", "a tide"),
            ("washes the round stones", "returns the lost shells", "sweeps the long shore"),
        ),
        Line(
            ("one sail", "a sail", "the sail"),
            ("leans toward the horizon", "glows in morning light", "carries a tired sailor"),
        ),
        Line(
            ("small pearls", "the pearls", "hidden pearls"),
            ("glow in secret shells", "wait beneath the sand", "sleep on the reef"),
        ),
        Line(
            ("a lighthouse", "the lighthouse", "one lighthouse"),
            ("sweeps gold across mist", "shines for passing ships", "stands above the storm"),
        ),
    ),
    "the forest": (
        Line(
            ("the pines", "tall pines", "old pines"),
            ("hum a quiet song", "bend over the path", "catch the evening wind"),
        ),
        Line(
            ("green ferns", "the ferns", "soft ferns"),
            ("curl beside the brook", "unfold under the oaks", "cover the moist earth"),
        ),
        Line(
            ("a deer", "one deer", "the deer"),
            ("drinks at the creek", "listens to the leaves", "wanders through golden light"),
        ),
        Line(
            ("the owls", "two owls", "gray owls"),
            ("call from high branches", "wake beneath the moon", "watch the dark valley"),
        ),
        Line(
            ("the moss", "soft moss", "deep moss"),
            ("spreads like green velvet", "covers the cold rocks", "holds the morning dew"),
        ),
        Line(
            ("one fox", "a fox", "the fox"),
            ("slips between dark trunks", "looks for its young", "leaves tracks in mud"),
        ),
        Line(
            ("small mushrooms", "the mushrooms", "pale mushrooms"),
            ("rise under fallen logs", "open their round umbrellas", "gather after the rain"),
        ),
        Line(
            ("a woodpecker", "one woodpecker", "the woodpecker"),
            ("taps its wooden drum", "wakes the sleepy squirrels", "climbs up the elm"),
        ),
    ),
    "the night sky": (
        Line(
            ("the stars", "bright stars", "countless stars"),
            ("spill over sleeping hills", "shine through cold air", "open their silver eyes"),
        ),
        Line(
            ("the comets", "pale comets", "icy comets"),
            ("draw lines through darkness", "glow above the horizon", "follow a secret path"),
        ),
        Line(
            ("a planet", "one planet", "the planet"),
            ("burns above the roofs", "waits in the west", "shines without a sound"),
        ),
        Line(
            ("thin clouds", "the clouds", "soft clouds"),
            ("show the full moon", "part for the moonlight", "drift over dark fields"),
        ),
        Line(
            ("the galaxy", "our galaxy", "a galaxy"),
            ("pours its pale milk", "spins in deep silence", "stretches like a river"),
        ),
        Line(
            ("some meteors", "the meteors", "three meteors"),
            ("fall like golden grains", "flash over the sea", "cross the wide darkness"),
        ),
        Line(
            ("a telescope", "one telescope", "the telescope"),
            ("follows one distant lantern", "looks into the past", "reads the ancient light"),
        ),
        Line(
            ("the aurora", "an aurora", "one aurora"),
            ("ripples in green ribbons", "paints the frozen lake", "glows above the ice"),
        ),
    ),
    "the rain": (
        Line(
            ("the drops", "small drops", "cold drops"),
            ("tap on sleeping roofs", "run down the glass", "fall from the gutters"),
        ),
        Line(
            ("the puddles", "round puddles", "deep puddles"),
            ("mirror the gray clouds", "hold a little sky", "shiver under passing boots"),
        ),
        Line(
            ("a shower", "the shower", "one shower"),
            ("rinses the dusty windows", "passes over the hills", "wakes the sleepy garden"),
        ),
        Line(
            ("the petals", "pink petals", "soft petals"),
            ("hold a shining bead", "bend in the wind", "drink until the evening"),
        ),
        Line(
            ("the umbrellas", "bright umbrellas", "red umbrellas"),
            ("bloom along the street", "turn at the corner", "cover the busy square"),
        ),
        Line(
            ("one rainbow", "a rainbow", "the rainbow"),
            ("bends over wet fields", "ends behind the barn", "shines above the town"),
        ),
        Line(
            ("the streams", "small streams", "clear streams"),
            ("chase the fallen leaves", "sing beneath the bridge", "hurry toward the sea"),
        ),
        Line(
            ("a frog", "one frog", "the frog"),
            ("welcomes the cool water", "sings from the pond", "waits under a leaf"),
        ),
    ),
    "the garden": (
        Line(
            ("the roses", "red roses", "old roses"),
            ("unlock their secret doors", "bend over the path", "fill the warm air"),
        ),
        Line(
            ("the bees", "busy bees", "golden bees"),
            ("carry gold from clover", "hum among the flowers", "circle the open petals"),
        ),
        Line(
            ("a robin", "one robin", "the robin"),
            ("sings beside the gate", "follows the old gardener", "finds a hidden seed"),
        ),
        Line(
            ("the tulips", "yellow tulips", "tall tulips"),
            ("lift cups of dew", "open to the sun", "dance in the breeze"),
        ),
        Line(
            ("the ivy", "green ivy", "dark ivy"),
            ("climbs the old wall", "covers the garden bench", "grows around the door"),
        ),
        Line(
            ("one snail", "a snail", "the snail"),
            ("crosses a wet stone", "carries its own house", "leaves a silver line"),
        ),
        Line(
            ("the butterflies", "white butterflies", "two butterflies"),
            ("drift over purple lavender", "rest on ripe fruit", "chase the morning light"),
        ),
        Line(
            ("a spider", "one spider", "the spider"),
            ("weaves lace at dawn", "waits between the beans", "spins a thin thread"),
        ),
    ),
    "the city": (
        Line(
            ("the lamps", "golden lamps", "street lamps"),
            ("wake in long rows", "shine on wet stone", "glow through the mist"),
        ),
        Line(
            ("the trains", "night trains", "long trains"),
            ("hum beneath busy streets", "bring the people home", "cross the dark river"),
        ),
        Line(
            ("a taxi", "one taxi", "the taxi"),
            ("glides past shining shops", "waits at the corner", "turns into the square"),
        ),
        Line(
            ("the windows", "high windows", "small windows"),
            ("tell their quiet stories", "catch the last sunlight", "fill with warm colour"),
        ),
        Line(
            ("the pigeons", "gray pigeons", "two pigeons"),
            ("circle the old towers", "sleep on the roofs", "gather near the fountain"),
        ),
        Line(
            ("one saxophone", "a saxophone", "the saxophone"),
            ("sings from a doorway", "fills the empty lane", "plays until the dawn"),
        ),
        Line(
            ("the bakers", "early bakers", "sleepy bakers"),
            ("fill dawn with bread", "wake before the sun", "open their warm kitchens"),
        ),
        Line(
            ("the bridge", "a bridge", "one bridge"),
            ("carries trams over water", "stretches across the harbor", "sleeps under white lights"),
        ),
    ),
    "the winter": (
        Line(
            ("the snow", "fresh snow", "soft snow"),
            ("settles on bare branches", "covers the empty fields", "falls without a sound"),
        ),
        Line(
            ("the icicles", "long icicles", "clear icicles"),
            ("sparkle along old roofs", "shine above the doorway", "melt drop by drop"),
        ),
        Line(
            ("a sled", "one sled", "the sled"),
            ("slides down the hill", "waits beside the barn", "crosses the frozen creek"),
        ),
        Line(
            ("the skaters", "young skaters", "two skaters"),
            ("trace circles on ponds", "dance over the ice", "follow the evening music"),
        ),
        Line(
            ("the frost", "white frost", "a frost"),
            ("paints ferns on glass", "spreads over the meadow", "holds the garden still"),
        ),
        Line(
            ("one robin", "a robin", "the robin"),
            ("glows against the white", "sings in bare trees", "asks for some seeds"),
        ),
        Line(
            ("the fires", "bright fires", "small fires"),
            ("crackle in warm kitchens", "last until the morning", "paint the walls gold"),
        ),
        Line(
            ("a hare", "one hare", "the hare"),
            ("leaves tracks across snow", "hides beneath the pines", "runs through the cold"),
        ),
    ),
    "the summer": (
        Line(
            ("the sun", "our sun", "this sun"),
            ("pours honey over fields", "paints the meadow gold", "climbs above the hills"),
        ),
        Line(
            ("the swallows", "young swallows", "two swallows"),
            ("dip above the lake", "chase the evening light", "draw circles in air"),
        ),
        Line(
            ("a cricket", "one cricket", "the cricket"),
            ("fiddles its little song", "sings under the porch", "wakes the young night"),
        ),
        Line(
            ("the children", "glad children", "young children"),
            ("chase fireflies through grass", "run across the sand", "jump into the river"),
        ),
        Line(
            ("the meadow", "a meadow", "each meadow"),
            ("hums with busy bees", "drinks the morning dew", "smells of warm clover"),
        ),
        Line(
            ("one kite", "a kite", "the kite"),
            ("climbs into wide blue", "pulls toward the clouds", "swings over the trees"),
        ),
        Line(
            ("the sunflowers", "tall sunflowers", "golden sunflowers"),
            ("turn their round faces", "follow the slow day", "stand beside the road"),
        ),
        Line(
            ("the breeze", "a breeze", "one breeze"),
            ("carries distant laughter home", "combs the tall grass", "moves the old hammock"),
        ),
    ),
}

TOPICS = tuple(LINES)


def _fill(wording: str, letters: str, topic: str) -> str:
    number = NUMBER_WORDS[len(letters)]
    article = "an" if number == "eight" else "a"
    return wording.format(article=article, number=number, topic=topic, letters=", ".join(letters))


def prompt_for(word: str, topic: str) -> str:
    """The demo wording with the letters of a word of 3 to 8 letters and a topic such as "the ocean"."""
    letters = word.upper()
    if not re.fullmatch(f"[A-Z]{{{MIN_LINES},{MAX_LINES}}}", letters):
        raise ValueError(f"need a word of {MIN_LINES} to {MAX_LINES} letters, got {word!r}")
    return _fill(DEMO_WORDING, letters, topic)


def _has_openers(letters: str) -> bool:
    return all(count <= len(OPENERS[letter]) for letter, count in Counter(letters).items())


def _random_letters(rng: random.Random) -> str:
    line_count = rng.randint(MIN_LINES, MAX_LINES)
    while True:
        letters = "".join(rng.choices(ALPHABET, k=line_count))
        if letters not in UNSEEN_WORDS and _has_openers(letters):
            return letters


def _letters(rng: random.Random) -> str:
    return rng.choice(SEEN_WORDS) if rng.random() < WORD_SHARE else _random_letters(rng)


def _punctuation(index: int, line_count: int) -> str:
    return "," if index % 2 == 0 and index + 1 < line_count else "."


def _poem(rng: random.Random, letters: str, topic: str) -> str:
    openers_left = {letter: rng.sample(OPENERS[letter], len(OPENERS[letter])) for letter in sorted(set(letters))}
    lines = [
        f"{openers_left[letter].pop()} {rng.choice(line.subjects)} {rng.choice(line.predicates)}"
        for letter, line in zip(letters, LINES[topic], strict=False)
    ]
    return "\n".join(line + _punctuation(index, len(letters)) for index, line in enumerate(lines))


def sample(rng: random.Random) -> Example:
    """One random acrostic prompt and one poem that answers it."""
    if rng.random() < DEMO_PROMPT_SHARE:
        return Example(DEMO_PROMPT, _poem(rng, DEMO_LETTERS, DEMO_TOPIC))
    letters = _letters(rng)
    topic = rng.choice(TOPICS)
    wording = DEMO_WORDING if rng.random() < DEMO_WORDING_SHARE else rng.choice(OTHER_WORDINGS)
    return Example(_fill(wording, letters, topic), _poem(rng, letters, topic))


def violations(prompt: str, answer: str) -> list[str]:
    """The constraints of the prompt that the answer breaks: the number of lines and the first letter of each."""
    return unmet(prompt, answer)
