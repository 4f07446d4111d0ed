"""What small Python functions can be written with: names, summaries, doctest calls that hold, bodies.

Within a function every summary, every example of a slot and every body has the same number of pieces.
"""

from __future__ import annotations

from dataclasses import dataclass

EXAMPLE_COUNT = 3

Call = tuple[str, str]
Pool = tuple[Call, ...]

TEXT_PARAMETERS = (("s",), ("text",), ("word",))
NUMBER_PARAMETERS = (("n",), ("number",), ("x",))
LIST_PARAMETERS = (("items",), ("values",), ("numbers",))
PAIR_PARAMETERS = (("a", "b"), ("x", "y"), ("m", "n"))


@dataclass(frozen=True)
class Recipe:
    """What one function can be written with; in a body, {0} and {1} stand for the parameters."""

    name: str
    parameters: tuple[tuple[str, ...], ...]
    summaries: tuple[str, ...]
    pools: tuple[Pool, ...]
    bodies: tuple[str, ...]


def _pools(*calls: Call) -> tuple[Pool, ...]:
    """Let every example slot draw from the same calls."""
    return (calls,) * EXAMPLE_COUNT


def _true_false_true(*calls: Call) -> tuple[Pool, ...]:
    """Let the first and the third example show what holds and the second what does not.

    So a result belongs to its place, and words that are still undecided cannot make it wrong.
    """
    holding = tuple(call for call in calls if call[1] == "True")
    return holding, tuple(call for call in calls if call[1] == "False"), holding


IS_PALINDROME = Recipe(
    name="is_palindrome",
    parameters=TEXT_PARAMETERS,
    summaries=(
        "Check whether the text reads the same backwards.",
        "Tell if every letter matches its mirrored partner.",
        "Decide whether reversing the text leaves it unchanged.",
        "Report whether both directions spell the same thing.",
        "Test for text that looks identical when reversed.",
        "Say whether this text is its own reflection.",
        "Determine if reading backwards gives the same letters.",
        "Answer whether the given text is a palindrome.",
        "Find out if the letters form a palindrome.",
        "Compare the text with its own mirror image.",
    ),
    pools=_true_false_true(
        ("'level'", "True"),
        ("'radar'", "True"),
        ("'noon'", "True"),
        ("'civic'", "True"),
        ("'kayak'", "True"),
        ("'refer'", "True"),
        ("'madam'", "True"),
        ("'rotor'", "True"),
        ("'deed'", "True"),
        ("'stats'", "True"),
        ("'peep'", "True"),
        ("'solos'", "True"),
        ("'banana'", "False"),
        ("'garden'", "False"),
        ("'planet'", "False"),
        ("'river'", "False"),
        ("'candle'", "False"),
        ("'window'", "False"),
        ("'yellow'", "False"),
        ("'summer'", "False"),
        ("'lemon'", "False"),
        ("'tiger'", "False"),
        ("'copper'", "False"),
        ("'button'", "False"),
    ),
    bodies=(
        "mirror = {0}[::-1]\n    if {0} == mirror:\n        return True\n    return False",
        "letters = list({0})\n    letters.reverse()\n    return {0} == ''.join(letters)",
        "backwards = ''\n    for letter in reversed({0}):\n        backwards += letter\n    return backwards == {0}",
        "stack = list({0})\n    return not any(letter != stack.pop() for letter in {0})",
    ),
)

REVERSE = Recipe(
    name="reverse",
    parameters=TEXT_PARAMETERS,
    summaries=(
        "Return the text with its letters turned around.",
        "Flip the text so its last letter leads.",
        "Spell the given text from back to front.",
        "Turn the text around and give it back.",
        "Write the letters of the text in reverse.",
        "Read the text backwards and return the result.",
        "Build a backwards copy of the given text.",
        "Give back the same letters in opposite order.",
    ),
    pools=_pools(
        ("'stop'", "'pots'"),
        ("'live'", "'evil'"),
        ("'star'", "'rats'"),
        ("'part'", "'trap'"),
        ("'draw'", "'ward'"),
        ("'loop'", "'pool'"),
        ("'keep'", "'peek'"),
        ("'flow'", "'wolf'"),
        ("'drawer'", "'reward'"),
        ("'time'", "'emit'"),
        ("'plug'", "'gulp'"),
        ("'smart'", "'trams'"),
    ),
    bodies=(
        "result = ''\n    for letter in reversed({0}):\n        result = result + letter\n    return result",
        "if not {0}:\n        return {0}\n    return reverse({0}[1:]) + {0}[0]",
        "return ''.join({0}[~i] for i in range(len({0})))",
        "new_order = list(reversed({0}))\n    return ''.join(new_order)",
    ),
)

