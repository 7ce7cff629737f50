"""Things are lost, found, shared, given, broken and traded."""

import lexicon
import scenes
from scenes import start


def lost_thing(story):
    start(story)
    thing = story.pick(lexicon.TREASURES + list(lexicon.TOYS))
    noun = thing if thing.split()[0] in lexicon.COLORS else thing
    story.slots["thing"] = noun
    story.any(
        "^{a} had a {thing} that {a} [loved very much|took everywhere|had been given by an old"
        " friend|kept safe day and night].",
        "{A.p} greatest treasure was a {thing}.",
        "For {a.p} birthday {a} had been given a {thing}.",
    )
    story.paragraph()
    scenes.arrive(story)
    story.any(
        "But when {a} [came home|looked again|reached into {a.p} bag|wanted to use it], the {thing}"
        " was gone.",
        "After a while {a} looked around. ^the {thing} was not there anymore!",
        "On the way back {a} noticed that the {thing} was missing.",
    )
    story.say(
        "A",
        story.pick(
            "Where is my {thing}?",
            "Oh no! I have lost my {thing}.",
            "My {thing} is gone!",
            "It was here a moment ago.",
        ),
        story.pick("", "sad"),
    )
    first, second, third = story.slots["spots"]
    story.any(
        "{A} looked everywhere, but could not find it.",
        "^{a} searched until {a.p} legs were tired.",
        "^{a} was {sad}.",
    )
    story.paragraph()
    story.any(
        "{B} came by and saw {A}.",
        "Along came {B}.",
        "{B} heard this and came over.",
        "{A} went to {B} for help.",
    )
    story.say(
        "B",
        story.pick(
            "What is the matter?",
            "Why are you so sad?",
            "Did you lose something?",
            "Can I help you?",
        ),
        "ask",
    )
    story.say(
        "A",
        story.pick(
            "I cannot find my {thing}.",
            "My {thing} is lost, and I do not know where to look.",
            "I had a {thing}, and now it is gone.",
        ),
        story.pick("sad", ""),
    )
    story.say(
        "B",
        story.pick(
            "Let us look for it together.",
            "Do not worry. Two see more than one.",
            "We will find it. Where were you today?",
            "I will help you look.",
        ),
    )
    story.slots |= {"first": first, "second": second, "third": third}
    if story.chance(0.7):
        story.any(
            "They looked {first}, but there was nothing [there|but dust|but an old shoe].",
            "First they searched {first}. ^there was no {thing}.",
        )
        story.maybe(
            0.6,
            "They looked {second}, but it was not there either.",
            "Then they looked {second}. ^nothing!",
        )
        story.slots["found"] = third
    else:
        story.slots["found"] = first
    scenes.along_the_way(story)
    story.any(
        "{suddenly} {B} [saw something|stopped|pointed]. {found} lay the {thing}!",
        "At last {A} found it. ^the {thing} was {found}!",
        "Then {b} looked {found}, and there it was.",
    )
    story.say(
        "A",
        story.pick(
            "There it is! Thank you, thank you!",
            "You found it! How can I thank you?",
            "I thought I would never see it again.",
        ),
        "happy",
    )
    story.maybe(
        0.6,
        "{B} only smiled. It felt good to help.",
        "{A} held the {thing} tight and [laughed|danced for joy].",
        "{A} promised to take better care of it.",
    )
    story.paragraph()
    scenes.ending(story, True)


