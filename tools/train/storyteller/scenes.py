"""The parts that every story shares: casting, openings, small moments on the way, endings."""

import lexicon
import phrases
from narrator import Character


class Unfit(Exception):
    """The plot does not fit a hero who is already there."""


def child(story):
    names = [c.name for c in story.cast.values()]
    girl = story.chance(0.5)
    name = story.pick([n for n in (lexicon.GIRLS if girl else lexicon.BOYS) if n not in names])
    return Character(name, "girl" if girl else "boy", "she" if girl else "he", person=True)


def animal(story, noun=""):
    taken = [c.noun for c in story.cast.values()] + [c.name for c in story.cast.values()]
    noun = noun or story.pick([n for n in lexicon.ANIMALS if n not in taken])
    named = story.chance(0.6)
    name = story.pick([n for n in lexicon.ANIMAL_NAMES if n not in taken]) if named else ""
    pronoun = story.pick("he", "she")
    return Character(
        name,
        noun,
        "she" if noun == "hen" else pronoun,
        story.pick(lexicon.SMALL) if not name or story.chance(0.5) else "",
    )


def adult(story, noun=""):
    taken = [c.noun for c in story.cast.values()]
    options = [a for a in lexicon.ADULTS if (a[0] == noun if noun else a[0] not in taken)]
    noun, pronoun = story.pick(options)
    if story.chance(0.15):
        pronoun = "she" if pronoun == "he" else "he"
    return Character("", noun, pronoun, story.pick("", "", "old"), person=True)


def relative(story, of="A"):
    noun, pronoun = story.pick(lexicon.FAMILY)
    owner = story.cast[of]
    return Character(
        f"{owner.name}'s {noun}" if owner.name else f"the old {owner.noun}",
        noun,
        pronoun,
        person=True,
    )


def hero(story, animals=0.4):
    """Casts A, or keeps the A of an earlier chapter."""
    if "A" in story.cast:
        if animals in (0.0, 1.0) and story.cast["A"].person == (animals == 1.0):
            raise Unfit
        return
    story.cast["A"] = animal(story) if story.chance(animals) else child(story)


def friend(story, key="B"):
    """Casts a companion of A's own sort, most of the time."""
    same = story.chance(0.8)
    person = story.cast["A"].person
    story.cast[key] = child(story) if person == same else animal(story)


def place(story, name=""):
    """Chooses where things happen: slots there (in it), goto (to it), the_place, sight, spot."""
    name = name or story.pick(list(lexicon.PLACES))
    where, to, sights, spots = lexicon.PLACES[name]
    story.slots |= {"place": name, "there": where, "goto": to, "sight": story.pick(sights)}
    story.slots["spots"] = story.rng.sample(spots, len(spots))
    story.slots["spot"] = story.slots["spots"][0]
    return name


def introduce(story, key="A"):
    """Says who the character is."""
    person = story.cast[key]
    story.slots["who"] = f"{{{key}}}"
    if person.person:
        kind = f"a [{{trait}} |little |young ||]{person.noun} named {person.name}"
        lives = "[ who lived in {dwelling} {nearby}||]"
        likes = (
            "[^{a} lived in {dwelling} {nearby}.|^{a} loved {thing_liked}.|^{a} liked {thing_liked}"
            " and {thing_liked}.|^{a} was {trait} and {trait}.|]"
        )
    else:
        kind = f"a {person.adjective} {person.noun}" + (
            f" named {person.name}" if person.name else ""
        )
        kind = kind.replace("a  ", "a ")
        lives = "[ who lived {homes}||]"
        likes = (
            "[^{a} lived {homes}.|^{a} loved {thing_liked}.|^{a} was a {trait} animal, and everyone"
            " knew it.|^{a} liked {thing_liked} more than anything else.|]"
        )
    likes = likes.replace("{a}", f"{{{key.lower()}}}")
    return kind, lives, likes


