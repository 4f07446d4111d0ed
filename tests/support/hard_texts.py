"""Texts that make a careless check slow or fail, as long as an answer may be; `bench.checks` measures them too."""

LENGTH = 50_000
"""Signs: about 13,000 tokens."""

_REPEATED = {
    "full stops": ".", "full stops and a letter": "...x", "line breaks": "\n", "blank lines": "\n \n", "spaces": " ",
    "noise": "░", "quotes": '"""', "fences": "```\n", "prompts": ">>> f(1)\n", "brackets": "(", "braces": "{1:",
    "calls": "f(", "indices": "a[", "minus signs": "-", "lambdas": "lambda:", "nots": "not ", "ifs": "1 if 1 else ",
    "strings": "f'{", "words": "word ", "defs": "def f():\n '''", "items": "- a\n", "digits": "9", "arrays": "[",
    "objects": '{"a":', "stars": "*", "ends in quotes": ".'", "letters": "a", "commas": "a, ", "awaits": "await ",
    "decorators": "@a\n", "sums": "1+", "tildes": "~", "nulls": "\0", "surrogates": "\ud800", "one long line": "a b. ",
}  # fmt: skip
HARD_TEXTS = {name: (text * (LENGTH // len(text) + 1))[:LENGTH] for name, text in _REPEATED.items()}
HARD_TEXTS |= {f"{name}, short": text[:9_900] for name, text in HARD_TEXTS.items()}
HARD_TEXTS |= {f"{name}, shorter": text[:90] for name, text in HARD_TEXTS.items() if not name.endswith("short")}
HARD_TEXTS["indents"] = "\n".join(" " * depth + "if x:" for depth in range(300))