def found_thing(story):
    start(story, company=False)
    story.cast["B"] = scenes.adult(story)
    story.slots["thing"] = story.pick(lexicon.TREASURES)
    scenes.arrive(story)
    story.any(
        "There, {spot}, {a} found a {thing}.",
        "{suddenly} {a} saw something {spot}. It was a {thing}.",
        "Something was lying {spot}. ^{a} picked it up. It was a {thing}!",
    )
    story.say(
        "A",
        story.pick(
            "How beautiful!",
            "Who could have lost this?",
            "What a lovely {thing}!",
            "I wonder whose it is.",
        ),
    )
    story.any(
        "^{a} wanted to keep it. But someone, somewhere, was surely looking for it.",
        "It would have been easy to keep it and say nothing.",
        "^{a} turned it over and over in the light.",
        (
            "^{a} put it in {a.p} pocket and thought about it all the way."
            if story.cast["A"].person
            else "^{a} carried it carefully and thought about it."
        ),
    )
    story.paragraph()
    story.any(
        "So {A} went from door to door and asked.",
        "{A} began to ask everyone in the village.",
        "The next day {A} went to look for the owner.",
    )
    story.maybe(
        0.6,
        "The first house was empty. At the second, nobody knew anything.",
        "Some shook their heads. Others only shrugged.",
        "Nobody had lost a {thing}.",
    )
    story.any(
        "At last {a} came to {B}, who was [looking under every chair|sitting by the door with a sad"
        " face|searching the road].",
        "Then {a} met {B}. ^{b} was looking for something on the ground.",
    )
    story.say(
        "A",
        story.pick(
            "Is this yours?", "Did you lose a {thing}?", "I found this {spot}. Is it yours?"
        ),
        "ask",
    )
    story.tell("{B.p} [eyes grew wide|face lit up|hands began to shake].")
    story.say(
        "B",
        story.pick(
            "My {thing}! It belonged to my mother.",
            "Yes! I have looked for it for days.",
            "I thought it was gone forever. Thank you!",
        ),
        "happy",
    )
    story.say(
        "B",
        story.pick(
            "You are an honest {kind_of}.",
            "Not everyone would have brought it back.",
            "You must have something for your trouble.",
        ).replace("{kind_of}", story.cast["A"].noun),
        "wise",
    )
    story.any(
        (
            "{B} gave {A} {food} and a warm handshake."
            if story.cast["A"].person
            else "{B} gave {A} {food} and a place by the fire."
        ),
        "As a thank-you, {B} told {A} the story of the {thing}.",
        "{B} invited {A} to stay for supper. There was {food}.",
    )
    story.maybe(
        0.5,
        (
            "It tasted better than anything {a} had ever eaten."
            if "food" in story.slots
            else "{A} had never been so proud."
        ),
    )
    story.paragraph()
    scenes.ending(story)


def sharing(story):
    start(story)
    toy = story.pick(list(lexicon.TOYS))
    use, used = lexicon.TOYS[toy]
    story.slots |= {"toy": toy, "use": use, "used": used, "hue": story.pick(lexicon.COLORS)}
    story.any(
        "^{a} had a new {toy}.",
        "^{a} had been given a {toy} [by {a.p} grandmother|for {a.p} birthday].",
        "{A} owned a fine {toy}, and {a} was very proud of it.",
    )
    story.paragraph()
    scenes.arrive(story)
    story.any(
        "{A} took the {toy} along and {used} all morning.",
        "There {a} took out the {toy} and {used}, again and again.",
        "^{a} had brought the {toy}, of course, and {used}.",
    )
    story.any(
        "{B} came and watched.", "Soon {B} came along.", "{B} stood nearby and looked at the {toy}."
    )
    story.say(
        "B",
        story.pick(
            "May I play too?",
            "That is a fine {toy}! May I {use}?",
            "Can I have a turn?",
            "Will you let me try?",
        ),
        "ask",
    )
    story.say(
        "A",
        story.pick(
            "No! It is mine.",
            "No, you might break it.",
            "Go away. I want to play alone.",
            "Not now. Maybe tomorrow.",
        ),
        story.pick("angry", ""),
    )
    story.any(
        "{B} [walked away|sat down alone|said nothing more] and was {sad}.",
        "{B} turned around and went away with slow steps.",
    )
    story.paragraph()
    story.any(
        "{A} went on playing. But after a while it was not fun anymore.",
        "Now {A} had the {toy} alone, and it was very quiet.",
        "{A} took the {toy} and {used} once more, but nobody laughed and nobody clapped.",
    )
    story.any(
        "^{a} looked over at {B}. ^{b} was [drawing lines in the dirt|looking at the"
        " clouds|throwing small stones].",
        "^{a} thought of {B.p} sad face.",
    )
    story.say(
        "A",
        story.pick(
            "I am sorry. Come and play with me.",
            "I was not kind. Please take a turn.",
            "It is more fun with two. Will you come back?",
        ),
        story.pick("soft", ""),
    )
    story.any(
        "{B} smiled and came running.", "{B} was not angry for long.", "At once {B} jumped up."
    )
    story.any(
        "First {A} had the {toy} and {used}, then {B} had it, and both of them laughed.",
        "They took turns until the sun went down.",
        "Together they thought of a new game with the {toy}, and it was the best game of all.",
    )
    story.paragraph()
    scenes.ending(story, True)


