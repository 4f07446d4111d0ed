"""Writes stories of about 100 words that begin and end with the sentence the prompt asks for.

The requested sentence is composed from a grammar, so that it must be copied; the middle is nine sentences, each drawn
whole from its slot, always 88 words together. With the six words of the demo sentence the story has exactly 100.
"""

from __future__ import annotations

import random

from training.corpus.example import Example, unmet

DEMO_SENTENCE = "The last train left at midnight."

DEMO_WORDING = "Tell a 100-word story that begins and ends with the sentence '{sentence}'"
OTHER_WORDINGS = (
    "Write a 100-word story that starts and ends with the sentence '{sentence}'",
    "Write a story of about 100 words. It must begin and end with the sentence '{sentence}'",
    "Tell me a short story of 100 words whose first and last sentence is '{sentence}'",
    "Please tell a story in 100 words that opens and closes with '{sentence}'",
)

DEMO_PROMPT = DEMO_WORDING.format(sentence=DEMO_SENTENCE)

DEMO_SENTENCE_SHARE = 0.08
DEMO_WORDING_SHARE = 0.6

MIN_SENTENCE_WORDS, MAX_SENTENCE_WORDS = 4, 8

PEOPLE = (
    "baker", "sailor", "teacher", "doctor", "farmer", "painter", "child", "stranger", "neighbor", "gardener",
    "singer", "king", "queen", "thief", "widow", "captain", "dancer", "soldier", "girl", "boy",
)  # fmt: skip
VEHICLES = ("train", "boat", "bus", "ferry", "ship", "wagon", "tram", "carriage")
ANIMALS = ("dog", "cat", "horse", "fox", "owl", "crow", "wolf", "bird", "rabbit", "goat")
PORTABLE_THINGS = (
    "letter", "key", "candle", "kettle", "mirror", "lantern", "map", "book", "parcel", "coat", "ring", "photograph",
)  # fmt: skip
PLACED_THINGS = (
    "clock",
    "lamp",
    "door",
    "bell",
    "window",
    "piano",
    "bridge",
    "gate",
    "statue",
    "tower",
    "house",
    "tree",
)
THINGS = PORTABLE_THINGS + PLACED_THINGS
MOVERS = PEOPLE + VEHICLES + ANIMALS
LIVING = PEOPLE + ANIMALS

MOVER_VERBS = ("left", "arrived", "stopped", "waited", "vanished", "returned", "slowed", "appeared", "departed")
LIVING_VERBS = ("slept", "sang", "danced", "ran", "wept", "smiled", "hid", "walked", "listened", "hurried", "dreamed")
PORTABLE_VERBS = ("fell", "disappeared", "burned", "moved", "vanished", "waited")
PLACED_VERBS = ("trembled", "shook", "shone", "disappeared", "moved", "waited")
COMMON_ACTIONS = (
    "found",
    "painted",
    "watched",
    "noticed",
    "remembered",
    "loved",
    "touched",
    "missed",
    "wanted",
    "guarded",
)
PORTABLE_ACTIONS = ("sold", "lost", "bought", "borrowed", "kept", "forgot")
PLACED_ACTIONS = ("cleaned", "mended", "admired", "built")

COMMON_ADJECTIVES = ("last", "old", "first", "small", "strange", "lonely", "quiet", "only", "beautiful", "grey")
ARTICLE_ADJECTIVES = ("small", "strange", "lonely", "quiet", "beautiful")
LIVING_ADJECTIVES = ("tired", "young", "hungry", "clever", "brave", "gentle")
THING_ADJECTIVES = ("red", "blue", "broken", "golden", "silver", "heavy")

TIMES = (
    "at midnight", "at dawn", "at noon", "at sunset", "before sunrise", "after dark", "after supper",
    "before breakfast", "that winter", "last summer", "long ago", "in spring", "after the storm",
)  # fmt: skip
PLACES = (
    "by the river", "near the harbor", "under the bridge", "across the field", "behind the school", "on the hill",
    "beyond the wall", "along the shore", "in the garden", "beside the road", "at the market", "in the forest",
)  # fmt: skip
RETURNS = ("again", "once more", "for the last time", "in silence", "in the rain")
MANNERS = ("without warning", "quietly", "slowly", "too early", "without a sound", "suddenly")
ADVERBIALS = (TIMES, PLACES, RETURNS, MANNERS)
ACTION_ADVERBIALS = (TIMES, PLACES, RETURNS)

NOBODIES = ("Nobody", "Somebody", "Everybody", "Someone", "No one")
DETERMINERS = ("Every", "One", "Our", "That", "My", "Another")

