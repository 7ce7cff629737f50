"""Something is cooked, built, grown, mended, learned or made up."""

import lexicon
import scenes
from scenes import start


def cooking(story):
    dish, needs, right, wrong = story.pick(lexicon.DISHES)
    start(story, animals=0.3, where="kitchen")
    story.slots |= {
        "dish": dish,
        "needs": needs,
        "right": right,
        "wrong": wrong,
        "that_one": "them" if dish in ("pancakes", "cookies") else "it",
        "some": "" if dish in ("pancakes", "cookies", "soup", "bread") else "a ",
        "was": "were" if dish in ("pancakes", "cookies") else "was",
    }
    story.any(
        "{oneday} {A} wanted to make {some}{dish} for {B}.",
        "{oneday} {A} and {B} decided to make {some}{dish}.",
        "It was {B.p} birthday, and {A} wanted to make {some}{dish}.",
    )
    story.any(
        "^{a} took {needs} and a big bowl.",
        "They needed {needs}.",
        "First {a} looked for {needs}. Everything was there.",
    )
    story.any(
        "{A} stirred and stirred.",
        (
            "There was flour on the floor, on the table and on {A.p} nose."
            if "flour" in needs
            else "The big spoon went round and round."
        ),
        "{A} sang a little song and stirred.",
    )
    story.any(
        "But in the hurry {a} took the wrong jar. Instead of {right}, {wrong} went into the bowl!",
        "Nobody noticed that the jar of {right} was really full of {wrong}.",
    )
    story.maybe(
        0.5,
        "Soon the whole kitchen smelled [wonderful|strange|warm and good].",
        "They waited and waited.",
    )
    story.paragraph()
    story.any(
        "At last the {dish} {was} ready. {B} took the first bite.",
        "{B} tasted {that_one} and made a strange face.",
        "They sat down at the table, and {B} tried {that_one} first.",
    )
    story.say(
        "B",
        story.pick(
            "It is a little unusual.",
            "Is it supposed to taste like this?",
            "What did you put into it?",
            "Oh! I need some water.",
        ),
        "",
    )
    story.any(
        "{A} tasted {that_one}, too. ^it was terrible!",
        "{A} took a bite and turned red.",
        "Then {A} tried some and had to cough.",
    )
    story.say(
        "A",
        story.pick(
            "I took the wrong jar!",
            "I am so sorry. That was {wrong}, not {right}.",
            "Now everything is ruined.",
        ),
        story.pick("sad", "cry"),
    )
    story.any(
        "For a moment it was quiet. Then {B} began to laugh, and {A} laughed, too.",
        (
            "{B} put an arm around {A}."
            if story.cast["A"].person and story.cast["B"].person
            else "{B} came close to {A} and laughed softly."
        ),
    )
    story.say(
        "B",
        story.pick(
            "Let us try again. This time we will taste first.",
            "Never mind. We have enough for a second one.",
            "That was the funniest {dish} of my life.",
        ),
        "happy",
    )
    story.any(
        "So they started again, and this time they read every label twice.",
        "They made everything once more, and now it was {right} and not {wrong}.",
    )
    story.any(
        "The second time it was {good}.".replace(
            "{good}", "[soft and sweet|just right|better than in any shop]"
        ),
        "And when it was done, it tasted [wonderful|just right|better than they had hoped].",
    )
    story.paragraph()
    scenes.ending(story, True)


def building(story):
    thing, needs, touch = story.pick(lexicon.BUILDS)
    where = {
        "raft": "river",
        "snowman": "garden",
        "sand castle": "beach",
        "bridge over the stream": "valley",
        "scarecrow": "farm",
        "tree house": "forest",
    }.get(thing, "garden")
    start(story, where=where)
    story.slots |= {"thing": thing, "n1": needs[0], "n2": needs[1], "n3": needs[2], "touch": touch}
    story.any(
        "{oneday} {A} and {B} wanted to build a {thing}.",
        "{A} had a plan: a {thing}!",
        "{A} had always dreamed of a {thing} of {a.p} own.",
    )
    story.say(
        "A",
        story.pick(
            "We need {n1}, {n2} and {n3}.",
            "Will you help me build it?",
            "It will be the best {thing} in the world!",
        ),
        "",
    )
    story.say(
        "B",
        story.pick(
            "I know where to find {n1}.",
            "That sounds like a lot of work. Let us begin!",
            "I have {n3} at home.",
        ),
        "",
    )
    story.any(
        "They looked for {n1}, {n2} and {n3}.",
        "{A} brought {n1}, and {B} brought {n2} and {n3}.",
        "Soon everything was ready {there}.",
    )
    story.paragraph()
    story.any(
        "The first try fell apart.",
        "It was harder than they had thought.",
        "At first nothing fit together.",
    )
    (
        story.say(
            "B", story.pick("We did it wrong.", "Maybe we should stop.", "I am tired."), "sad"
        )
        if story.chance(0.6)
        else None
    )
    story.say(
        "A",
        story.pick(
            "Let us think first and build later.",
            "We must make the bottom wider.",
            "One more time, and slowly.",
        ),
        "",
    )
    story.any(
        "So they began again, from the bottom to the top.",
        "{B} held everything in place, and {A} did the rest.",
        "This time they helped each other, and it went much better.",
    )
    scenes.along_the_way(story)
    story.any(
        "By evening the {thing} was done.",
        "After three days it was finished.",
        "When the sun went down, there it stood.",
    )
    story.any("{A} {touch}.", "At the very end {B} {touch}.")
    story.say(
        "B",
        story.pick(
            "We did it!", "It is even better than I thought.", "And we made it all ourselves!"
        ),
        "happy",
    )
    story.paragraph()
    scenes.ending(story, True)


