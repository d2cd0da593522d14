"""Prompt families with exact verifiers: the questions of the sample, and how replies are judged.

Everything is seeded and uses the standard library only, so the same seed writes the same bytes anywhere.
`python3 families.py OUT.jsonl` writes one row a prompt: prompt_id, data_source, prompt, metadata.
`verify(metadata, reply)` needs nothing but the row's metadata, so that a reply can be judged again later.
"""

import json
import random
import re
import string
import sys
import unicodedata

import wordlists as w

SEED = 20240917
PER_FAMILY = 56
FAMILIES = {}


# ---------------------------------------------------------------- judging a reply


def normalise(text):
    """Lower-case words without punctuation, so that "Paris." and "**paris**" count as the same reply."""
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"'s\b", "", text)
    return " ".join(re.sub(r"[^\w]|_", " ", text).split())


def first_line(reply):
    """The first line that is not empty: sampling stops there, so nothing below it is ever judged."""
    lines = [line.strip() for line in reply.splitlines() if line.strip()]
    return lines[0] if lines else ""


def has_words(words, phrase):
    """Whether the normalised text contains the normalised phrase as whole words."""
    return f" {normalise(phrase)} " in f" {words} "


def first_mentioned(words, options):
    """The option that the reply mentions first; of two at one place the longer one; None without any."""
    places = [(f" {words} ".find(f" {normalise(o)} "), -len(o), o) for o in options]
    found = [p for p in places if p[0] >= 0]
    return min(found)[2] if found else None


def numbers_in(words):
    """All whole numbers in order, number words to twenty included."""
    values = {word: i for i, word in enumerate(w.NUMBER_WORDS)}
    tokens = [values.get(t, t) for t in words.split()]
    return [int(t) for t in tokens if isinstance(t, int) or re.fullmatch(r"[0-9]{1,9}", t)]


def after_restating(found, shown):
    """The reply without the terms shown in the prompt, if it begins by repeating them."""
    return found[len(shown) :] if found[: len(shown)] == shown else found


def check_contains(meta, line):
    """The reply holds an accepted answer as whole words."""
    return any(has_words(normalise(line), a) for a in meta["accept"])


def check_first_of(meta, line):
    """Of the options, the reply mentions an accepted one first."""
    return first_mentioned(normalise(line), meta["options"]) in meta["accept"]


def check_first_number(meta, line):
    """The first number is the answer."""
    return numbers_in(normalise(line))[:1] == [int(meta["answer"])]


def check_last_number(meta, line):
    """The last number is the answer, so that "3 + 4 = 7" is right."""
    return numbers_in(normalise(line))[-1:] == [int(meta["answer"])]


def check_next_number(meta, line):
    """The first number is the answer, after the shown terms if they are repeated."""
    shown = [int(x) for x in meta["options"]]
    return after_restating(numbers_in(normalise(line)), shown)[:1] == [int(meta["answer"])]


def letters_in(line):
    """Standalone letters in order, lower case."""
    return [t for t in normalise(line).split() if len(t) == 1 and t.isalpha()]


def check_next_letter(meta, line):
    """The first standalone letter is the answer, after the shown ones if they are repeated."""
    return after_restating(letters_in(line), [x.lower() for x in meta["options"]])[:1] == [meta["answer"].lower()]


def check_letter(meta, line):
    """The last standalone letter is the answer."""
    return letters_in(line)[-1:] == [meta["answer"].lower()]


CHECKS = {name[len("check_") :]: f for name, f in list(globals().items()) if name.startswith("check_")}


def verify(metadata, reply):
    """True if the first line of the reply passes the check that the prompt's metadata names."""
    line = first_line(reply)
    return bool(line) and CHECKS[metadata["check"]](metadata, line)


# ---------------------------------------------------------------- making prompts


def family(function):
    """Registers a generator: from a seeded Random it yields (prompt, metadata), endless or until used up."""
    FAMILIES[function.__name__] = function
    return function


def meta(answer, check, accept=None, options=None):
    """The part of a row that the verifier reads."""
    row = {"answer": str(answer), "accept": [str(a) for a in (accept or [answer])], "check": check}
    if options is not None:
        row["options"] = [str(o) for o in options]
    return row


def shuffled(rng, items):
    """A shuffled copy."""
    items = list(items)
    rng.shuffle(items)
    return items


def a_kind(kind):
    """A kind with its article, as one would say it."""
    name = {"furniture": "piece of furniture", "clothing": "piece of clothing", "instrument": "musical instrument"}.get(
        kind, kind
    )
    return ("an " if name[0] in "aeiou" else "a ") + name


