"""Plots of everyday life: something is lost, feared, learned, shared, built, broken or grown."""

import lexicon
import scenes


def start(story, animals=0.4, where="", company=True):
    scenes.hero(story, animals)
    if company:
        scenes.friend(story)
    scenes.place(story, where)
    scenes.opening(story)


def color(story):
    return story.pick(lexicon.COLORS)


def lost_thing(story):
    start(story)
    thing = story.pick(lexicon.TREASURES + list(lexicon.TOYS))
    noun = thing if thing.split()[0] in lexicon.COLORS else thing
    story.slots["thing"] = noun
    story.any("^{a} had a {thing} that {a} [loved very much|took everywhere|had been given by an old friend|kept safe day and night].",
              "{A.p} greatest treasure was a {thing}.", "For {a.p} birthday {a} had been given a {thing}.")
    story.paragraph()
    scenes.arrive(story)
    story.any("But when {a} [came home|looked again|reached into {a.p} bag|wanted to use it], the {thing} was gone.",
              "After a while {a} looked around. ^the {thing} was not there anymore!",
              "On the way back {a} noticed that the {thing} was missing.")
    story.say("A", story.pick("Where is my {thing}?", "Oh no! I have lost my {thing}.", "My {thing} is gone!", "It was here a moment ago."),
              story.pick("", "sad"))
    first, second, third = story.slots["spots"]
    story.any("{A} looked everywhere, but could not find it.", "^{a} searched until {a.p} legs were tired.", "^{a} was {sad}.")
    story.paragraph()
    story.any("{B} came by and saw {A}.", "Along came {B}.", "{B} heard this and came over.", "{A} went to {B} for help.")
    story.say("B", story.pick("What is the matter?", "Why are you so sad?", "Did you lose something?", "Can I help you?"), "ask")
    story.say("A", story.pick("I cannot find my {thing}.", "My {thing} is lost, and I do not know where to look.", "I had a {thing}, and now it is gone."), story.pick("sad", ""))
    story.say("B", story.pick("Let us look for it together.", "Do not worry. Two see more than one.", "We will find it. Where were you today?", "I will help you look."))
    story.slots |= {"first": first, "second": second, "third": third}
    if story.chance(0.7):
        story.any("They looked {first}, but there was nothing [there|but dust|but an old shoe].", "First they searched {first}. ^there was no {thing}.")
        story.maybe(0.6, "They looked {second}, but it was not there either.", "Then they looked {second}. ^nothing!")
        story.slots["found"] = third
    else:
        story.slots["found"] = first
    scenes.along_the_way(story)
    story.any("{suddenly} {B} [saw something|stopped|pointed]. {found} lay the {thing}!", "At last {A} found it. ^the {thing} was {found}!",
              "Then {b} looked {found}, and there it was.")
    story.say("A", story.pick("There it is! Thank you, thank you!", "You found it! How can I thank you?", "I thought I would never see it again."), "happy")
    story.maybe(0.6, "{B} only smiled. It felt good to help.", "{A} held the {thing} tight and [laughed|danced for joy].", "{A} promised to take better care of it.")
    story.paragraph()
    scenes.ending(story, True)


