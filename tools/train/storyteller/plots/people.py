"""Someone is afraid, new, lost, hurt or ill, and someone helps."""

import lexicon
import scenes
from scenes import start


def fear(story):
    dread, where, event, truth = story.pick(lexicon.FEARS)
    start(story, where=where)
    story.slots |= {"dread": dread, "event": event, "truth": truth}
    story.any(
        "But {a} was afraid of {dread}.",
        "There was only one thing {a} feared, and that was {dread}.",
        "{A} was brave in many ways, but not when it came to {dread}.",
    )
    story.maybe(
        0.5,
        "^{a} had never told anyone about it.",
        "The others sometimes laughed about it.",
        "Whenever {a} thought of it, {a.p} heart beat fast.",
    )
    story.paragraph()
    scenes.arrive(story, "{A} and {B}")
    story.any(
        "{event}.",
        "{suddenly} something happened. {event}.",
        "For a while everything was fine. Then it happened. {event}.",
    )
    story.any(
        "{A} [stood very still|began to tremble|wanted to run away|closed both eyes].",
        "{A.p} knees grew soft.",
    )
    story.say(
        "A",
        story.pick(
            "I want to go home.", "I am afraid!", "I cannot do it.", "Please do not leave me alone."
        ),
        story.pick("soft", "sad"),
    )
    story.say(
        "B",
        story.pick(
            "I was afraid once, too.",
            (
                "Give me your hand. We will go together."
                if story.cast["A"].person
                else "Stay close to me. We will go together."
            ),
            "Take a deep breath and count to three.",
            "It is all right to be afraid. Let us look at it together.",
        ),
        "wise",
    )
    story.any(
        "{A} took a deep breath.",
        "{A} counted to three, [very slowly|in a whisper].",
        "{A} nodded and held on to {B}.",
    )
    story.any(
        "Then {a} [opened {a.p} eyes|took one small step|looked up]. {truth}.",
        "Step by step the fear grew smaller. {truth}.",
    )
    story.say(
        "A",
        story.pick(
            "It is not so bad after all!",
            "Is that all?",
            "I did it!",
            "I thought it would be much worse.",
        ),
        "happy",
    )
    story.maybe(
        0.5, "{B} clapped and was proud of {A}.", "They both laughed until their stomachs hurt."
    )
    story.paragraph()
    story.any(
        "After that, {A} was still a little afraid of {dread}, but never again so much.",
        "From then on {A} was not afraid of {dread} anymore.",
        "The next time, {a} went first.",
    )
    scenes.ending(story, True)


def newcomer(story):
    start(story, animals=0.25, where=story.pick("school", "park", "meadow", "village square"))
    story.any(
        "{A} was new and did not know anyone.",
        "{A} had just moved {there_near}.".replace("{there_near}", "to the village"),
        "It was {A.p} first day, and {a} felt very small.",
    )
    story.any(
        "Everyone else was playing, but nobody asked {a.o}.",
        "^{a} stood alone and looked at {a.p} feet.",
        "The others laughed and ran, and {A} only watched.",
    )
    (
        story.say(
            "A",
            story.pick(
                "I wish I had a friend.", "Nobody even knows my name.", "Maybe they do not like me."
            ),
            "soft",
        )
        if story.chance(0.5)
        else None
    )
    story.paragraph()
    story.any("{B} saw this.", "Someone was watching, and that was {B}.", "Then {B} came over.")
    story.say(
        "B",
        story.pick(
            "Hello! What is your name?",
            "Do you want to play with us?",
            "Why are you standing here alone?",
            "I was new once, too.",
        ),
        "",
    )
    name = story.cast["A"].name
    story.say(
        "A",
        story.pick(
            f"My name is {name}." if name else "I am new here.",
            "I do not know the games here.",
            "May I really?",
        ),
        "soft",
    )
    story.say(
        "B",
        story.pick(
            "Then I will show you everything.",
            "Come on! We need one more player.",
            "I will teach you. It is easy.",
        ),
        "happy",
    )
    story.any(
        "They played hide and seek, and {A} found the best hiding place of all: {spot}.",
        "{B} showed {A} all the secret places, also the one {spot}.",
        "They ran and laughed until they were out of breath.",
    )
    story.any(
        "{A} knew a game that nobody else knew, and soon everyone wanted to learn it.",
        "By evening {A} knew all the names.",
        "{A} told a story from far away, and everyone listened.",
    )
    story.paragraph()
    story.any(
        "A few weeks later someone new stood there, all alone. {A} went over and smiled.",
        "The next day {A} was the first to [arrive|run out and play].",
        "When {a} came home, {a} could not stop talking.",
    )
    scenes.ending(story, True)