def gift(story):
    start(story)
    story.slots["thing"] = story.pick(lexicon.TREASURES + list(lexicon.TOYS))
    story.any(
        "{B.p} birthday was coming, and {A} had no gift.",
        "Tomorrow was {B.p} birthday.",
        "{A} wanted to give {B} something special.",
    )
    story.say(
        "A",
        story.pick(
            "What should I give?",
            "It has to be something wonderful.",
            "I have no money to buy a gift.",
        ),
        "",
    )
    story.paragraph()
    scenes.arrive(story)
    story.any(
        "^{a} saw a {thing}, but it cost too much.",
        "In a shop window {a} saw a {thing}. ^{a} counted {a.p} coins. ^they were not enough.",
        "Everything {a} saw was too big, too small or too dear.",
    )
    story.any(
        "Then {a} had an idea.",
        "On the way home {a} stopped. There was an idea!",
        "All night {a} thought about it. In the morning {a} knew.",
    )
    idea = story.pick(
        "a card with pressed flowers",
        "a song with three verses",
        "a small boat of bark",
        "a chain of shells",
        "a little book of drawings",
        "a crown of daisies",
        "a box covered with colored stones",
        "a lantern made of paper",
    )
    story.slots["idea"] = idea
    story.any(
        "^{a} made {idea}.",
        "With much care {a} made {idea}.",
        "^{a} worked until late and made {idea}.",
    )
    story.maybe(
        0.5,
        "It was a little crooked, but it was made with love.",
        "It took the whole day.",
        "When it was done, {a} looked at it for a long time.",
    )
    story.paragraph()
    story.any(
        "The next day {B} opened the door.",
        "When the time came, {A.p} heart was beating fast.",
        "At the party {B} had already opened many gifts.",
    )
    story.say(
        "A",
        story.pick(
            "It is only a small thing.", "I made it myself. I hope you like it.", "Happy birthday!"
        ),
        story.pick("soft", ""),
    )
    story.any(
        "{B} looked at it and did not say a word.",
        "{B.p} eyes began to shine.",
        "{B} held it very carefully.",
    )
    story.say(
        "B",
        story.pick(
            "Nobody ever made something just for me.",
            "It is the best gift of all!",
            "I will keep it forever.",
        ),
        "happy",
    )
    scenes.meal(story, "everyone")
    story.paragraph()
    scenes.ending(story, True)


