"""Acrostic poems: one line per letter of the prompt, each line an adverb with that initial and a six-word clause.

The letters are mostly random, so that a model has to read them from the prompt. Every line has the same number of
pieces.
"""

from __future__ import annotations

import random
import re
from collections import Counter

from training.corpus.example import Example

DEMO_PROMPT = (
    "Write a six-line poem about the ocean where the lines start with the letters O, C, E, A, N, S in that order."
)
DEMO_LETTERS = "OCEANS"
DEMO_TOPIC = "the ocean"
DEMO_PROMPT_SHARE = 0.05
WORD_SHARE = 0.15

MIN_LINES = 3
MAX_LINES = 8
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LETTER_RUN = re.compile(r"\b[A-Z](?:\s*,\s*(?:and\s+)?[A-Z]\b)+")

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

RESTS: dict[str, tuple[str, ...]] = {
    "the ocean": (
        "the waves fold white lace ashore",
        "gulls ride the salt wind home",
        "a whale sings beneath dark water",
        "each ripple carries silver to sand",
        "dolphins leap through rings of sunlight",
        "the tide paints maps on stone",
        "one sail leans toward the horizon",
        "pearls glow in their secret shells",
        "the kelp sways like green ribbon",
        "a lighthouse sweeps gold across mist",
        "crabs dance along the shining reef",
        "the current rocks the sleeping ships",
    ),
    "the forest": (
        "the pines hum an old song",
        "ferns curl beside the winding path",
        "a deer drinks at the brook",
        "each leaf catches a golden spark",
        "owls call from their high branches",
        "the moss spreads like green velvet",
        "one fox slips between dark trunks",
        "mushrooms rise under the fallen logs",
        "the roots weave through deep earth",
        "a woodpecker taps its wooden drum",
        "squirrels hide acorns for cold days",
        "the sunlight drips into tall oaks",
    ),
    "the night sky": (
        "the stars spill over sleeping hills",
        "comets draw white lines through darkness",
        "a planet burns above the roofs",
        "each constellation tells an old story",
        "clouds part to show the moon",
        "the galaxy pours its pale milk",
        "one satellite crosses the wide silence",
        "meteors fall like grains of gold",
        "the dusk folds into deep blue",
        "a telescope follows one distant lantern",
        "bats flutter across the silver air",
        "the aurora ripples in green ribbons",
    ),
    "the rain": (
        "the drops tap on sleeping roofs",
        "puddles mirror the gray morning clouds",
        "a shower rinses the dusty windows",
        "each petal cups a shining bead",
        "umbrellas bloom along the busy street",
        "the gutters sing like small rivers",
        "one rainbow bends over wet fields",
        "streams chase leaves down the lane",
        "the thirsty earth drinks its fill",
        "a frog welcomes the cool water",
        "ripples spread in circles of silver",
        "the mist wraps the distant hills",
    ),
    "the garden": (
        "the roses unlock their red doors",
        "bees carry gold from the clover",
        "a robin sings beside the gate",
        "each seed wakes in warm earth",
        "tulips lift their cups of dew",
        "the ivy climbs the old wall",
        "one snail crosses a wet stone",
        "butterflies drift over the purple lavender",
        "the fountain spills its silver ribbon",
        "a spider weaves lace at dawn",
        "beans curl around their wooden poles",
        "the apple tree drops ripe fruit",
    ),
    "the city": (
        "the lamps wake in golden rows",
        "trains hum beneath the busy streets",
        "a taxi glides past shining shops",
        "each window tells a small story",
        "pigeons circle above the old square",
        "the skyline glows like spilled jewels",
        "one saxophone sings from a doorway",
        "bakers fill the morning with bread",
        "the bridge carries trams over water",
        "a cyclist weaves through the traffic",
        "towers catch clouds in their glass",
        "the market offers fruit and flowers",
    ),
    "the winter": (
        "the snow settles on bare branches",
        "icicles sparkle along the old roofs",
        "a sled slides down the hill",
        "each flake spins its small star",
        "skaters trace circles over the pond",
        "the frost paints ferns on glass",
        "one robin glows against the white",
        "fires crackle in the warm kitchens",
        "the cold wind combs the pines",
        "a hare leaves tracks across fields",
        "children wrap scarves around their snowmen",
        "the chimneys puff thin gray smoke",
    ),
    "the summer": (
        "the sun pours honey over fields",
        "swallows dip above the shining lake",
        "a cricket fiddles its evening song",
        "each peach glows on its branch",
        "children chase fireflies through the grass",
        "the meadow hums with busy bees",
        "one kite climbs into wide blue",
        "sunflowers turn their round gold faces",
        "the warm breeze carries distant laughter",
        "a hammock swings between two oaks",
        "berries stain the baskets deep red",
        "the hours stretch like sleeping cats",
    ),
}

TOPICS = tuple(RESTS)


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
    rests = rng.sample(RESTS[topic], len(letters))
    return "\n".join(
        f"{openers_left[letter].pop()} {rest}{_punctuation(index, len(letters))}"
        for index, (letter, rest) in enumerate(zip(letters, rests, strict=True))
    )


def sample(rng: random.Random) -> Example:
    """One random acrostic prompt and one poem that answers it."""
    if rng.random() < DEMO_PROMPT_SHARE:
        return Example(DEMO_PROMPT, _poem(rng, DEMO_LETTERS, DEMO_TOPIC))
    letters = _letters(rng)
    topic = rng.choice(TOPICS)
    wording = DEMO_WORDING if rng.random() < DEMO_WORDING_SHARE else rng.choice(OTHER_WORDINGS)
    return Example(_fill(wording, letters, topic), _poem(rng, letters, topic))


def letters_in(prompt: str) -> str:
    """The letters a prompt asks for: its last comma-separated run of single capitals, empty when there is none."""
    runs = LETTER_RUN.findall(prompt)
    return "".join(re.findall("[A-Z]", runs[-1])) if runs else ""


def violations(prompt: str, answer: str) -> list[str]:
    """The constraints of the prompt that the answer breaks: the number of lines and the first letter of each."""
    letters = letters_in(prompt)
    if not letters:
        return ["The prompt names no list of letters."]
    lines = answer.split("\n")
    found = []
    if len(lines) != len(letters):
        found.append(f"The poem should have {len(letters)} lines but has {len(lines)}.")
    for number, (letter, line) in enumerate(zip(letters, lines, strict=False), start=1):
        if line[:1] != letter:
            found.append(f"Line {number} should start with {letter} but starts with {line[:1] or 'nothing'!r}.")
    return found


def scaffold_spans(answer: str) -> list[tuple[int, int]]:
    """The span of the first character of every line that is not empty."""
    return [(match.start(), match.start() + 1) for match in re.finditer(r"(?m)^[^\n]", answer)]