def sentence(rng, words):
    """A made-up sentence of three to about fourteen words, cut or extended to `words`."""
    parts = [
        "the",
        rng.choice(w.ADJECTIVES),
        rng.choice(w.ANIMALS),
        rng.choice(w.VERBS),
        "the",
        rng.choice(w.ADJECTIVES),
        rng.choice(w.ANIMALS),
        "near",
        "the",
        rng.choice(w.PLACES),
        "every",
        "day",
    ]
    short = {3: [2, 3, 6], 4: [0, 2, 3, 6], 5: [0, 2, 3, 4, 6], 6: [0, 1, 2, 3, 4, 6]}
    picked = [parts[i] for i in short[words]] if words in short else parts[:words]
    if words == 3 or words == 4:
        picked[-1] += "s"
    return " ".join(picked)


@family
def copy(rng):
    """Repeating a word, a list or a sentence; long and rare ones are harder."""
    forms = [
        "Repeat after me: {}",
        "Copy this exactly: {}",
        "Write the following text again, unchanged: {}",
        'Say "{}" and nothing else.',
        "Please echo this back to me: {}",
    ]
    while True:
        kind = rng.randrange(4)
        text = [
            rng.choice(w.COMMON),
            rng.choice(w.RARE),
            sentence(rng, rng.choice([3, 4, 5, 6, 10])),
            " ".join(rng.sample(w.COMMON + w.RARE, rng.choice([3, 4, 6]))),
        ][kind]
        yield rng.choice(forms).format(text), meta(text, "contains")


@family
def sequence(rng):
    """The next number or letter of a simple sequence; larger steps and falling ones are harder."""
    forms = [
        "What comes next: {}, ?",
        "Continue the sequence with the next term only: {},",
        "Which one follows in this series? {}, ...",
    ]
    while True:
        length = rng.choice([3, 4, 5])
        if rng.random() < 0.25:
            start = rng.randrange(26 - length)
            terms, check = list(string.ascii_uppercase[start : start + length + 1]), "next_letter"
        else:
            step = rng.choice([1, 1, 1, 2, 2, 5, 10, 10, 3, -1, 100, 0])
            start = rng.choice([1, 2, 5, 10, 20, rng.randrange(1, 40)]) + (20 if step < 0 else 0)
            terms = [start * 2**i if step == 0 else start + step * i for i in range(length + 1)]
            check = "next_number"
        shown = terms[:-1]
        yield rng.choice(forms).format(", ".join(map(str, shown))), meta(terms[-1], check, options=shown)


@family
def compare(rng):
    """The larger or smaller of two numbers; closer and longer numbers are harder."""
    forms = [
        "Which number is {}: {} or {}?",
        "Pick the {} of these two numbers: {}, {}.",
        "I have two numbers, {1} and {2}. Tell me the {0} one.",
    ]
    while True:
        top = rng.choice([10, 10, 100, 100, 1000, 100000])
        a, b = rng.sample(range(1, top), 2)
        name = rng.choice(["larger", "smaller", "bigger", "greater"])
        answer = min(a, b) if name == "smaller" else max(a, b)
        yield rng.choice(forms).format(name, a, b), meta(answer, "first_of", options=[a, b])


@family
def first_letter(rng):
    """The first or last letter of a word; the last one is much harder."""
    forms = [
        'What is the {} letter of the word "{}"?',
        "Which letter stands {} in {}? Give one letter.",
        "Name the {} letter of {}.",
    ]
    while True:
        word = rng.choice(w.COMMON if rng.random() < 0.75 else w.RARE)
        first = rng.random() < 0.7
        yield (
            rng.choice(forms).format("first" if first else "last", word),
            meta(word[0 if first else -1].upper(), "letter"),
        )


def pairs(lines):
    """(left, [accepted…]) of each `left:a,b` entry."""
    return [(left, right.split(",")) for left, right in (entry.strip().split(":") for entry in lines)]


def each_once(rng, forms, entries):
    """One question for each entry (word, accepted answers)."""
    for word, accept in shuffled(rng, entries):
        yield rng.choice(forms).format(word), meta(accept[0], "contains", accept)


@family
def opposite(rng):
    """The opposite of a word, each word once."""
    forms = [
        'What is the opposite of "{}"?',
        "Give me an antonym of {}.",
        "Opposite of {}, in one word?",
        "Name a word that means the opposite of {}.",
    ]
    yield from each_once(rng, forms, pairs(w.OPPOSITES))


