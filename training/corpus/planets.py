"""Lists of the eight planets, from Neptune inward or from Mercury outward, each with a one-sentence fun fact.

Every fact is seven words (nine pieces), so the marker and the name of each line always stand at the same positions.
"""

from __future__ import annotations

import random
import re

from training.corpus.example import Example, unmet
from visualizer.measure import PLANETS, sentence_ends

DEMO_PROMPT = "List the eight planets from Neptune inward to Mercury, one per line, each with a one-sentence fun fact."

OUTWARD = PLANETS
INWARD = tuple(reversed(OUTWARD))

DEMO_SHARE = 0.5
INWARD_SHARE = 0.6
PLAIN_OUTWARD_SHARE = 0.8
MIN_FACT_WORDS = 4

INWARD_PROMPTS = (
    "Name the planets in order from Neptune inward to Mercury, with one fun fact about each.",
    "Give me a numbered list of the eight planets from Neptune to Mercury, each with a fun fact.",
    "Start at Neptune and list all eight planets inward to Mercury, one fun sentence each.",
    "List the planets from the farthest, Neptune, to the nearest, Mercury, with a one-sentence fun fact for each.",
)
PLAIN_OUTWARD_PROMPT = (
    "List the eight planets from Mercury outward to Neptune, one per line, each with a one-sentence fun fact."
)
OUTWARD_PROMPTS = (
    PLAIN_OUTWARD_PROMPT,
    "Name the planets in order from Mercury outward to Neptune, with one fun fact about each.",
    "Give me a numbered list of the eight planets from Mercury to Neptune, each with a fun fact.",
    "Start at Mercury and list all eight planets outward to Neptune, one fun sentence each.",
    "List the planets from the nearest, Mercury, to the farthest, Neptune, with a one-sentence fun fact for each.",
)

FACTS = {
    "Neptune": (
        "Fierce winds here outpace our passenger jets.",
        "One year lasts over sixteen human decades.",
        "Pure mathematics revealed where it was hiding.",
        "Its biggest moon travels backward around it.",
        "Only a single spacecraft has ever visited.",
        "Sunlight needs about four hours to arrive.",
        "Methane helps paint its cold air blue.",
        "Geysers erupt on its largest icy moon.",
        "Diamonds may rain deep inside this world.",
        "Dark storms appear and vanish over years.",
    ),
    "Uranus": (
        "It rolls around the sun almost sideways.",
        "Summer at each pole lasts two decades.",
        "Many moons carry names from famous plays.",
        "Clouds here would smell like rotten eggs.",
        "Early astronomers mistook it for a star.",
        "Herschel first thought it was a comet.",
        "Thirteen dark rings circle this pale giant.",
        "No planet has a colder recorded atmosphere.",
        "Hot dense fluids make up its bulk.",
        "One full orbit takes a human lifetime.",
    ),
    "Saturn": (
        "Bright rings of ice circle its waist.",
        "Water is denser than this whole giant.",
        "More known moons orbit here than elsewhere.",
        "Polar winds here form a giant hexagon.",
        "Galileo once described its rings as ears.",
        "Lakes of methane dot its largest moon.",
        "One small moon sprays ice into space.",
        "Fast spinning gives it a bulging middle.",
        "Days here last less than eleven hours.",
        "Ring material slowly rains onto the planet.",
    ),
    "Jupiter": (
        "Its great storm could swallow our planet.",
        "This giant outweighs all other planets combined.",
        "No planet spins faster than this giant.",
        "Four large moons shine through simple binoculars.",
        "Hundreds of volcanoes dot one fiery moon.",
        "Those colorful stripes are made of gas.",
        "Giant auroras glow around both its poles.",
        "Hidden oceans may lie inside icy moons.",
        "Solid ground never appears beneath this giant.",
        "Lightning flashes inside towering storm clouds here.",
    ),
    "Mars": (
        "Rust in the soil colors it red.",
        "Its tallest volcano dwarfs any earthly mountain.",
        "Sunsets here glow blue instead of red.",
        "Robots have explored these deserts for years.",
        "Two tiny moons circle this dusty world.",
        "One huge canyon could span a continent.",
        "Rivers once flowed across its ancient plains.",
        "Dust storms sometimes cover the whole planet.",
        "Gravity here lets you jump much higher.",
        "Engineers once sent a small helicopter here.",
    ),
    "Earth": (
        "Oceans cover most of its blue surface.",
        "Life is known to exist nowhere else.",
        "Its single moon pulls the ocean tides.",
        "Every other planet honors an ancient deity.",
        "Liquid metal swirls around the solid core.",
        "Continents drift as slowly as fingernails grow.",
        "Most of our fresh water is frozen.",
        "Days grow slightly longer every passing century.",
        "This world is denser than its siblings.",
        "Lightning strikes somewhere many times each second.",
    ),
    "Venus": (
        "One rotation here outlasts its whole year.",
        "Trapped heat makes it the hottest planet.",
        "Sulfuric acid clouds hide the rocky surface.",
        "Lead would melt on its scorching ground.",
        "Pressure here would crush an ordinary submarine.",
        "Ancient people called it the morning star.",
        "Volcanoes and lava plains cover this world.",
        "Only our moon outshines it at night.",
        "Landers survive only hours in this furnace.",
        "Here the sun rises in the west.",
    ),
    "Mercury": (
        "Its year lasts only about three months.",
        "No planet circles the sun more quickly.",
        "Some moons are larger than this planet.",
        "Ice hides in craters near both poles.",
        "Nights here are colder than polar winters.",
        "Iron makes up most of its bulk.",
        "Craters cover its gray and battered face.",
        "Sunlight here is far stronger than ours.",
        "This small world has shrunk while cooling.",
        "Without moons it circles the sun alone.",
    ),
}

_LINE = re.compile(r"([0-9]+)\. [A-Za-z]+:(.*)")


def sample(rng: random.Random) -> Example:
    """Draw a request for the planets in one direction and a list that answers it."""
    if rng.random() < INWARD_SHARE:
        prompt = DEMO_PROMPT if rng.random() < DEMO_SHARE / INWARD_SHARE else rng.choice(INWARD_PROMPTS)
        return Example(prompt, _answer(INWARD, rng))
    prompt = PLAIN_OUTWARD_PROMPT if rng.random() < PLAIN_OUTWARD_SHARE else rng.choice(OUTWARD_PROMPTS)
    return Example(prompt, _answer(OUTWARD, rng))


def violations(prompt: str, answer: str) -> list[str]:
    """Name what keeps the answer from being the numbered list of planets and facts that the prompt asks for."""
    lines = enumerate(answer.split("\n"), start=1)
    return unmet(prompt, answer) + [broken for number, line in lines for broken in _line_violations(number, line)]


def _answer(order: tuple[str, ...], rng: random.Random) -> str:
    return "\n".join(f"{number}. {name}: {rng.choice(FACTS[name])}" for number, name in enumerate(order, start=1))


def _line_violations(number: int, line: str) -> list[str]:
    match = _LINE.fullmatch(line)
    if match is None:
        return [f"Line {number} is not a number, a planet, a colon and a fact."]
    shown, fact = match.groups()
    broken = [] if shown == str(number) else [f"Line {number} is not numbered {number}."]
    return broken if _is_one_sentence(fact.strip()) else [*broken, f"Line {number} does not give exactly one sentence."]


def _is_one_sentence(fact: str) -> bool:
    return (
        len(sentence_ends(fact)) == 1 and fact.endswith(".") and len(re.findall(r"[A-Za-z]+", fact)) >= MIN_FACT_WORDS
    )
