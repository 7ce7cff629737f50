"""The words of the stories: people, animals, places, things and small phrases."""

GIRLS = (
    """Lily Mia Anna Sara Ella Lucy Emma Nora Rosa Ivy Clara Ada Maya Zoe Ruby Hanna Eva Leah Nina
Alice Daisy Molly Grace Stella June Tess Olga Wren Hazel Amy Kate Maria Sofia Elsa Greta Rose Lena
Penny Sue Jane Mary Beth Iris Flora Vera Tara Lola Edith Marta Polly""".split()
)
BOYS = (
    """Tom Ben Max Sam Leo Jack Tim Finn Noah Owen Luke Adam Paul Peter Oscar Hugo Felix Theo Emil
Jonas Ravi Omar Milo Ned Ted Joe Will Henry Walter George Arthur Simon Martin Karl Otto Bruno Oliver
Toby Dan Nick Alex Jim Bill Eric Ali Kofi Yusuf Anton Lars Hans""".split()
)
ANIMAL_NAMES = """Pip Bramble Fern Rusty Pebble Button Nutmeg Clover Whisker Dusty Maple Biscuit Flint
Willow Moss Ginger Puddle Sunny Snow Acorn Copper Berry Pepper Juniper Dot Barley Cloud Tansy""".split()
ANIMALS = (
    """fox rabbit mouse bear hedgehog squirrel owl frog duck goose cat dog kitten puppy pony donkey
goat lamb badger mole crow sparrow robin turtle snail otter beaver deer wolf hen pig bee""".split()
)
HURT_ANIMALS = (
    """kitten|puppy|lamb|rabbit|fawn|sparrow|robin|hedgehog|duckling|squirrel|owl|mouse""".split(
        "|"
    )
)
SMALL = "little young small tiny brown gray clever shy quiet brave curious old".split()
TRAITS = """brave|kind|curious|shy|clever|gentle|quiet|cheerful|careful|stubborn|patient|proud|honest|
dreamy|lively|friendly|busy|merry""".replace(
    "\n", ""
).split(
    "|"
)
ADULTS = [
    ("farmer", "he"),
    ("farmer", "she"),
    ("baker", "he"),
    ("baker", "she"),
    ("teacher", "she"),
    ("teacher", "he"),
    ("fisherman", "he"),
    ("gardener", "she"),
    ("gardener", "he"),
    ("shepherd", "he"),
    ("shepherd", "she"),
    ("weaver", "she"),
    ("miller", "he"),
    ("blacksmith", "he"),
    ("carpenter", "she"),
    ("sailor", "he"),
    ("doctor", "she"),
    ("potter", "she"),
    ("clockmaker", "he"),
    ("tailor", "he"),
    ("librarian", "she"),
    ("ferryman", "he"),
    ("beekeeper", "she"),
    ("painter", "he"),
    ("neighbor", "she"),
]
FAMILY = [
    ("mother", "she"),
    ("father", "he"),
    ("grandmother", "she"),
    ("grandfather", "he"),
    ("aunt", "she"),
    ("uncle", "he"),
]

