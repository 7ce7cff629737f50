"""Fables: wishes, races, tricks, riddles, and the moon who answers."""

import lexicon
import scenes
from narrator import Character
from scenes import start


def wish(story):
    want, first, second = story.pick(lexicon.WISHES)
    start(story, company=False)
    giver, pronoun = story.pick(
        ("star", "she"),
        ("old fish", "he"),
        ("tiny fairy", "she"),
        ("gray stone", "he"),
        ("talking tree", "he"),
        ("golden bird", "she"),
    )
    story.cast["B"] = Character("", giver, pronoun, person=True)
    story.slots |= {"want": want, "bad1": first, "bad2": second}
    scenes.arrive(story)
    story.any(
        "There {a} met {B}, who could speak.",
        "^{a} helped {B}, who was in trouble.",
        "{suddenly} {a} heard a voice. It was {B}.",
    )
    story.say(
        "B",
        story.pick(
            "You may make one wish.",
            "You were kind to me. Tell me your wish.",
            "Think well, for you have only one wish.",
        ),
        "wise",
    )
    story.any(
        "{A} did not think for long. ^{a} wished for {want}."
        if not want.startswith("to ")
        else "{A} did not think for long. ^{a} wished {want}."
    )
    story.any(
        "{B} blinked, and it was done.",
        "There was a flash of light, and the wish came true.",
        "The next morning the wish had come true.",
    )
    story.paragraph()
    story.any(
        "At first {A} was {glad}.",
        "How wonderful it was at first!",
        "For a whole day it was like a dream.",
    )
    story.tell("But soon {bad1}, and {bad2}.")
    story.any(
        "{A} sat down and was {sad}.",
        "Now {A} began to see what a foolish wish it was.",
        "^{a} thought of the old days and wept.",
    )
    story.paragraph()
    story.any("So {a} went back {goto} and called for {B}.", "{A} ran {goto} as fast as {a} could.")
    story.say(
        "A",
        story.pick(
            "Please take my wish back.",
            "I was foolish. I want everything as it was before.",
            "I had all I needed, and I did not know it.",
        ),
        story.pick("sad", "soft"),
    )
    story.say(
        "B",
        story.pick(
            "Now you are wiser than before.",
            "Few come back to say that.",
            "That is the best wish of all.",
        ),
        "wise",
    )
    story.any(
        "When {A} came home, everything was as it had been. ^there was {food} on the table, and"
        " nothing had ever tasted so good.",
        "And everything was as before, only {A} looked at it with new eyes.",
    )
    story.paragraph()
    scenes.ending(story)


def race(story):
    start(story, animals=0.85, where=story.pick("meadow", "hill", "beach", "forest", "valley"))
    story.any(
        "{A} was very fast and very proud of it.",
        "Nobody could run as fast as {A}, and {a} told everyone so.",
        "{A} liked to boast.",
    )
    story.say(
        "A",
        story.pick("I am the fastest of all!", "Nobody can beat me.", "You are all so slow!"),
        story.pick("happy", ""),
    )
    story.any("{B} had heard enough.", "One day {B} answered.", "{B} was slow, but not afraid.")
    story.say(
        "B",
        story.pick(
            "Let us have a race, then.",
            "I will race you to the old oak.",
            "Being fast is not everything. Shall we see?",
        ),
        "",
    )
    story.any(
        "Everyone laughed, but the next day they all came to watch.",
        "The race was to begin {there}, at sunrise.",
        "The owl was to be the judge.",
    )
    story.paragraph()
    story.any(
        "{A} shot ahead like an arrow.",
        "At the signal {A} was gone in a cloud of dust.",
        "Soon {A} was far in front.",
    )
    story.any(
        "Halfway {a} stopped to [eat some berries|sleep in the shade|look at {a.p} face in a"
        " pool|tell a beetle how fast {a} was].",
        "There was so much time that {a} lay down in the grass.",
    )
    story.any(
        "{B} went on, one step after the other.",
        "Meanwhile {B} did not stop, not even once.",
        "{B} was tired, but {b} kept going.",
    )
    if story.chance(0.5):
        story.any(
            "When {A} woke up, the sun was low. {B} was already at the goal!",
            "Then {A} heard cheering. {B} had won.",
            "{A} ran as never before, but it was too late.",
        )
        story.say(
            "A",
            story.pick("How did you do that?", "I was too proud.", "You won, and you earned it."),
            story.pick("soft", "sad"),
        )
        story.say(
            "B",
            story.pick(
                "I only kept going.",
                "Slow steps also reach the goal.",
                "Next time we will run together.",
            ),
            "wise",
        )
    else:
        story.any(
            "Near the goal {A} heard a cry. {B} had fallen into a ditch.",
            "Then {A} looked back and saw that {B} was lying on the path.",
        )
        story.any(
            "{A} looked at the goal and looked at {B}. Then {a} turned around.",
            "^{a} did not think twice and ran back.",
        )
        story.say(
            "A",
            story.pick("Lean on me.", "A race is not so important.", "We will finish it together."),
            "",
        )
        story.any(
            "So they crossed the line side by side, and everyone cheered.",
            "They came last, or first, for nobody else was running.",
        )
    story.paragraph()
    scenes.ending(story, True)


