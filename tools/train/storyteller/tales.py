"""Plots of fables and small adventures: wishes, races, storms, voyages, tricks, riddles, the moon."""

import lexicon
import scenes
from narrator import Character
from plots import start


def wish(story):
    want, first, second = story.pick(lexicon.WISHES)
    start(story, company=False)
    giver, pronoun = story.pick(("star", "she"), ("old fish", "he"), ("tiny fairy", "she"), ("gray stone", "he"), ("talking tree", "he"), ("golden bird", "she"))
    story.cast["B"] = Character("", giver, pronoun, person=True)
    story.slots |= {"want": want, "bad1": first, "bad2": second}
    scenes.arrive(story)
    story.any("There {a} met {B}, who could speak.", "^{a} helped {B}, who was in trouble.", "{suddenly} {a} heard a voice. It was {B}.")
    story.say("B", story.pick("You may make one wish.", "You were kind to me. Tell me your wish.", "Think well, for you have only one wish."), "wise")
    story.any("{A} did not think for long. ^{a} wished for {want}." if not want.startswith("to ") else "{A} did not think for long. ^{a} wished {want}.")
    story.any("{B} blinked, and it was done.", "There was a flash of light, and the wish came true.", "The next morning the wish had come true.")
    story.paragraph()
    story.any("At first {A} was {glad}.", "How wonderful it was at first!", "For a whole day it was like a dream.")
    story.tell("But soon {bad1}, and {bad2}.")
    story.any("{A} sat down and was {sad}.", "Now {A} began to see what a foolish wish it was.", "^{a} thought of the old days and wept.")
    story.paragraph()
    story.any("So {a} went back {goto} and called for {B}.", "{A} ran {goto} as fast as {a} could.")
    story.say("A", story.pick("Please take my wish back.", "I was foolish. I want everything as it was before.", "I had all I needed, and I did not know it."), story.pick("sad", "soft"))
    story.say("B", story.pick("Now you are wiser than before.", "Few come back to say that.", "That is the best wish of all."), "wise")
    story.any("When {A} came home, everything was as it had been. ^there was {food} on the table, and nothing had ever tasted so good.", "And everything was as before, only {A} looked at it with new eyes.")
    story.paragraph()
    scenes.ending(story)


def race(story):
    start(story, animals=0.85, where=story.pick("meadow", "hill", "beach", "forest", "valley"))
    story.any("{A} was very fast and very proud of it.", "Nobody could run as fast as {A}, and {a} told everyone so.", "{A} liked to boast.")
    story.say("A", story.pick("I am the fastest of all!", "Nobody can beat me.", "You are all so slow!"), story.pick("happy", ""))
    story.any("{B} had heard enough.", "One day {B} answered.", "{B} was slow, but not afraid.")
    story.say("B", story.pick("Let us have a race, then.", "I will race you to the old oak.", "Being fast is not everything. Shall we see?"), "")
    story.any("Everyone laughed, but the next day they all came to watch.", "The race was to begin {there}, at sunrise.", "The owl was to be the judge.")
    story.paragraph()
    story.any("{A} shot ahead like an arrow.", "At the signal {A} was gone in a cloud of dust.", "Soon {A} was far in front.")
    story.any("Halfway {a} stopped to [eat some berries|sleep in the shade|look at {a.p} face in a pool|tell a beetle how fast {a} was].", "There was so much time that {a} lay down in the grass.")
    story.any("{B} went on, one step after the other.", "Meanwhile {B} did not stop, not even once.", "{B} was tired, but {b} kept going.")
    if story.chance(0.5):
        story.any("When {A} woke up, the sun was low. {B} was already at the goal!", "Then {A} heard cheering. {B} had won.", "{A} ran as never before, but it was too late.")
        story.say("A", story.pick("How did you do that?", "I was too proud.", "You won, and you earned it."), story.pick("soft", "sad"))
        story.say("B", story.pick("I only kept going.", "Slow steps also reach the goal.", "Next time we will run together."), "wise")
    else:
        story.any("Near the goal {A} heard a cry. {B} had fallen into a ditch.", "Then {A} looked back and saw that {B} was lying on the path.")
        story.any("{A} looked at the goal and looked at {B}. Then {a} turned around.", "^{a} did not think twice and ran back.")
        story.say("A", story.pick("Lean on me.", "A race is not so important.", "We will finish it together."), "")
        story.any("So they crossed the line side by side, and everyone cheered.", "They came last, or first, for nobody else was running.")
    story.paragraph()
    scenes.ending(story, True)


