"""Word lists and small facts behind the prompt families; written for this project, no outside source."""

COMMON = """apple river chair music window garden silver dragon basket candle doctor farmer winter summer bottle
orange monkey rabbit kitten puppy bridge castle forest island desert pencil paper table house horse bread water
stone cloud storm night light green yellow purple circle square letter number school teacher student kitchen
cat dog sun moon cup hat bed box fish bird tree ship road lamp door milk rain snow wind fire ring coin rope
plate spoon knife train plane truck wheel clock phone mouse tiger zebra panda whale shark eagle honey sugar
lemon grape peach melon onion carrot tomato potato pepper butter cheese pocket jacket button mirror carpet""".split()

RARE = """quagmire zephyr obelisk labyrinth fjord kaleidoscope juxtapose mnemonic archipelago chrysalis
onomatopoeia bureaucracy rhapsody syzygy palimpsest xylophone quixotic ephemeral vermilion gargoyle
periwinkle sarcophagus tessellate ubiquitous wainscot yeoman ziggurat catamaran dilapidated effervescent
hieroglyph idiosyncrasy jacaranda knapsack lugubrious marzipan nasturtium ossify pterodactyl quinoa
rhododendron schism tarpaulin umbrage vestibule whirligig axolotl bivouac cacophony dirigible""".split()

ADJECTIVES = "red small happy old quiet brave cold bright lazy heavy gentle clever tiny noisy hungry golden".split()
ANIMALS = "fox bear owl cow duck lion frog goat mouse horse tiger rabbit camel wolf sheep parrot".split()
VERBS = "sees finds likes follows carries paints watches hears draws meets chases helps".split()
PLACES = "river hill garden market school forest bridge lake window station castle farm".split()

OPPOSITES = """hot:cold big:small,little,tiny up:down left:right day:night good:bad,evil happy:sad,unhappy fast:slow
open:closed,close,shut black:white old:young,new tall:short rich:poor wet:dry full:empty hard:soft,easy light:dark,heavy
early:late loud:quiet,soft,silent strong:weak true:false love:hate win:lose buy:sell push:pull give:take,receive
begin:end,finish start:stop,end,finish first:last in:out on:off yes:no clean:dirty deep:shallow far:near,close
thick:thin wide:narrow inside:outside above:below,beneath,under before:after always:never everything:nothing
sharp:dull,blunt smooth:rough sweet:sour,bitter brave:cowardly,afraid,coward,fearful,timid cheap:expensive,costly
ancient:modern,new,recent accept:reject,refuse,decline arrive:depart,leave ascend:descend attack:defend,defense
borrow:lend create:destroy expand:contract,shrink,shrinks generous:selfish,stingy,greedy,mean guilty:innocent
increase:decrease,reduce maximum:minimum permanent:temporary polite:rude,impolite public:private
simple:complex,complicated
victory:defeat,loss wise:foolish,unwise,stupid,ignorant asleep:awake alive:dead friend:enemy,foe heaven:hell king:queen
north:south east:west summer:winter top:bottom front:back question:answer remember:forget laugh:cry
optimist:pessimist major:minor artificial:natural abundant:scarce,rare transparent:opaque humble:proud,arrogant
success:failure peace:war sunrise:sunset enter:exit,leave""".split()