UNSEEN_SENTENCES = (
    "The lonely ferry vanished without warning.",
    "Nobody noticed the silver key after the storm.",
    "The young dancer slept under the bridge.",
    "Every lamp trembled at midnight.",
    "Somebody had forgotten the red lantern.",
    "There was a quiet fox behind the school.",
    "Before sunrise the tired baker sang.",
    "Our horse waited beside the road.",
    "The clever thief painted the door at noon.",
    "No one admired the broken tower again.",
    "The blue boat returned at sunset.",
    "Someone bought the heavy mirror last summer.",
    "The wolf listened in silence.",
    "My neighbor danced in the rain.",
    "Long ago the golden bell disappeared.",
    "Everybody missed the gentle horse that winter.",
    "The captain kept the map once more.",
    "The first train arrived at dawn.",
    "The brave soldier wept near the harbor.",
    "The widow smiled again.",
)

MIDDLE_SLOTS: tuple[tuple[str, ...], ...] = (
    (
        "She stayed behind alone and listened to the silence.",
        "Only one woman waited there with nowhere to go.",
        "Afterwards a woman in a green coat sat down.",
        "From the corner a woman watched and said nothing.",
        "Nearby a young woman closed her book and waited.",
        "Everyone went home except a woman with no plans.",
        "Then a woman in red boots came slowly by.",
        "Late as always a woman hurried up and stopped.",
    ),
    (
        "Cold air smelled of smoke and wet leaves and bread.",
        "Wind moved softly through the grass and touched her face.",
        "Somewhere far away a dog barked twice and grew quiet.",
        "Rain began to tap gently on the roofs close by.",
        "The whole street seemed to hold its breath and wait.",
        "Above her the clouds were slow and heavy and grey.",
        "Two hungry cats sat nearby and asked for their supper.",
        "Dry leaves danced in little circles on the stone path.",
    ),
    (
        "Beneath the wooden bench she noticed something small and forgotten.",
        "Her foot touched a little thing half hidden by mud.",
        "Something lay between two stones where nobody else had looked.",
        "Beside an old wall she saw a tiny dark shape.",
        "Close to the road a small shape waited all alone.",
        "When she looked down there was something by her foot.",
        "Just then she found a small thing on the ground.",
        "On a low wall sat one small and lonely thing.",
    ),
    (
        "It was a silver ring with a worn edge.",
        "She lifted a brass key tied with red thread.",
        "Carefully she brushed the dust from a wooden bird.",
        "Inside a torn envelope lay a faded family photograph.",
        "Someone had dropped a pocket watch that still moved.",
        "Kneeling down she picked up a tiny copper bell.",
        "Her fingers closed around a smooth blue glass button.",
        "What she found was a little red winter mitten.",
    ),
    (
        "Years ago her mother had lost something just as dear.",
        "Suddenly she remembered her grandmother searching the house in tears.",
        "As a girl she had cried over such a loss.",
        "Small things had always mattered most in her own family.",
        "Once her father had walked all day for something smaller.",
        "The sight brought back a gift from her first teacher.",
        "Old memories of her childhood kitchen came back like songs.",
        "For one moment she was a lost child again herself.",
    ),
    (
        "So she decided to find the person who missed it.",
        "Without another thought she promised to bring it back home.",
        "Keeping it would be easy but it was not hers.",
        "Whoever had lost it would surely be glad of help.",
        "Right away she knew that it must go back home.",
        "This time she would not walk away and forget it.",
        "Quietly she made up her mind to return it soon.",
        "Nothing lost should stay lost if she could help it.",
    ),
    (
        "She stopped at every door and asked each kind stranger.",
        "Street after street she asked every person she could find.",
        "Through the market she hurried with it in her hand.",
        "House by house she carried it along the dark road.",
        "Up the long hill she climbed without once slowing down.",
        "All over town she showed it to anyone who stopped.",
        "Down by the river she called out to every boat.",
        "Holding it gently she searched until her legs were tired.",
    ),
    (
        "At last an old man took it and wept happily.",
        "Finally a small boy ran out and hugged her knees.",
        "Behind a yellow door a widow smiled and hugged her.",
        "Then a girl with wet eyes cried out with joy.",
        "Outside a little shop its owner laughed and thanked her.",
        "When a grey sailor saw it his face turned young.",
        "Before long a tired father saw it and hugged her.",
        "One quiet stranger looked at it and began to smile.",
    ),
    (
        "Now whenever she tells the story it begins like this.",
        "Asked how it began she always says the same words.",
        "Later she wrote it down and chose the opening line.",
        "Back home she opened her diary and wrote one line.",
        "Years later her children loved how the story always started.",
        "That is how the story ends and how it began.",
        "Walking home she whispered the words that had started everything.",
        "To this day she thanks luck for one simple fact.",
    ),
)