def found_thing(story):
    start(story, company=False)
    story.cast["B"] = scenes.adult(story)
    story.slots["thing"] = story.pick(lexicon.TREASURES)
    scenes.arrive(story)
    story.any("There, {spot}, {a} found a {thing}.", "{suddenly} {a} saw something {spot}. It was a {thing}.", "Something was lying {spot}. ^{a} picked it up. It was a {thing}!")
    story.say("A", story.pick("How beautiful!", "Who could have lost this?", "What a lovely {thing}!", "I wonder whose it is."))
    story.any("^{a} wanted to keep it. But someone, somewhere, was surely looking for it.", "It would have been easy to keep it and say nothing.",
              "^{a} turned it over and over in the light.", "^{a} put it in {a.p} pocket and thought about it all the way." if story.cast["A"].person else "^{a} carried it carefully and thought about it.")
    story.paragraph()
    story.any("So {A} went from door to door and asked.", "{A} began to ask everyone in the village.", "The next day {A} went to look for the owner.")
    story.maybe(0.6, "The first house was empty. At the second, nobody knew anything.", "Some shook their heads. Others only shrugged.", "Nobody had lost a {thing}.")
    story.any("At last {a} came to {B}, who was [looking under every chair|sitting by the door with a sad face|searching the road].", "Then {a} met {B}. ^{b} was looking for something on the ground.")
    story.say("A", story.pick("Is this yours?", "Did you lose a {thing}?", "I found this {spot}. Is it yours?"), "ask")
    story.tell("{B.p} [eyes grew wide|face lit up|hands began to shake].")
    story.say("B", story.pick("My {thing}! It belonged to my mother.", "Yes! I have looked for it for days.", "I thought it was gone forever. Thank you!"), "happy")
    story.say("B", story.pick("You are an honest {kind_of}.", "Not everyone would have brought it back.", "You must have something for your trouble.").replace("{kind_of}", story.cast["A"].noun), "wise")
    story.any("{B} gave {A} {food} and a warm handshake." if story.cast["A"].person else "{B} gave {A} {food} and a place by the fire.", "As a thank-you, {B} told {A} the story of the {thing}.", "{B} invited {A} to stay for supper. There was {food}.")
    story.maybe(0.5, "It tasted better than anything {a} had ever eaten." if "food" in story.slots else "{A} had never been so proud.")
    story.paragraph()
    scenes.ending(story)


def sharing(story):
    start(story)
    toy = story.pick(list(lexicon.TOYS))
    use, used = lexicon.TOYS[toy]
    story.slots |= {"toy": toy, "use": use, "used": used, "hue": color(story)}
    story.any("^{a} had a new {toy}.", "^{a} had been given a {toy} [by {a.p} grandmother|for {a.p} birthday].", "{A} owned a fine {toy}, and {a} was very proud of it.")
    story.paragraph()
    scenes.arrive(story)
    story.any("{A} took the {toy} along and {used} all morning.", "There {a} took out the {toy} and {used}, again and again.", "^{a} had brought the {toy}, of course, and {used}.")
    story.any("{B} came and watched.", "Soon {B} came along.", "{B} stood nearby and looked at the {toy}.")
    story.say("B", story.pick("May I play too?", "That is a fine {toy}! May I {use}?", "Can I have a turn?", "Will you let me try?"), "ask")
    story.say("A", story.pick("No! It is mine.", "No, you might break it.", "Go away. I want to play alone.", "Not now. Maybe tomorrow."), story.pick("angry", ""))
    story.any("{B} [walked away|sat down alone|said nothing more] and was {sad}.", "{B} turned around and went away with slow steps.")
    story.paragraph()
    story.any("{A} went on playing. But after a while it was not fun anymore.", "Now {A} had the {toy} alone, and it was very quiet.", "{A} took the {toy} and {used} once more, but nobody laughed and nobody clapped.")
    story.any("^{a} looked over at {B}. ^{b} was [drawing lines in the dirt|looking at the clouds|throwing small stones].", "^{a} thought of {B.p} sad face.")
    story.say("A", story.pick("I am sorry. Come and play with me.", "I was not kind. Please take a turn.", "It is more fun with two. Will you come back?"), story.pick("soft", ""))
    story.any("{B} smiled and came running.", "{B} was not angry for long.", "At once {B} jumped up.")
    story.any("First {A} had the {toy} and {used}, then {B} had it, and both of them laughed.", "They took turns until the sun went down.", "Together they thought of a new game with the {toy}, and it was the best game of all.")
    story.paragraph()
    scenes.ending(story, True)


