"""Namn och texter att hitta på ur. Organisationerna finns inte; kommunerna gör det."""

from typing import Final, NamedTuple


class Forbund(NamedTuple):
    """En påhittad samverkansorganisation och dess verkliga kommuner."""

    namn: str
    form: str
    kommuner: tuple[str, ...]
    beskrivning: str


_FINSAM: Final = "Finansiell samordning mellan Försäkringskassan, Arbetsförmedlingen, regionen och kommunerna."
_TVAPART: Final = "Samverkan mellan Försäkringskassan och regionen om rehabilitering inom hälso- och sjukvården."

DEMOFORBUND: Final = (
    Forbund("Samordningsförbundet Västra Dalsland", "finsam", ("1438", "1439", "1460", "1492"), _FINSAM),
    Forbund("Samordningsförbundet Kinneslätten", "finsam", ("1470", "1471", "1494", "1495"), _FINSAM),
    Forbund("Samordningsförbundet Inre Mälaren", "finsam", ("1960", "1983", "1984"), _FINSAM),
    Forbund("Samordningsförbundet Skärgårdskusten", "finsam", ("0115", "0117", "0160", "0187"), _FINSAM),
    Forbund("Samordningsförbundet Mälarstaden", "finsam", ("0180",), _FINSAM),
    Forbund("Samordningsförbundet Älvstaden", "finsam", ("1480", "1481"), _FINSAM),
    Forbund("Samordningsförbundet Siljansbygden", "finsam", ("2029", "2031", "2034", "2062"), _FINSAM),
    Forbund("Samordningsförbundet Ådalskusten", "finsam", ("2282", "2283", "2284"), _FINSAM),
    Forbund("Samordningsförbundet Möre och Glasriket", "finsam", ("0834", "0862", "0880", "0881"), _FINSAM),
    Forbund("Samordningsförbundet Bergslagsgränsen", "finsam", ("1863", "1864", "1884", "1885"), _FINSAM),
    Forbund("Samordningsförbundet Göingebygden", "finsam", ("1256", "1273", "1290", "1293"), _FINSAM),
    Forbund("Samordningsförbundet Bottenvikskusten", "finsam", ("2514", "2580", "2581", "2582"), _FINSAM),
    Forbund("Tvåpartssamverkan Gotland", "tvapart", ("0980",), _TVAPART),
    Forbund("Tvåpartssamverkan Blekinge", "tvapart", ("1080", "1081", "1082"), _TVAPART),
    Forbund(
        "Handlingsplanssamverkan Upplandsbygden",
        "handlingsplan",
        ("0331", "0360", "0380", "0382"),
        "Samverkan enligt regional handlingsplan, före februari 2013.",
    ),
)


class Insatsmall(NamedTuple):
    """En sorts insats: kategorisering, namn att välja bland och beskrivning."""

    form: str
    inriktning: str
    preciserad: str
    registrering: str
    malgrupper: tuple[tuple[str, ...], ...]
    namn: tuple[str, ...]
    beskrivning: str


_INGEN: Final = ("ej_tillampliga",)
_UNGA: Final = ("unga",)