IS_EVEN = Recipe(
    name="is_even",
    parameters=NUMBER_PARAMETERS,
    summaries=(
        "Check whether the number is divisible by two.",
        "Tell if halving the number leaves no remainder.",
        "Decide whether the number splits into equal halves.",
        "Report whether two divides the given number exactly.",
        "Test if the number belongs among the evens.",
        "Say whether the given whole number is even.",
        "Determine if this many socks form complete pairs.",
        "Answer whether counting by twos reaches the number.",
        "Find out if the last digit is even.",
    ),
    pools=_true_false_true(*((str(number), str(number % 2 == 0)) for number in range(10))),
    bodies=(
        "if {0} % 2 == 0:\n        return True\n    return False",
        "quotient, remainder = divmod({0}, 2)\n    return remainder == 0",
        "half = {0} // 2\n    return {0} - half * 2 == 0",
        "bits = bin({0})\n    return bits.endswith('0')",
    ),
)

IS_ODD = Recipe(
    name="is_odd",
    parameters=NUMBER_PARAMETERS,
    summaries=(
        "Check whether the number cannot be halved evenly.",
        "Tell if halving the number leaves a remainder.",
        "Decide whether dividing by two leaves one over.",
        "Report whether two fails to divide the number.",
        "Test if the number belongs among the odds.",
        "Say whether the given whole number is odd.",
        "Determine if this many socks leave one alone.",
        "Answer whether counting by twos skips the number.",
        "Find out if the last digit is odd.",
    ),
    pools=_true_false_true(*((str(number), str(number % 2 == 1)) for number in range(10))),
    bodies=(
        "if {0} % 2 == 1:\n        return True\n    return False",
        "quotient, remainder = divmod({0}, 2)\n    return remainder == 1",
        "half = {0} // 2\n    return {0} - half * 2 == 1",
        "bits = bin({0})\n    return bits.endswith('1')",
    ),
)

SQUARE = Recipe(
    name="square",
    parameters=NUMBER_PARAMETERS,
    summaries=(
        "Return the number multiplied by its own value.",
        "Multiply the given number by itself just once.",
        "Raise the number to the power of two.",
        "Compute the area of a square this wide.",
        "Give the square of the number you pass.",
        "Work out what the number times itself makes.",
        "Calculate the second power of the given number.",
        "Take a number and hand back its square.",
        "Find how many tiles fill a square floor.",
    ),
    pools=_pools(*((str(number), str(number * number)) for number in range(10, 21))),
    bodies=(
        "answer = pow({0}, 2)\n    return answer",
        "result = {0}\n    result *= {0}\n    return result",
        "power = 2\n    return pow({0}, power)",
        "size = abs({0})\n    return size * size",
    ),
)

SMALL_FACTORIALS = (("0", "1"), ("1", "1"), ("2", "2"), ("3", "6"))
LARGE_FACTORIALS = (("5", "120"), ("6", "720"))

FACTORIAL = Recipe(
    name="factorial",
    parameters=NUMBER_PARAMETERS,
    summaries=(
        "Multiply every whole number up to this one.",
        "Return the factorial of a small whole number.",
        "Count the ways to arrange that many things.",
        "Compute the factorial by multiplying smaller numbers together.",
        "Find how many ways guests could line up.",
        "Give the product of one through the number.",
        "Calculate the product of a countdown to one.",
        "Take a number and hand back its factorial.",
    ),
    pools=(SMALL_FACTORIALS, SMALL_FACTORIALS, LARGE_FACTORIALS),
    bodies=(
        "result = 1\n    for factor in range(2, {0} + 1):\n        result *= factor\n    return result",
        "if {0} == 0 or {0} == 1:\n        return 1\n    return {0} * factorial({0} - 1)",
        "product = 1\n    while {0} > 1:\n        product = product * {0}\n        {0} = {0} - 1\n    return product",
        "from math import prod\n    factors = list(range(1, {0} + 1))\n    return prod(factors)",
    ),
)

COUNT_VOWELS = Recipe(
    name="count_vowels",
    parameters=TEXT_PARAMETERS,
    summaries=(
        "Count how many vowels appear in the text.",
        "Return the number of vowels in the text.",
        "Tell how many letters are vowels in total.",
        "Find out how many vowels the text holds.",
        "Add up every vowel found in the text.",
        "Give the tally of all the vowels inside.",
        "Report how often vowels occur in the text.",
        "Work through the letters and tally the vowels.",
        "Look at each letter and count the vowels.",
    ),
    pools=_pools(
        ("'banana'", "3"),
        ("'apple'", "2"),
        ("'rhythm'", "0"),
        ("'queue'", "4"),
        ("'sky'", "0"),
        ("'music'", "2"),
        ("'cat'", "1"),
        ("'ocean'", "3"),
        ("'tree'", "2"),
        ("'audio'", "4"),
        ("'planet'", "2"),
        ("'idea'", "3"),
        ("'sun'", "1"),
    ),
    bodies=(
        "count = 0\n    for letter in {0}:\n        if letter in 'aeiou':\n            count += 1\n    return count",
        "total = 0\n    for vowel in 'aeiou':\n        total = total + {0}.count(vowel)\n    return total",
        "vowels = 'aeiou'\n    found = [letter for letter in {0} if letter in vowels]\n    return len(found)",
        "found_vowels = [letter for letter in {0} if letter in 'aeiou']\n    return len(found_vowels)",
    ),
)

