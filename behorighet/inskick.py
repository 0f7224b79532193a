"""Ett formulär som skickas två gånger sparas en gång (P15)."""

import hashlib
import hmac
import json
from collections.abc import Callable
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction

from behorighet.models import Anvandare, Inskick
from behorighet.skydd import Begaran

ANDRAT = (
    "Formuläret har redan skickats en gång, med andra uppgifter. Kontrollera vad som sparades då. "
    "Spara igen om det här ska sparas också."
)


# Säger vem och varifrån, inte vad.
UTAN = ("csrfmiddlewaretoken", "vem")


class RedanSkickat(ValidationError):
    """Samma token med annat innehåll: det inskrivna visas igen, aldrig tappas."""

    def __init__(self) -> None:
        super().__init__(ANDRAT, code="redan_skickat")


def en_gang(begaran: Begaran, spara: Callable[[], str]) -> str:
    """Kör `spara` en gång per formulär (dess fält `token`) och returnerar adressen den gav.

    Ett dubbelklick får samma adress utan att något sparas igen; en samtidig likadan inskickning väntar tills
    den första är klar. Ger RedanSkickat om samma token kommer med annat innehåll eller från en annan användare.
    """
    token = _token(begaran) or uuid4()
    with transaction.atomic():
        if not _ny(token, begaran.user, _summa(begaran)):
            return _tidigare(token, begaran)
        svar = spara()
        Inskick.objects.filter(token=token).update(svar=svar)
        return svar


def tidigare_svar(begaran: Begaran) -> str | None:
    """Adressen som samma formulär redan har fått, om det är skickat förut; annars None."""
    token = _token(begaran)
    return _tidigare(token, begaran) if token and Inskick.objects.filter(token=token).exists() else None


def dubbelklick(begaran: Begaran) -> str | None:
    """Adressen som en likadan inskickning av formuläret redan har fått; None om den är ny eller har annat innehåll.

    Frågas när formuläret inte längre har något att prövas mot, för att det är borttaget eller redan valt. Frågas det
    före, hinner den första bli klar emellan.
    """
    try:
        return tidigare_svar(begaran) if begaran.method == "POST" else None
    except RedanSkickat:
        return None


def _tidigare(token: UUID, begaran: Begaran) -> str:
    tidigare = Inskick.objects.get(token=token)
    samma = hmac.compare_digest(bytes(tidigare.innehall), _summa(begaran))
    if tidigare.anvandare_id != begaran.user.pk or not samma:
        raise RedanSkickat
    return tidigare.svar


def _token(begaran: Begaran) -> UUID | None:
    try:
        return UUID(begaran.POST.get("token", ""))
    except ValueError:
        return None


def _summa(begaran: Begaran) -> bytes:
    # Nycklad: innehållet kan vara personuppgifter, och en vanlig summa av ett personnummer går att gissa.
    innehall = {namn: varden for namn, varden in sorted(begaran.POST.lists()) if namn not in UTAN}
    filer = {namn: [_filsumma(fil) for fil in filerna] for namn, filerna in sorted(begaran.FILES.lists())}
    text = json.dumps([begaran.path, innehall, filer], ensure_ascii=False)
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).digest()


def _filsumma(fil: "UploadedFile[bytes]") -> str:
    summa = hashlib.sha256()
    for bit in fil.chunks():
        summa.update(bit)
    fil.seek(0)
    return summa.hexdigest()


def _ny(token: UUID, av: Anvandare, summa: bytes) -> bool:
    """Lägger in token. Falskt om den redan finns; en samtidig väntas in först."""
    with connection.cursor() as markor:
        markor.execute(
            "INSERT INTO behorighet_inskick (token, anvandare_id, innehall, svar) VALUES (%s, %s, %s, '') "
            "ON CONFLICT (token) DO NOTHING",
            [token, av.pk, summa],
        )
        return bool(markor.rowcount)
