"""The words that a sketch understands, and what each stands for. The commonest also in languages but English."""

from __future__ import annotations

SHOT_TYPES = (
    "extreme wide",
    "wide",
    "medium",
    "close-up",
    "extreme close-up",
    "over-the-shoulder",
    "bird's-eye",
    "low-angle",
)

# Longest first where one holds another; matched against lower-case text with hyphens as spaces.
SHOT_WORDS: tuple[tuple[str, str], ...] = (
    ("extreme close up", "extreme close-up"),
    ("extreme closeup", "extreme close-up"),
    ("macro", "extreme close-up"),
    ("ecu", "extreme close-up"),
    ("over the shoulder", "over-the-shoulder"),
    ("ots", "over-the-shoulder"),
    ("bird's eye", "bird's-eye"),
    ("birds eye", "bird's-eye"),
    ("bird’s eye", "bird's-eye"),  # noqa: RUF001 - people write it with either apostrophe
    ("aerial", "bird's-eye"),
    ("overhead", "bird's-eye"),
    ("top down", "bird's-eye"),
    ("from above", "bird's-eye"),
    ("high angle", "bird's-eye"),
    ("low angle", "low-angle"),
    ("from below", "low-angle"),
    ("worm's eye", "low-angle"),
    ("extreme wide", "extreme wide"),
    ("extreme long", "extreme wide"),
    ("establishing", "extreme wide"),
    ("panorama", "extreme wide"),
    ("close up", "close-up"),
    ("closeup", "close-up"),
    ("portrait", "close-up"),
    ("cu", "close-up"),
    ("medium", "medium"),
    ("mid shot", "medium"),
    ("two shot", "medium"),
    ("cowboy", "medium"),
    ("waist", "medium"),
    ("wide", "wide"),
    ("long shot", "wide"),
    ("full shot", "wide"),
)