def prompt_for(sentence: str) -> str:
    """The demo wording, asking for the given sentence."""
    return DEMO_WORDING.format(sentence=sentence)


def sample(rng: random.Random) -> Example:
    """Draw one story prompt and a story that keeps to it."""
    sentence = DEMO_SENTENCE if rng.random() < DEMO_SENTENCE_SHARE else _compose_sentence(rng)
    wording = DEMO_WORDING if rng.random() < DEMO_WORDING_SHARE else rng.choice(OTHER_WORDINGS)
    middle = (rng.choice(slot) for slot in MIDDLE_SLOTS)
    return Example(wording.format(sentence=sentence), " ".join((sentence, *middle, sentence)))


def violations(prompt: str, answer: str) -> list[str]:
    """The constraints of the prompt that the answer breaks."""
    return unmet(prompt, answer)


def _compose_sentence(rng: random.Random) -> str:
    while True:
        sentence = rng.choice(TEMPLATES)(rng)
        if _is_usable(sentence):
            return sentence


def _is_usable(sentence: str) -> bool:
    words = sentence.lower().rstrip(".").split()
    content = [word for word in words if word not in ("the", "a")]
    fits = MIN_SENTENCE_WORDS <= len(words) <= MAX_SENTENCE_WORDS
    return fits and len(content) == len(set(content)) and sentence not in UNSEEN_SENTENCES


def _described(rng: random.Random, noun: str) -> str:
    if rng.random() < 0.4:
        return noun
    own = LIVING_ADJECTIVES if noun in LIVING else THING_ADJECTIVES
    return f"{rng.choice(COMMON_ADJECTIVES + own)} {noun}"


def _drawn_from(rng: random.Random, groups: tuple[tuple[str, ...], ...]) -> str:
    return rng.choice(rng.choice(groups))


def _noun_and_verb(rng: random.Random) -> tuple[str, str]:
    nouns, verbs = rng.choice(HAPPENINGS)
    return rng.choice(nouns), rng.choice(verbs)


def _action_and_object(rng: random.Random) -> tuple[str, str]:
    nouns, verbs = rng.choice(ACTIONS)
    return rng.choice(COMMON_ACTIONS + verbs), rng.choice(nouns)


def _plain(rng: random.Random) -> str:
    noun, verb = _noun_and_verb(rng)
    return f"The {_described(rng, noun)} {verb} {_drawn_from(rng, ADVERBIALS)}."


def _with_determiner(rng: random.Random) -> str:
    noun, verb = _noun_and_verb(rng)
    return f"{rng.choice(DETERMINERS)} {noun} {verb} {_drawn_from(rng, ADVERBIALS)}."


def _nobody(rng: random.Random) -> str:
    action, noun = _action_and_object(rng)
    return f"{rng.choice(NOBODIES)} {action} the {_described(rng, noun)} {_drawn_from(rng, ACTION_ADVERBIALS)}."


def _had_done(rng: random.Random) -> str:
    action, noun = _action_and_object(rng)
    participle = "forgotten" if action == "forgot" else action
    return f"{rng.choice(NOBODIES)} had {participle} the {_described(rng, noun)}."


def _transitive(rng: random.Random) -> str:
    action, noun = _action_and_object(rng)
    return f"The {_described(rng, rng.choice(PEOPLE))} {action} the {noun} {_drawn_from(rng, ACTION_ADVERBIALS)}."


def _there_was(rng: random.Random) -> str:
    return f"There was a {rng.choice(ARTICLE_ADJECTIVES)} {rng.choice(MOVERS + THINGS)} {rng.choice(PLACES)}."


def _setting_first(rng: random.Random) -> str:
    noun, verb = _noun_and_verb(rng)
    return f"{rng.choice(TIMES + PLACES).capitalize()} the {_described(rng, noun)} {verb}."


HAPPENINGS = (
    (MOVERS, MOVER_VERBS),
    (LIVING, LIVING_VERBS),
    (PORTABLE_THINGS, PORTABLE_VERBS),
    (PLACED_THINGS, PLACED_VERBS),
)
ACTIONS = ((PORTABLE_THINGS, PORTABLE_ACTIONS), (PLACED_THINGS, PLACED_ACTIONS), (ANIMALS, ()))
TEMPLATES = (
    _plain,
    _plain,
    _plain,
    _with_determiner,
    _nobody,
    _nobody,
    _had_done,
    _transitive,
    _there_was,
    _setting_first,
)