def fear(story):
    dread, where, event, truth = story.pick(lexicon.FEARS)
    start(story, where=where)
    story.slots |= {"dread": dread, "event": event, "truth": truth}
    story.any("But {a} was afraid of {dread}.", "There was only one thing {a} feared, and that was {dread}.", "{A} was brave in many ways, but not when it came to {dread}.")
    story.maybe(0.5, "^{a} had never told anyone about it.", "The others sometimes laughed about it.", "Whenever {a} thought of it, {a.p} heart beat fast.")
    story.paragraph()
    scenes.arrive(story, "{A} and {B}")
    story.any("{event}.", "{suddenly} something happened. {event}.", "For a while everything was fine. Then it happened. {event}.")
    story.any("{A} [stood very still|began to tremble|wanted to run away|closed both eyes].", "{A.p} knees grew soft.")
    story.say("A", story.pick("I want to go home.", "I am afraid!", "I cannot do it.", "Please do not leave me alone."), story.pick("soft", "sad"))
    story.say("B", story.pick("I was afraid once, too.", "Give me your hand. We will go together." if story.cast["A"].person else "Stay close to me. We will go together.", "Take a deep breath and count to three.", "It is all right to be afraid. Let us look at it together."), "wise")
    story.any("{A} took a deep breath.", "{A} counted to three, [very slowly|in a whisper].", "{A} nodded and held on to {B}.")
    story.any("Then {a} [opened {a.p} eyes|took one small step|looked up]. {truth}.", "Step by step the fear grew smaller. {truth}.")
    story.say("A", story.pick("It is not so bad after all!", "Is that all?", "I did it!", "I thought it would be much worse."), "happy")
    story.maybe(0.5, "{B} clapped and was proud of {A}.", "They both laughed until their stomachs hurt.")
    story.paragraph()
    story.any("After that, {A} was still a little afraid of {dread}, but never again so much.", "From then on {A} was not afraid of {dread} anymore.", "The next time, {a} went first.")
    scenes.ending(story, True)


def learning(story):
    can, did, doing, slip, where = story.pick(lexicon.SKILLS)
    start(story, animals=0.0, where=where, company=False)
    story.slots |= {"can": can, "did": did, "doing": doing, "slip": slip}
    story.cast["B"] = scenes.relative(story) if story.chance(0.5) else scenes.adult(story)
    story.any("More than anything, {a} wanted to learn to {can}.", "All the other children could {can}, but {A} could not.", "{A} had one great wish: to {can}.")
    story.paragraph()
    scenes.arrive(story)
    story.any("^{a} tried it for the first time and {slip}.", "The first try went badly. {A} {slip}.", "^{a} began full of hope, but {a} {slip}.")
    story.any("^{a} tried again and {slip} again.", "The second time was no better.", "^{a} tried three more times, and every time it went wrong.")
    story.say("A", story.pick("I will never learn it!", "It is too hard for me.", "Why can everyone do it but me?", "I give up."), story.pick("sad", "angry"))
    story.paragraph()
    story.any("{B} had seen it all.", "{B} was passing by and stopped.", "That evening {B} sat down beside {A}.")
    story.say("B", story.pick("Nobody can do it on the first day.", "When I was small, I {slip}, too.", "Do not think about falling. Think about the next small step.", "A little every day is enough."), "wise")
    story.say("B", story.pick("Come, I will show you.", "Shall we try together?", "Watch me, and then try it slowly."), "")
    story.any("So {A} practiced every day, a little in the morning and a little in the evening.", "Day after day they practiced together.", "For a whole week {A} practiced after supper.")
    story.maybe(0.6, "Some days were good, and some were not.", "Slowly it grew easier.", "On the fifth day something was different.")
    story.any("And then, one morning, {A} {did}, all alone!", "At last the day came. {A} took a deep breath and {did}.", "Before {a} knew it, {a} {did} without any help.")
    story.say("A", story.pick("I can do it! Look, I can do it!", "Did you see that?", "I did it!"), "happy")
    story.any("{B} was very proud.", "{B} laughed and clapped.", "{B} nodded as if {b} had always known.")
    story.paragraph()
    scenes.ending(story)


