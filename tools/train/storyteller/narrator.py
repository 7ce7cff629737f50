"""Turns templates into prose: choices, characters, pronouns and speech.

Template grammar:
    text     = { plain | choice | slot }
    choice   = "[" text { "|" text } "]"      one branch, all equally likely; may be empty; may nest
    slot     = "{" key "}"                    a character, a value of the story, or a lexicon list
    key      = "A"  name or description       "a"   pronoun if it is clear, else as "A"
             | "a.o" him   "a.p" his   "a.r" himself   "A.p" Tom's
             | any other word: the story's slots, then the lexicon
A pronoun is clear when its character was the last one mentioned who takes that pronoun, so
"Tom gave Ben {a.p} ball" writes "Tom's ball" and "Tom found {a.p} ball" writes "his ball".
"""

import random
import re

import phrases

PRONOUNS = {"he": ("him", "his", "himself"), "she": ("her", "her", "herself")}
CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{([^{}]+)\}")


class Character:
    """Someone in a story. `noun` is what they are ("fox"), `name` what they are called."""

    def __init__(self, name, noun, pronoun, adjective="", person=False):
        self.name, self.noun, self.pronoun = name, noun, pronoun
        self.adjective, self.person = adjective, person
        self.introduced = False

    @property
    def description(self):
        return f"the {self.adjective} {self.noun}" if self.adjective else f"the {self.noun}"


class Story:
    """One story under construction: paragraphs of finished sentences."""

    def __init__(self, rng):
        self.rng, self.cast, self.slots = rng, {}, {}
        self.last, self.paragraphs = {}, [[]]
        self.used, self.speaker = set(), ""
        self.plot, self.more_follows, self.continued = "", False, False

    # Templates

    def pick(self, *options):
        options = options[0] if len(options) == 1 else options
        return self.rng.choice(options)

    def chance(self, probability):
        return self.rng.random() < probability

    def refer(self, key):
        strong, _, form = key.partition(".")
        person = self.cast[strong.upper()]
        clear = strong.islower() and self.last.get(person.pronoun) is person
        self.last[person.pronoun] = person
        if clear:
            objective, possessive, _ = PRONOUNS[person.pronoun]
            return {"": person.pronoun, "o": objective, "p": possessive}.get(form, possessive)
        shown = self.name_of(person) if person.introduced else self.first_name_of(person)
        return f"{shown}'s" if form == "p" else shown

    def name_of(self, person):
        if not person.name:
            return person.description if self.chance(0.4) else f"the {person.noun}"
        return f"the {person.noun}" if not person.person and self.chance(0.15) else person.name

    def first_name_of(self, person):
        """The first mention of anyone but the hero says who they are."""
        person.introduced = True
        if person.person:
            hero = self.cast["A"]
            friend = person.noun in ("boy", "girl") and hero.person and self.chance(0.6)
            if friend and self.last.get(hero.pronoun) is hero:
                return f"{PRONOUNS[hero.pronoun][1]} friend {person.name}"
            return person.name or person.description
        if person.name:
            return self.pick(
                f"{person.name} the {person.noun}", f"a {person.noun} named {person.name}"
            )
        return f"a {person.adjective} {person.noun}"

    def lookup(self, key):
        if key.endswith(".r"):
            return PRONOUNS[self.cast[key[0].upper()].pronoun][2]
        if key.partition(".")[0].upper() in self.cast:
            return self.refer(key)
        value = self.slots.get(key)
        if value is None:
            fresh = [v for v in phrases.LISTS[key] if v not in self.used]
            value = self.pick(fresh or phrases.LISTS[key])
            self.used.add(value)
        return self.expand(value)

    def expand(self, template):
        while True:
            template, count = CHOICE.subn(lambda m: self.pick(m[1].split("|")), template)
            if not count:
                break
        return SLOT.sub(lambda m: self.lookup(m[1]), template)

    # Sentences

    def tell(self, *templates):
        """Appends each template, expanded and capitalised, to the current paragraph."""
        self.speaker = ""
        for template in filter(None, templates):
            self.paragraphs[-1].append(polish(self.expand(template)))

    def any(self, *templates):
        """Tells one of the templates."""
        self.tell(self.pick(templates))

    def maybe(self, probability, *templates):
        if self.chance(probability):
            self.any(*templates)

    def paragraph(self):
        if self.paragraphs[-1]:
            self.paragraphs.append([])
            self.last = {}

    def say(self, who, template, mood=""):
        """`who` speaks. The tag, its place and its verb vary; `mood` narrows the verb."""
        words = polish(self.expand(template))
        first, rest = split_speech(words)
        end = first[-1]
        mood = mood or {"?": "ask", "!": "cry"}.get(end, "say")
        reply = self.speaker not in ("", who) and mood in ("say", "wise") and self.chance(0.4)
        verb = self.pick(["answered", "replied"] if reply else phrases.SPEECH[mood])
        tagged = first[:-1] + "," if end == "." else first
        adverb = self.pick(phrases.SPEECH_ADVERBS) if self.chance(0.06) else ""
        low, shape = who.lower(), self.rng.random()
        more = f' "{rest}"' if rest else ""
        plain = " " not in verb
        if shape < 0.34 and plain:
            line = f'"{tagged}" {verb} {{{who}}}{adverb}.{more}'
        elif shape < 0.60:
            name = low if plain else who
            line = f'"{tagged}" {{{name}}} {verb}{adverb}.{more}'
        elif shape < 0.74:
            line = f'{{{who}}} {verb}{adverb}, "{words}"'
        elif shape < 0.88:
            beat = self.pick(phrases.BEATS[mood])
            line = f'{{{who}}} {beat.replace("{x", "{" + low)}. "{words}"'
        else:
            line = f'"{tagged}" {{{low}}} {verb}.{more}'
        if self.chance(0.35) and len(self.paragraphs[-1]) > 2:
            self.paragraphs.append([])
        self.tell(line)
        self.speaker = who

    def text(self):
        return "\n".join(" ".join(p) for p in self.paragraphs if p)


def split_speech(words):
    """("First sentence!", "the rest or nothing")"""
    match = re.match(r"(.+?[.!?]) (.+)$", words)
    return (match[1], match[2]) if match else (words, "")


def polish(text):
    """Articles, spaces and capitals. Capitals follow a full stop, also one inside closing quotes;
    after !" or ?" a tag may follow, so there "^" asks for one."""
    text = re.sub(r" {2,}", " ", text).strip().replace(" ,", ",").replace(" .", ".")
    text = re.sub(r"\b([Aa]) (?=[aeiou](?!ne[ -]|ni|se)|hon|hour)", r"\1n ", text)
    text = re.sub(r"\^\s*(\"?)([A-Za-z])", lambda m: m[1] + m[2].upper(), text)
    text = re.sub(r"([.!?] \"?|\.\" \"?)([a-z])", lambda m: m[1] + m[2].upper(), text)
    text = re.sub(r"^(\"?)([a-z])", lambda m: m[1] + m[2].upper(), text)
    return text


def random_story(seed, tell):
    story = Story(random.Random(seed))
    tell(story)
    return story.text()