def trick(story):
    start(story, animals=1.0, where=story.pick(lexicon.OUTDOORS))
    story.cast["C"] = scenes.animal(story)
    story.slots["food"] = story.pick(
        lexicon.FOODS
        + [
            "a round cheese",
            "a basket of berries",
            "a big fish",
            "a jar of honey",
            "a sack of nuts",
        ]
    )
    story.any(
        "{oneday} {A} found {food} {there}.",
        "{A} had {food} and was just about to eat.",
        "{A} was carrying {food} home.",
    )
    story.any(
        "{B} saw it and was hungry.",
        "{B} smelled it from far away.",
        "This made {B} think of a trick.",
    )
    story.say(
        "B",
        story.pick(
            "What a beautiful voice you have! Will you sing for me?",
            "Look behind you! The wolf is coming!",
            "I have heard that you can dance. Is it true?",
            "Give it to me, and I will show you a place with much more.",
        ),
        "",
    )
    story.any(
        "{A} believed it and put the food down.",
        "{A} felt proud and forgot everything else.",
        "{A} turned around.",
    )
    story.any(
        "Quick as the wind {B} took the food and ran.",
        "In a moment the food was gone, and {B} was gone, too.",
    )
    story.paragraph()
    story.any(
        "{A} was {sad} and told {C} about it.",
        "{C} had seen everything from a branch.",
        "Then {A} met {C}.",
    )
    story.say(
        "C",
        story.pick(
            "Do not be sad. I have an idea.",
            "Sweet words can hide sharp teeth.",
            "Let us teach the thief a lesson.",
        ),
        "wise",
    )
    if story.chance(0.5):
        story.any(
            "{C} went to {B} and spoke of a great feast in a hollow tree.",
            "They filled a basket with stones, put leaves on top and left it on the path.",
        )
        story.any(
            "{B} ran there at once, dropped the food and found nothing but [stones|cold"
            " water|thorns].",
            "Greedy as ever, {B} let go of the food to get more. ^there was nothing.",
        )
        story.any(
            "When {B} came back, {A} and {C} were sharing {food}.", "And {A} had {a.p} food back."
        )
        story.say(
            "B",
            story.pick(
                "You have tricked me!", "Now I know how it feels.", "I am sorry. I was hungry."
            ),
            "",
        )
        story.say(
            "A",
            story.pick(
                "Next time, just ask.",
                "Sit down. There is enough for three.",
                "You may have some if you say please.",
            ),
            "wise",
        )
    else:
        story.any(
            "But {B} could not enjoy the food alone.",
            "{B} ate so fast that {b} felt sick.",
            "That night {B} could not sleep.",
        )
        story.any(
            "The next day {b} came with a basket of apples.",
            "In the morning {b} stood before {A} and looked at the ground.",
        )
        story.say(
            "B",
            story.pick(
                "It was wrong of me. Please take these.",
                "I should have asked you.",
                "Can you forgive me?",
            ),
            "soft",
        )
        story.say(
            "A",
            story.pick(
                "I forgive you. Let us eat together.",
                "It is good that you came.",
                "Then you must sing for me this time.",
            ),
            "happy",
        )
    story.paragraph()
    scenes.ending(story, True)