# noun of the place: (where, to where, things one sees there, spots where things hide)
PLACES = {
    "forest": (
        "in the forest",
        "into the forest",
        ["tall trees full of birds", "mushrooms as red as apples", "a deer between the trees"],
        ["under a pile of leaves", "inside a hollow tree", "behind a mossy log"],
    ),
    "garden": (
        "in the garden",
        "into the garden",
        ["bees among the roses", "rows of beans and peas", "a snail on a wet stone"],
        ["under the rose bush", "behind the watering can", "between the cabbages"],
    ),
    "beach": (
        "on the beach",
        "down to the beach",
        ["white shells in the sand", "a crab in a small pool", "long waves with foam on top"],
        ["half hidden in the sand", "between two rocks", "under an old boat"],
    ),
    "market": (
        "at the market",
        "to the market",
        ["baskets of plums and pears", "a man with a singing bird", "bright cloth on long tables"],
        ["under a fruit stand", "behind a row of baskets", "beside the fountain"],
    ),
    "park": (
        "in the park",
        "to the park",
        ["ducks on the pond", "children on the swings", "an old man feeding the pigeons"],
        ["under a bench", "behind the slide", "in the tall grass by the pond"],
    ),
    "farm": (
        "on the farm",
        "to the farm",
        ["hens in the yard", "a sleepy cow by the gate", "hay in golden piles"],
        ["in the hay", "behind the barn door", "under the old wagon"],
    ),
    "river": (
        "by the river",
        "down to the river",
        ["silver fish in the clear water", "a heron on one leg", "reeds that bent in the wind"],
        ["among the reeds", "on a flat stone", "under the wooden bridge"],
    ),
    "meadow": (
        "in the meadow",
        "out to the meadow",
        ["yellow flowers everywhere", "butterflies over the grass", "a lark high in the sky"],
        ["in the long grass", "beside a patch of clover", "behind a gray stone"],
    ),
    "hill": (
        "on the hill",
        "up the hill",
        ["the whole village far below", "sheep like small white clouds", "a wide blue sky"],
        ["under a thorn bush", "beside the stone wall", "in a small hole in the ground"],
    ),
    "school": (
        "at school",
        "to school",
        ["pictures on all the walls", "children running in the yard", "a big map of the world"],
        ["under a desk", "behind the bookshelf", "in the bottom of the paint box"],
    ),
    "library": (
        "in the library",
        "to the library",
        ["shelves up to the ceiling", "a cat asleep on a chair", "a globe in the corner"],
        ["between two thick books", "under a soft chair", "on the highest shelf"],
    ),
    "harbor": (
        "at the harbor",
        "down to the harbor",
        ["ships with tall masts", "gulls fighting over a fish", "nets drying in the sun"],
        ["inside a coil of rope", "behind some barrels", "under a net"],
    ),
    "old mill": (
        "at the old mill",
        "to the old mill",
        [
            "a wheel that turned in the stream",
            "sacks of flour by the door",
            "white dust in the light",
        ],
        ["behind a sack of flour", "under the stairs", "beside the great stone"],
    ),
    "orchard": (
        "in the orchard",
        "to the orchard",
        [
            "branches heavy with apples",
            "a ladder against a tree",
            "wasps on the sweet fallen fruit",
        ],
        ["under a pear tree", "in an empty basket", "among the fallen leaves"],
    ),
    "lake": (
        "by the lake",
        "to the lake",
        ["a rowing boat tied to a post", "water as smooth as glass", "swans near the far shore"],
        ["under the small dock", "behind a fallen tree", "among the water lilies"],
    ),
    "kitchen": (
        "in the kitchen",
        "to the kitchen",
        ["a pot of soup on the stove", "copper pans in a row", "bread cooling by the window"],
        ["behind the flour jar", "under the table", "in the lowest drawer"],
    ),
    "attic": (
        "in the attic",
        "up to the attic",
        ["old trunks under the dust", "a broken rocking horse", "a round window with a spider"],
        ["inside an old trunk", "behind a broken chair", "under a heap of blankets"],
    ),
    "village square": (
        "in the village square",
        "to the village square",
        ["a fountain with a stone fish", "people talking in the sun", "pigeons on every roof"],
        ["beside the fountain", "under a cart", "on the steps of the town hall"],
    ),
    "barn": (
        "in the barn",
        "to the barn",
        ["swallows high under the roof", "a ladder to the loft", "sunlight in thin lines"],
        ["behind a bale of straw", "in the feed bucket", "up in the loft"],
    ),
    "valley": (
        "in the valley",
        "down to the valley",
        ["a stream between two hills", "smoke from a small chimney", "wild goats on the rocks"],
        ["near the stream", "under a juniper bush", "behind a big round rock"],
    ),
}
OUTDOORS = [
    "forest",
    "garden",
    "beach",
    "park",
    "river",
    "meadow",
    "hill",
    "orchard",
    "lake",
    "valley",
]

