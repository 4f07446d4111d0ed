"""The six demo families as text generators, one module each: `sample` and `violations`."""

from training.corpus import acrostic, function, haiku, planets, story, why

FAMILIES = {
    "acrostic": acrostic,
    "why": why,
    "function": function,
    "planets": planets,
    "story": story,
    "haiku": haiku,
}
