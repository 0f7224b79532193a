"""Formulär för insatser, samverkansorganisationer och uppdrag."""

from insatser.forms.avslut import Insatsborttagsform, Insatsslutform, Radborttagsform
from insatser.forms.budget import Budgetform, antal_rader
from insatser.forms.budget import inskrivet as budget_inskriven
from insatser.forms.budget import skillnader as budget_skillnader
from insatser.forms.budget import sparat as budget_sparad
from insatser.forms.ingaende import Ingaendeform, Partsok
from insatser.forms.insats import VILLKORENS_FALT, InsatsForm, lastext
from insatser.forms.kategori import Kategoripanel, kategorival
from insatser.forms.kontor import Kontorsandringsform, NyttKontorform
from insatser.forms.kontorssok import Kontorssok
from insatser.forms.logg import Loggsok
from insatser.forms.omrade import Kommunsok, Omradesform
from insatser.forms.organisation import ORGANISATIONSVILLKOR, Andringsform, Organisationsform
from insatser.forms.organisationsbudget import FINANSIERING, KOSTNADER, Organisationsbudgetform
from insatser.forms.organisationssok import Organisationssok
from insatser.forms.sok import Sokform
from insatser.forms.uppdrag import Anvandarsok, Avslutaform, Uppdragsform, slut_for

__all__ = [
    "FINANSIERING",
    "KOSTNADER",
    "ORGANISATIONSVILLKOR",
    "VILLKORENS_FALT",
    "Andringsform",
    "Anvandarsok",
    "Avslutaform",
    "Budgetform",
    "Ingaendeform",
    "InsatsForm",
    "Insatsborttagsform",
    "Insatsslutform",
    "Kategoripanel",
    "Kommunsok",
    "Kontorsandringsform",
    "Kontorssok",
    "Loggsok",
    "NyttKontorform",
    "Omradesform",
    "Organisationsbudgetform",
    "Organisationsform",
    "Organisationssok",
    "Partsok",
    "Radborttagsform",
    "Sokform",
    "Uppdragsform",
    "antal_rader",
    "budget_inskriven",
    "budget_skillnader",
    "budget_sparad",
    "kategorival",
    "lastext",
    "slut_for",
]