CAPITALS = """France:Paris;Japan:Tokyo;Italy:Rome;Spain:Madrid;Germany:Berlin;Egypt:Cairo;Russia:Moscow;China:Beijing
Canada:Ottawa;Australia:Canberra;Brazil:Brasilia,Brasília;India:New Delhi,Delhi;Greece:Athens;Portugal:Lisbon
Ireland:Dublin;Norway:Oslo;Sweden:Stockholm;Finland:Helsinki;Denmark:Copenhagen;Poland:Warsaw;Austria:Vienna
Hungary:Budapest;Belgium:Brussels;Cuba:Havana;Peru:Lima;Chile:Santiago;Argentina:Buenos Aires;Mexico:Mexico City
Kenya:Nairobi;Turkey:Ankara;Iran:Tehran;Iraq:Baghdad;Thailand:Bangkok;Vietnam:Hanoi;South Korea:Seoul
the Philippines:Manila;Indonesia:Jakarta;Malaysia:Kuala Lumpur;Nepal:Kathmandu;Pakistan:Islamabad
Afghanistan:Kabul;Ukraine:Kyiv,Kiev;Romania:Bucharest;Bulgaria:Sofia;Croatia:Zagreb;Serbia:Belgrade
the Netherlands:Amsterdam;Switzerland:Bern,Berne;Iceland:Reykjavik,Reykjavík;Morocco:Rabat;Nigeria:Abuja;Ghana:Accra
Ethiopia:Addis Ababa;Tunisia:Tunis;Algeria:Algiers;Lebanon:Beirut;Jordan:Amman;Saudi Arabia:Riyadh;Qatar:Doha
Colombia:Bogota,Bogotá;Venezuela:Caracas;Ecuador:Quito;Uruguay:Montevideo;Paraguay:Asuncion,Asunción;Jamaica:Kingston
Mongolia:Ulaanbaatar,Ulan Bator;Estonia:Tallinn;Latvia:Riga;Lithuania:Vilnius;Slovakia:Bratislava;Slovenia:Ljubljana
the Czech Republic:Prague;the United Kingdom:London;the United States:Washington;New Zealand:Wellington;Senegal:Dakar
Uganda:Kampala;Zimbabwe:Harare;Zambia:Lusaka;Somalia:Mogadishu;Cambodia:Phnom Penh;Laos:Vientiane;Fiji:Suva"""

FACTS = """What colour is grass?|green;What colour is a ripe banana?|yellow;What colour is fresh snow?|white
What colour is coal?|black;What colour is the sky on a clear day?|blue;What colour is blood?|red
What colour do you get by mixing blue and yellow?|green;What colour do you get by mixing red and white?|pink
What colour do you get by mixing red and yellow?|orange;What colour do you get by mixing red and blue?|purple,violet
How many legs does a dog have?|4,four;How many legs does a spider have?|8,eight;How many legs does an insect have?|6,six
How many days are in a week?|7,seven;How many months are in a year?|12,twelve
How many hours are in a day?|24,twenty-four
How many minutes are in an hour?|60,sixty;How many sides does a triangle have?|3,three
How many sides does a square have?|4,four;How many sides does a hexagon have?|6,six
How many wheels does a car have?|4,four
How many wheels does a bicycle have?|2,two;How many letters are in the English alphabet?|26,twenty-six
How many continents are there on Earth?|7,seven;How many planets are in our solar system?|8,eight
How many fingers are on one hand?|5,five;How many strings does a violin have?|4,four;How many eyes do humans have?|2,two
Which animal says moo?|cow;Which animal says meow?|cat;Which animal barks?|dog
Which animal is called the king of the jungle?|lion
Which animal has a very long neck?|giraffe;Which animal has a trunk?|elephant
Which animal hops and carries its young in a pouch?|kangaroo
Which insect makes honey?|bee,bees,honeybee,honey bee;What do cows give us to drink?|milk
What is the baby of a dog called?|puppy,pup
What is the baby of a cat called?|kitten;What is the baby of a cow called?|calf;What is the baby of a sheep called?|lamb
What is frozen water called?|ice;What gas do humans need to breathe?|oxygen
What gas do plants take in?|carbon dioxide,co2
What is the largest planet in our solar system?|jupiter;What planet do we live on?|earth
What planet is called the red planet?|mars
What planet has bright rings?|saturn;What planet is closest to the Sun?|mercury
What star is at the centre of our solar system?|sun
What is the largest ocean on Earth?|pacific;What is the highest mountain on Earth?|everest
What is the largest animal on Earth?|blue whale,whale
What is the fastest land animal?|cheetah;What metal is liquid at room temperature?|mercury
What is the chemical symbol for water?|h2o,h₂o
What is the chemical symbol for gold?|au;What is the chemical symbol for oxygen?|o,o2
Who wrote Romeo and Juliet?|shakespeare
Who painted the Mona Lisa?|da vinci,leonardo,vinci;Who developed the theory of relativity?|einstein
Who was the first president of the United States?|washington;Who was the first person to walk on the Moon?|armstrong
What language is spoken in Brazil?|portuguese;What language is spoken in France?|french
What language is spoken in Mexico?|spanish
What language is spoken in Egypt?|arabic;What currency is used in Japan?|yen
What currency is used in Germany?|euro,euros
What currency is used in the United States?|dollar,dollars;On which continent is Egypt?|africa
On which continent is China?|asia
On which continent is Brazil?|south america;On which continent is Spain?|europe
What organ pumps blood through the body?|heart
What organ do we think with?|brain;What organs do we use to breathe?|lungs;What do we use to see?|eyes,eye
What do we call a scientist who studies stars?|astronomer;What do we call a doctor for teeth?|dentist
What season comes after winter?|spring
What season comes after summer?|autumn,fall;What is the opposite direction of north?|south
What is the first month of the year?|january
What is the last month of the year?|december;What shape has three sides?|triangle
What shape is a ball?|sphere,round,spherical,circle
What do bees collect from flowers?|nectar,pollen;What food do pandas mainly eat?|bamboo
What fruit is used to make wine?|grape,grapes
What is the main ingredient of bread?|flour,wheat;What is the hardest natural substance?|diamond,diamonds
At what temperature in Celsius does water boil?|100;At what temperature in Celsius does water freeze?|0,zero
In which city is the Eiffel Tower?|paris;In which country are the pyramids of Giza?|egypt
In which country is the Great Wall?|china
In which city is the Statue of Liberty?|new york;In which city is Big Ben?|london
In which country is Mount Fuji?|japan"""

