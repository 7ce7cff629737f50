"""Every plot a story can have. The order is part of what a seed means."""

from plots import adventures, fables, making, people, things

ALL = [
    things.lost_thing,
    things.found_thing,
    things.sharing,
    people.fear,
    making.learning,
    people.rescue,
    making.cooking,
    people.lost_way,
    things.gift,
    things.broken_truth,
    making.planting,
    people.newcomer,
    making.repair,
    people.night_noise,
    making.building,
    fables.wish,
    fables.race,
    adventures.storm,
    adventures.voyage,
    fables.trick,
    fables.winter_store,
    fables.moon,
    things.trade,
    people.sick_friend,
    fables.riddle,
    adventures.lighthouse,
    making.rainy_day,
    adventures.daydream,
]