# What draws itself as a figure: word -> kind.
FIGURES: dict[str, str] = {
    "robot": "robot", "android": "robot", "automaton": "robot", "drone": "robot",
    "woman": "woman", "girl": "girl", "lady": "woman", "mother": "woman", "mom": "woman", "queen": "woman",
    "sister": "woman", "wife": "woman", "daughter": "girl", "princess": "woman", "witch": "woman", "she": "woman",
    "grandmother": "old woman", "granny": "old woman", "grandma": "old woman",
    "man": "man", "boy": "boy", "father": "man", "dad": "man", "king": "man", "brother": "man", "husband": "man",
    "son": "boy", "sailor": "man", "fisherman": "man", "captain": "man", "he": "man", "wizard": "old man",
    "grandfather": "old man", "grandpa": "old man", "keeper": "old man", "hermit": "old man", "elder": "old man",
    "child": "child", "kid": "child", "baby": "child", "toddler": "child", "children": "child",
    "person": "person", "people": "person", "figure": "person", "traveler": "person", "traveller": "person",
    "wanderer": "person", "student": "person", "artist": "person", "writer": "person", "scientist": "person",
    "teacher": "person", "doctor": "person", "nurse": "woman", "explorer": "person", "astronaut": "astronaut",
    "violinist": "person", "pianist": "person", "singer": "person", "soldier": "person",
    "hiker": "person", "worker": "person", "farmer": "person", "dancer": "woman", "musician": "person",
    "stranger": "person", "friend": "person", "crowd": "person", "engineer": "person", "programmer": "person",
    "bird": "bird", "seagull": "bird", "gull": "bird", "crow": "bird", "raven": "bird",
    "sparrow": "bird", "pigeon": "bird", "eagle": "bird", "dove": "bird", "duck": "bird", "hawk": "bird",
    "chicken": "bird", "hen": "bird", "rooster": "bird", "goose": "bird", "geese": "bird", "swan": "bird",
    "parrot": "bird", "heron": "bird", "stork": "bird", "robin": "bird", "owl": "owl",
    "dog": "dog", "puppy": "dog", "hound": "dog", "cat": "cat", "kitten": "cat",
    "fox": "fox", "foxes": "fox", "wolf": "wolf", "wolves": "wolf", "coyote": "wolf", "jackal": "wolf",
    "bear": "bear", "panda": "bear", "rabbit": "rabbit", "bunny": "rabbit", "hare": "rabbit",
    "horse": "horse", "pony": "horse", "foal": "horse", "stallion": "horse", "donkey": "horse", "mule": "horse",
    "deer": "deer", "stag": "deer", "doe": "deer", "fawn": "deer", "moose": "deer", "elk": "deer",
    "reindeer": "deer", "antelope": "deer", "goat": "goat", "sheep": "sheep", "lamb": "sheep",
    "cow": "cow", "bull": "cow", "ox": "cow", "oxen": "cow", "calf": "cow", "buffalo": "cow",
    "pig": "pig", "piglet": "pig", "boar": "pig", "elephant": "elephant", "mammoth": "elephant", "camel": "camel",
    "lion": "lion", "tiger": "big cat", "leopard": "big cat", "panther": "big cat", "lioness": "big cat",
    "lynx": "big cat", "jaguar": "big cat", "cheetah": "big cat", "mouse": "mouse", "mice": "mouse", "rat": "mouse",
    "hamster": "mouse", "squirrel": "squirrel", "chipmunk": "squirrel", "hedgehog": "hedgehog",
    "porcupine": "hedgehog", "turtle": "turtle", "tortoise": "turtle", "frog": "frog", "toad": "frog",
    "butterfly": "butterfly", "butterflies": "butterfly", "moth": "butterfly", "bee": "bee", "bumblebee": "bee",
    "wasp": "bee", "whale": "whale", "fish": "fish", "fishes": "fish", "salmon": "fish", "trout": "fish",
    "goldfish": "fish", "dolphin": "fish", "shark": "fish", "animal": "animal", "beast": "animal",
    "creature": "animal", "monkey": "animal", "badger": "animal", "raccoon": "animal", "otter": "animal",
    "beaver": "animal", "kangaroo": "animal", "giraffe": "animal", "rhino": "animal", "hippo": "animal",
    "llama": "animal", "zebra": "horse", "unicorn": "horse", "weasel": "animal", "mole": "animal",
    "lizard": "animal", "crocodile": "animal", "dinosaur": "animal", "dragon": "animal", "snake": "animal",
    # the same in some other languages
    "mujer": "woman", "niña": "girl", "hombre": "man", "niño": "boy", "perro": "dog", "gato": "cat",
    "pájaro": "bird", "zorro": "fox", "lobo": "wolf", "oso": "bear", "conejo": "rabbit", "caballo": "horse",
    "ciervo": "deer", "búho": "owl", "pez": "fish", "tortuga": "turtle", "mariposa": "butterfly", "renard": "fox",
    "loup": "wolf", "lapin": "rabbit", "cheval": "horse", "cerf": "deer", "hibou": "owl", "poisson": "fish",
    "tortue": "turtle", "papillon": "butterfly", "fuchs": "fox", "bär": "bear", "hase": "rabbit", "pferd": "horse",
    "hirsch": "deer", "eule": "owl", "fisch": "fish", "schildkröte": "turtle", "schmetterling": "butterfly",
    "лиса": "fox", "волк": "wolf", "медведь": "bear", "заяц": "rabbit", "лошадь": "horse", "сова": "owl",
    "рыба": "fish", "ثعلب": "fox", "ذئب": "wolf", "حصان": "horse", "أرنب": "rabbit", "سمكة": "fish", "狐狸": "fox",
    "狐": "fox", "狼": "wolf", "熊": "bear", "兔": "rabbit", "马": "horse", "馬": "horse", "鱼": "fish", "魚": "fish",
    "femme": "woman", "fille": "girl", "homme": "man", "garçon": "boy", "enfant": "child",
    "chien": "dog", "oiseau": "bird", "frau": "woman", "mädchen": "girl", "mann": "man", "junge": "boy",
    "hund": "dog", "katze": "cat", "vogel": "bird", "roboter": "robot", "женщина": "woman", "девочка": "girl",
    "мужчина": "man", "мальчик": "boy", "робот": "robot", "собака": "dog", "кошка": "cat", "птица": "bird",
    "روبوت": "robot", "امرأة": "woman", "رجل": "man", "طفل": "child", "طفلة": "girl", "طائر": "bird", "كلب": "dog",
    "机器人": "robot", "女人": "woman", "男人": "man", "孩子": "child", "鸟": "bird", "狗": "dog", "猫": "cat",
}  # fmt: skip