def storm(story):
    start(story, where=story.pick("harbor", "lake", "farm", "valley", "hill", "beach"))
    story.any("{oneday} dark clouds came over the {place}.", "The sky turned black, and the birds were silent.", "The wind grew stronger with every hour.")
    story.say("B", story.pick("A storm is coming.", "We must get inside.", "Close the windows, quickly!"), "")
    story.any("Rain beat against the door, and lightning cut the sky.", "The trees bent low, and water ran down every path.", "Then the storm was there, with rain and thunder.")
    story.any("{suddenly} {A} thought of the [hens|sheep|little lambs|old boat|young trees|neighbor's goat].", "Through the noise {A} heard a call for help.")
    story.say("A", story.pick("Someone must go out.", "I am going. Wait here.", "We cannot leave them out there!"), "")
    story.say("B", story.pick("Then I am coming, too.", "It is too dangerous!", "Take the rope, and hold on tight."), "")
    story.paragraph()
    story.any("Step by step they fought against the wind.", "The rain was so thick that they could hardly see.", "{A} tied a rope to the door, and they followed it into the dark.")
    story.any("At last they brought everyone to safety.", "Together they pulled and pushed until all were under the roof.", "It took all their strength, but in the end everyone was safe.")
    story.any("Wet and cold, they sat by the fire and ate {food}.", "Inside it was warm, and someone had made {food}.")
    story.paragraph()
    story.any("In the morning the sun came out, and there was a rainbow over the {place}.", "By morning the storm was gone, and every leaf was shining.")
    story.any("Everyone thanked {A} and {B}.", "{B} looked at {A} and smiled.", "There was much to repair, but everyone helped.")
    scenes.ending(story, True)


def voyage(story):
    start(story, where=story.pick("harbor", "beach", "lake", "river"))
    story.slots |= {"thing": story.pick(lexicon.TREASURES), "boatname": story.pick("Seagull", "Little Star", "North Wind", "Swallow", "Blue Fish", "Morning")}
    story.any("{A} and {B} had found an old map.", "In a bottle {A} found a map with a red cross.", "{A} owned a small boat named {boatname}.")
    story.say("A", story.pick("Let us sail to the island.", "There must be a treasure.", "Will you come with me?"), "")
    story.say("B", story.pick("I will bring food for two days.", "What if there are pirates?", "Yes! I have always wanted to see the island."), "")
    story.any("They set out early, when the water was calm.", "A light wind filled the sail.", "They rowed until their arms were tired.")
    story.any("Fish jumped around the boat.", "A gull flew with them for a long way.", "Around them was nothing but blue water.")
    story.paragraph()
    story.any("At noon they came to the island.", "Then they saw land. It was green and still.", "The island was small, with one tall tree in the middle.")
    story.any("They dug under the tree until they hit something hard.", "They followed the map, ten steps to the left and five to the right.", "Behind a waterfall they found a cave.")
    story.any("It was a box. Inside lay a {thing} and a letter.", "There was no gold. There was only a {thing}.", "In an old chest they found a {thing}.")
    story.say("B", story.pick("Is that all?", "Someone hid this a long time ago.", "Who put it here?"), "")
    story.say("A", story.pick("It is the way that counts, not the gold.", "Let us leave something here for the next ones.", "What a day! That is treasure enough."), "wise")
    story.any("They put {food} and a note into the box and closed it again.", "They took it along and hung it over the door at home.", "On the shore they made a fire and watched the stars.")
    story.paragraph()
    story.any("On the way back the wind was with them.", "The lights of the harbor showed them the way home.", "They came home after dark.")
    scenes.ending(story, True)


