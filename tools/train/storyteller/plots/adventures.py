"""Small adventures: storms, voyages, a lighthouse, and a walk on which little happens."""

import lexicon
import scenes
from narrator import Character
from scenes import start


def storm(story):
    start(story, where=story.pick("harbor", "lake", "farm", "valley", "hill", "beach"))
    story.any(
        "{oneday} dark clouds came over the {place}.",
        "The sky turned black, and the birds were silent.",
        "The wind grew stronger with every hour.",
    )
    story.say(
        "B",
        story.pick("A storm is coming.", "We must get inside.", "Close the windows, quickly!"),
        "",
    )
    story.any(
        "Rain beat against the door, and lightning cut the sky.",
        "The trees bent low, and water ran down every path.",
        "Then the storm was there, with rain and thunder.",
    )
    story.any(
        "{suddenly} {A} thought of the [hens|sheep|little lambs|old boat|young trees|neighbor's"
        " goat].",
        "Through the noise {A} heard a call for help.",
    )
    story.say(
        "A",
        story.pick(
            "Someone must go out.", "I am going. Wait here.", "We cannot leave them out there!"
        ),
        "",
    )
    story.say(
        "B",
        story.pick(
            "Then I am coming, too.", "It is too dangerous!", "Take the rope, and hold on tight."
        ),
        "",
    )
    story.paragraph()
    story.any(
        "Step by step they fought against the wind.",
        "The rain was so thick that they could hardly see.",
        "{A} tied a rope to the door, and they followed it into the dark.",
    )
    story.any(
        "At last they brought everyone to safety.",
        "Together they pulled and pushed until all were under the roof.",
        "It took all their strength, but in the end everyone was safe.",
    )
    story.any(
        "Wet and cold, they sat by the fire and ate {food}.",
        "Inside it was warm, and someone had made {food}.",
    )
    story.paragraph()
    story.any(
        "In the morning the sun came out, and there was a rainbow over the {place}.",
        "By morning the storm was gone, and every leaf was shining.",
    )
    story.any(
        "Everyone thanked {A} and {B}.",
        "{B} looked at {A} and smiled.",
        "There was much to repair, but everyone helped.",
    )
    scenes.ending(story, True)


def voyage(story):
    start(story, where=story.pick("harbor", "beach", "lake", "river"))
    story.slots |= {
        "thing": story.pick(lexicon.TREASURES),
        "boatname": story.pick(
            "Seagull", "Little Star", "North Wind", "Swallow", "Blue Fish", "Morning"
        ),
    }
    story.any(
        "{A} and {B} had found an old map.",
        "In a bottle {A} found a map with a red cross.",
        "{A} owned a small boat named {boatname}.",
    )
    story.say(
        "A",
        story.pick(
            "Let us sail to the island.", "There must be a treasure.", "Will you come with me?"
        ),
        "",
    )
    story.say(
        "B",
        story.pick(
            "I will bring food for two days.",
            "What if there are pirates?",
            "Yes! I have always wanted to see the island.",
        ),
        "",
    )
    story.any(
        "They set out early, when the water was calm.",
        "A light wind filled the sail.",
        "They rowed until their arms were tired.",
    )
    story.any(
        "Fish jumped around the boat.",
        "A gull flew with them for a long way.",
        "Around them was nothing but blue water.",
    )
    story.paragraph()
    story.any(
        "At noon they came to the island.",
        "Then they saw land. It was green and still.",
        "The island was small, with one tall tree in the middle.",
    )
    story.any(
        "They dug under the tree until they hit something hard.",
        "They followed the map, ten steps to the left and five to the right.",
        "Behind a waterfall they found a cave.",
    )
    story.any(
        "It was a box. Inside lay a {thing} and a letter.",
        "There was no gold. There was only a {thing}.",
        "In an old chest they found a {thing}.",
    )
    story.say(
        "B", story.pick("Is that all?", "Someone hid this a long time ago.", "Who put it here?"), ""
    )
    story.say(
        "A",
        story.pick(
            "It is the way that counts, not the gold.",
            "Let us leave something here for the next ones.",
            "What a day! That is treasure enough.",
        ),
        "wise",
    )
    story.any(
        "They put {food} and a note into the box and closed it again.",
        "They took it along and hung it over the door at home.",
        "On the shore they made a fire and watched the stars.",
    )
    story.paragraph()
    story.any(
        "On the way back the wind was with them.",
        "The lights of the harbor showed them the way home.",
        "They came home after dark.",
    )
    scenes.ending(story, True)