def rescue(story):
    start(story, animals=0.15, where=story.pick(lexicon.OUTDOORS))
    story.slots |= {"pet": story.pick(lexicon.HURT_ANIMALS), "trouble": story.pick(lexicon.STUCK), "size": story.pick("small", "tiny", "gray", "little", "frightened")}
    scenes.arrive(story, story.pick("{A}", "{A} and {B}"))
    story.any("{suddenly} {A} heard a faint cry.", "Then {A} heard something, very soft and very sad.", "Near the path something moved.")
    story.any("{spot} sat a {size} {pet}, and {trouble}.", "It was a {size} {pet}. ^the poor thing could not get away, for {trouble}.")
    story.say("A", story.pick("Poor little {pet}!", "We must help it.", "Do not be afraid. I will help you.", "Look, a {pet}! It needs help."), story.pick("soft", ""))
    story.say("B", story.pick("Be careful, or you will frighten it.", "What should we do?", "I will run and fetch some water.", "Hold it gently, and I will do the rest."), "")
    story.any("{slowly} {A} [came closer|reached out|knelt down]. The {pet} was trembling.", "{A} spoke to the {pet} in a soft voice until it grew calm.")
    story.any("Then {a} [wrapped it in a scarf|lifted it up|set it free], and {B} held it close.", "It took a long time, but at last the {pet} was safe.", "Together they freed it and gave it some water.")
    story.paragraph()
    if story.chance(0.6):
        story.any("They carried it home and made a bed for it in a box.", "At home they gave it warm milk and a soft place to sleep.", "{A} took care of the {pet} for many days.")
        story.any("After a week the {pet} was well again.", "Every day it grew a little stronger.", "Soon it could [walk|jump|eat] without help.")
        story.any("Then the day came to say goodbye. {A} opened the door, and the {pet} went out into the sun.", "When spring came, they brought it back {goto}.", "The {pet} could have gone away, but it stayed.")
        story.maybe(0.6, "It looked back once, as if it wanted to say thank you.", "{A} was a little sad and very {glad} at the same time.")
    else:
        story.any("The {pet} looked at them with bright eyes and ran off.", "It shook itself, and then it was gone between the [stones|leaves|bushes].", "Its mother was already waiting nearby.")
        story.say("B", story.pick("I think it said thank you.", "Now it can go home.", "You did well."), "")
    story.paragraph()
    scenes.ending(story, True)


def cooking(story):
    dish, needs, right, wrong = story.pick(lexicon.DISHES)
    start(story, animals=0.3, where="kitchen")
    story.slots |= {"dish": dish, "needs": needs, "right": right, "wrong": wrong, "that_one": "them" if dish in ("pancakes", "cookies") else "it",
                    "some": "" if dish in ("pancakes", "cookies", "soup", "bread") else "a ", "was": "were" if dish in ("pancakes", "cookies") else "was"}
    story.any("{oneday} {A} wanted to make {some}{dish} for {B}.", "{oneday} {A} and {B} decided to make {some}{dish}.", "It was {B.p} birthday, and {A} wanted to make {some}{dish}.")
    story.any("^{a} took {needs} and a big bowl.", "They needed {needs}.", "First {a} looked for {needs}. Everything was there.")
    story.any("{A} stirred and stirred.", "There was flour on the floor, on the table and on {A.p} nose." if "flour" in needs else "The big spoon went round and round.", "{A} sang a little song and stirred.")
    story.any("But in the hurry {a} took the wrong jar. Instead of {right}, {wrong} went into the bowl!", "Nobody noticed that the jar of {right} was really full of {wrong}.")
    story.maybe(0.5, "Soon the whole kitchen smelled [wonderful|strange|warm and good].", "They waited and waited.")
    story.paragraph()
    story.any("At last the {dish} {was} ready. {B} took the first bite.", "{B} tasted {that_one} and made a strange face.", "They sat down at the table, and {B} tried {that_one} first.")
    story.say("B", story.pick("It is a little unusual.", "Is it supposed to taste like this?", "What did you put into it?", "Oh! I need some water."), "")
    story.any("{A} tasted {that_one}, too. ^it was terrible!", "{A} took a bite and turned red.", "Then {A} tried some and had to cough.")
    story.say("A", story.pick("I took the wrong jar!", "I am so sorry. That was {wrong}, not {right}.", "Now everything is ruined."), story.pick("sad", "cry"))
    story.any("For a moment it was quiet. Then {B} began to laugh, and {A} laughed, too.", "{B} put an arm around {A}." if story.cast["A"].person and story.cast["B"].person else "{B} came close to {A} and laughed softly.")
    story.say("B", story.pick("Let us try again. This time we will taste first.", "Never mind. We have enough for a second one.", "That was the funniest {dish} of my life."), "happy")
    story.any("So they started again, and this time they read every label twice.", "They made everything once more, and now it was {right} and not {wrong}.")
    story.any("The second time it was {good}.".replace("{good}", "[soft and sweet|just right|better than in any shop]"), "And when it was done, it tasted [wonderful|just right|better than they had hoped].")
    story.paragraph()
    scenes.ending(story, True)


