"""English word lists for the plan: function words, who can act, places, times. Other languages do without them."""

from __future__ import annotations

from flows.storyboard.vocabulary import TimeOfDay


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION_WORDS = _words(
    """a about above across after again against all almost along already also although always am among an and
    another any anyone anything are around as at away back be because been before behind being below beside
    between both but by can cannot could did do does doing don't down during each either else enough even ever
    every everyone everything few for from had has have having he her here hers herself him himself his how
    however i if in into is it its itself just less let like made make makes many may me might more most much
    must my myself near never no nobody none nor not nothing now of off often on once one only onto or other
    others our ours out over own perhaps quite rather really said same say says she should since so some
    somebody someone something soon still such than that the their theirs them themselves then there these they
    this those though three through till to together too toward towards two under until up upon us very was we
    well were what when where whether which while who whom whose why will with within without would yet you your
    yours yourself"""
)

WOMEN = _words(
    """woman women girl girls mother mothers grandmother daughter daughters sister sisters aunt wife queen
    princess lady ladies witch nun actress waitress"""
)
MEN = _words(
    """man men boy boys father fathers grandfather son sons brother brothers uncle husband king prince gentleman
    fisherman postman monk actor waiter sailor"""
)
PEOPLE = _words(
    """person people child children baby babies friend friends neighbour neighbours neighbor neighbors stranger
    strangers teacher teachers student students pupil doctor nurse farmer farmers gardener baker cook painter
    artist writer poet singer dancer musician pilot driver captain soldier soldiers guard guards keeper
    clockmaker carpenter builder builders engineer scientist astronaut traveller travellers traveler travelers
    hunter shepherd merchant thief ghost ghosts giant giants wizard pirate pirates crowd crowds villagers family
    team teams worker workers manager managers boss customer librarian tailor blacksmith miner knight knights
    passenger passengers grandparents parents twins owner mayor judge clown detective apprentice"""
)
CREATURES = _words(
    """robot robots machine android drone dog dogs puppy cat cats kitten bird birds crow owl gull gulls eagle
    fox foxes wolf wolves bear bears horse horses donkey cow goat sheep lamb pig rabbit hare mouse mice rat deer
    lion tiger elephant monkey whale whales dolphin fish turtle snake frog spider bee bees butterfly dragon
    dragons monster creature creatures unicorn snail hedgehog squirrel alien aliens"""
)
BIRDS = _words("bird birds crow owl gull gulls eagle")
SCALED = _words("fish turtle snake dragon dragons")
MACHINES = frozenset({"robot", "robots", "machine", "android", "drone"})
ACTORS = WOMEN | MEN | PEOPLE | CREATURES

PLACES = _words(
    """lighthouse sea ocean beach shore coast bay harbour harbor rocks cliff island river lake bridge boat ship
    house home hut cabin castle tower palace church temple school hospital station train shop market street
    streets road path city town village square park garden field fields meadow forest wood woods jungle desert
    mountain mountains hill valley cave mine kitchen room bedroom attic cellar stairs roof balcony window office
    desk workshop library theatre museum factory farm barn stable yard well space moon planet sky station tunnel
    corridor prison camp battlefield bar cafe restaurant hotel airport"""
)

THINGS = _words(
    """lamp lamps light lights flash flashes storm rain snow wind fog fire hand hands arm arms eye eyes mast
    letter letters book books door doors key keys table chair bed clock bell bells kite bicycle car wheel rope
    candle candles phone phones radio radios cello piano screen screens message messages meeting meetings word
    words song"""
)
ABSTRACT = _words(
    """silence night nights day days morning evening winter spring summer autumn year years month months week
    weeks hour time life death love trust work job idea ideas storyboard end beginning world thing things way
    part name"""
)
"""What cannot be drawn by itself, and cannot act."""

TIME_WORDS: dict[str, TimeOfDay] = {
    "dawn": TimeOfDay.DAWN, "sunrise": TimeOfDay.DAWN, "daybreak": TimeOfDay.DAWN,
    "morning": TimeOfDay.MORNING, "breakfast": TimeOfDay.MORNING,
    "noon": TimeOfDay.DAY, "midday": TimeOfDay.DAY, "afternoon": TimeOfDay.DAY, "daylight": TimeOfDay.DAY,
    "evening": TimeOfDay.DUSK, "dusk": TimeOfDay.DUSK, "sunset": TimeOfDay.DUSK, "twilight": TimeOfDay.DUSK,
    "night": TimeOfDay.NIGHT, "nights": TimeOfDay.NIGHT, "midnight": TimeOfDay.NIGHT, "moonlight": TimeOfDay.NIGHT,
    "stars": TimeOfDay.NIGHT,
}  # fmt: skip

SCENE_OPENERS = (
    "one day", "one night", "one morning", "one evening", "one winter", "one summer", "the next", "next day",
    "later", "after that", "years later", "days later", "weeks later", "months later", "all winter", "all summer",
    "all night", "all day", "in spring", "in summer", "in autumn", "in winter", "in the morning", "in the evening",
    "in the end", "at night", "at dawn", "at last", "at first", "that night", "that day", "that evening", "when the",
    "then one", "meanwhile", "finally", "by morning", "by evening", "until one", "long ago", "once upon", "now",
)  # fmt: skip
"""How a sentence begins that moves a story to another time or place."""

CALENDAR = _words(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july
    august september october november december christmas easter god english i"""
)
"""Words that are written with a capital letter and are nobody's name."""

DETAILS = _words("hand hands finger fingers eye eyes face lips letter key button ring")
"""What is worth a close-up."""