NUMBER_LISTS = (
    (3, 7, 5),
    (9, 2, 4),
    (1, 6, 8),
    (5, 3, 2),
    (4, 4, 1),
    (0, 5, 3),
    (8, 9, 6),
    (2, 1, 7),
    (6, 0, 2),
    (7, 8, 3),
    (1, 3, 4),
    (5, 9, 7),
)

LARGEST = Recipe(
    name="largest",
    parameters=LIST_PARAMETERS,
    summaries=(
        "Return the largest number found in the list.",
        "Find the biggest value among all those given.",
        "Pick the highest number from the given list.",
        "Give back whichever number tops all the others.",
        "Search the list for its greatest single value.",
        "Tell which of the numbers is the largest.",
        "Choose the number that no other one exceeds.",
        "Report the maximum of a list of numbers.",
    ),
    pools=_pools(*((str(list(numbers)), str(max(numbers))) for numbers in NUMBER_LISTS)),
    bodies=(
        "ordered = sorted({0})\n    return ordered[-1]",
        "biggest = sorted({0})[-1]\n    return biggest",
        "return sorted({0}, reverse=True)[0]",
        "stack = sorted({0})\n    return stack.pop()",
    ),
)

SMALLEST = Recipe(
    name="smallest",
    parameters=LIST_PARAMETERS,
    summaries=(
        "Return the smallest number found in the list.",
        "Find the least value among all those given.",
        "Pick the lowest number from the given list.",
        "Give back whichever number sits below the others.",
        "Search the list for its tiniest single value.",
        "Tell which of the numbers is the smallest.",
        "Choose the number that exceeds no other one.",
        "Report the minimum of a list of numbers.",
    ),
    pools=_pools(*((str(list(numbers)), str(min(numbers))) for numbers in NUMBER_LISTS)),
    bodies=(
        "first, *rest = sorted({0})\n    return first",
        "ordered = sorted({0})\n    return ordered[0]",
        "from functools import reduce\n    return reduce(min, {0})",
        "lowest = sorted({0})[0]\n    return lowest",
    ),
)

SHORT_SUMS = (
    (1, 2, 3),
    (4, 0, 5),
    (2, 2, 1),
    (3, 4, 1),
    (0, 1, 0),
    (5, 1, 1),
    (2, 0, 2),
    (1, 1, 1),
    (6, 2, 0),
    (0, 0, 2),
    (3, 3, 3),
    (7, 1, 0),
)

TOTAL = Recipe(
    name="total",
    parameters=LIST_PARAMETERS,
    summaries=(
        "Return the sum of all the given numbers.",
        "Add together every number in the given list.",
        "Compute what the numbers make when added together.",
        "Give the total of a list of numbers.",
        "Work out the sum of the whole list.",
        "Find the grand total of the given list.",
        "Sum up the list and return the result.",
        "Tell how much all the numbers amount to.",
    ),
    pools=_pools(*((str(list(numbers)), str(sum(numbers))) for numbers in SHORT_SUMS)),
    bodies=(
        "stack = list({0})\n    result = 0\n    while stack:\n        result += stack.pop()\n    return result",
        "result = 0\n    for index in range(len({0})):\n        result += {0}[index]\n    return result",
        "if not {0}:\n        return 0\n    first, *other_items = {0}\n    return first + total(other_items)",
        "running_sum = 0\n    for item in {0}:\n        running_sum = running_sum + item\n    return running_sum",
    ),
)

DOUBLE = Recipe(
    name="double",
    parameters=NUMBER_PARAMETERS,
    summaries=(
        "Return twice the value of the given number.",
        "Multiply the number by two and return it.",
        "Add the number to itself and return that.",
        "Give back the number made twice as large.",
        "Compute two times whatever number you pass in.",
        "Make the given number exactly twice as big.",
        "Work out how much two of these make.",
        "Take a number and hand back its double.",
    ),
    pools=_pools(*((str(number), str(2 * number)) for number in (10, 11, 12, 13, 14, 15, 20, 21, 25, 30, 35, 40))),
    bodies=(
        "factor = 2\n    return {0} * factor",
        "answer = {0} + {0}\n    return answer",
        "twice = {0} * 2\n    return twice",
        "copy = {0}\n    return {0} + copy",
    ),
)