# Words for several of a kind that no plural's s gives away.
GROUPS = frozenset({
    "people", "children", "kids", "men", "women", "wolves", "foxes", "mice", "butterflies", "geese", "oxen", "crowd",
})  # fmt: skip

# More people than one could name.
CROWDS = frozenset({
    "crowd", "crowds", "crowded", "audience", "thousand", "thousands", "hundreds", "parade", "procession", "army",
    "festival", "multitude", "multitud", "foule", "menge", "толпа", "حشد", "人群",
})  # fmt: skip

# How large somebody is beside others of their kind.
SIZES: dict[str, float] = {
    "tiny": 0.42, "little": 0.6, "small": 0.58, "miniature": 0.42, "young": 0.85, "tall": 1.06, "big": 1.25,
    "large": 1.25, "huge": 1.5, "giant": 1.6, "gigantic": 1.6, "enormous": 1.5, "towering": 1.5, "pequeño": 0.6,
    "pequeña": 0.6, "petit": 0.6, "petite": 0.6, "kleiner": 0.6, "kleine": 0.6, "kleines": 0.6, "маленький": 0.6,
    "маленькая": 0.6, "صغير": 0.6, "صغيرة": 0.6, "小": 0.6,
}  # fmt: skip

# Where it happens: word -> ground.
GROUNDS: dict[str, str] = {
    "sea": "sea", "ocean": "sea", "harbor": "sea", "harbour": "sea", "bay": "sea", "lake": "sea",
    "coast": "shore", "shore": "shore", "beach": "shore", "island": "shore", "cliff": "shore",
    "pier": "shore", "dock": "shore", "lighthouse": "shore", "city": "city",
    "skyline": "city", "skyscrapers": "city", "buildings": "city", "street": "city", "town": "city",
    "alley": "city", "downtown": "city", "market": "city", "rooftop": "city", "station": "city", "room": "room",
    "kitchen": "room", "bedroom": "room", "office": "room", "interior": "room", "inside": "room", "indoors": "room",
    "library": "room", "workshop": "room", "cabin": "room", "attic": "room", "hall": "room", "studio": "room",
    "classroom": "room", "laboratory": "room", "lab": "room", "hospital": "room", "cafe": "room", "café": "room",
    "theater": "room", "theatre": "room", "corridor": "room", "desk": "room", "museum": "room", "forest": "forest",
    "woods": "forest", "jungle": "forest", "grove": "forest", "mountain": "mountains", "mountains": "mountains",
    "peak": "mountains", "summit": "mountains", "valley": "mountains", "desert": "desert", "dune": "desert",
    "dunes": "desert", "sand": "desert", "snow": "snow", "ice": "snow", "winter": "snow", "glacier": "snow",
    "arctic": "snow", "road": "road", "path": "road", "journey": "road", "choice": "road", "highway": "road",
    "trail": "road", "space": "space", "planet": "space", "orbit": "space", "galaxy": "space", "spaceship": "space",
    "cosmos": "space", "field": "field", "meadow": "field", "garden": "field", "park": "field", "farm": "field",
    "hill": "field", "hills": "field", "village": "field", "countryside": "field", "grass": "field",
    "river": "field", "mar": "sea", "mer": "sea", "meer": "sea", "море": "sea", "بحر": "sea", "البحر": "sea",
    "海": "sea", "ciudad": "city", "ville": "city", "stadt": "city", "город": "city", "مدينة": "city",
    "المدينة": "city", "城": "city", "bosque": "forest", "forêt": "forest", "wald": "forest", "лес": "forest",
    "غابة": "forest", "森": "forest", "habitación": "room", "chambre": "room", "zimmer": "room", "комната": "room",
    "غرفة": "room", "montaña": "mountains", "montagne": "mountains", "berg": "mountains", "berge": "mountains",
    "горы": "mountains", "جبل": "mountains", "山": "mountains", "desierto": "desert", "désert": "desert",
    "wüste": "desert", "صحراء": "desert",
}  # fmt: skip