@family
def capital(rng):
    """Capital cities, each country once; famous and obscure ones."""
    forms = [
        "What is the capital of {}?",
        "Name the capital city of {}.",
        "Which city is the capital of {}?",
        "{} has which capital city?",
    ]
    for country, accept in shuffled(rng, pairs(w.CAPITALS.replace("\n", ";").split(";"))):
        text = rng.choice(forms).format(country)
        yield text[0].upper() + text[1:], meta(accept[0], "contains", accept)


@family
def fact(rng):
    """Common facts with a short answer, each once."""
    tails = ["", "", " Answer in one or two words.", " Keep it short."]
    for entry in shuffled(rng, w.FACTS.replace("\n", ";").split(";")):
        question, accept = entry.split("|")
        yield question + rng.choice(tails), meta(accept.split(",")[0], "contains", accept.split(","))


@family
def yes_no(rng):
    """Yes/no questions, each once."""
    tails = ["", " Answer yes or no.", " Yes or no?"]
    items = []
    for line in w.YES_NO.splitlines():
        answer, questions = line.split("|")
        items += [(q.strip(), answer) for q in questions.split(";")]
    for question, answer in shuffled(rng, items):
        yield question + rng.choice(tails), meta(answer, "first_of", options=["yes", "no"])


@family
def odd_one_out(rng):
    """Which of three to five words is of another kind than the rest."""
    forms = [
        "Which word does not belong: {}?",
        "Find the odd one out: {}.",
        "One of these is different: {}. Which one?",
    ]
    while True:
        main, other = rng.sample(sorted(w.CATEGORIES), 2)
        odd = rng.choice(w.CATEGORIES[other].split())
        words = rng.sample(w.CATEGORIES[main].split(), rng.choice([2, 3, 4])) + [odd]
        words = shuffled(rng, words)
        if len(set(words)) == len(words):
            yield rng.choice(forms).format(", ".join(words)), meta(odd, "first_of", options=words)


@family
def category(rng):
    """Which of two or three kinds a word is."""
    forms = [
        'Is the word "{}" the name of {}?',
        "To which group does {} belong: {}?",
        "Classify the word {}. Choose one: {}.",
    ]
    items = [(word, kind) for kind in sorted(w.CATEGORIES) for word in w.CATEGORIES[kind].split()]
    for word, kind in shuffled(rng, items):
        others = rng.sample(
            [k for k in sorted(w.CATEGORIES) if k != kind and word not in w.CATEGORIES[k].split()],
            rng.choice([1, 2, 3]),
        )
        kinds = shuffled(rng, others + [kind])
        form = rng.choice(forms)
        named = [a_kind(k) if form == forms[0] else k for k in kinds]
        yield form.format(word, ", ".join(named[:-1]) + " or " + named[-1]), meta(kind, "first_of", options=kinds)


@family
def reading(rng):
    """A question whose answer is in the sentence before it; more details make it harder."""
    while True:
        name, other = rng.sample(w.NAMES, 2)
        colour, thing, place = rng.choice(w.CATEGORIES["colour"].split()), rng.choice(w.THINGS), rng.choice(w.PLACES)
        second = rng.choice([c for c in w.CATEGORIES["colour"].split() if c != colour])
        text, question, answer = rng.choice(
            [
                (f"{name} has a {colour} {thing}.", f"What colour is the {thing}?", colour),
                (f"{name} is at the {place}.", f"Where is {name}?", place),
                (f"{name} took the {thing} to the {place}.", f"Who took the {thing}?", name),
                (f"My friend is called {name}.", "What is the name of my friend?", name),
                (
                    f"{name} has a {colour} {thing} and {other} has a {second} one.",
                    f"What colour is the {thing} of {other}?",
                    second,
                ),
                (f"{name} went to the {place} with {other}, who carried a {thing}.", "Who carried something?", other),
            ]
        )
        options = {colour: w.CATEGORIES["colour"].split(), second: w.CATEGORIES["colour"].split(), place: w.PLACES}
        yield f"{text} {question}", meta(answer, "first_of", options=options.get(answer, [name, other]))


@family
def choose_kind(rng):
    """Which of two or three words is of a named kind."""
    forms = ["Which of these is {}: {}?", "Which one is {}, {}?", "Choose {} from these words: {}."]
    while True:
        kinds = rng.sample(sorted(w.CATEGORIES), rng.choice([2, 2, 3]))
        words = [rng.choice(w.CATEGORIES[k].split()) for k in kinds]
        text = shuffled(rng, words)
        yield (
            rng.choice(forms).format(a_kind(kinds[0]), ", ".join(text[:-1]) + " or " + text[-1]),
            meta(words[0], "first_of", options=words),
        )