def winter_store(story):
    start(story, animals=1.0, where=story.pick("forest", "meadow", "orchard"))
    story.any(
        "All summer long {A} worked and gathered nuts and seeds.",
        "While the sun was hot, {A} carried grain into {a.p} home.",
    )
    story.any(
        "{B} lay in the shade and played a song.",
        "{B} only danced and sang.",
        "{B} watched and yawned.",
    )
    story.say(
        "B",
        story.pick("Why do you work so much?", "Come and dance with me!", "Winter is far away."),
        "",
    )
    story.say(
        "A",
        story.pick(
            "Winter comes sooner than you think.",
            "I want to be ready when it snows.",
            "First I work, then I dance.",
        ),
        "wise",
    )
    story.paragraph()
    story.any(
        "Then the leaves fell, and the first snow came.",
        "One morning the whole land was white.",
        "The days grew short and cold.",
    )
    story.any(
        "{B} had nothing to eat and was shivering.",
        "{B} looked for food, but everything was under the snow.",
    )
    story.any(
        "At last {b} knocked at {A.p} door.", "There was a knock. {A} opened the door and saw {B}."
    )
    story.say(
        "B",
        story.pick(
            "Please, may I come in?", "I am cold and hungry.", "You were right, and I was foolish."
        ),
        "soft",
    )
    story.any(
        "{A} thought of the long summer. Then {a} opened the door wide.",
        "{A} could have said no. But {a} did not.",
    )
    story.say(
        "A",
        story.pick(
            "Come in. There is enough for two.",
            "Sit by the fire and warm yourself.",
            "You may stay, but you must play for me.",
        ),
        "",
    )
    story.any(
        "So {B} played songs all winter, and {A} shared the food.",
        "The winter was long, but with music and {food} it did not seem so.",
    )
    story.any(
        "When spring came, {B} was the first to work.",
        "The next summer they worked together and sang together.",
        "",
    )
    story.paragraph()
    scenes.ending(story, True)


def moon(story):
    start(story, company=False, animals=0.6)
    light, pronoun = story.pick(
        ("moon", "she"),
        ("moon", "he"),
        ("evening star", "she"),
        ("north wind", "he"),
        ("little cloud", "she"),
        ("old oak", "he"),
    )
    story.cast["B"] = Character("", light, pronoun, person=True)
    story.any(
        "One night {A} could not sleep.",
        "It was a warm night, and {A} lay awake.",
        "{A} sat alone and looked up.",
    )
    story.say(
        "A",
        story.pick(
            "Are you awake, too?",
            "Do you ever feel lonely?",
            "Where do you go during the day?",
            "What do you see from there?",
        ),
        story.pick("soft", "ask"),
    )
    story.any(
        "To {A.p} surprise {B} answered.",
        "And then {B} spoke.",
        "For a while it was silent. Then {B} spoke.",
    )
    story.say(
        "B",
        story.pick(
            "I see the whole world, and it is beautiful.",
            "Sometimes I am lonely. But then someone looks up at me.",
            "I have heard you every night.",
            "I travel far, but I always come back.",
        ),
        story.pick("wise", "soft"),
    )
    story.say(
        "A",
        story.pick(
            "Will you tell me a story?",
            "Then I will be your friend.",
            "May I come with you some day?",
            "What is the most beautiful thing you have seen?",
        ),
        "",
    )
    story.any(
        "So {B} told of ships on the sea and of mountains covered with snow.",
        "{B} told of a land where it is always summer and of a city made of white stone.",
        "{B} spoke of deserts, of whales, and of a child who had asked the same question a hundred"
        " years ago.",
    )
    story.any(
        "{A} listened until {a.p} eyes grew heavy.",
        "{A} wanted to hear more, but sleep was stronger.",
        "The voice was so soft that {A} soon closed {a.p} eyes.",
    )
    story.say(
        "B",
        story.pick(
            "Good night, my little friend.",
            "Sleep well. I will watch over you.",
            "Tomorrow I will tell you more.",
        ),
        "soft",
    )
    story.paragraph()
    story.any(
        "In the morning {A} thought it had been a dream.",
        "When {A} woke up, the sun was shining.",
        "Since then {A} says good night to {B} every evening.",
    )
    story.any(
        "But [on the window sill|in the grass beside {a.o}] lay [a silver leaf|a small white"
        " stone|a feather that shone].",
        "And every night after that {a} looked up and smiled.",
        "^{a} was never afraid of the night again.",
    )