def lost_way(story):
    start(story, where=story.pick("forest", "valley", "hill", "market", "harbor"), company=False)
    story.cast["B"] = scenes.animal(story) if story.chance(0.5) else scenes.adult(story)
    scenes.arrive(story)
    story.any("^{a} followed a [butterfly|blue bird|strange sound|white cat] and forgot the time.", "There was so much to see that {a} walked farther and farther.", "^{a} only wanted to look around the next corner, and then the next.")
    story.any("When {a} looked up, nothing was familiar.", "{suddenly} {a} did not know the way back.", "The sun was already low, and every path looked the same.")
    story.say("A", story.pick("Where am I?", "Which way did I come?", "Hello! Is anyone there?", "I think I am lost."), story.pick("", "soft"))
    story.any("Nobody answered. Only the wind could be heard.", "^{a} turned left, then right, and came back to the same [stone|tree|corner].", "^{a} sat down and was {sad}.")
    story.paragraph()
    story.any("{suddenly} {B} appeared.", "Then {a} heard steps. It was {B}.", "After a while {B} came along the path.")
    story.say("B", story.pick("You are far from home.", "Why are you sitting here all alone?", "Have you lost your way?"), "")
    story.say("A", story.pick("I cannot find the way home.", "I went too far, and now I am lost.", "Yes. Can you help me?"), story.pick("sad", ""))
    story.say("B", story.pick("I know every path here. Follow me.", "Tell me what you see from your window at home.", "Look for the river. It always leads to the village.", "Do you see that bright star? We will walk toward it."), "wise")
    story.any("{road}.", "They walked side by side, and the way seemed much shorter.", "{B} went ahead, and {A} stayed close behind.")
    story.any("At last {A} saw a light in a window. It was home!", "Behind the last [hill|tree|corner] {a} saw {a.p} own door.", "Then {A} knew where they were.")
    story.say("A", story.pick("Thank you! I would never have found it alone.", "Will you come in and rest?", "There is my house!"), "happy")
    story.maybe(0.6, "{B} waved and went away into the evening.", "They ate {food} together before {B} went home.", "{B} only smiled and turned around.")
    story.paragraph()
    scenes.ending(story)


def gift(story):
    start(story)
    story.slots["thing"] = story.pick(lexicon.TREASURES + list(lexicon.TOYS))
    story.any("{B.p} birthday was coming, and {A} had no gift.", "Tomorrow was {B.p} birthday.", "{A} wanted to give {B} something special.")
    story.say("A", story.pick("What should I give?", "It has to be something wonderful.", "I have no money to buy a gift."), "")
    story.paragraph()
    scenes.arrive(story)
    story.any("^{a} saw a {thing}, but it cost too much.", "In a shop window {a} saw a {thing}. ^{a} counted {a.p} coins. ^they were not enough.", "Everything {a} saw was too big, too small or too dear.")
    story.any("Then {a} had an idea.", "On the way home {a} stopped. There was an idea!", "All night {a} thought about it. In the morning {a} knew.")
    idea = story.pick("a card with pressed flowers", "a song with three verses", "a small boat of bark", "a chain of shells", "a little book of drawings", "a crown of daisies", "a box covered with colored stones", "a lantern made of paper")
    story.slots["idea"] = idea
    story.any("^{a} made {idea}.", "With much care {a} made {idea}.", "^{a} worked until late and made {idea}.")
    story.maybe(0.5, "It was a little crooked, but it was made with love.", "It took the whole day.", "When it was done, {a} looked at it for a long time.")
    story.paragraph()
    story.any("The next day {B} opened the door.", "When the time came, {A.p} heart was beating fast.", "At the party {B} had already opened many gifts.")
    story.say("A", story.pick("It is only a small thing.", "I made it myself. I hope you like it.", "Happy birthday!"), story.pick("soft", ""))
    story.any("{B} looked at it and did not say a word.", "{B.p} eyes began to shine.", "{B} held it very carefully.")
    story.say("B", story.pick("Nobody ever made something just for me.", "It is the best gift of all!", "I will keep it forever."), "happy")
    scenes.meal(story, "everyone")
    story.paragraph()
    scenes.ending(story, True)