MALLAR: Final = (
    Insatsmall(
        "finsam", "individ", "rehabilitering", "personuppgifter", (_INGEN, _INGEN, _UNGA),
        ("Steget vidare", "Vägen till arbete", "Arbetsspåret", "Åter i arbete", "Nystart"),
        "Samordnad arbetslivsinriktad rehabilitering för personer med stöd från flera myndigheter. Deltagaren får en "
        "egen handledare och en plan med praktik, studiebesök och uppföljning var fjärde vecka.",
    ),
    Insatsmall(
        "finsam", "individ", "forberedande", "personuppgifter", (_INGEN, ("kvinnor",), ("man",), _UNGA),
        ("Grön rehabilitering", "Vardagskraft", "Kompassen", "Fotfästet", "Rörelse framåt"),
        "Förberedande insats i grupp: rutiner i vardagen, hälsa, digitala tjänster och små steg mot arbete eller "
        "studier. Två till fyra dagar i veckan under högst ett år.",
    ),
    Insatsmall(
        "finsam", "individ", "kartlaggning_individer", "personuppgifter", (_INGEN, _UNGA),
        ("Gemensam kartläggning", "Teamet", "Startpunkten", "Samordningsteamet"),
        "Ett team med handläggare från parterna kartlägger förutsättningar och behov tillsammans med deltagaren, och "
        "lämnar ett gemensamt förslag till fortsatt planering.",
    ),
    Insatsmall(
        "finsam", "individ", "forebyggande", "personuppgifter", (_UNGA, _INGEN),
        ("Tidigt stöd", "Bron", "Hållbar vardag"),
        "Stöd tidigt i sjukskrivningen, eller direkt efter avbrutna studier, för att förebygga en lång frånvaro.",
    ),
    Insatsmall(
        "finsam", "struktur", "utbildning", "antal", (("myndighetspersonal",), ("myndighetspersonal", "samhallet")),
        ("Utbildning i motiverande samtal", "Gemensam introduktion", "Kunskapsdagar om psykisk hälsa"),
        "Utbildningsdagar för parternas personal. Antalet är deltagare per år.",
    ),
    Insatsmall(
        "finsam", "struktur", "dialog", "antal", (("samhallet",), _INGEN, ("myndighetspersonal",)),
        ("Arbetsgivarfrukost", "Samverkansforum", "Öppet hus"),
        "Återkommande möten där parter, arbetsgivare och föreningar utbyter erfarenheter. Antalet är besökare per år.",
    ),
    Insatsmall(
        "finsam", "struktur", "kartlaggning", "antal", (_INGEN, ("myndighetspersonal",)),
        ("Kartläggning av unga utanför", "Behovsanalys"),
        "Kartläggning av målgruppers behov och av glapp mellan parternas insatser.",
    ),
    Insatsmall(
        "tvapart", "individ", "kartlaggning_individer", "personuppgifter", (_INGEN,),
        ("Tidig bedömning", "Kartläggning i primärvården"),
        "Bedömning av arbetsförmåga och behov av rehabilitering, i samarbete mellan vårdcentral och Försäkringskassan.",
    ),
    Insatsmall(
        "tvapart", "individ", "team_vardenheten", "personuppgifter", (_INGEN, ("kvinnor",)),
        ("Rehabteam på vårdcentralen", "Smärtteamet"),
        "Ett team på vårdenheten med rehabiliteringskoordinator, fysioterapeut och psykolog.",
    ),
    Insatsmall(
        "tvapart", "individ", "annan", "personuppgifter", (_INGEN,),
        ("Stresskolan",),
        "Gruppbehandling vid stressrelaterad ohälsa med åtta träffar och individuell uppföljning.",
    ),
    Insatsmall(
        "tvapart", "struktur", "utbildning", "antal", (("lakare", "vardpersonal"), ("lakare",)),
        ("Försäkringsmedicin i vardagen", "Sjukskrivningsdagen"),
        "Utbildning i försäkringsmedicin för läkare och övrig vårdpersonal. Antalet är deltagare per år.",
    ),
    Insatsmall(
        "handlingsplan", "individ", "rehabilitering_till_arbete", "personuppgifter", ((),),
        ("Resurscentrum", "Arbetsprövning", "Samverkansteamet"),
        "Gemensam rehabilitering till arbete och utbildning enligt den regionala handlingsplanen.",
    ),
)  # fmt: skip