def riddle(story):
    question, answer = story.pick(lexicon.RIDDLES)
    start(story, company=False)
    title, pronoun = story.pick(
        ("king", "he"),
        ("queen", "she"),
        ("giant", "he"),
        ("troll", "he"),
        ("old dragon", "she"),
        ("wizard", "he"),
        ("bridge keeper", "she"),
    )
    story.cast["B"] = Character("", title, pronoun, person=True)
    story.slots |= {
        "question": question,
        "answer": answer,
        "prize": story.pick(
            "a bag of gold",
            "a white horse",
            "half of the garden",
            "a golden apple",
            "free way over the bridge for all time",
            "a crown of flowers",
        ),
    }
    if title in ("king", "queen"):
        story.any(
            "In that land lived {B}, who loved riddles.",
            "{oneday} {B} called all the people together.",
        )
        story.say(
            "B",
            story.pick("Who answers my riddle shall have {prize}.", "Nobody can answer my riddle!"),
            "",
        )
        story.any(
            "Many came, and all of them failed.",
            "The wise men thought for three days and found nothing.",
        )
    else:
        story.any(
            "{oneday} {A} came to a bridge, and there stood {B}.",
            "On {a.p} way home {A} met {B}, who blocked the path.",
        )
        story.say(
            "B",
            story.pick(
                "Nobody may pass who cannot answer my riddle.",
                "Answer me, or turn back!",
                "I am bored. Give me an answer, and you may pass.",
            ),
            "",
        )
        story.any("{A} was a little afraid, but {a} stayed.", "{A} took a deep breath and nodded.")
    story.paragraph()
    story.say("B", "{question}", "ask")
    story.any(
        "{A} thought and thought.",
        "{A} closed {a.p} eyes.",
        "^{a} looked around {there}. Then {a} smiled.",
        "It was so quiet that one could hear the flies.",
    )
    if story.chance(0.35):
        story.say("A", story.pick("Is it a stone?", "Is it the wind?", "Is it a shadow?"), "ask")
        story.say("B", story.pick("No! You may try once more.", "Wrong. Think again."), "")
    story.say(
        "A",
        story.pick("It is {answer}!", "I know it. It is {answer}.", "The answer is {answer}."),
        "",
    )
    story.any(
        "{B} stared at {A} and then began to laugh.",
        "For a moment {B} could not speak.",
        "{B} clapped so loudly that the birds flew up.",
    )
    story.say(
        "B",
        story.pick(
            "That is right!", "Right! How did you know?", "You are cleverer than all the others."
        ),
        "",
    )
    story.say(
        "A",
        story.pick(
            "I see it every day at home.", "My grandmother told me once.", "I only looked closely."
        ),
        "",
    )
    story.any(
        "So {A} was given {prize}.",
        (
            "{B} kept the promise and gave {A} {prize}."
            if title in ("king", "queen")
            else "{B} stepped aside and let {A} pass."
        ),
    )
    story.paragraph()
    scenes.ending(story)