def night_noise(story):
    noise, cause = story.pick(lexicon.NOISES)
    start(story, animals=0.1, company=True, where=story.pick("attic", "kitchen", "barn"))
    story.slots |= {"noise": noise, "cause": cause}
    story.any(
        "It was late at night, and {A} lay in bed.",
        "The moon was shining, and the house was quiet.",
        "In the middle of the night {A} woke up.",
    )
    story.any(
        "{suddenly} there was {noise}.",
        "What was that? ^there was {noise}, and then it stopped.",
        "From far off came {noise}.",
    )
    story.say("A", story.pick("Did you hear that?", "Who is there?", "What could that be?"), "soft")
    story.any("{B} was awake now, too.", "{A} went to wake {B}.", "{B} sat up and listened.")
    story.say(
        "B",
        story.pick(
            "Maybe it is a ghost.",
            "It is only a dream. Go back to sleep.",
            "Let us go and see.",
            "I am not afraid. At least not very much.",
        ),
        "soft",
    )
    story.any(
        "They took a lamp and went on tiptoe {goto}.",
        (
            "Hand in hand they went {goto}."
            if story.cast["A"].person and story.cast["B"].person
            else "Side by side they crept {goto}."
        ),
        "The floor was cold, and the shadows were long.",
    )
    story.any(
        "The sound grew louder with every step.", "There it was again!", "They held their breath."
    )
    story.any(
        "{A} [lifted the lamp|opened the door|counted to three and looked]. ^it was only {cause}.",
        "And what did they find? ^it was {cause}!",
    )
    story.any(
        "They looked at each other and began to laugh.",
        "{A} had to laugh so hard that the lamp shook.",
        "{B} sat down on the floor and laughed.",
    )
    story.say(
        "B",
        story.pick("What a terrible ghost!", "And for that we were so afraid.", "Now I can sleep."),
        "happy",
    )
    story.paragraph()
    scenes.ending(story, True)


def rescue(story):
    start(story, animals=0.15, where=story.pick(lexicon.OUTDOORS))
    story.slots |= {
        "pet": story.pick(lexicon.HURT_ANIMALS),
        "trouble": story.pick(lexicon.STUCK),
        "size": story.pick("small", "tiny", "gray", "little", "frightened"),
    }
    scenes.arrive(story, story.pick("{A}", "{A} and {B}"))
    story.any(
        "{suddenly} {A} heard a faint cry.",
        "Then {A} heard something, very soft and very sad.",
        "Near the path something moved.",
    )
    story.any(
        "{spot} sat a {size} {pet}, and {trouble}.",
        "It was a {size} {pet}. ^the poor thing could not get away, for {trouble}.",
    )
    story.say(
        "A",
        story.pick(
            "Poor little {pet}!",
            "We must help it.",
            "Do not be afraid. I will help you.",
            "Look, a {pet}! It needs help.",
        ),
        story.pick("soft", ""),
    )
    story.say(
        "B",
        story.pick(
            "Be careful, or you will frighten it.",
            "What should we do?",
            "I will run and fetch some water.",
            "Hold it gently, and I will do the rest.",
        ),
        "",
    )
    story.any(
        "{slowly} {A} [came closer|reached out|knelt down]. The {pet} was trembling.",
        "{A} spoke to the {pet} in a soft voice until it grew calm.",
    )
    story.any(
        "Then {a} [wrapped it in a scarf|lifted it up|set it free], and {B} held it close.",
        "It took a long time, but at last the {pet} was safe.",
        "Together they freed it and gave it some water.",
    )
    story.paragraph()
    if story.chance(0.6):
        story.any(
            "They carried it home and made a bed for it in a box.",
            "At home they gave it warm milk and a soft place to sleep.",
            "{A} took care of the {pet} for many days.",
        )
        story.any(
            "After a week the {pet} was well again.",
            "Every day it grew a little stronger.",
            "Soon it could [walk|jump|eat] without help.",
        )
        story.any(
            "Then the day came to say goodbye. {A} opened the door, and the {pet} went out into the"
            " sun.",
            "When spring came, they brought it back {goto}.",
            "The {pet} could have gone away, but it stayed.",
        )
        story.maybe(
            0.6,
            "It looked back once, as if it wanted to say thank you.",
            "{A} was a little sad and very {glad} at the same time.",
        )
    else:
        story.any(
            "The {pet} looked at them with bright eyes and ran off.",
            "It shook itself, and then it was gone between the [stones|leaves|bushes].",
            "Its mother was already waiting nearby.",
        )
        story.say(
            "B",
            story.pick("I think it said thank you.", "Now it can go home.", "You did well."),
            "",
        )
    story.paragraph()
    scenes.ending(story, True)