# Regionen i varje län, efter länets kod.
REGIONER: Final = {
    "01": "Region Stockholm", "03": "Region Uppsala", "04": "Region Sörmland", "05": "Region Östergötland",
    "06": "Region Jönköpings län", "07": "Region Kronoberg", "08": "Region Kalmar län", "09": "Region Gotland",
    "10": "Region Blekinge", "12": "Region Skåne", "13": "Region Halland", "14": "Västra Götalandsregionen",
    "17": "Region Värmland", "18": "Region Örebro län", "19": "Region Västmanland", "20": "Region Dalarna",
    "21": "Region Gävleborg", "22": "Region Västernorrland", "23": "Region Jämtland Härjedalen",
    "24": "Region Västerbotten", "25": "Region Norrbotten",
}  # fmt: skip

KVINNONAMN: Final = (
    "Agneta", "Aisha", "Alva", "Anna", "Astrid", "Birgitta", "Cecilia", "Ebba", "Elin", "Elsa", "Emma", "Eva", "Fatima",
    "Frida", "Gun", "Hanna", "Ida", "Ingrid", "Jenny", "Johanna", "Karin", "Klara", "Lena", "Linnéa", "Maja", "Malin",
    "Margareta", "Maria", "Mona", "Monica", "Nour", "Pernilla", "Sara", "Sofia", "Susanne", "Tove", "Ulla", "Wilma",
    "Yasmin", "Åsa",
)  # fmt: skip
MANSNAMN: Final = (
    "Ahmed", "Alexander", "Anders", "Arvid", "Axel", "Bengt", "Björn", "Daniel", "David", "Elias", "Emil", "Erik",
    "Fredrik", "Göran", "Gustav", "Hassan", "Henrik", "Isak", "Jan", "Johan", "Jonas", "Karl", "Kjell", "Lars", "Leif",
    "Liam", "Magnus", "Mattias", "Mikael", "Mohammed", "Niklas", "Oskar", "Per", "Peter", "Rolf", "Simon", "Sven",
    "Tomas", "Viktor", "Örjan",
)  # fmt: skip
EFTERNAMN: Final = (
    "Ahlberg", "Ali", "Andersson", "Berg", "Bergström", "Björk", "Blomqvist", "Dahl", "Ek", "Eklund", "Engström",
    "Eriksson", "Forsberg", "Gustafsson", "Hansson", "Hassan", "Hedlund", "Holm", "Håkansson", "Jansson", "Johansson",
    "Jonsson", "Karlsson", "Larsson", "Lind", "Lindberg", "Lindqvist", "Lund", "Lundgren", "Löfgren", "Magnusson",
    "Mattsson", "Mohamed", "Nilsson", "Nordin", "Nyberg", "Nyström", "Olofsson", "Olsson", "Persson", "Pettersson",
    "Sandberg", "Sjöberg", "Strand", "Sundström", "Svensson", "Söderberg", "Wallin", "Åberg", "Åkesson", "Öberg",
)  # fmt: skip

FORSORJNING_FORE: Final = (
    ("sjukpenning", 22), ("forsorjningsstod", 20), ("aktivitetsstod", 14), ("aktivitetsersattning", 8),
    ("rehabiliteringspenning", 5), ("forsorjningsstod;aktivitetsstod", 6), ("sjukpenning;forsorjningsstod", 4),
    ("sjukersattning", 3), ("etableringsersattning", 4), ("arbetsloshetsersattning", 5), ("ingen", 7), ("annan", 2),
)  # fmt: skip
TID: Final = (("ingen", 6), ("hogst_1", 24), ("1_2", 26), ("3_4", 20), ("5_6", 11), ("7_9", 7), ("10_mer", 6))
UTBILDNING: Final = (
    ("ej_grundskola", 8), ("grundskola", 27), ("gymnasium", 43), ("eftergymnasial_kort", 9),
    ("eftergymnasial_lang", 11), ("saknas", 2),
)  # fmt: skip
ANLEDNING: Final = (
    ("fullfoljd", 52), ("fortsatt", 17), ("sjukdom", 9), ("flytt", 3), ("egen_begaran", 11), ("annan", 7),
    ("avliden", 0.3), ("atertaget_samtycke", 0.7), ("felregistrering", 1),
)  # fmt: skip