def planting(story):
    seed, plant, grown = story.pick(lexicon.SEEDS)
    start(story, where="garden")
    story.slots |= {"seed": seed, "plant": plant, "grown": grown}
    story.any(
        "In spring {A} was given a {seed} seed.",
        "{oneday} {A} found a {seed} seed in an old jar.",
        "{B} gave {A} a single {seed} seed.",
    )
    story.say(
        "B",
        story.pick(
            "It needs earth, water and time.",
            "Put it in a sunny place.",
            "Be patient. It will not grow in a day.",
        ),
        "wise",
    )
    story.any(
        "{A} dug a small hole and put the seed in.",
        "{A} planted it by the fence and gave it water.",
        "{A} put it into the dark earth and patted the earth flat.",
    )
    story.any(
        "The next morning {a} ran outside. Nothing!",
        "^{a} sat down beside it and waited.",
        "After an hour {a} looked. There was only earth.",
    )
    story.say(
        "A",
        story.pick(
            "Why does it not grow?",
            "It must be broken.",
            "Grow, little seed!",
            "How long must I wait?",
        ),
        story.pick("", "sad"),
    )
    story.say(
        "B",
        story.pick(
            "It is growing where you cannot see it.",
            "Good things take time.",
            "Give it water, and think of something else.",
        ),
        "wise",
    )
    story.paragraph()
    story.any(
        "Days went by. {A} gave it water every evening.",
        "A week passed, and then another.",
        "It rained for three days. Then the sun came out.",
    )
    story.any(
        "And one morning there was a tiny green leaf!",
        "Then something green came out of the earth.",
        "{suddenly} {a} saw it. ^a small green point was looking out of the ground!",
    )
    story.say(
        "A",
        story.pick(
            "It is here! Come and look!", "Look how small it is!", "Good morning, little plant."
        ),
        "happy",
    )
    story.maybe(
        0.4,
        "A snail wanted to eat it, but {A} carried the snail to the other side of the garden.",
        "A storm bent it down, but {A} tied it to a stick.",
        "When it was dry, {A} brought water from the well.",
    )
    story.any(
        "By summer the {plant} was {grown}.",
        "It grew and grew until the {plant} was {grown}.",
        "When the days were warm, there stood a {plant}, {grown}.",
    )
    story.maybe(
        0.6,
        "{A} and {B} sat in front of it and were {glad}.",
        "Everyone who came by stopped to look at it.",
        "{A} saved the new seeds in a little bag for the next year.",
    )
    story.paragraph()
    scenes.ending(story, True)


def repair(story):
    thing, craft, part, again = story.pick(lexicon.CRAFTS)
    start(story, company=False, where=story.pick("village square", "market", "harbor"))
    story.cast["B"] = scenes.adult(story, craft)
    story.slots |= {"thing": thing, "part": part, "again": again}
    story.any(
        "^{a} had an old {thing} that had belonged to {a.p} grandfather.",
        "In {a.p} house there was an old {thing}, and {a} loved it.",
    )
    story.any(
        "But {oneday} it broke.",
        "Then it broke, and nobody knew why.",
        "After a storm it was broken.",
    )
    story.any(
        "The others said that it was too old.",
        "Everyone told {a.o} to throw it away.",
        "^{a} tried to mend it alone, but it only got worse.",
    )
    story.say(
        "A",
        story.pick(
            "I will not throw it away.",
            "Someone must be able to mend it.",
            "It was always a good {thing}.",
        ),
        "",
    )
    story.paragraph()
    story.tell("{A} [went|walked] {goto} to see {B}.")
    story.say(
        "A",
        story.pick(
            "Can you mend this?",
            "My {thing} is broken. Can you help me?",
            "Please, it is very dear to me.",
        ),
        "",
    )
    story.any(
        "{B} looked at the {thing} from all sides.",
        "{B} put on a pair of glasses and was quiet for a long time.",
        "{B} shook it, listened and nodded.",
    )
    story.say(
        "B",
        story.pick(
            "It needs {part}. That will take some time.",
            "It is old, but it is not finished.",
            "All it needs is {part} and a little patience.",
        ),
        "wise",
    )
    story.any(
        "{A} held the tools and watched every move.",
        "{A} wanted to help, so {B} showed {a.o} how.",
        "They worked until the lamp was lit.",
    )
    story.any(
        "In the end {B} put in {part}, and the {thing} could {again}!",
        "When {part} was in its place, the {thing} could {again}.",
    )
    story.say(
        "A",
        story.pick("It is as good as new!", "How much do I owe you?", "You are a real master."),
        "happy",
    )
    story.say(
        "B",
        story.pick(
            "You helped me, so we are even.",
            "Just take good care of it.",
            "Bring me a smile now and then. That is enough.",
            "What we love, we mend.",
        ),
        "wise",
    )
    story.paragraph()
    scenes.ending(story)