ADD = Recipe(
    name="add",
    parameters=PAIR_PARAMETERS,
    summaries=(
        "Return the sum of the two given numbers.",
        "Add the two numbers and return the result.",
        "Compute what both of the numbers make together.",
        "Give the total of a pair of numbers.",
        "Work out the sum of the two values.",
        "Combine two numbers into one by adding them.",
        "Put two numbers together and report the total.",
        "Find the number both inputs add up to.",
    ),
    pools=_pools(
        ("2, 3", "5"),
        ("1, 1", "2"),
        ("4, 5", "9"),
        ("0, 7", "7"),
        ("6, 2", "8"),
        ("3, 3", "6"),
        ("1, 3", "4"),
        ("8, 1", "9"),
        ("5, 0", "5"),
        ("2, 1", "3"),
        ("4, 4", "8"),
        ("7, 2", "9"),
    ),
    bodies=(
        "first, second = {0}, {1}\n    return first + second",
        "result = {0}\n    result = result + {1}\n    return result",
        "new_value = {0} + {1}\n    return new_value",
        "step = {1}\n    result = {0} + step\n    return result",
    ),
)

MULTIPLY = Recipe(
    name="multiply",
    parameters=PAIR_PARAMETERS,
    summaries=(
        "Return the product of the two given numbers.",
        "Multiply the two numbers and return the result.",
        "Compute the first number times the second one.",
        "Give the product of a pair of numbers.",
        "Work out the area of a simple rectangle.",
        "Combine two numbers into one by multiplying them.",
        "Take two numbers and hand back their product.",
        "Find how many squares fill a whole grid.",
    ),
    pools=_pools(
        ("3, 4", "12"),
        ("5, 2", "10"),
        ("6, 7", "42"),
        ("8, 3", "24"),
        ("9, 9", "81"),
        ("4, 4", "16"),
        ("7, 5", "35"),
        ("2, 9", "18"),
        ("6, 5", "30"),
        ("8, 8", "64"),
        ("7, 3", "21"),
        ("5, 4", "20"),
    ),
    bodies=(
        "first, second = {0}, {1}\n    return first * second",
        "result = {0}\n    result = result * {1}\n    return result",
        "new_value = {0} * {1}\n    return new_value",
        "factor = {1}\n    result = {0} * factor\n    return result",
    ),
)

FIRST_LETTER = Recipe(
    name="first_letter",
    parameters=TEXT_PARAMETERS,
    summaries=(
        "Return the first letter of the given text.",
        "Give back the letter the text starts with.",
        "Find the letter standing at the very front.",
        "Pick the opening letter of the given text.",
        "Tell which letter comes before all the others.",
        "Report the letter that leads the whole text.",
        "Take some text and hand back its initial.",
        "Look up which letter opens the given text.",
    ),
    pools=_pools(
        ("'apple'", "'a'"),
        ("'banana'", "'b'"),
        ("'candle'", "'c'"),
        ("'dream'", "'d'"),
        ("'eagle'", "'e'"),
        ("'forest'", "'f'"),
        ("'garden'", "'g'"),
        ("'house'", "'h'"),
        ("'island'", "'i'"),
        ("'lemon'", "'l'"),
        ("'planet'", "'p'"),
        ("'window'", "'w'"),
    ),
    bodies=(
        "letter = {0}[0]\n    return letter",
        "first, *rest = {0}\n    return first",
        "index = 0\n    return {0}[index]",
        "return {0}[-len({0})]",
    ),
)

SHOUT = Recipe(
    name="shout",
    parameters=TEXT_PARAMETERS,
    summaries=(
        "Return the text written all in capital letters.",
        "Turn every small letter into a capital one.",
        "Make the text loud by using capital letters.",
        "Give back the same text in upper case.",
        "Change each letter to its upper case form.",
        "Convert the whole text to loud capital letters.",
        "Write the text as if you were shouting.",
        "Put the text in capitals for extra volume.",
    ),
    pools=_pools(
        *(
            (f"'{word}'", f"'{word.upper()}'")
            for word in ("cat", "dog", "sun", "sky", "hat", "bee", "fox", "owl", "jam", "tea", "map", "zoo")
        )
    ),
    bodies=(
        "result = ''\n    for letter in {0}:\n        result += letter.upper()\n    return result",
        "letters = [letter.upper() for letter in {0}]\n    return ''.join(letters)",
        "loud = list(map(str.upper, {0}))\n    return ''.join(loud)",
        "answer = ''.join([letter.upper() for letter in {0}])\n    return answer",
    ),
)

OTHER_RECIPES = (
    REVERSE,
    IS_EVEN,
    IS_ODD,
    SQUARE,
    FACTORIAL,
    COUNT_VOWELS,
    LARGEST,
    SMALLEST,
    TOTAL,
    DOUBLE,
    ADD,
    MULTIPLY,
    FIRST_LETTER,
    SHOUT,
)