def lost_way(story):
    start(story, where=story.pick("forest", "valley", "hill", "market", "harbor"), company=False)
    story.cast["B"] = scenes.animal(story) if story.chance(0.5) else scenes.adult(story)
    scenes.arrive(story)
    story.any(
        "^{a} followed a [butterfly|blue bird|strange sound|white cat] and forgot the time.",
        "There was so much to see that {a} walked farther and farther.",
        "^{a} only wanted to look around the next corner, and then the next.",
    )
    story.any(
        "When {a} looked up, nothing was familiar.",
        "{suddenly} {a} did not know the way back.",
        "The sun was already low, and every path looked the same.",
    )
    story.say(
        "A",
        story.pick(
            "Where am I?", "Which way did I come?", "Hello! Is anyone there?", "I think I am lost."
        ),
        story.pick("", "soft"),
    )
    story.any(
        "Nobody answered. Only the wind could be heard.",
        "^{a} turned left, then right, and came back to the same [stone|tree|corner].",
        "^{a} sat down and was {sad}.",
    )
    story.paragraph()
    story.any(
        "{suddenly} {B} appeared.",
        "Then {a} heard steps. It was {B}.",
        "After a while {B} came along the path.",
    )
    story.say(
        "B",
        story.pick(
            "You are far from home.",
            "Why are you sitting here all alone?",
            "Have you lost your way?",
        ),
        "",
    )
    story.say(
        "A",
        story.pick(
            "I cannot find the way home.",
            "I went too far, and now I am lost.",
            "Yes. Can you help me?",
        ),
        story.pick("sad", ""),
    )
    story.say(
        "B",
        story.pick(
            "I know every path here. Follow me.",
            "Tell me what you see from your window at home.",
            "Look for the river. It always leads to the village.",
            "Do you see that bright star? We will walk toward it.",
        ),
        "wise",
    )
    story.any(
        "{road}.",
        "They walked side by side, and the way seemed much shorter.",
        "{B} went ahead, and {A} stayed close behind.",
    )
    story.any(
        "At last {A} saw a light in a window. It was home!",
        "Behind the last [hill|tree|corner] {a} saw {a.p} own door.",
        "Then {A} knew where they were.",
    )
    story.say(
        "A",
        story.pick(
            "Thank you! I would never have found it alone.",
            "Will you come in and rest?",
            "There is my house!",
        ),
        "happy",
    )
    story.maybe(
        0.6,
        "{B} waved and went away into the evening.",
        "They ate {food} together before {B} went home.",
        "{B} only smiled and turned around.",
    )
    story.paragraph()
    scenes.ending(story)


def sick_friend(story):
    start(story)
    story.any(
        "{B} was ill and had to stay in bed.",
        "{oneday} {A} heard that {B} was ill.",
        "{A} waited, but {B} did not come. ^{b} was sick.",
    )
    story.say(
        "A",
        story.pick(
            "I will visit {b.o} today.".replace("{b.o}", "my friend"),
            "What can I bring?",
            "I hope it is nothing bad.",
        ),
        "",
    )
    story.any(
        "{A} packed {food} and some flowers into a basket.",
        "{A} cooked a pot of soup and wrapped it in a cloth.",
        "^{a} looked for the best apples and put them into a bag.",
    )
    scenes.along_the_way(story)
    story.any(
        "On the way it began to rain, but {A} did not turn back.",
        "The way was far, and the basket was heavy.",
        "{A} walked fast so that everything would stay warm.",
    )
    story.paragraph()
    story.any("{B} lay in bed and looked pale.", "{B} opened {b.p} eyes when {A} came in.")
    story.say(
        "B",
        story.pick(
            "You came all this way for me?",
            "I thought everyone had forgotten me.",
            "How good it is to see you!",
        ),
        "soft",
    )
    story.say(
        "A",
        story.pick(
            "Of course. You would do the same.",
            "Eat a little, and I will tell you a story.",
            "I brought you something.",
        ),
        "",
    )
    story.any(
        "{B} ate, and a little color came back into {b.p} face.",
        "{A} told about everything that had happened {there}, and {B} had to laugh.",
        "{A} read aloud until {B} fell asleep.",
    )
    story.any(
        "{A} came again every day.", "The next day {A} came again, and the day after that, too."
    )
    story.any(
        "After a week {B} was well and could go outside.",
        "Soon they could run {goto} together again.",
        "When {B} was well again, the first thing {b} did was to hug {A}.",
    )
    story.paragraph()
    scenes.ending(story, True)