def learning(story):
    can, did, doing, slip, where = story.pick(lexicon.SKILLS)
    start(story, animals=0.0, where=where, company=False)
    story.slots |= {"can": can, "did": did, "doing": doing, "slip": slip}
    story.cast["B"] = scenes.relative(story) if story.chance(0.5) else scenes.adult(story)
    story.any(
        "More than anything, {a} wanted to learn to {can}.",
        "All the other children could {can}, but {A} could not.",
        "{A} had one great wish: to {can}.",
    )
    story.paragraph()
    scenes.arrive(story)
    story.any(
        "^{a} tried it for the first time and {slip}.",
        "The first try went badly. {A} {slip}.",
        "^{a} began full of hope, but {a} {slip}.",
    )
    story.any(
        "^{a} tried again and {slip} again.",
        "The second time was no better.",
        "^{a} tried three more times, and every time it went wrong.",
    )
    story.say(
        "A",
        story.pick(
            "I will never learn it!",
            "It is too hard for me.",
            "Why can everyone do it but me?",
            "I give up.",
        ),
        story.pick("sad", "angry"),
    )
    story.paragraph()
    story.any(
        "{B} had seen it all.",
        "{B} was passing by and stopped.",
        "That evening {B} sat down beside {A}.",
    )
    story.say(
        "B",
        story.pick(
            "Nobody can do it on the first day.",
            "When I was small, I {slip}, too.",
            "Do not think about falling. Think about the next small step.",
            "A little every day is enough.",
        ),
        "wise",
    )
    story.say(
        "B",
        story.pick(
            "Come, I will show you.", "Shall we try together?", "Watch me, and then try it slowly."
        ),
        "",
    )
    story.any(
        "So {A} practiced every day, a little in the morning and a little in the evening.",
        "Day after day they practiced together.",
        "For a whole week {A} practiced after supper.",
    )
    story.maybe(
        0.6,
        "Some days were good, and some were not.",
        "Slowly it grew easier.",
        "On the fifth day something was different.",
    )
    story.any(
        "And then, one morning, {A} {did}, all alone!",
        "At last the day came. {A} took a deep breath and {did}.",
        "Before {a} knew it, {a} {did} without any help.",
    )
    story.say(
        "A",
        story.pick("I can do it! Look, I can do it!", "Did you see that?", "I did it!"),
        "happy",
    )
    story.any(
        "{B} was very proud.", "{B} laughed and clapped.", "{B} nodded as if {b} had always known."
    )
    story.paragraph()
    scenes.ending(story)


def rainy_day(story):
    start(story, animals=0.2, where=story.pick("garden", "attic", "barn", "kitchen"))
    story.any(
        "It had been raining for three days.",
        "It rained and rained, and nobody could go outside.",
        "Rain ran down the windows.",
    )
    story.say(
        "B", story.pick("I am so bored.", "When will it stop?", "There is nothing to do."), "sad"
    )
    story.say(
        "A",
        story.pick(
            "Then let us find something to do.",
            "I have an idea!",
            "Let us pretend that we are on a ship.",
        ),
        "happy",
    )
    game = story.pick(
        ("ship", "the table was the ship, and a broom was the mast", "storms and whales"),
        ("castle", "the blankets were walls, and a box was the gate", "dragons and knights"),
        ("train", "the chairs were wagons, and a pot lid was the wheel", "mountains and tunnels"),
        ("shop", "stones were the money, and buttons were the goods", "rich and poor people"),
        (
            "circus",
            "a rope on the floor was the high wire, and the cat was the lion",
            "clowns and acrobats",
        ),
    )
    story.slots |= {"game": game[0], "made": game[1], "full": game[2]}
    story.any("They built a {game}: {made}.", "So they made a {game}, and {made}.")
    story.any("Soon their world was full of {full}.", "They met {full} and forgot the rain.")
    (
        story.say(
            "B",
            story.pick(
                "I am the captain!", "Watch out, here I come!", "This is the best game ever!"
            ),
            "happy",
        )
        if game[0] in ("ship", "train")
        else story.say(
            "B", story.pick("Watch out, here I come!", "This is the best game ever!"), "happy"
        )
    )
    story.paragraph()
    story.any(
        "Nobody noticed that the rain had stopped.",
        "When they looked up, the sun was shining through the window.",
        "In the evening the clouds were gone.",
    )
    story.say(
        "A",
        story.pick(
            "Look, a rainbow!",
            "The rain is over. Shall we go out?",
            "It stopped! But I want to play on.",
        ),
        "",
    )
    story.any(
        "They ran outside and jumped into every puddle.",
        "They looked at each other and went on playing.",
        "Outside everything was wet and shining, and they splashed until they were wet, too.",
    )
    story.paragraph()
    scenes.ending(story, True)