# Where nothing says where: what is there makes a ground likely.
LIKELY_GROUNDS: dict[str, str] = {
    "rocks": "shore", "boat": "sea", "ship": "sea", "sailor": "sea", "mast": "sea", "anchor": "shore",
    "seagull": "shore", "whale": "sea", "fish": "sea", "camel": "desert", "cactus": "desert", "oasis": "desert",
    "astronaut": "space", "rocket": "space", "stove": "room", "oven": "room", "kettle": "room", "soup": "room",
    "bed": "room", "shelf": "room", "lamp": "room", "sofa": "room", "carpet": "room", "window": "room",
    "door": "room",
    "stairs": "room", "table": "room", "chair": "room", "fireplace": "room", "deer": "forest", "owl": "forest",
    "bear": "forest", "wolf": "forest", "fox": "forest", "taxi": "city", "bus": "city", "traffic": "city",
    "square": "city", "crowd": "city", "parade": "city", "tent": "field", "horse": "field", "cow": "field",
    "sheep": "field", "well": "field", "waves": "sea", "water": "sea", "climber": "mountains", "sledge": "snow",
    "skis": "snow", "snowman": "snow",
}  # fmt: skip

# What a thing holds within: outdoors, it is not drawn beside it.
PARTS: dict[str, tuple[str, ...]] = {
    "lighthouse": ("lamp", "lantern", "stairs", "window", "door", "tower"),
    "boat": ("lamp", "lantern", "window", "door"),
    "ship": ("lamp", "lantern", "window", "door", "stairs"),
    "tower": ("stairs", "window", "door"),
    "house": ("stairs", "window", "door"),
    "church": ("stairs", "window", "door", "tower"),
    "train": ("window", "door"),
    "car": ("window", "door"),
    "rocket": ("window", "door"),
}

# What stands in it: word -> thing.
THINGS: dict[str, str] = {
    "lighthouse": "lighthouse", "beacon": "lighthouse", "tower": "tower", "castle": "tower", "church": "church",
    "house": "house", "home": "house", "cottage": "house", "hut": "house", "cabin": "house", "barn": "house",
    "village": "houses", "town": "houses", "tree": "tree", "oak": "tree", "trees": "trees", "forest": "trees",
    "woods": "trees", "mountain": "peaks", "mountains": "peaks", "peak": "peaks", "hill": "hills", "hills": "hills",
    "city": "skyline", "skyline": "skyline", "skyscraper": "skyline", "skyscrapers": "skyline",
    "building": "skyline", "buildings": "skyline", "downtown": "skyline", "rock": "rocks", "rocks": "rocks",
    "stone": "rocks", "stones": "rocks", "cliff": "rocks", "cliffs": "rocks", "island": "island", "boat": "boat",
    "sailboat": "boat", "rowboat": "boat", "ship": "ship", "ferry": "ship", "bridge": "bridge", "lamp": "lamp",
    "lantern": "lantern", "candle": "lantern", "streetlight": "street lamp", "lamppost": "street lamp",
    "table": "table", "desk": "table", "chair": "chair", "bench": "bench", "book": "book", "books": "shelf",
    "letter": "letter", "notebook": "book", "map": "letter", "library": "shelf", "bookshelf": "shelf",
    "shelf": "shelf", "bed": "bed", "bedroom": "bed", "window": "window", "windows": "window", "door": "door",
    "doorway": "door", "stairs": "stairs", "staircase": "stairs", "ladder": "stairs", "fire": "fire",
    "campfire": "fire", "flames": "fire", "fireplace": "fire", "flower": "flowers", "flowers": "flowers",
    "garden": "flowers", "plant": "plant", "balloon": "balloon", "balloons": "balloon", "kite": "kite",
    "umbrella": "umbrella", "clock": "clock", "screen": "screen", "computer": "screen", "laptop": "screen",
    "monitor": "screen", "rocket": "rocket", "spaceship": "rocket", "spacecraft": "rocket", "bicycle": "bicycle",
    "bike": "bicycle", "taxi": "car", "cab": "car", "cup": "cup", "mug": "cup", "teacup": "cup", "tea": "cup",
    "coffee": "cup", "kettle": "kettle", "teapot": "kettle", "pot": "pot", "soup": "pot", "stew": "pot",
    "stove": "stove",
    "oven": "stove", "bread": "bread", "dough": "bread", "loaf": "bread", "newspaper": "letter", "violin": "violin",
    "fiddle": "violin", "violinist": "violin", "fiddler": "violin", "stall": "stall", "cactus": "cactus",
    "telescope": "telescope", "car": "car", "train": "train", "tent": "tent", "fence": "fence",
    "mirror": "mirror", "road": "road", "path": "road", "highway": "road", "street": "road", "moon": "moon",
    "sun": "sun", "star": "stars", "stars": "stars", "cloud": "clouds", "clouds": "clouds", "planet": "planet",
    "birds": "birds", "seagulls": "birds", "gulls": "birds", "river": "river", "gear": "gears", "gears": "gears",
    "seed": "plant", "sprout": "plant", "crystal": "crystal", "faro": "lighthouse", "phare": "lighthouse",
    "leuchtturm": "lighthouse", "маяк": "lighthouse", "منارة": "lighthouse", "المنارة": "lighthouse",
    "灯塔": "lighthouse", "casa": "house", "maison": "house", "haus": "house", "дом": "house", "بيت": "house",
    "árbol": "tree", "arbre": "tree", "baum": "tree", "дерево": "tree", "شجرة": "tree", "树": "tree",
    "barco": "boat", "bateau": "boat", "лодка": "boat", "قارب": "boat", "船": "boat", "luna": "moon", "lune": "moon",
    "mond": "moon", "луна": "moon", "قمر": "moon", "月": "moon", "sol": "sun", "soleil": "sun", "sonne": "sun",
    "солнце": "sun", "شمس": "sun", "estrellas": "stars", "étoiles": "stars", "sterne": "stars", "звезды": "stars",
    "نجوم": "stars", "fuego": "fire", "feu": "fire", "feuer": "fire",
}  # fmt: skip