# thing: (use, used)
TOYS = {
    "ball": ("throw it high", "threw it high"),
    "kite": ("fly it", "flew it"),
    "drum": ("beat it", "beat it"),
    "toy boat": ("sail it", "sailed it"),
    "wooden train": ("push it around", "pushed it around"),
    "doll": ("dress it", "dressed it"),
    "spinning top": ("spin it", "spun it"),
    "hoop": ("roll it", "rolled it"),
    "puppet": ("make it dance", "made it dance"),
    "sled": ("ride on it", "rode on it"),
    "jump rope": ("jump with it", "jumped with it"),
    "toy horse": ("ride it", "rode it"),
    "box of paints": ("paint with it", "painted with it"),
    "music box": ("listen to it", "listened to it"),
    "picture book": ("look at it", "looked at it"),
    "set of blocks": ("build with it", "built with it"),
    "whistle": ("blow it", "blew it"),
    "paper boat": ("float it", "floated it"),
    "red wagon": ("pull it", "pulled it"),
    "bag of marbles": ("play with it", "played with it"),
}
TREASURES = (
    """silver key|gold ring|red scarf|blue hat|leather bag|small lantern|pocket watch|wooden flute|green
button|silver bell|warm coat|little mirror|old map|brass compass|woolen mitten|glass bead|tin box|letter|
white feather|bone comb|red purse|clay cup|pair of glasses|silver spoon|striped umbrella|straw hat|
notebook|gold coin|wooden bird|blue ribbon|basket|knitted blanket""".replace(
        "\n", " "
    )
    .replace("| ", "|")
    .split("|")
)
COLORS = "red blue green yellow white purple orange silver golden brown".split()