def trick(story):
    start(story, animals=1.0, where=story.pick(lexicon.OUTDOORS))
    story.cast["C"] = scenes.animal(story)
    story.slots["food"] = story.pick(lexicon.FOODS + ["a round cheese", "a basket of berries", "a big fish", "a jar of honey", "a sack of nuts"])
    story.any("{oneday} {A} found {food} {there}.", "{A} had {food} and was just about to eat.", "{A} was carrying {food} home.")
    story.any("{B} saw it and was hungry.", "{B} smelled it from far away.", "This made {B} think of a trick.")
    story.say("B", story.pick("What a beautiful voice you have! Will you sing for me?", "Look behind you! The wolf is coming!", "I have heard that you can dance. Is it true?", "Give it to me, and I will show you a place with much more."), "")
    story.any("{A} believed it and put the food down.", "{A} felt proud and forgot everything else.", "{A} turned around.")
    story.any("Quick as the wind {B} took the food and ran.", "In a moment the food was gone, and {B} was gone, too.")
    story.paragraph()
    story.any("{A} was {sad} and told {C} about it.", "{C} had seen everything from a branch.", "Then {A} met {C}.")
    story.say("C", story.pick("Do not be sad. I have an idea.", "Sweet words can hide sharp teeth.", "Let us teach the thief a lesson."), "wise")
    if story.chance(0.5):
        story.any("{C} went to {B} and spoke of a great feast in a hollow tree.", "They filled a basket with stones, put leaves on top and left it on the path.")
        story.any("{B} ran there at once, dropped the food and found nothing but [stones|cold water|thorns].", "Greedy as ever, {B} let go of the food to get more. ^there was nothing.")
        story.any("When {B} came back, {A} and {C} were sharing {food}.", "And {A} had {a.p} food back.")
        story.say("B", story.pick("You have tricked me!", "Now I know how it feels.", "I am sorry. I was hungry."), "")
        story.say("A", story.pick("Next time, just ask.", "Sit down. There is enough for three.", "You may have some if you say please."), "wise")
    else:
        story.any("But {B} could not enjoy the food alone.", "{B} ate so fast that {b} felt sick.", "That night {B} could not sleep.")
        story.any("The next day {b} came with a basket of apples.", "In the morning {b} stood before {A} and looked at the ground.")
        story.say("B", story.pick("It was wrong of me. Please take these.", "I should have asked you.", "Can you forgive me?"), "soft")
        story.say("A", story.pick("I forgive you. Let us eat together.", "It is good that you came.", "Then you must sing for me this time."), "happy")
    story.paragraph()
    scenes.ending(story, True)


def winter_store(story):
    start(story, animals=1.0, where=story.pick("forest", "meadow", "orchard"))
    story.any("All summer long {A} worked and gathered nuts and seeds.", "While the sun was hot, {A} carried grain into {a.p} home.")
    story.any("{B} lay in the shade and played a song.", "{B} only danced and sang.", "{B} watched and yawned.")
    story.say("B", story.pick("Why do you work so much?", "Come and dance with me!", "Winter is far away."), "")
    story.say("A", story.pick("Winter comes sooner than you think.", "I want to be ready when it snows.", "First I work, then I dance."), "wise")
    story.paragraph()
    story.any("Then the leaves fell, and the first snow came.", "One morning the whole land was white.", "The days grew short and cold.")
    story.any("{B} had nothing to eat and was shivering.", "{B} looked for food, but everything was under the snow.")
    story.any("At last {b} knocked at {A.p} door.", "There was a knock. {A} opened the door and saw {B}.")
    story.say("B", story.pick("Please, may I come in?", "I am cold and hungry.", "You were right, and I was foolish."), "soft")
    story.any("{A} thought of the long summer. Then {a} opened the door wide.", "{A} could have said no. But {a} did not.")
    story.say("A", story.pick("Come in. There is enough for two.", "Sit by the fire and warm yourself.", "You may stay, but you must play for me."), "")
    story.any("So {B} played songs all winter, and {A} shared the food.", "The winter was long, but with music and {food} it did not seem so.")
    story.any("When spring came, {B} was the first to work.", "The next summer they worked together and sang together.", "")
    story.paragraph()
    scenes.ending(story, True)