YES_NO = """yes|Is a dog an animal?;Is the sun hot?;Is ice cold?;Is Paris in France?;Can birds fly?;Is water wet?
yes|Is gold a metal?
yes|Is a rose a flower?;Do fish live in water?;Is Monday a day of the week?;Is Africa a continent?;Is the Earth round?
yes|Is a carrot a vegetable?;Do cows give milk?;Is a violin a musical instrument?;Is Spanish a language?
yes|Can a kangaroo jump?
yes|Is a whale a mammal?;Is a tomato a fruit?;Do bees make honey?;Is Tokyo the capital of Japan?
yes|Is winter colder than summer?
yes|Does a triangle have three sides?;Is an elephant heavier than a mouse?;Is a bat a mammal?
yes|Is a spider's leg count eight?
yes|Is 10 an even number?;Is 7 an odd number?;Is 2 a prime number?;Is 100 greater than 10?;Do humans need oxygen?
yes|Is Everest a mountain?
yes|Is the Nile a river?;Is a penguin a bird?;Does a week have seven days?;Is silver a metal?;Is the Pacific an ocean?
yes|Is rice a food?
no|Is fire cold?;Is a cat a plant?;Can a stone swim?;Is London in Germany?;Is the Moon made of cheese?
no|Do dogs lay eggs?;Is a car alive?
no|Is a banana blue?;Can a fish ride a bicycle?;Is summer colder than winter?;Is 5 greater than 9?
no|Is a spider an insect?;Is 9 a prime number?
no|Does a square have five sides?;Is a whale a fish?;Is Sydney the capital of Australia?;Is the Sun a planet?
no|Is a shark a mammal?
no|Does a week have eight days?;Is an ant bigger than a horse?;Is wood a metal?
no|Can humans breathe under water without equipment?
no|Is 7 an even number?;Is 100 smaller than 10?;Is Friday a month?;Is Brazil in Europe?;Do snakes have legs?
no|Is a potato an animal?
no|Can penguins fly?;Is Italian spoken as the main language of China?;Is the Atlantic a mountain?
no|Is a guitar a vegetable?;Is snow black?
no|Is July in winter in Canada?;Does a bicycle have four wheels?;Is a chair a living thing?
no|Is Jupiter smaller than Earth?;Is sugar salty?"""