def opening(story):
    """Names A, sometimes the weather and the day, and leaves A as the last one mentioned."""
    kind, lives, likes = introduce(story)
    if story.continued:
        story.last[story.cast["A"].pronoun] = story.cast["A"]
        story.any(
            "Some days later {A} was looking for something new.",
            "The next week brought another adventure for {A}.",
            "But the story of {A} goes on.",
            "When {A} was a little older, something else happened.",
            "It was not the last thing that {A} learned.",
        )
        return
    if (
        "B" in story.cast
        and story.cast["B"].noun in ("girl", "boy") + tuple(lexicon.ANIMALS)
        and story.chance(0.12)
    ):
        story.any(
            "{A} and {B} [were best friends|lived next door to each other|did everything"
            " together|had known each other for a long time].",
            "{A} and {B} were [playing|sitting|walking] {there}.",
            "{A} and {B} went {goto}.",
        )
        story.maybe(
            0.5,
            "{A} was {trait}, and {B} was {trait}.",
            "{weather}.",
            "They both loved {thing_liked}.",
        )
        return
    once = story.pick(
        "Once upon a time",
        "Once",
        "Long ago",
        "Once upon a time",
        "Many years ago",
        "In a land far away",
    )
    person = story.cast["A"]
    for_name = person.name or f"a {person.adjective} {person.noun}"
    if person.name and not person.person:
        for_name += f" the {person.noun}"
    form = story.rng.random()
    story.cast["A"].introduced = True
    story.last[story.cast["A"].pronoun] = story.cast["A"]
    if form < 0.42:
        story.tell(
            f"{once}{story.pick(',', ',', '')} there was {kind}{lives}.",
            *([likes] if story.chance(0.7) else []),
        )
    elif form < 0.56:
        story.tell(f"There was once {kind}{lives}.", *([likes] if story.chance(0.7) else []))
    elif form < 0.68:
        home = "{dwelling} {nearby}" if story.cast["A"].person else "a place {homes}"
        home = f"in {home}" if story.cast["A"].person else "{homes}"
        story.tell(
            f"{home} lived {kind}.",
            *([likes.replace("lived", "slept")] if story.chance(0.5) else []),
        )
    elif form < 0.82:
        story.tell(
            f"{for_name} was [a {{trait}} {story.cast['A'].noun}|{{trait}} and {{trait}}|{{trait}},"
            f" but sometimes a little lonely|a very {{trait}} {story.cast['A'].noun}]."
        )
        story.maybe(
            0.6,
            "^{a} loved {thing_liked}.",
            "Most of all, {a} liked {thing_liked}.",
            "Every day {a} found time {thing_liked}.",
        )
    else:
        story.tell(
            "{weather}.",
            f"{for_name} [woke up early|opened {{a.p}} eyes|looked outside|was already awake] and"
            " [felt {glad}|stretched|yawned|listened to the birds|wondered what the day would"
            " bring].",
        )
    story.last[story.cast["A"].pronoun] = story.cast["A"]


def arrive(story, who="{A}"):
    """Someone goes to the story's place and sees it."""
    story.any(
        f"{{oneday}}{story.pick(',', '')} {who} [went|walked|set out and went|ran|hurried]"
        " {goto}.",
        f"{{oneday}}, {who} [decided to go|wanted to go|had to go] {{goto}}.",
        f"{{weather}} when {who} [came|went|walked] {{goto}}.",
    )
    story.maybe(
        0.55,
        "There [was much to see|were many things to look at]: {sight}, and the [wide|blue|soft] sky"
        " above.".replace("sky above", "sky above it all"),
        "[It was a good place to be|The air was sweet|All was quiet there|It was a lively place].",
        "{weather}.",
        "The first thing to see there was {sight}.",
    )


def along_the_way(story):
    """A small moment that changes nothing."""
    story.maybe(
        0.25,
        "{road}.",
        "{weather}.",
        "A [cloud|bird|leaf|butterfly] drifted by, and nobody [noticed it|paid it any mind].",
        "Far away a [bell|dog|rooster] could be heard.",
        "The wind [played in the grass|moved the leaves|carried the smell of {food}].",
    )


def meal(story, who):
    story.any(
        f"[Then|Afterward|That evening] {who} sat down and ate {{food}}.",
        f"To celebrate, {who} had {{food}}.",
        f"There was {{food}} for everyone, and {who} ate until [the plates were empty|there was"
        " nothing left].",
    )


def ending(story, together=False):
    if story.more_follows:
        story.any(
            "That was a [good|fine|long] day.",
            "That night {A} slept well.",
            "{A} went home {glad}.",
            "But that was not the end of the story.",
        )
        return
    story.any(
        (
            "From that day on, [{A} and {B}|the two of them] were [the best of friends|always"
            " together|good friends]."
            if together
            else (
                "From that day on, {A} [was never {sad} for long|remembered that day|told this"
                " story often|felt a little braver]."
            )
        ),
        "That night {A} [slept well|slept soundly and dreamed of {sight}|lay in bed and smiled|fell"
        " asleep at once].",
        "And {A} never forgot [that day|it|what had happened {there}].",
        "{A} went home [tired and happy|with a light heart|as the sun went down|singing|under the"
        " first stars].",
        "It had been a [good|long|fine|wonderful] day, and {A} was {glad}.",
        (
            "And if you go {goto} today, you may still [hear about {A}|hear people talk of it]."
            if story.slots["place"] not in ("kitchen", "attic", "barn")
            else "{A} laughed about it for a long time."
        ),
        "Everyone was {glad}, and {A} most of all.",
        (
            "And they all lived happily ever after."
            if together
            else "And so everything was well again."
        ),
    )
    if story.chance(0.35):
        saying = story.pick(phrases.MORALS[story.plot])
        story.slots |= {"moral": saying, "Moral": saying[0].upper() + saying[1:]}
        story.any(
            "{Moral}.",
            '"{Moral}," {A} [liked to say|said later|thought].',
            "{A} had learned something: {moral}.",
            "And this is true: {moral}.",
        )


def start(story, animals=0.4, where="", company=True):
    """Casts the hero and perhaps a friend, chooses the place and opens the story."""
    hero(story, animals)
    if company:
        friend(story)
    place(story, where)
    opening(story)
