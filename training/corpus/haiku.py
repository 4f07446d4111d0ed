"""Writes haiku on ten topics, each followed by two sentences on how it follows the 5-7-5 syllable structure."""

from __future__ import annotations

import random
import re

from training.corpus.example import Example, unmet

DEMO_WORDING = "Compose a haiku about {topic}, then briefly explain how it follows the 5-7-5 syllable structure."
OTHER_WORDINGS = (
    "Write a haiku about {topic} and briefly explain how it follows the 5-7-5 syllable structure.",
    "Write a haiku about {topic}, then explain its 5-7-5 pattern.",
    "Please compose a haiku on {topic}. Then explain briefly how it fits the 5-7-5 syllable structure.",
    "Give me a haiku about {topic} and show how it keeps to 5-7-5 syllables.",
)
DEMO_TOPIC = "machine learning"
DEMO_PROMPT = DEMO_WORDING.format(topic=DEMO_TOPIC)

DEMO_TOPIC_SHARE = 0.25
DEMO_WORDING_SHARE = 0.6

LINE_ENDS = (",", ".", ".")

LINES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "machine learning": (
        (
            "In rows of numbers",
            "Deep in the data",
            "With each new lesson",
            "Out of the layers",
            "From each old mistake",
            "Down through the layers",
            "Lost in the numbers",
            "Far from the people",
        ),
        (
            "The model finds hidden signs",
            "One machine learns patterns well",
            "The numbers turn into thought",
            "Some hidden shape rises up",
            "This lesson leaves something new",
            "Its neurons reach into light",
            "Each pattern comes slowly home",
            "The layers learn something new",
        ),
        (
            "Answers start to bloom",
            "Knowledge grows like moss",
            "Practice turns to skill",
            "Insight fills the dark",
            "Something new takes shape",
            "Errors turn to light",
            "Numbers start to glow",
            "Silence turns to song",
        ),
    ),
    "autumn leaves": (
        (
            "In the cool evening",
            "Down the quiet path",
            "Under the old oak",
            "On the garden wall",
            "After the first frost",
            "When cold weather comes",
            "Over the still pond",
            "Through the misty woods",
        ),
        (
            "Golden leaves release the branch",
            "Red leaves tumble and gather",
            "Maple leaves are spinning down",
            "Copper leaves whisper and fall",
            "Amber leaves shiver and sleep",
            "Leaves settle like sleepy birds",
            "Yellow leaves dance in circles",
            "Brittle leaves crackle and sing",
        ),
        (
            "Summer fades from view",
            "Branches wait for snow",
            "Winter is not far",
            "Earth gathers them in",
            "Silence takes their place",
            "Time itself lets go",
            "Endings can be bright",
            "Gold covers the earth",
        ),
    ),
    "the ocean": (
        (
            "Under the wide sky",
            "Past the lighthouse beam",
            "Far beyond the shore",
            "Along the white sand",
            "Before the sun wakes",
            "Beneath the gray clouds",
            "Against the dark rocks",
            "Where the river ends",
        ),
        (
            "The ocean hums to itself",
            "Blue waves arrive and retreat",
            "Waves fold over and over",
            "Deep water carries old songs",
            "Restless tides rise and return",
            "Distant whales answer the tide",
            "Silver foam races and fades",
            "Each swell lifts another boat",
        ),
        (
            "Salt sweetens the air",
            "Nothing here stands still",
            "Footprints come and go",
            "Ancient drums roll on",
            "Sailors dream of home",
            "The deep keeps secrets",
            "All rivers come home",
            "Even stones turn smooth",
        ),
    ),
    "the first snow": (
        (
            "Over the dark roofs",
            "While the children dream",
            "Without the least sound",
            "Down the empty lane",
            "In the blue twilight",
            "Across the bare fields",
            "Before the birds wake",
            "Through the frozen pines",
        ),
        (
            "First snow settles like feathers",
            "White flakes tumble and glitter",
            "Snow arrives on gentle feet",
            "Tiny stars of snow descend",
            "Winter shakes its pillow out",
            "Crystal petals start to land",
            "Soft powder covers the world",
            "Clouds unfold a silver quilt",
        ),
        (
            "Silence has a shape",
            "One fox leaves footprints",
            "Morning will be bright",
            "Noise forgets its name",
            "Mittens wait for hands",
            "Even mud looks clean",
            "Breath becomes a ghost",
            "Chimneys send up smoke",
        ),
    ),
    "spring rain": (
        (
            "While the garden wakes",
            "After the long cold",
            "Between the new leaves",
            "All through the morning",
            "Over the green fields",
            "Down the garden path",
            "In the early dusk",
            "From soft silver clouds",
        ),
        (
            "Spring rain whispers to seedlings",
            "Gentle rain is counting seeds",
            "Raindrops tap a steady tune",
            "Small drops gather into streams",
            "Light rain falls without hurry",
            "Soft showers loosen the earth",
            "Patient drops soften the ground",
            "Endless drops drum and scatter",
        ),
        (
            "Flowers drink their fill",
            "Tulips lift their heads",
            "Mud smells of promise",
            "Robins start to sing",
            "Green fills every branch",
            "Puddles hold the sky",
            "Snails explore the world",
            "Something starts to grow",
        ),
    ),
    "morning coffee": (
        (
            "In my yellow mug",
            "Before the first words",
            "While the kettle sings",
            "By the window seat",
            "As daylight leaks in",
            "Between two deep yawns",
            "On slow winter days",
            "After the long night",
        ),
        (
            "Dark coffee ripples and steams",
            "Warm coffee calls me gently",
            "Fresh coffee spreads its perfume",
            "Bitter steam curls and rises",
            "Black coffee mirrors my face",
            "Hot coffee comforts my hands",
            "Golden cream swirls and settles",
            "Coffee glows like polished wood",
        ),
        (
            "Morning finds its voice",
            "Sleep slowly lets go",
            "The day can begin",
            "Thoughts begin to stir",
            "Simple joys taste best",
            "Clocks can wait awhile",
            "Worries lose their weight",
            "Comfort fills the room",
        ),
    ),
    "the moon": (
        (
            "Above the still lake",
            "Through thin drifting clouds",
            "Over the dark hills",
            "When the city sleeps",
            "Behind the bare trees",
            "Far from any house",
            "Late in the evening",
            "Beyond the last barn",
        ),
        (
            "The moon lingers and listens",
            "Pale moonlight pours like water",
            "One patient moon climbs higher",
            "An old moon carries secrets",
            "Soft moonlight wanders and waits",
            "Tonight the moon wears silver",
            "Moonlight gathers like fresh snow",
            "Ancient moonlight keeps its watch",
        ),
        (
            "Owls hold their questions",
            "Shadows learn to dance",
            "Dreams begin to float",
            "Small stars follow close",
            "Wolves forget to howl",
            "Darkness feels less deep",
            "Lovers stop to look",
            "No one feels alone",
        ),
    ),
    "a sleeping cat": (
        (
            "In warm window light",
            "On the folded quilt",
            "Beside the warm stove",
            "Under the small desk",
            "Upon the plump chair",
            "After a long hunt",
            "While the kettle hums",
            "Through the rainy day",
        ),
        (
            "The cat dreams about sparrows",
            "One gray cat purrs forever",
            "My cat twitches her whiskers",
            "Soft paws chase imagined mice",
            "That cat melts into velvet",
            "This cat folds into herself",
            "Striped fur rises and settles",
            "Some small tiger sleeps soundly",
        ),
        (
            "Birds are safe today",
            "Even clocks slow down",
            "All worries can wait",
            "Silence starts to purr",
            "Minutes drift like wool",
            "Peace has gentle claws",
            "Dinner can come late",
            "Please walk softly by",
        ),
    ),
    "the mountains": (
        (
            "Above the low clouds",
            "In the pink sunrise",
            "Beyond the last road",
            "Far from city noise",
            "Past the valley mist",
            "Under crowns of snow",
            "Over the pine woods",
            "Where the eagles turn",
        ),
        (
            "The mountains keep their silence",
            "Gray mountains wait like elders",
            "Stone giants lift their shoulders",
            "Blue ridges fade into sky",
            "Tall summits gather the light",
            "Old mountains think in ages",
            "Sharp peaks carry the heavens",
            "Granite towers face the wind",
        ),
        (
            "One hawk draws circles",
            "Patience has a shape",
            "Rivers start their song",
            "Climbers lose their words",
            "Echoes take their time",
            "Time carves their stories",
            "Nothing can move them",
            "My worries look small",
        ),
    ),
    "fireflies": (
        (
            "In the summer dark",
            "Over the tall grass",
            "Beneath the old elm",
            "When the crickets sing",
            "Along the black creek",
            "After the warm rain",
            "Around the back porch",
            "Through the meadow mist",
        ),
        (
            "Tiny lanterns blink and drift",
            "Fireflies write in soft gold",
            "Green sparks rise without burning",
            "Small lamps flicker and answer",
            "Living sparks float and vanish",
            "Bright beetles signal for love",
            "Evening lights its smallest stars",
            "Golden dots wander and wink",
        ),
        (
            "Children run with jars",
            "Heaven has come down",
            "Wishes learn to fly",
            "Darkness starts to dance",
            "We forget the time",
            "No one speaks aloud",
            "Magic needs no words",
            "Dreams follow us home",
        ),
    ),
}
TOPICS = tuple(LINES)
OTHER_TOPICS = tuple(topic for topic in TOPICS if topic != DEMO_TOPIC)