CATEGORIES = {
    "animal": "dog cat horse tiger eagle shark monkey rabbit zebra frog camel wolf",
    "fruit": "apple banana cherry mango pear peach grape lemon kiwi plum papaya apricot",
    "vehicle": "car bus truck train bicycle boat plane tractor scooter van tram helicopter",
    "colour": "red blue green yellow purple orange black white pink brown turquoise beige",
    "tool": "hammer saw screwdriver wrench drill pliers shovel axe chisel rake crowbar spanner",
    "instrument": "piano guitar violin drum flute trumpet harp cello banjo clarinet oboe tuba",
    "clothing": "shirt trousers socks jacket scarf gloves dress coat sweater hat cardigan tunic",
    "country": "France Japan Brazil Kenya Canada Spain India Egypt Norway Peru Laos Malta",
    "furniture": "chair table sofa bed desk bookcase wardrobe stool bench cupboard dresser ottoman",
    "drink": "water milk coffee tea juice lemonade wine beer cola cocoa cider kombucha",
}

PLURALS = """cat:cats dog:dogs book:books tree:trees car:cars box:boxes bus:buses,busses dish:dishes church:churches
city:cities baby:babies lady:ladies party:parties story:stories boy:boys key:keys monkey:monkeys leaf:leaves
knife:knives wife:wives wolf:wolves half:halves shelf:shelves loaf:loaves life:lives child:children man:men
woman:women foot:feet tooth:teeth goose:geese mouse:mice ox:oxen
person:people,persons hero:heroes potato:potatoes tomato:tomatoes photo:photos piano:pianos cactus:cacti,cactuses
crisis:crises analysis:analyses thesis:theses phenomenon:phenomena criterion:criteria medium:media datum:data
louse:lice thief:thieves calf:calves elf:elves roof:roofs chief:chiefs echo:echoes volcano:volcanoes,volcanos
radio:radios glass:glasses watch:watches fox:foxes brush:brushes fly:flies berry:berries toy:toys day:days house:houses
horse:horses apple:apples chair:chairs window:windows flower:flowers pencil:pencils bird:birds friend:friends
country:countries factory:factories valley:valleys scarf:scarves,scarfs axis:axes oasis:oases fungus:fungi,funguses
nucleus:nuclei stimulus:stimuli alumnus:alumni quiz:quizzes bench:benches kiss:kisses""".split()

PASTS = """walk:walked talk:talked play:played jump:jumped look:looked work:worked ask:asked help:helped open:opened
close:closed live:lived love:loved dance:danced smile:smiled try:tried cry:cried carry:carried study:studied
stop:stopped
plan:planned go:went see:saw eat:ate drink:drank run:ran sit:sat stand:stood come:came give:gave take:took make:made
know:knew think:thought buy:bought bring:brought catch:caught teach:taught fight:fought sing:sang swim:swam begin:began
ring:rang write:wrote drive:drove ride:rode rise:rose break:broke speak:spoke steal:stole wear:wore tear:tore
fly:flew grow:grew throw:threw draw:drew blow:blew keep:kept sleep:slept feel:felt leave:left lose:lost build:built
send:sent spend:spent lend:lent find:found hold:held tell:told sell:sold
hide:hid bite:bit shake:shook forget:forgot choose:chose freeze:froze weave:wove,weaved strive:strove,strived
seek:sought cling:clung swear:swore lay:laid lie:lay,lied dig:dug hang:hung,hanged feed:fed
shrink:shrank,shrunk""".split()