def broken_truth(story):
    start(story, animals=0.1, where="kitchen", company=False)
    story.cast["B"] = scenes.relative(story)
    vase = story.pick("blue vase", "old clock", "big mirror", "glass bowl", "painted plate", "white jug", "window", "tea pot")
    story.slots["vase"] = vase
    story.any("{oneday} {A} was [running through the house|playing ball inside|dancing in the kitchen|jumping from chair to chair].", "It was raining, and {A} had to play inside.")
    story.any("^{a} did not look, and crash! ^the {vase} was broken.", "There was a loud crash. ^the {vase} lay in pieces on the floor." if vase != "window" else "There was a loud crash. ^the window was broken.")
    story.any("{A.p} face turned white.", "^{a} looked around. Nobody had seen it.", "For a moment {a} could not move.")
    story.say("A", story.pick("What have I done?", "Nobody must know.", "I could say it was the cat."), "soft")
    story.any("^{a} hid behind the door.", "^{a} swept everything up and said nothing.", "^{a} ran outside and tried to forget it.")
    story.paragraph()
    story.any("When {B} came home, {b} saw it at once.", "In the evening {B} asked about it.", "It did not take long until {B} came in.")
    story.say("B", story.pick("Who broke the {vase}?", "What happened to the {vase}?", "Do you know anything about this?"), "ask")
    story.say("A", story.pick("It was the cat.", "I do not know.", "Maybe it was the wind."), "soft")
    story.any("But the lie felt like a stone in {A.p} stomach.", "{B} said nothing and looked at {A} for a long time.", "That night {A} could not sleep.")
    story.any("At last {a} could not bear it any longer.", "The next morning {a} went to {B}.", "Then {a} took a deep breath.")
    story.say("A", story.pick("It was me. I am sorry.", "I did not tell the truth. I broke it.", "The cat did nothing. I broke the {vase}."), story.pick("soft", "sad"))
    story.say("B", story.pick("I knew it. And I am glad you told me.", "Thank you for telling the truth. That was brave.", "A {vase} can be replaced. Trust is harder to mend."), "wise")
    story.any("Together they [swept up the pieces|glued the pieces together|bought a new one from {A.p} savings].", "{B} hugged {A}, and the stone was gone.", "It took all afternoon to put everything right, but {A} felt as light as a feather.")
    story.paragraph()
    scenes.ending(story)


def planting(story):
    seed, plant, grown = story.pick(lexicon.SEEDS)
    start(story, where="garden")
    story.slots |= {"seed": seed, "plant": plant, "grown": grown}
    story.any("In spring {A} was given a {seed} seed.", "{oneday} {A} found a {seed} seed in an old jar.", "{B} gave {A} a single {seed} seed.")
    story.say("B", story.pick("It needs earth, water and time.", "Put it in a sunny place.", "Be patient. It will not grow in a day."), "wise")
    story.any("{A} dug a small hole and put the seed in.", "{A} planted it by the fence and gave it water.", "{A} put it into the dark earth and patted the earth flat.")
    story.any("The next morning {a} ran outside. Nothing!", "^{a} sat down beside it and waited.", "After an hour {a} looked. There was only earth.")
    story.say("A", story.pick("Why does it not grow?", "It must be broken.", "Grow, little seed!", "How long must I wait?"), story.pick("", "sad"))
    story.say("B", story.pick("It is growing where you cannot see it.", "Good things take time.", "Give it water, and think of something else."), "wise")
    story.paragraph()
    story.any("Days went by. {A} gave it water every evening.", "A week passed, and then another.", "It rained for three days. Then the sun came out.")
    story.any("And one morning there was a tiny green leaf!", "Then something green came out of the earth.", "{suddenly} {a} saw it. ^a small green point was looking out of the ground!")
    story.say("A", story.pick("It is here! Come and look!", "Look how small it is!", "Good morning, little plant."), "happy")
    story.maybe(0.4, "A snail wanted to eat it, but {A} carried the snail to the other side of the garden.", "A storm bent it down, but {A} tied it to a stick.", "When it was dry, {A} brought water from the well.")
    story.any("By summer the {plant} was {grown}.", "It grew and grew until the {plant} was {grown}.", "When the days were warm, there stood a {plant}, {grown}.")
    story.maybe(0.6, "{A} and {B} sat in front of it and were {glad}.", "Everyone who came by stopped to look at it.", "{A} saved the new seeds in a little bag for the next year.")
    story.paragraph()
    scenes.ending(story, True)


