"""Short explanations: eight everyday "why" questions, each answered in exactly three sentences.

An answer is one line of three sentences: the cause, the mechanism behind it, and a consequence or closing remark. Each
is drawn on its own from eight variants, and every sentence of the family has the same number of pieces, so the three
sentences begin and end at fixed places.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from training.corpus.example import Example, unmet
from visualizer.measure import sentence_spans

DEMO_PROMPT = "Why is the sky blue? Answer in exactly three sentences."

DEMO_SHARE = 0.15
USUAL_REQUEST = "Answer in exactly three sentences."
USUAL_REQUEST_SHARE = 0.6
OTHER_REQUESTS = (
    "Explain in exactly three sentences.",
    "Use exactly three sentences.",
    "Explain it in three sentences.",
    "Answer in three sentences.",
)

MIN_WORDS = 4


@dataclass(frozen=True)
class Topic:
    """One question, the words that tell it and its answers apart, and eight variants of each answer sentence."""

    question: str
    asked_by: frozenset[str]
    key_words: frozenset[str]
    causes: tuple[str, ...]
    mechanisms: tuple[str, ...]
    outcomes: tuple[str, ...]


TOPICS = (
    Topic(
        question="Why is the sky blue?",
        asked_by=frozenset({"sky", "skies"}),
        key_words=frozenset({"sky", "skies", "blue"}),
        causes=(
            "Tiny molecules of air scatter blue light far more strongly than red.",
            "Sunlight meets gases in our sky where its blue part soon scatters.",
            "Our sky looks blue because the air scatters short waves of light.",
            "Blue light bounces off the air and reaches us from every side.",
            "The air above us spreads the blue in sunlight across the sky.",
            "Gas molecules high overhead catch blue light and throw it all around.",
            "White sunlight enters the air and there its blue rays scatter most.",
            "Daylight holds every colour but air scatters its blue rays most widely.",
        ),
        mechanisms=(
            "Shorter waves shake the electrons in each molecule faster than longer ones.",
            "Because molecules are so small they deflect the shortest waves most easily.",
            "Red and yellow rays have longer waves and travel almost straight through.",
            "Violet scatters even more but our eyes are less sensitive to it.",
            "Halving the length of a wave makes the effect sixteen times stronger.",
            "Each scattered ray turns aside and comes down from a new direction.",
            "Light makes the molecules vibrate and they then radiate it all around.",
            "Scientists know that this scattering grows quickly as the waves get shorter.",
        ),
        outcomes=(
            "At sunset the path is longer and mostly red light is left.",
            "Without any air the sky would be black even in full daylight.",
            "Astronauts on the airless moon see a black sky even at noon.",
            "Clouds look white because their larger drops scatter all colours about equally.",
            "That is why the whole dome above us glows on clear days.",
            "High on a mountain the air is thinner and the colour deeper.",
            "Near the horizon the colour fades because the light crosses more air.",
            "Every sunny day is therefore a quiet lesson in how light travels.",
        ),
    ),
    Topic(
        question="Why is the sea salty?",
        asked_by=frozenset({"sea", "seas", "seawater", "ocean", "oceans", "salty"}),
        key_words=frozenset({"sea", "seas", "seawater", "ocean", "oceans", "salt", "salts", "salty"}),
        causes=(
            "Rain washes minerals from rocks and rivers carry them to the sea.",
            "Rivers bring dissolved salts from the land and the sea keeps them.",
            "Most sea salt comes from rocks that slowly dissolve on the land.",
            "Over millions of years water has carried salt into the open sea.",
            "Salt reaches the sea from land where water wears down the rocks.",
            "Every sea collects the minerals that streams have taken from the hills.",
            "Streams pick up a little salt and the sea gathers it all.",
            "The sea is salty because rivers feed it minerals from worn rocks.",
        ),
        mechanisms=(
            "Raindrops are slightly acid and slowly break stone into tiny charged particles.",
            "Water leaves again as vapour but the minerals have to stay behind.",
            "Heat from the sun lifts pure water away and concentrates the rest.",
            "Sodium and chloride remain in the water longer than most other substances.",
            "Hot springs and volcanoes on the ocean floor add still more minerals.",
            "Evaporation removes only fresh water while everything dissolved in it remains there.",
            "Living things use up calcium quickly but leave the sodium almost untouched.",
            "Each river tastes fresh because it holds only traces of dissolved matter.",
        ),
        outcomes=(
            "Today a single litre of ocean water holds several spoons of salt.",
            "Lakes without an outlet can become even saltier in the same way.",
            "People have long dried seawater in shallow ponds to gather the crystals.",
            "Swimmers float more easily in the sea because salt makes it denser.",
            "New salt still arrives but about as much settles on the bottom.",
            "Seawater can never quench our thirst however fresh and clear it looks.",
            "Balance is now reached and the sea hardly changes over many centuries.",
            "Warm dry regions lose more water and therefore have the saltiest waves.",
        ),
    ),
    Topic(
        question="Why do leaves change colour in autumn?",
        asked_by=frozenset({"leaf", "leaves", "autumn"}),
        key_words=frozenset({"leaf", "leaves", "tree", "trees", "autumn", "colour", "colours", "color", "colors"}),
        causes=(
            "Leaves lose their green pigment when the days grow short and cool.",
            "Trees stop making green chlorophyll in autumn and other colours then appear.",
            "Green chlorophyll breaks down in every leaf before the winter cold arrives.",
            "Shorter days tell trees to remove the green pigment from their leaves.",
            "As autumn begins the green in each leaf fades and is lost.",
            "Colours change because the leaf no longer renews its green chlorophyll supply.",
            "In autumn the tree saves energy and lets its green pigment go.",
            "The green colour of leaves disappears when trees prepare for winter rest.",
        ),
        mechanisms=(
            "Yellow and orange pigments were there all summer but remained well hidden.",
            "Red shades are often made fresh from sugar trapped in the leaf.",
            "Valuable nitrogen moves back into the branches and is stored until spring.",
            "Pigments like those in carrots can finally shine through without any rival.",
            "Sunny days and cool nights help to build the brightest red pigments.",
            "Thin layers of cork slowly close the veins at every leaf stem.",
            "Fresh chlorophyll needs warmth and strong light that winter cannot really offer.",
            "Useful substances flow into trunk and roots while other pigments stay behind.",
        ),
        outcomes=(
            "Soon the old leaves drop and feed the soil beneath the tree.",
            "Whole forests glow like fire for weeks before the branches stand bare.",
            "Evergreen trees keep their waxy needles and stay green through the cold.",
            "Every kind of tree then shows its own mix of warm shades.",
            "Brown is what remains when the last bright pigments have broken down.",
            "Next spring new buds will open and the woods turn green again.",
            "Dropping leaves also protects the tree from drought and heavy winter snow.",
            "No two autumns look alike because the weather shapes the final display.",
        ),
    ),
    Topic(
        question="Why does ice float on water?",
        asked_by=frozenset({"ice", "iceberg", "icebergs"}),
        key_words=frozenset({"ice", "iceberg", "icebergs", "water", "float", "floats"}),
        causes=(
            "Ice is less dense than water because its molecules stand further apart.",
            "Water expands when it freezes and so ice weighs less by volume.",
            "Freezing water takes up more space and becomes lighter for its size.",
            "Frozen water fills more room than the liquid from which it came.",
            "Solid water is lighter than the same volume of the liquid kind.",
            "Unlike most solids water grows with cold so its density falls slightly.",
            "When water turns to ice its volume grows by almost a tenth.",
            "The molecules of ice are packed more loosely than those of water.",
        ),
        mechanisms=(
            "Hydrogen bonds hold the molecules in an open lattice full of gaps.",
            "Each molecule links to four neighbours and keeps them at a distance.",
            "Six sided rings form in the crystal and leave empty space inside.",
            "Liquid molecules move freely and can slip into the gaps between others.",
            "Cooling slows the molecules until their bonds lock into a roomy pattern.",
            "Crystals build a wide framework whose hollow spaces hold nothing at all.",
            "Bonds between neighbours act like stiff rods that hold the structure open.",
            "Anything floats that weighs less than the liquid it can push aside.",
        ),
        outcomes=(
            "Lakes therefore freeze from the top and fish survive in the depths.",
            "Icebergs show only about one tenth of their bulk above the waves.",
            "Pipes can burst in winter when the water inside them turns solid.",
            "Under the frozen lid of a pond life can wait for spring.",
            "Full bottles should stay out of freezers because the contents would swell.",
            "This rare property makes water one of the strangest liquids we know.",
            "Cubes in a cold drink therefore bob quietly just below the rim.",
            "Polar seas carry great white sheets on which bears and seals rest.",
        ),
    ),
    Topic(
        question="Why do we see rainbows?",
        asked_by=frozenset({"rainbow", "rainbows"}),
        key_words=frozenset({"rainbow", "rainbows", "rain", "raindrop", "raindrops"}),
        causes=(
            "Rainbows appear when sunlight is bent and reflected inside drops of rain.",
            "Raindrops split white sunlight into colours and send them back to us.",
            "We see rainbows because drops of rain divide sunlight into its colours.",
            "Every rainbow is sunlight that falling raindrops have spread into many colours.",
            "Falling rain works like countless prisms and turns sunlight into a rainbow.",
            "When the sun shines on rain each drop divides the white light.",
            "Sunlight enters the raindrops and comes out again as bands of colour.",
            "Drops of rain in the air break white sunlight into separate colours.",
        ),
        mechanisms=(
            "Light bends as it enters the water and again as it leaves.",
            "Violet bends a little more than red and so the colours separate.",
            "Each colour leaves a drop at its own angle after one reflection.",
            "Red light returns at forty two degrees and violet at about forty.",
            "Short waves slow down more in water and change direction more strongly.",
            "Inside each drop the back wall acts as a small curved mirror.",
            "Water slows the colours by different amounts and fans them neatly apart.",
            "Only drops at the right angle send a given colour our way.",
        ),
        outcomes=(
            "Look for the bow with the sun low and right behind you.",
            "From an aircraft the bow can even appear as a full circle.",
            "Two people side by side never see exactly the same bright arc.",
            "Sometimes a second fainter arc appears outside with its colours in reverse.",
            "You can never reach the end because the arc moves with you.",
            "Garden hoses and waterfalls can make small bows on any sunny day.",
            "Along the outer edge lies red while violet lies on the inside.",
            "The whole arc fades once the rain stops or the clouds return.",
        ),
    ),
    Topic(
        question="Why do stars twinkle?",
        asked_by=frozenset({"star", "stars", "twinkle", "twinkling"}),
        key_words=frozenset({"star", "stars", "starlight", "twinkle", "twinkles", "twinkling"}),
        causes=(
            "Stars twinkle because their light passes through restless layers of our air.",
            "Starlight wavers on its way to us through the moving air above.",
            "Moving air bends the thin beam of a star back and forth.",
            "Our restless atmosphere makes even the steady light of each star flicker.",
            "The stars shine steadily but the air above us is never still.",
            "Twinkling comes from the air above us and not from the stars.",
            "Before starlight reaches our eyes it must cross miles of stirring air.",
            "Turbulent air disturbs the light of stars just before it reaches us.",
        ),
        mechanisms=(
            "Warm and cool pockets of air bend rays by slightly different amounts.",
            "Each pocket of air acts like a weak lens drifting past us.",
            "Rays reach us more strongly one moment and more weakly the next.",
            "Wind mixes layers of different density and the path of light shifts.",
            "Distant points of light are easily pushed a little off their course.",
            "Colours bend by different amounts and may flash briefly red or blue.",
            "Many times each second the image grows brighter or dimmer and jumps.",
            "Temperature differences change how fast light travels and so bend its path.",
        ),
        outcomes=(
            "Planets hardly flicker because we see them as discs and not points.",
            "Low in the sky the effect is strongest as more air intervenes.",
            "Telescopes in space avoid the problem and can take wonderfully sharp pictures.",
            "Astronauts above the air see only calm and steady points of light.",
            "On calm nights the dance slows down and the sky looks peaceful.",
            "Astronomers build observatories on high mountains to escape most of this trouble.",
            "Large telescopes can bend their mirrors quickly to correct for the effect.",
            "Poets love the sight although careful observers would gladly do without it.",
        ),
    ),
    Topic(
        question="Why do onions make us cry?",
        asked_by=frozenset({"onion", "onions"}),
        key_words=frozenset({"onion", "onions", "cry", "crying", "tear", "tears"}),
        causes=(
            "Cutting an onion releases an irritating gas that rises into our eyes.",
            "Onions under the knife send out a sharp gas towards our eyes.",
            "Damaged onion cells soon produce a stinging gas and our eyes suffer.",
            "When we slice an onion a sulphur gas escapes into the air.",
            "The knife breaks onion cells and sets free a gas that stings.",
            "Sliced onions give off a vapour that our eyes find very unpleasant.",
            "Sulphur compounds in a cut onion turn into a sharp irritating gas.",
            "Chopping an onion starts a chemical reaction that makes a biting gas.",
        ),
        mechanisms=(
            "Enzymes mix with sulphur compounds that the intact bulb keeps safely apart.",
            "Two substances stored in separate parts of the cell suddenly come together.",
            "Nerves in the eye notice the vapour and quickly call for tears.",
            "On the moist eye the vapour dissolves and excites the pain nerves.",
            "Tear glands answer the alarm and try to wash the irritant away.",
            "Plants evolved this trick to keep hungry animals away from their bulbs.",
            "First one enzyme makes an acid and then another completes the gas.",
            "Brain and nerves treat the vapour as a threat to clear sight.",
        ),
        outcomes=(
            "Cold onions trouble us less because the reaction slows in the fridge.",
            "Sharp knives help since they crush fewer cells with every clean cut.",
            "Cooking ends the trouble because heat destroys the enzymes in the bulb.",
            "Swimming goggles look silly in the kitchen but they keep eyes dry.",
            "Our tears are harmless and stop soon after the chopping is done.",
            "Open windows or a small fan can carry the vapour safely outside.",
            "Milder kinds contain less sulphur and let every cook stay quite cheerful.",
            "Garlic has a similar chemistry but makes almost none of this gas.",
        ),
    ),
    Topic(
        question="Why does bread rise?",
        asked_by=frozenset({"bread", "dough", "loaf"}),
        key_words=frozenset({"bread", "dough", "loaf", "loaves", "rise", "rises"}),
        causes=(
            "Yeast eats sugars in the bread dough and gives off a gas.",
            "Bread rises because living yeast fills the dough with bubbles of gas.",
            "Tiny yeast cells feed on dough and breathe out carbon dioxide gas.",
            "Dough swells up when yeast turns its sugars into carbon dioxide gas.",
            "Living yeast in bread dough makes countless small bubbles of carbon dioxide.",
            "The yeast ferments sugar and blows thousands of bubbles into the dough.",
            "Gas made by hungry yeast pushes the soft bread dough slowly upwards.",
            "Fermentation by yeast fills a bread dough with gas from the inside.",
        ),
        mechanisms=(
            "Kneading builds an elastic net of gluten that traps every small bubble.",
            "Gluten in the flour stretches like a balloon and keeps bubbles inside.",
            "Gentle warmth speeds up the work and lets the bubbles grow larger.",
            "Enzymes in the flour break starch into sugars that feed the yeast.",
            "Long strands of protein form strong and stretchy walls around each bubble.",
            "Some alcohol forms as well but nearly all of it later evaporates.",
            "Slowly each bubble swells until the soft mass has doubled in size.",
            "Wheat proteins link up with water and make the whole mass elastic.",
        ),
        outcomes=(
            "Heat in the oven sets the crumb and keeps the loaf light.",
            "Baking finally kills the yeast and fixes the airy structure in place.",
            "Many flat breads skip this step and therefore stay thin and dense.",
            "Each hole in a slice marks the place of one former bubble.",
            "Bakers let the dough rest for hours so that flavour can develop.",
            "Cold nights in the fridge slow the process but deepen the taste.",
            "Without this help every loaf would be as hard as a brick.",
            "People have baked this way for thousands of years without knowing why.",
        ),
    ),
)

DEMO_TOPIC = TOPICS[0]


def _prompt(rng: random.Random, topic: Topic) -> str:
    request = USUAL_REQUEST if rng.random() < USUAL_REQUEST_SHARE else rng.choice(OTHER_REQUESTS)
    return f"{topic.question} {request}"


def _answer(rng: random.Random, topic: Topic) -> str:
    return " ".join(rng.choice(slot) for slot in (topic.causes, topic.mechanisms, topic.outcomes))


def sample(rng: random.Random) -> Example:
    """Draw a question with a three-sentence request, and an answer to it."""
    if rng.random() < DEMO_SHARE:
        return Example(prompt=DEMO_PROMPT, answer=_answer(rng, DEMO_TOPIC))
    topic = rng.choice(TOPICS)
    return Example(prompt=_prompt(rng, topic), answer=_answer(rng, topic))


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9]+(?:['-][A-Za-z0-9]+)*", text)


def _key_words(prompt: str) -> frozenset[str]:
    asked = {word.lower() for word in _words(prompt)}
    return frozenset().union(*(topic.key_words for topic in TOPICS if topic.asked_by & asked))


def violations(prompt: str, answer: str) -> list[str]:
    """Say which constraints of a three-sentence explanation the answer breaks; empty when all hold."""
    found = unmet(prompt, answer)
    if any(len(_words(answer[slice(*span)])) < MIN_WORDS for span in sentence_spans(answer)):
        found.append(f"A sentence has fewer than {MIN_WORDS} words.")
    key_words = _key_words(prompt)
    if key_words and not key_words & {word.lower() for word in _words(answer)}:
        found.append("The answer does not mention what the question is about.")
    return found