def moon(story):
    start(story, company=False, animals=0.6)
    light, pronoun = story.pick(("moon", "she"), ("moon", "he"), ("evening star", "she"), ("north wind", "he"), ("little cloud", "she"), ("old oak", "he"))
    story.cast["B"] = Character("", light, pronoun, person=True)
    story.any("One night {A} could not sleep.", "It was a warm night, and {A} lay awake.", "{A} sat alone and looked up.")
    story.say("A", story.pick("Are you awake, too?", "Do you ever feel lonely?", "Where do you go during the day?", "What do you see from there?"), story.pick("soft", "ask"))
    story.any("To {A.p} surprise {B} answered.", "And then {B} spoke.", "For a while it was silent. Then {B} spoke.")
    story.say("B", story.pick("I see the whole world, and it is beautiful.", "Sometimes I am lonely. But then someone looks up at me.", "I have heard you every night.", "I travel far, but I always come back."), story.pick("wise", "soft"))
    story.say("A", story.pick("Will you tell me a story?", "Then I will be your friend.", "May I come with you some day?", "What is the most beautiful thing you have seen?"), "")
    story.any("So {B} told of ships on the sea and of mountains covered with snow.", "{B} told of a land where it is always summer and of a city made of white stone.", "{B} spoke of deserts, of whales, and of a child who had asked the same question a hundred years ago.")
    story.any("{A} listened until {a.p} eyes grew heavy.", "{A} wanted to hear more, but sleep was stronger.", "The voice was so soft that {A} soon closed {a.p} eyes.")
    story.say("B", story.pick("Good night, my little friend.", "Sleep well. I will watch over you.", "Tomorrow I will tell you more."), "soft")
    story.paragraph()
    story.any("In the morning {A} thought it had been a dream.", "When {A} woke up, the sun was shining.", "Since then {A} says good night to {B} every evening.")
    story.any("But [on the window sill|in the grass beside {a.o}] lay [a silver leaf|a small white stone|a feather that shone].", "And every night after that {a} looked up and smiled.", "^{a} was never afraid of the night again.")


def trade(story):
    start(story, company=False, where="market")
    story.cast["B"] = scenes.adult(story)
    items = story.rng.sample(["an egg", "a loaf of bread", "a pot of honey", "a wool hat", "a clay cup", "a basket of plums", "a little lantern", "a bag of nuts", "a straw hat", "a red ribbon", "a bunch of flowers", "a new broom"], 4)
    story.slots |= {f"i{n}": item for n, item in enumerate(items)}
    story.slots |= {f"t{n}": "the " + item.split(" ", 1)[1] for n, item in enumerate(items)}
    story.any("{oneday} {A} went to the market with {i0}.", "{A} had nothing but {i0}, and so {a} went to the market.")
    story.any("^{a} met a [boy|girl|woman|man] who wanted {t0}.", "On the way {a} met a [boy|girl|woman|man] with {i1}.")
    story.any("They made a trade, and now {A} had {i1}.", "{A} gave away {t0} and got {i1} for it.")
    story.any("Then someone needed {t1} and offered {i2} for it.", "At the next stand {a} traded {t1} for {i2}.")
    story.say("A", story.pick("What a good trade!", "This is going well.", "I wonder what comes next."), "happy")
    story.paragraph()
    story.any("At the end of the street sat {B}, {sad} and alone.", "Then {A} came to {B}, who was {sad}.")
    story.say("A", story.pick("What is the matter?", "Why are you so sad?", "Can I help you?"), "ask")
    story.say("B", story.pick("I need {i2}, but I have nothing to give.", "All day I have looked for {i2}.", "Today I lost everything I had."), "sad")
    story.any("{A} looked at {t2}. Then {a} gave it away.", "Without a word {A} put {t2} into {B.p} hands.")
    story.say("B", story.pick("But I cannot pay you.", "Why do you do this?", "You have a good heart."), "soft")
    story.say("A", story.pick("You do not have to pay.", "It makes me happy.", "I had only {i0} this morning. I lose nothing."), "")
    story.any("A week later {B} knocked at {A.p} door and brought {i3}.", "When {A} came home, {i3} stood before the door, and nobody knew from whom.")
    story.paragraph()
    scenes.ending(story)


def sick_friend(story):
    start(story)
    story.any("{B} was ill and had to stay in bed.", "{oneday} {A} heard that {B} was ill.", "{A} waited, but {B} did not come. ^{b} was sick.")
    story.say("A", story.pick("I will visit {b.o} today.".replace("{b.o}", "my friend"), "What can I bring?", "I hope it is nothing bad."), "")
    story.any("{A} packed {food} and some flowers into a basket.", "{A} cooked a pot of soup and wrapped it in a cloth.", "^{a} looked for the best apples and put them into a bag.")
    scenes.along_the_way(story)
    story.any("On the way it began to rain, but {A} did not turn back.", "The way was far, and the basket was heavy.", "{A} walked fast so that everything would stay warm.")
    story.paragraph()
    story.any("{B} lay in bed and looked pale.", "{B} opened {b.p} eyes when {A} came in.")
    story.say("B", story.pick("You came all this way for me?", "I thought everyone had forgotten me.", "How good it is to see you!"), "soft")
    story.say("A", story.pick("Of course. You would do the same.", "Eat a little, and I will tell you a story.", "I brought you something."), "")
    story.any("{B} ate, and a little color came back into {b.p} face.", "{A} told about everything that had happened {there}, and {B} had to laugh.", "{A} read aloud until {B} fell asleep.")
    story.any("{A} came again every day.", "The next day {A} came again, and the day after that, too.")
    story.any("After a week {B} was well and could go outside.", "Soon they could run {goto} together again.", "When {B} was well again, the first thing {b} did was to hug {A}.")
    story.paragraph()
    scenes.ending(story, True)