def broken_truth(story):
    start(story, animals=0.1, where="kitchen", company=False)
    story.cast["B"] = scenes.relative(story)
    vase = story.pick(
        "blue vase",
        "old clock",
        "big mirror",
        "glass bowl",
        "painted plate",
        "white jug",
        "window",
        "tea pot",
    )
    story.slots["vase"] = vase
    story.any(
        "{oneday} {A} was [running through the house|playing ball inside|dancing in the"
        " kitchen|jumping from chair to chair].",
        "It was raining, and {A} had to play inside.",
    )
    story.any(
        "^{a} did not look, and crash! ^the {vase} was broken.",
        (
            "There was a loud crash. ^the {vase} lay in pieces on the floor."
            if vase != "window"
            else "There was a loud crash. ^the window was broken."
        ),
    )
    story.any(
        "{A.p} face turned white.",
        "^{a} looked around. Nobody had seen it.",
        "For a moment {a} could not move.",
    )
    story.say(
        "A",
        story.pick("What have I done?", "Nobody must know.", "I could say it was the cat."),
        "soft",
    )
    story.any(
        "^{a} hid behind the door.",
        "^{a} swept everything up and said nothing.",
        "^{a} ran outside and tried to forget it.",
    )
    story.paragraph()
    story.any(
        "When {B} came home, {b} saw it at once.",
        "In the evening {B} asked about it.",
        "It did not take long until {B} came in.",
    )
    story.say(
        "B",
        story.pick(
            "Who broke the {vase}?",
            "What happened to the {vase}?",
            "Do you know anything about this?",
        ),
        "ask",
    )
    story.say(
        "A", story.pick("It was the cat.", "I do not know.", "Maybe it was the wind."), "soft"
    )
    story.any(
        "But the lie felt like a stone in {A.p} stomach.",
        "{B} said nothing and looked at {A} for a long time.",
        "That night {A} could not sleep.",
    )
    story.any(
        "At last {a} could not bear it any longer.",
        "The next morning {a} went to {B}.",
        "Then {a} took a deep breath.",
    )
    story.say(
        "A",
        story.pick(
            "It was me. I am sorry.",
            "I did not tell the truth. I broke it.",
            "The cat did nothing. I broke the {vase}.",
        ),
        story.pick("soft", "sad"),
    )
    story.say(
        "B",
        story.pick(
            "I knew it. And I am glad you told me.",
            "Thank you for telling the truth. That was brave.",
            "A {vase} can be replaced. Trust is harder to mend.",
        ),
        "wise",
    )
    story.any(
        "Together they [swept up the pieces|glued the pieces together|bought a new one from {A.p}"
        " savings].",
        "{B} hugged {A}, and the stone was gone.",
        "It took all afternoon to put everything right, but {A} felt as light as a feather.",
    )
    story.paragraph()
    scenes.ending(story)


def trade(story):
    start(story, company=False, where="market")
    story.cast["B"] = scenes.adult(story)
    items = story.rng.sample(
        [
            "an egg",
            "a loaf of bread",
            "a pot of honey",
            "a wool hat",
            "a clay cup",
            "a basket of plums",
            "a little lantern",
            "a bag of nuts",
            "a straw hat",
            "a red ribbon",
            "a bunch of flowers",
            "a new broom",
        ],
        4,
    )
    story.slots |= {f"i{n}": item for n, item in enumerate(items)}
    story.slots |= {f"t{n}": "the " + item.split(" ", 1)[1] for n, item in enumerate(items)}
    story.any(
        "{oneday} {A} went to the market with {i0}.",
        "{A} had nothing but {i0}, and so {a} went to the market.",
    )
    story.any(
        "^{a} met a [boy|girl|woman|man] who wanted {t0}.",
        "On the way {a} met a [boy|girl|woman|man] with {i1}.",
    )
    story.any("They made a trade, and now {A} had {i1}.", "{A} gave away {t0} and got {i1} for it.")
    story.any(
        "Then someone needed {t1} and offered {i2} for it.",
        "At the next stand {a} traded {t1} for {i2}.",
    )
    story.say(
        "A",
        story.pick("What a good trade!", "This is going well.", "I wonder what comes next."),
        "happy",
    )
    story.paragraph()
    story.any(
        "At the end of the street sat {B}, {sad} and alone.", "Then {A} came to {B}, who was {sad}."
    )
    story.say(
        "A", story.pick("What is the matter?", "Why are you so sad?", "Can I help you?"), "ask"
    )
    story.say(
        "B",
        story.pick(
            "I need {i2}, but I have nothing to give.",
            "All day I have looked for {i2}.",
            "Today I lost everything I had.",
        ),
        "sad",
    )
    story.any(
        "{A} looked at {t2}. Then {a} gave it away.",
        "Without a word {A} put {t2} into {B.p} hands.",
    )
    story.say(
        "B",
        story.pick("But I cannot pay you.", "Why do you do this?", "You have a good heart."),
        "soft",
    )
    story.say(
        "A",
        story.pick(
            "You do not have to pay.",
            "It makes me happy.",
            "I had only {i0} this morning. I lose nothing.",
        ),
        "",
    )
    story.any(
        "A week later {B} knocked at {A.p} door and brought {i3}.",
        "When {A} came home, {i3} stood before the door, and nobody knew from whom.",
    )
    story.paragraph()
    scenes.ending(story)