def newcomer(story):
    start(story, animals=0.25, where=story.pick("school", "park", "meadow", "village square"))
    story.any("{A} was new and did not know anyone.", "{A} had just moved {there_near}.".replace("{there_near}", "to the village"), "It was {A.p} first day, and {a} felt very small.")
    story.any("Everyone else was playing, but nobody asked {a.o}.", "^{a} stood alone and looked at {a.p} feet.", "The others laughed and ran, and {A} only watched.")
    story.say("A", story.pick("I wish I had a friend.", "Nobody even knows my name.", "Maybe they do not like me."), "soft") if story.chance(0.5) else None
    story.paragraph()
    story.any("{B} saw this.", "Someone was watching, and that was {B}.", "Then {B} came over.")
    story.say("B", story.pick("Hello! What is your name?", "Do you want to play with us?", "Why are you standing here alone?", "I was new once, too."), "")
    name = story.cast["A"].name
    story.say("A", story.pick(f"My name is {name}." if name else "I am new here.", "I do not know the games here.", "May I really?"), "soft")
    story.say("B", story.pick("Then I will show you everything.", "Come on! We need one more player.", "I will teach you. It is easy."), "happy")
    story.any("They played hide and seek, and {A} found the best hiding place of all: {spot}.", "{B} showed {A} all the secret places, also the one {spot}.", "They ran and laughed until they were out of breath.")
    story.any("{A} knew a game that nobody else knew, and soon everyone wanted to learn it.", "By evening {A} knew all the names.", "{A} told a story from far away, and everyone listened.")
    story.paragraph()
    story.any("A few weeks later someone new stood there, all alone. {A} went over and smiled.", "The next day {A} was the first to [arrive|run out and play].", "When {a} came home, {a} could not stop talking.")
    scenes.ending(story, True)


def repair(story):
    thing, craft, part, again = story.pick(lexicon.CRAFTS)
    start(story, company=False, where=story.pick("village square", "market", "harbor"))
    story.cast["B"] = scenes.adult(story, craft)
    story.slots |= {"thing": thing, "part": part, "again": again}
    story.any("^{a} had an old {thing} that had belonged to {a.p} grandfather.", "In {a.p} house there was an old {thing}, and {a} loved it.")
    story.any("But {oneday} it broke.", "Then it broke, and nobody knew why.", "After a storm it was broken.")
    story.any("The others said that it was too old.", "Everyone told {a.o} to throw it away.", "^{a} tried to mend it alone, but it only got worse.")
    story.say("A", story.pick("I will not throw it away.", "Someone must be able to mend it.", "It was always a good {thing}."), "")
    story.paragraph()
    story.tell("{A} [went|walked] {goto} to see {B}.")
    story.say("A", story.pick("Can you mend this?", "My {thing} is broken. Can you help me?", "Please, it is very dear to me."), "")
    story.any("{B} looked at the {thing} from all sides.", "{B} put on a pair of glasses and was quiet for a long time.", "{B} shook it, listened and nodded.")
    story.say("B", story.pick("It needs {part}. That will take some time.", "It is old, but it is not finished.", "All it needs is {part} and a little patience."), "wise")
    story.any("{A} held the tools and watched every move.", "{A} wanted to help, so {B} showed {a.o} how.", "They worked until the lamp was lit.")
    story.any("In the end {B} put in {part}, and the {thing} could {again}!", "When {part} was in its place, the {thing} could {again}.")
    story.say("A", story.pick("It is as good as new!", "How much do I owe you?", "You are a real master."), "happy")
    story.say("B", story.pick("You helped me, so we are even.", "Just take good care of it.", "Bring me a smile now and then. That is enough.", "What we love, we mend."), "wise")
    story.paragraph()
    scenes.ending(story)