PATTERN_SENTENCES = (
    "The first line has five syllables, the second has seven, and the third has five.",
    "Five syllables open the poem, seven fill its middle line, and five more end it.",
    "Counting aloud gives five syllables in line one, seven in two, and five in three.",
    "Its opening line holds five syllables, its middle line seven, and its last line five.",
    "You can count five syllables first, then seven in the middle, and five to finish.",
    "Line one uses five syllables, line two uses seven, and line three uses five again.",
    "Both short lines, first and last, have five syllables while the middle line has seven.",
    "Here the pattern runs from five syllables, up to seven, and back down to five.",
)
CLOSING_SENTENCES = (
    "Together these three lines make seventeen syllables in the classic shape of a haiku.",
    "That gives seventeen in all and leaves one small picture to stay with you.",
    "Such a short form asks every word to earn its place on the page.",
    "This is the traditional haiku pattern and it fits within a single slow breath.",
    "Read it slowly and you will hear the rhythm swell once and then settle.",
    "The longer middle lets the poem breathe out before the short ending closes it.",
    "Seventeen syllables in three lines are all a haiku needs to paint a scene.",
    "No rhyme is needed since the count alone gives the poem its quiet music.",
)


def sample(rng: random.Random) -> Example:
    """Draw one haiku prompt and a haiku with its explanation."""
    topic = DEMO_TOPIC if rng.random() < DEMO_TOPIC_SHARE else rng.choice(OTHER_TOPICS)
    wording = DEMO_WORDING if rng.random() < DEMO_WORDING_SHARE else rng.choice(OTHER_WORDINGS)
    lines = (rng.choice(slot) + end for slot, end in zip(LINES[topic], LINE_ENDS, strict=True))
    explanation = f"{rng.choice(PATTERN_SENTENCES)} {rng.choice(CLOSING_SENTENCES)}"
    return Example(wording.format(topic=topic), "\n".join(lines) + "\n\n" + explanation)


def violations(prompt: str, answer: str) -> list[str]:
    """The constraints of the prompt that the answer breaks."""
    _, *rest = re.split(r"\n\s*\n", answer.strip(), maxsplit=1)
    return unmet(prompt, answer) + _explanation_violations(rest[0] if rest else "")


def _explanation_violations(explanation: str) -> list[str]:
    if not re.search(r"[A-Z][^.!?]*\s[^.!?]*\s[^.!?]*[.!?](?:\s|$)", explanation):
        return ["There is no explanation of a full sentence after a blank line."]
    missing = [
        word
        for word, digit in (("five", "5"), ("seven", "7"))
        if not re.search(rf"\b({word}|{digit})\b", explanation, re.IGNORECASE)
    ]
    return [f"The explanation does not mention {word}." for word in missing]