@family
def is_a(rng):
    """Whether a word is of a kind, answered with yes or no."""
    tails = ["", " Answer yes or no.", " Yes or no?"]
    while True:
        kind, other = rng.sample(sorted(w.CATEGORIES), 2)
        true = rng.random() < 0.5
        word = rng.choice(w.CATEGORIES[kind].split())
        yield (
            f"Is {word} {a_kind(kind if true else other)}?" + rng.choice(tails),
            meta("yes" if true else "no", "first_of", options=["yes", "no"]),
        )


@family
def bigger_thing(rng):
    """Which of two things is bigger or smaller in the real world."""
    forms = ["Which is {}: {} or {}?", "Tell me which of these is {}: {} or {}.", "What is {}, {} or {}?"]
    while True:
        i, j = sorted(rng.sample(range(len(w.BY_SIZE)), 2))
        if j - i < 3:
            continue
        small, big = w.BY_SIZE[i], w.BY_SIZE[j]
        name = rng.choice(["bigger", "smaller", "larger", "heavier"])
        yield (
            rng.choice(forms).format(name, *map(a_kind, shuffled(rng, [small, big]))),
            meta(small if name == "smaller" else big, "first_of", options=[small, big]),
        )


@family
def first_word(rng):
    """The first or last word of a sentence."""
    forms = ["What is the {} word of this sentence: {}", "Give only the {} word of: {}"]
    while True:
        text = " ".join(rng.sample(w.COMMON, rng.choice([2, 3, 4, 5])))
        place = rng.choice(["first", "first", "last"])
        words = text.split()
        yield (
            rng.choice(forms).format(place, text),
            meta(words[0 if place == "first" else -1], "first_of", options=words),
        )


@family
def count_words(rng):
    """How many words a list or a sentence has; longer ones are harder."""
    forms = ["How many words are in this list: {}?", "Count the words: {}.", "How many words do you see here? {}"]
    while True:
        count = rng.choice([1, 2, 2, 2, 3, 3, 3, 4, 5])
        text = sentence(rng, count) if count > 2 and rng.random() < 0.5 else " ".join(rng.sample(w.COMMON, count))
        yield rng.choice(forms).format(text), meta(count, "first_number")


@family
def plural(rng):
    """Plural forms, regular and irregular, each word once."""
    forms = [
        'What is the plural of "{}"?',
        "Give the plural form of {}.",
        "One {0}, two what? Write the plural of {0}.",
    ]
    yield from each_once(rng, forms, pairs(w.PLURALS))


@family
def past_tense(rng):
    """Past tense of verbs, regular and irregular, each verb once."""
    forms = [
        'What is the past tense of "{}"?',
        "Give the simple past of the verb {}.",
        "Today I {0}. What is the past form of {0}?",
    ]
    yield from each_once(rng, forms, pairs(w.PASTS))


@family
def small_sum(rng):
    """Sums and differences of one-digit numbers, some as a little story."""
    forms = ["What is {} + {}?", "{} plus {} equals", "I have {} apples and get {} more. How many apples do I have?"]
    while True:
        a, b = rng.randrange(1, 10), rng.randrange(1, 10)
        if rng.random() < 0.25 and a > b:
            yield f"What is {a} - {b}?", meta(a - b, "last_number")
        else:
            yield rng.choice(forms).format(a, b), meta(a + b, "last_number")


@family
def big_sum(rng):
    """Sums of two-digit numbers; round ones are easier."""
    forms = ["What is {} + {}?", "Add {} and {}.", "Compute {} plus {}."]
    while True:
        a, b = rng.randrange(10, 100), rng.randrange(10, 100)
        if rng.random() < 0.4:
            a, b = a // 10 * 10, rng.choice([b // 10 * 10, rng.randrange(1, 10)])
        yield rng.choice(forms).format(a, b), meta(a + b, "last_number")


@family
def reverse(rng):
    """Writing a short word or a list of two or three words backwards."""
    while True:
        if rng.random() < 0.3:
            word = rng.choice([x for x in w.COMMON if len(x) == 3])
            form = rng.choice(
                ["Write the word {} backwards.", "Reverse the letters of {}.", "What is {} spelled backwards?"]
            )
            yield form.format(word), meta(word[::-1], "contains")
        else:
            words = rng.sample(w.COMMON, rng.choice([2, 2, 2, 3]))
            form = rng.choice(["Write these words in reverse order: {}.", "Swap the order of the words: {}."])
            yield form.format(" ".join(words)), meta(" ".join(words[::-1]), "contains")