TRANSLATIONS = {
    "Spanish": """dog:perro cat:gato house:casa water:agua book:libro friend:amigo,amiga red:rojo,roja sun:sol moon:luna
milk:leche bread:pan hello:hola goodbye:adiós,adios thank_you:gracias one:uno,una two:dos three:tres night:noche
day:día,dia fire:fuego fish:pescado,pez apple:manzana school:escuela mother:madre father:padre white:blanco,blanca
green:verde love:amor heart:corazón,corazon king:rey hand:mano window:ventana table:mesa""",
    "French": """dog:chien cat:chat house:maison water:eau book:livre friend:ami,amie red:rouge sun:soleil moon:lune
milk:lait bread:pain hello:bonjour,salut goodbye:au revoir,revoir thank_you:merci one:un,une two:deux three:trois
night:nuit day:jour,journée fire:feu fish:poisson apple:pomme school:école,ecole mother:mère,mere father:père,pere
white:blanc,blanche green:vert,verte love:amour heart:cœur,coeur king:roi hand:main window:fenêtre,fenetre""",
    "German": """dog:hund cat:katze house:haus water:wasser book:buch friend:freund,freundin red:rot sun:sonne moon:mond
milk:milch bread:brot hello:hallo thank_you:danke one:eins,ein two:zwei three:drei night:nacht day:tag fire:feuer
fish:fisch apple:apfel school:schule mother:mutter father:vater""",
}

SAYINGS = """An apple a day keeps the doctor|away;The early bird catches the|worm;Actions speak louder than|words
Better late than|never;Practice makes|perfect;Time is|money;Honesty is the best|policy;Two wrongs do not make a|right
Do not judge a book by its|cover;When in Rome, do as the|Romans;Every cloud has a silver|lining
A picture is worth a thousand|words
Do not count your chickens before they|hatch;Where there is smoke, there is|fire;Birds of a feather flock|together
Curiosity killed the|cat;The pen is mightier than the|sword;Knowledge is|power;Laughter is the best|medicine
Out of sight, out of|mind;All that glitters is not|gold;Beauty is in the eye of the|beholder;Look before you|leap
No pain, no|gain;Easy come, easy|go;Like father, like|son;Haste makes|waste;Home is where the heart|is,lies
You cannot teach an old dog new|tricks;The grass is always greener on the other|side;Rome was not built in a|day
Two heads are better than|one;Too many cooks spoil the|broth,soup;Absence makes the heart grow|fonder;Love is|blind
Necessity is the mother of|invention;Strike while the iron is|hot;A penny saved is a penny|earned
Slow and steady wins the|race
If it is not broken, do not fix|it;Blood is thicker than|water;Fortune favours the|bold,brave;Ignorance is|bliss
Still waters run|deep;Once bitten, twice|shy;Silence is|golden;Seeing is|believing;The more, the|merrier
Twinkle, twinkle, little|star;Mary had a little|lamb;Row, row, row your|boat;Old MacDonald had a|farm
Humpty Dumpty sat on a|wall;Jack and Jill went up the|hill;To be or not to|be;Once upon a|time;Happily ever|after
Ladies and|gentlemen;Salt and|pepper;Bread and|butter;Thunder and|lightning;Black and|white;Knife and|fork
Merry Christmas and a happy new|year;Happy birthday to|you;A stitch in time saves|nine;Let sleeping dogs|lie
People in glass houses should not throw|stones;Do not put all your eggs in one|basket;Barking up the wrong|tree
It is raining cats and|dogs;Kill two birds with one|stone;A bird in the hand is worth two in the|bush"""

RHYMES = """cat hat bat mat rat;day play say way stay;light night right sight fight;cake lake make snake bake
ring king sing wing thing;blue shoe true glue clue;tree bee see free knee;house mouse blouse;moon spoon soon noon
bear chair hair pear;rain train plane cane;boat goat coat note;dog log fog frog;star car far jar;cold gold old bold
bell well tell shell;ball tall wall fall;nose rose toes hose;sand hand land band;book cook hook look;ten pen hen men
sock rock clock lock;bed red head said;fun sun run won"""

NAMES = "Anna Tom Lucy Peter Maria Ben Sara Jack Emma Paul Rosa David Nina Omar Kate Leo".split()
THINGS = "ball hat car book bag cup kite coat bike lamp chair box pen scarf boat drum".split()
BY_SIZE = """ant bee coin egg mouse frog apple shoe cat pumpkin dog goat bicycle horse car elephant bus whale
house ship castle mountain""".split()

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
NUMBER_WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty""".split()