SKILLS = [  # infinitive, past, gerund, what goes wrong, where
    ("swim", "swam", "swimming", "swallowed a mouthful of water", "lake"),
    ("ride a bicycle", "rode the bicycle", "riding", "fell into the grass", "park"),
    ("whistle", "whistled", "whistling", "blew only air", "garden"),
    ("play the violin", "played the violin", "playing", "made it squeak like a mouse", "kitchen"),
    ("play the flute", "played the flute", "playing", "made a sound like an angry goose", "meadow"),
    ("skate", "skated", "skating", "sat down hard on the ice", "lake"),
    ("juggle", "juggled", "juggling", "dropped all three apples", "village square"),
    ("read", "read a whole page", "reading", "mixed up all the letters", "library"),
    ("knit", "knitted", "knitting", "tied the wool into a great knot", "kitchen"),
    ("climb trees", "climbed the oak", "climbing", "slid down the trunk", "forest"),
    ("bake bread", "baked a fine loaf", "baking", "burned the crust black", "kitchen"),
    ("draw horses", "drew a horse", "drawing", "drew something like a potato with legs", "school"),
    ("row a boat", "rowed the boat", "rowing", "turned in circles", "lake"),
    ("catch a ball", "caught the ball", "catching", "let it slip through", "park"),
    ("dance", "danced", "dancing", "stepped on everyone's toes", "village square"),
    ("sing", "sang", "singing", "forgot the words", "school"),
    ("tie a good knot", "tied a good knot", "tying knots", "made only a tangle", "harbor"),
]
FEARS = [  # afraid of, where, when it happens, the truth
    ("the dark", "attic", "The lamp went out", "It was only the same room with its eyes closed"),
    (
        "thunder",
        "kitchen",
        "A loud crash shook the windows",
        "It was only the clouds bumping together",
    ),
    (
        "deep water",
        "lake",
        "The boat rocked from side to side",
        "The water held everyone who lay still",
    ),
    (
        "high places",
        "hill",
        "The path grew narrow and steep",
        "The ground was firm under every careful step",
    ),
    (
        "the big dog next door",
        "garden",
        "The dog came running through the gate",
        "The dog only wanted to play",
    ),
    (
        "speaking in front of people",
        "school",
        "All the faces turned to the front",
        "The faces were all friendly",
    ),
    ("the old owl", "forest", "Two round eyes opened in the tree", "The owl was only lonely"),
    ("the wind", "valley", "The wind began to howl", "The wind was only singing an old song"),
    ("spiders", "attic", "A spider came down on a thread", "The spider was only mending its web"),
    ("the sea", "beach", "A great wave rolled in", "The wave turned to soft foam on the sand"),
]
FOODS = """bread and honey|warm soup|apple pie|pancakes with jam|ginger cookies|a bowl of plums|cheese and
pears|hot porridge|a slice of cake|roasted nuts|berry tart|potato soup|sweet buns|carrot cake|fresh
rolls|blackberry jam on toast""".replace(
    "\n", " "
).split(
    "|"
)
DISHES = [
    ("cake", "flour, eggs and butter", "sugar", "salt"),
    ("soup", "carrots, beans and onions", "salt", "sugar"),
    ("apple pie", "apples, flour and butter", "sugar", "salt"),
    ("bread", "flour, water and a little oil", "yeast", "sand"),
    ("pancakes", "milk, eggs and flour", "sugar", "pepper"),
    ("cookies", "oats, butter and honey", "cinnamon", "pepper"),
]
BUILDS = [  # what, needs, finishing touch
    ("tree house", ["old boards", "a bag of nails", "a long rope"], "hung a flag from the roof"),
    ("raft", ["six logs", "strong rope", "a long pole"], "tied a white cloth to the mast"),
    ("snowman", ["clean snow", "two black stones", "a carrot"], "put an old hat on its head"),
    ("sand castle", ["wet sand", "a bucket", "many shells"], "set a feather on the highest tower"),
    ("birdhouse", ["a few boards", "a small saw", "some green paint"], "painted a tiny door on it"),
    ("kite", ["thin sticks", "blue paper", "a ball of string"], "gave it a long tail of ribbons"),
    ("bridge over the stream", ["flat stones", "two long planks", "some rope"], "swept it clean"),
    ("scarecrow", ["straw", "an old coat", "two sticks"], "gave it a smile of red thread"),
    (
        "little boat",
        ["a smooth piece of wood", "a sharp knife", "a bit of cloth"],
        "wrote its name on the side",
    ),
    ("swing", ["a strong branch", "two ropes", "a smooth board"], "tied the last knot twice"),
]
SEEDS = [
    ("sunflower", "sunflower", "as tall as the fence"),
    ("bean", "bean plant", "up to the window"),
    ("pumpkin", "pumpkin", "as big as a chair"),
    ("apple", "apple tree", "a little taller every year"),
    ("tulip", "tulip", "as red as a fire"),
    ("rose", "rose bush", "full of pink flowers"),
    ("pea", "row of peas", "heavy with sweet green pods"),
    ("strawberry", "strawberry plant", "full of sweet berries"),
]
STUCK = [
    "its foot was caught in a fence",
    "it was stuck in a thorn bush",
    "it had fallen into a deep hole",
    "it could not get down from a tree",
    "its leg was hurt",
    "it was caught in an old net",
    "it was wet and cold from the rain",
    "it had lost its mother",
    "it was tangled in some string",
]
NOISES = [
    ("a soft tapping", "a branch that knocked on the window"),
    ("a low hum", "an old kettle on the stove"),
    ("a slow scratching", "a mouse that was building a nest"),
    ("a thin whistle", "the wind in the keyhole"),
    ("a strange rattle", "a loose board on the roof"),
    ("a small cry", "a kitten that wanted to come in"),
    ("a deep snore", "grandfather asleep in his chair"),
    ("a quick drip", "rain coming through the roof"),
    ("a rustle of paper", "a hedgehog in an old newspaper"),
    ("a tiny bell", "the goat that had left its pen"),
]
WISHES = [
    ("gold", "everything {a} touched was cold and hard", "nothing could be eaten"),
    ("never-ending summer", "the streams dried up", "the flowers bent their heads"),
    ("a house full of sweets", "the ants came in long lines", "{a.p} stomach hurt"),
    ("to be as big as a giant", "no door was wide enough", "no friend could hear {a.p} stories"),
    ("to be left alone", "the rooms grew very quiet", "there was no one to laugh with"),
    ("to fly like a bird", "the night wind was cold", "no branch was as soft as a bed"),
]
CRAFTS = [
    ("clock", "clockmaker", "a tiny wheel", "tick again"),
    ("chair", "carpenter", "a new leg", "stand again"),
    ("cart", "blacksmith", "a strong iron ring", "roll again"),
    ("coat", "tailor", "a patch as green as a leaf", "keep out the wind again"),
    ("pot", "potter", "fresh clay", "hold water again"),
    ("boat", "sailor", "a new plank", "float again"),
    ("picture", "painter", "a little blue paint", "look bright again"),
    ("net", "fisherman", "good new string", "catch fish again"),
]
RIDDLES = [
    ("What has teeth but cannot bite?", "a comb"),
    ("What has hands but cannot clap?", "a clock"),
    ("What gets wetter the more it dries?", "a towel"),
    ("What runs all day but never walks?", "a river"),
    ("What has one eye but cannot see?", "a needle"),
    ("What can you catch but never throw?", "a cold"),
    ("What grows smaller every time it takes a bath?", "a piece of soap"),
    ("What has a neck but no head?", "a bottle"),
    ("What belongs to you but others use it more?", "my name"),
    ("What is full of holes but still holds water?", "a sponge"),
    ("What goes up when the rain comes down?", "an umbrella"),
    ("What can fill a room and weigh nothing?", "light"),
]