# What thoughts look like that name no thing: asked only where nothing else was found.
IDEAS: dict[str, str] = {
    "freedom": "kite", "free": "kite", "hope": "lantern", "growth": "plant", "grow": "plant", "memory": "mirror",
    "memories": "mirror", "past": "clock", "future": "telescope", "love": "heart", "heart": "heart",
    "connection": "bridge", "progress": "stairs", "play": "kite", "joy": "balloon", "system": "gears",
    "knowledge": "book", "secret": "door", "choice": "road", "journey": "road", "light": "lantern",
    "darkness": "lantern",
}  # fmt: skip

LIGHTS: dict[str, str] = {
    "night": "night", "midnight": "night", "moonlit": "night", "moonlight": "night", "nighttime": "night",
    "starry": "night", "stars": "night", "dusk": "dusk", "sunset": "dusk", "evening": "dusk", "twilight": "dusk",
    "dawn": "dawn", "sunrise": "dawn", "morning": "dawn", "daybreak": "dawn", "day": "day", "noon": "day",
    "afternoon": "day", "sunny": "day", "noche": "night", "nuit": "night", "nacht": "night", "ночь": "night",
    "ночью": "night", "ليل": "night", "ليلا": "night", "الليل": "night", "ليلة": "night", "夜": "night",
    "amanecer": "dawn", "aube": "dawn", "morgen": "dawn", "atardecer": "dusk", "crépuscule": "dusk",
    "abend": "dusk",
}  # fmt: skip