def riddle(story):
    question, answer = story.pick(lexicon.RIDDLES)
    start(story, company=False)
    title, pronoun = story.pick(("king", "he"), ("queen", "she"), ("giant", "he"), ("troll", "he"), ("old dragon", "she"), ("wizard", "he"), ("bridge keeper", "she"))
    story.cast["B"] = Character("", title, pronoun, person=True)
    story.slots |= {"question": question, "answer": answer, "prize": story.pick("a bag of gold", "a white horse", "half of the garden", "a golden apple", "free way over the bridge for all time", "a crown of flowers")}
    if title in ("king", "queen"):
        story.any("In that land lived {B}, who loved riddles.", "{oneday} {B} called all the people together.")
        story.say("B", story.pick("Who answers my riddle shall have {prize}.", "Nobody can answer my riddle!"), "")
        story.any("Many came, and all of them failed.", "The wise men thought for three days and found nothing.")
    else:
        story.any("{oneday} {A} came to a bridge, and there stood {B}.", "On {a.p} way home {A} met {B}, who blocked the path.")
        story.say("B", story.pick("Nobody may pass who cannot answer my riddle.", "Answer me, or turn back!", "I am bored. Give me an answer, and you may pass."), "")
        story.any("{A} was a little afraid, but {a} stayed.", "{A} took a deep breath and nodded.")
    story.paragraph()
    story.say("B", "{question}", "ask")
    story.any("{A} thought and thought.", "{A} closed {a.p} eyes.", "^{a} looked around {there}. Then {a} smiled.", "It was so quiet that one could hear the flies.")
    if story.chance(0.35):
        story.say("A", story.pick("Is it a stone?", "Is it the wind?", "Is it a shadow?"), "ask")
        story.say("B", story.pick("No! You may try once more.", "Wrong. Think again."), "")
    story.say("A", story.pick("It is {answer}!", "I know it. It is {answer}.", "The answer is {answer}."), "")
    story.any("{B} stared at {A} and then began to laugh.", "For a moment {B} could not speak.", "{B} clapped so loudly that the birds flew up.")
    story.say("B", story.pick("That is right!", "Right! How did you know?", "You are cleverer than all the others."), "")
    story.say("A", story.pick("I see it every day at home.", "My grandmother told me once.", "I only looked closely."), "")
    story.any("So {A} was given {prize}.", "{B} kept the promise and gave {A} {prize}." if title in ("king", "queen") else "{B} stepped aside and let {A} pass.")
    story.paragraph()
    scenes.ending(story)


def lighthouse(story):
    start(story, animals=0.1, company=False, where=story.pick("harbor", "beach"))
    story.cast["B"] = Character("", "lighthouse keeper", story.pick("he", "she"), story.pick("", "old"), person=True)
    story.any("On a rock in the sea stood a lighthouse, and there lived {B}.", "Every evening {A} saw the light of the lighthouse. ^there lived {B}.")
    story.any("{A} often brought {B} {food}.", "{A} visited {B} whenever the sea was calm.", "{B} told {A} about ships and faraway lands.")
    story.say("B", story.pick("The light must never go out.", "A single light can save a hundred ships.", "Some day you will look after the lamp."), "wise")
    story.paragraph()
    story.any("One night there was thick fog, and the light was not burning.", "Then came a night without stars. The lighthouse was dark.")
    story.say("A", story.pick("Something has happened!", "Why is there no light?", "The ships will hit the rocks!"), "")
    story.any("{A} took a lantern and ran over the wet stones.", "^{a} jumped into the boat and rowed as fast as {a} could.")
    story.any("{B} had fallen on the stairs and could not stand up.", "{B} lay in bed with a fever.")
    story.say("B", story.pick("The lamp! You must light the lamp.", "Go up, quickly. You know what to do.", "Do not worry about me. Think of the ships."), "soft")
    story.any("{A} climbed the hundred steps. {a.p} hands shook, but the lamp began to burn.".replace("{a.p}", "^{a.p}"), "Up and up {a} went. The first match went out, and the second, but the third one burned.")
    story.any("Out in the fog a ship turned away from the rocks just in time.", "Far out a horn sounded three times. It was a ship that said thank you.")
    story.paragraph()
    story.any("In the morning the captain came and shook {A.p} hand.", "By morning the fog was gone, and {B} felt better.", "{A} kept the light burning until {B} was well again.")
    story.say("B", story.pick("Now you are a keeper of the light, too.", "I could not have done it better.", "You saved many people last night."), "wise")
    scenes.ending(story)