def lighthouse(story):
    start(story, animals=0.1, company=False, where=story.pick("harbor", "beach"))
    story.cast["B"] = Character(
        "", "lighthouse keeper", story.pick("he", "she"), story.pick("", "old"), person=True
    )
    story.any(
        "On a rock in the sea stood a lighthouse, and there lived {B}.",
        "Every evening {A} saw the light of the lighthouse. ^there lived {B}.",
    )
    story.any(
        "{A} often brought {B} {food}.",
        "{A} visited {B} whenever the sea was calm.",
        "{B} told {A} about ships and faraway lands.",
    )
    story.say(
        "B",
        story.pick(
            "The light must never go out.",
            "A single light can save a hundred ships.",
            "Some day you will look after the lamp.",
        ),
        "wise",
    )
    story.paragraph()
    story.any(
        "One night there was thick fog, and the light was not burning.",
        "Then came a night without stars. The lighthouse was dark.",
    )
    story.say(
        "A",
        story.pick(
            "Something has happened!", "Why is there no light?", "The ships will hit the rocks!"
        ),
        "",
    )
    story.any(
        "{A} took a lantern and ran over the wet stones.",
        "^{a} jumped into the boat and rowed as fast as {a} could.",
    )
    story.any(
        "{B} had fallen on the stairs and could not stand up.", "{B} lay in bed with a fever."
    )
    story.say(
        "B",
        story.pick(
            "The lamp! You must light the lamp.",
            "Go up, quickly. You know what to do.",
            "Do not worry about me. Think of the ships.",
        ),
        "soft",
    )
    story.any(
        "{A} climbed the hundred steps. {a.p} hands shook, but the lamp began to burn.".replace(
            "{a.p}", "^{a.p}"
        ),
        "Up and up {a} went. The first match went out, and the second, but the third one burned.",
    )
    story.any(
        "Out in the fog a ship turned away from the rocks just in time.",
        "Far out a horn sounded three times. It was a ship that said thank you.",
    )
    story.paragraph()
    story.any(
        "In the morning the captain came and shook {A.p} hand.",
        "By morning the fog was gone, and {B} felt better.",
        "{A} kept the light burning until {B} was well again.",
    )
    story.say(
        "B",
        story.pick(
            "Now you are a keeper of the light, too.",
            "I could not have done it better.",
            "You saved many people last night.",
        ),
        "wise",
    )
    scenes.ending(story)


def daydream(story):
    """Not much happens: a walk, what is seen and thought."""
    start(story, company=False)
    for _ in range(story.pick(1, 2, 2)):
        story.paragraph()
        scenes.place(story, story.pick([p for p in lexicon.PLACES if p != story.slots["place"]]))
        scenes.arrive(story)
        story.maybe(
            0.8,
            "^{a} sat down {spot} and looked around.",
            "^{a} lay on {a.p} back and looked at the sky.",
            "^{a} picked up a [stone|leaf|feather|shell] and kept it.",
        )
        story.maybe(
            0.5,
            "How old is the world, {a} wondered, and who made the first song?",
            "^{a} thought about [clouds|the sea|tomorrow|{a.p} friends|a story from long ago].",
            "A [bee|bird|mouse|beetle] came close and was not afraid.",
        )
        story.cast["B"] = scenes.adult(story)
        if story.chance(0.6):
            story.any(
                "{B} came by and greeted {a.o}.", "There was {B}, as on every day.", "{A} met {B}."
            )
            asked, answers = story.pick(
                (
                    "Good day! Where are you going?",
                    [
                        "Nowhere, and I have plenty of time.",
                        "I am going home, but slowly.",
                        "I go where the path goes.",
                    ],
                ),
                (
                    "A fine day, is it not?",
                    ["It is the finest day of the year!", "Yes, I could stay here forever."],
                ),
                (
                    "What are you looking at?",
                    [
                        "I am counting the clouds.",
                        "I am only looking.",
                        "I saw a bird with a red tail.",
                    ],
                ),
                (
                    "Have you eaten yet?",
                    ["Not yet. It smells of {food} here!", "Yes, but I could eat again."],
                ),
            )
            story.say("B", asked, "ask")
            story.say("A", story.pick(answers), story.pick("happy", ""))
            story.maybe(
                0.6,
                "{B} laughed and walked on.",
                "{B} sat down for a while, too.",
                "{B} gave {A} {food}.",
            )
    story.paragraph()
    scenes.ending(story)