@family
def rhyme(rng):
    """Which of two or three words rhymes with a given one."""
    groups = [g.split() for g in w.RHYMES.replace("\n", ";").split(";")]
    forms = [
        "Which word rhymes with {}: {}?",
        "Choose the word that rhymes with {}: {}.",
        "What rhymes with {}? The choices are {}.",
    ]
    while True:
        group = rng.choice(groups)
        word, answer = rng.sample(group, 2)
        others = [rng.choice(g) for g in rng.sample([g for g in groups if g is not group], rng.choice([1, 1, 2]))]
        options = shuffled(rng, others + [answer])
        text = ", ".join(options[:-1]) + " or " + options[-1]
        yield rng.choice(forms).format(word, text), meta(answer, "first_of", options=options)


@family
def alphabetical(rng):
    """Which of two or three words comes first in the alphabet."""
    forms = [
        "Which word comes first in alphabetical order: {}?",
        "In a dictionary, which of these is listed first: {}?",
    ]
    while True:
        words = rng.sample(w.COMMON, rng.choice([2, 2, 3]))
        if len({x[0] for x in words}) == len(words):
            yield (
                rng.choice(forms).format(", ".join(words[:-1]) + " or " + words[-1]),
                meta(min(words), "first_of", options=words),
            )


@family
def calendar(rng):
    """The day or month before or after one, or two steps away."""
    steps = {
        "What {} comes right after {}?": 1,
        "What {} comes right before {}?": -1,
        "Which {} follows {}?": 1,
        "Name the {} after {}.": 1,
        "Which {} is just before {}?": -1,
        "Which {} is two {}s after {}?": 2,
    }
    items = [(form, names, i) for form in steps for names in (w.DAYS, w.MONTHS) for i in range(len(names))]
    for form, names, i in shuffled(rng, items):
        unit = "day" if names is w.DAYS else "month"
        step = steps[form]
        text = form.format(unit, unit, names[i]) if step == 2 else form.format(unit, names[i])
        options = [n for n in names if n != names[i]]
        yield text, meta(names[(i + step) % len(names)], "first_of", options=options)


@family
def translate(rng):
    """Simple words into Spanish, French or German, each pair once."""
    forms = ['How do you say "{}" in {}?', "Translate {} into {}.", "What is the {1} word for {0}?"]
    items = [
        (word.replace("_", " "), accept, language)
        for language in sorted(w.TRANSLATIONS)
        for word, accept in pairs(re.findall(r"\S+?:\S+(?: \S+)*?(?=\s+\S+:|\s*$)", w.TRANSLATIONS[language]))
    ]
    for word, accept, language in shuffled(rng, items):
        yield rng.choice(forms).format(word, language), meta(accept[0], "contains", accept)


@family
def saying(rng):
    """The missing end of a well-known saying, each once."""
    forms = ["Complete the saying: {} ...", "Fill in the last word: {} ___", "How does this phrase end? {} ..."]
    for entry in shuffled(rng, w.SAYINGS.replace("\n", ";").split(";")):
        start, accept = entry.split("|")
        yield rng.choice(forms).format(start), meta(accept.split(",")[0], "contains", accept.split(","))


# ---------------------------------------------------------------- the whole set

# Families where so small a model is nearly always wrong are kept, but small: half of the prompts should say something.
COUNTS = {
    "copy": 80,
    "yes_no": 76,
    "count_words": 36,
    "reverse": 28,
    "sequence": 48,
    "past_tense": 48,
    "saying": 48,
    "translate": 44,
    "first_letter": 44,
    "big_sum": 40,
    "small_sum": 48,
}


def family_rows(name, count, seed, seen):
    """Up to `count` rows of one family; a text seen before is left out, an endless generator is cut."""
    rng, rows = random.Random(f"{seed}/{name}"), []
    for tries, (prompt, metadata) in enumerate(FAMILIES[name](rng)):
        if len(rows) == count or tries > 100 * count:
            break
        key = normalise(prompt)
        if key not in seen:
            seen.add(key)
            rows.append(
                {
                    "prompt_id": f"sample/{name}/{len(rows):03d}",
                    "data_source": f"sample/{name}",
                    "prompt": prompt,
                    "metadata": {"family": name, **metadata},
                }
            )
    return rows


def make_prompts(count=PER_FAMILY, seed=SEED):
    """All rows of all families, in the order of the families."""
    seen = set()
    return [row for name in FAMILIES for row in family_rows(name, COUNTS.get(name, count), seed, seen)]


def main():
    """Writes the prompts to the file named on the command line."""
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        for row in make_prompts():
            out.write(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