def rainy_day(story):
    start(story, animals=0.2, where=story.pick("garden", "attic", "barn", "kitchen"))
    story.any("It had been raining for three days.", "It rained and rained, and nobody could go outside.", "Rain ran down the windows.")
    story.say("B", story.pick("I am so bored.", "When will it stop?", "There is nothing to do."), "sad")
    story.say("A", story.pick("Then let us find something to do.", "I have an idea!", "Let us pretend that we are on a ship."), "happy")
    game = story.pick(("ship", "the table was the ship, and a broom was the mast", "storms and whales"), ("castle", "the blankets were walls, and a box was the gate", "dragons and knights"),
                      ("train", "the chairs were wagons, and a pot lid was the wheel", "mountains and tunnels"), ("shop", "stones were the money, and buttons were the goods", "rich and poor people"),
                      ("circus", "a rope on the floor was the high wire, and the cat was the lion", "clowns and acrobats"))
    story.slots |= {"game": game[0], "made": game[1], "full": game[2]}
    story.any("They built a {game}: {made}.", "So they made a {game}, and {made}.")
    story.any("Soon their world was full of {full}.", "They met {full} and forgot the rain.")
    story.say("B", story.pick("I am the captain!", "Watch out, here I come!", "This is the best game ever!"), "happy") if game[0] in ("ship", "train") else story.say("B", story.pick("Watch out, here I come!", "This is the best game ever!"), "happy")
    story.paragraph()
    story.any("Nobody noticed that the rain had stopped.", "When they looked up, the sun was shining through the window.", "In the evening the clouds were gone.")
    story.say("A", story.pick("Look, a rainbow!", "The rain is over. Shall we go out?", "It stopped! But I want to play on."), "")
    story.any("They ran outside and jumped into every puddle.", "They looked at each other and went on playing.", "Outside everything was wet and shining, and they splashed until they were wet, too.")
    story.paragraph()
    scenes.ending(story, True)


def daydream(story):
    """Not much happens: a walk, what is seen and thought."""
    start(story, company=False)
    for _ in range(story.pick(1, 2, 2)):
        story.paragraph()
        scenes.place(story, story.pick([p for p in lexicon.PLACES if p != story.slots["place"]]))
        scenes.arrive(story)
        story.maybe(0.8, "^{a} sat down {spot} and looked around.", "^{a} lay on {a.p} back and looked at the sky.", "^{a} picked up a [stone|leaf|feather|shell] and kept it.")
        story.maybe(0.5, "How old is the world, {a} wondered, and who made the first song?", "^{a} thought about [clouds|the sea|tomorrow|{a.p} friends|a story from long ago].", "A [bee|bird|mouse|beetle] came close and was not afraid.")
        story.cast["B"] = scenes.adult(story)
        if story.chance(0.6):
            story.any("{B} came by and greeted {a.o}.", "There was {B}, as on every day.", "{A} met {B}.")
            asked, answers = story.pick(
                ("Good day! Where are you going?", ["Nowhere, and I have plenty of time.", "I am going home, but slowly.", "I go where the path goes."]),
                ("A fine day, is it not?", ["It is the finest day of the year!", "Yes, I could stay here forever."]),
                ("What are you looking at?", ["I am counting the clouds.", "I am only looking.", "I saw a bird with a red tail."]),
                ("Have you eaten yet?", ["Not yet. It smells of {food} here!", "Yes, but I could eat again."]))
            story.say("B", asked, "ask")
            story.say("A", story.pick(answers), story.pick("happy", ""))
            story.maybe(0.6, "{B} laughed and walked on.", "{B} sat down for a while, too.", "{B} gave {A} {food}.")
    story.paragraph()
    scenes.ending(story)


ALL = [wish, race, storm, voyage, trick, winter_store, moon, trade, sick_friend, riddle, lighthouse, rainy_day, daydream]