def night_noise(story):
    noise, cause = story.pick(lexicon.NOISES)
    start(story, animals=0.1, company=True, where=story.pick("attic", "kitchen", "barn"))
    story.slots |= {"noise": noise, "cause": cause}
    story.any("It was late at night, and {A} lay in bed.", "The moon was shining, and the house was quiet.", "In the middle of the night {A} woke up.")
    story.any("{suddenly} there was {noise}.", "What was that? ^there was {noise}, and then it stopped.", "From far off came {noise}.")
    story.say("A", story.pick("Did you hear that?", "Who is there?", "What could that be?"), "soft")
    story.any("{B} was awake now, too.", "{A} went to wake {B}.", "{B} sat up and listened.")
    story.say("B", story.pick("Maybe it is a ghost.", "It is only a dream. Go back to sleep.", "Let us go and see.", "I am not afraid. At least not very much."), "soft")
    story.any("They took a lamp and went on tiptoe {goto}.", "Hand in hand they went {goto}." if story.cast["A"].person and story.cast["B"].person else "Side by side they crept {goto}.", "The floor was cold, and the shadows were long.")
    story.any("The sound grew louder with every step.", "There it was again!", "They held their breath.")
    story.any("{A} [lifted the lamp|opened the door|counted to three and looked]. ^it was only {cause}.", "And what did they find? ^it was {cause}!")
    story.any("They looked at each other and began to laugh.", "{A} had to laugh so hard that the lamp shook.", "{B} sat down on the floor and laughed.")
    story.say("B", story.pick("What a terrible ghost!", "And for that we were so afraid.", "Now I can sleep."), "happy")
    story.paragraph()
    scenes.ending(story, True)


def building(story):
    thing, needs, touch = story.pick(lexicon.BUILDS)
    where = {"raft": "river", "snowman": "garden", "sand castle": "beach", "bridge over the stream": "valley", "scarecrow": "farm", "tree house": "forest"}.get(thing, "garden")
    start(story, where=where)
    story.slots |= {"thing": thing, "n1": needs[0], "n2": needs[1], "n3": needs[2], "touch": touch}
    story.any("{oneday} {A} and {B} wanted to build a {thing}.", "{A} had a plan: a {thing}!", "{A} had always dreamed of a {thing} of {a.p} own.")
    story.say("A", story.pick("We need {n1}, {n2} and {n3}.", "Will you help me build it?", "It will be the best {thing} in the world!"), "")
    story.say("B", story.pick("I know where to find {n1}.", "That sounds like a lot of work. Let us begin!", "I have {n3} at home."), "")
    story.any("They looked for {n1}, {n2} and {n3}.", "{A} brought {n1}, and {B} brought {n2} and {n3}.", "Soon everything was ready {there}.")
    story.paragraph()
    story.any("The first try fell apart.", "It was harder than they had thought.", "At first nothing fit together.")
    story.say("B", story.pick("We did it wrong.", "Maybe we should stop.", "I am tired."), "sad") if story.chance(0.6) else None
    story.say("A", story.pick("Let us think first and build later.", "We must make the bottom wider.", "One more time, and slowly."), "")
    story.any("So they began again, from the bottom to the top.", "{B} held everything in place, and {A} did the rest.", "This time they helped each other, and it went much better.")
    scenes.along_the_way(story)
    story.any("By evening the {thing} was done.", "After three days it was finished.", "When the sun went down, there it stood.")
    story.any("{A} {touch}.", "At the very end {B} {touch}.")
    story.say("B", story.pick("We did it!", "It is even better than I thought.", "And we made it all ourselves!"), "happy")
    story.paragraph()
    scenes.ending(story, True)


ALL = [lost_thing, found_thing, sharing, fear, learning, rescue, cooking, lost_way, gift, broken_truth,
       planting, newcomer, repair, night_noise, building]