WEATHERS: dict[str, str] = {
    "storm": "storm", "stormy": "storm", "thunder": "storm", "lightning": "storm", "tempest": "storm",
    "hurricane": "storm", "rain": "rain", "rainy": "rain", "raining": "rain", "drizzle": "rain", "downpour": "rain",
    "snow": "snow", "snowy": "snow", "snowing": "snow", "blizzard": "snow", "winter": "snow", "fog": "fog",
    "foggy": "fog", "mist": "fog", "misty": "fog", "haze": "fog", "smoke": "fog", "wind": "wind", "windy": "wind",
    "gale": "wind", "gust": "wind", "breeze": "wind", "hail": "rain",
    "tormenta": "storm", "tempête": "storm", "sturm": "storm", "буря": "storm", "عاصفة": "storm", "lluvia": "rain",
    "pluie": "rain", "regen": "rain", "дождь": "rain", "مطر": "rain", "雨": "rain", "nieve": "snow", "neige": "snow",
    "schnee": "snow", "снег": "snow", "ثلج": "snow", "雪": "snow", "nebel": "fog",
}  # fmt: skip

POSES: dict[str, str] = {
    "walk": "walk", "walks": "walk", "walking": "walk", "wanders": "walk", "wandering": "walk", "strolls": "walk",
    "steps": "walk", "climbs": "walk", "climbing": "walk", "approaches": "walk", "enters": "walk", "leaves": "walk",
    "run": "run", "runs": "run", "running": "run", "chases": "run", "chasing": "run", "rushes": "run",
    "flees": "run", "sit": "sit", "sits": "sit", "sitting": "sit", "seated": "sit", "rests": "sit", "writes": "sit",
    "writing": "sit", "reads": "sit", "reading": "sit", "kneel": "sit", "kneels": "sit", "kneeling": "sit",
    "crouches": "sit", "reach": "reach", "reaches": "reach", "reaching": "reach", "points": "reach",
    "pointing": "reach", "touches": "reach", "touching": "reach", "gives": "reach", "offers": "reach",
    "holds": "reach", "holding": "reach", "opens": "reach", "wave": "wave", "waving": "wave", "dances": "wave",
    "dancing": "wave", "jumps": "wave", "cheers": "wave", "celebrates": "wave", "lifts": "wave", "raises": "wave",
    "looks up": "look up", "gazes": "look up", "gazing": "look up", "stares": "look up",
}  # fmt: skip

MOODS: dict[str, str] = {
    "happy": "glad", "smile": "glad", "smiles": "glad", "smiling": "glad", "joy": "glad", "laughs": "glad",
    "laughing": "glad", "hope": "glad", "hopeful": "glad", "proud": "glad", "delight": "glad", "peaceful": "glad",
    "sad": "sad", "lonely": "sad", "cry": "sad", "crying": "sad", "tears": "sad", "alone": "sad", "grief": "sad",
    "melancholy": "sad", "tired": "sad", "weary": "sad", "afraid": "afraid", "fear": "afraid", "scared": "afraid",
    "shock": "afraid", "surprise": "afraid", "surprised": "afraid", "wonder": "afraid", "awe": "afraid",
    "angry": "angry", "anger": "angry", "fierce": "angry", "determined": "angry", "fury": "angry",
    "asleep": "asleep", "sleeps": "asleep", "sleeping": "asleep", "dreams": "asleep", "dreaming": "asleep",
}  # fmt: skip

MOTIONS: tuple[tuple[str, str], ...] = (
    ("pan left", "pan left"), ("pans left", "pan left"), ("pan right", "pan right"), ("pans right", "pan right"),
    ("panning", "pan right"), ("pan", "pan right"), ("truck left", "track left"), ("track left", "track left"),
    ("tracks left", "track left"), ("tracking", "track right"), ("track", "track right"), ("follow", "track right"),
    ("tilt down", "tilt down"), ("tilts down", "tilt down"), ("tilt up", "tilt up"), ("tilts up", "tilt up"),
    ("tilt", "tilt up"), ("crane down", "crane down"), ("crane", "crane up"), ("boom", "crane up"),
    ("pedestal", "crane up"), ("pull out", "pull out"), ("pull back", "pull out"), ("pulls back", "pull out"),
    ("dolly out", "pull out"), ("zoom out", "pull out"), ("push in", "push in"), ("pushes in", "push in"),
    ("dolly in", "push in"), ("dolly", "push in"), ("zoom in", "push in"), ("zoom", "push in"), ("orbit", "orbit"),
    ("arc", "orbit"), ("handheld", "handheld"), ("shaky", "handheld"),
)  # fmt: skip
