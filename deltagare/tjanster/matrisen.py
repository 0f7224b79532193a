"""Övergångsmatrisen: vilka övergångar som är öppna, och vem som normalt registrerar dem (`doman.md` 6, R26)."""

from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from behorighet.databasfel import skriver
from behorighet.krock import krav_version
from behorighet.logg import logga
from behorighet.models import Anvandare, Handelse
from behorighet.roller import Rattighet
from deltagare.models import Overgangsregel
from deltagare.overgangar import Insatstyp, Myndighet

ALLTID_OPPEN: Final = "Alltid öppen: ett samarbete ska gå att börja, och samtycket ska gå att återta."


def andra_overgangsregel(
    *, regel: Overgangsregel, version: int, oppen: bool, myndighet: Myndighet, av: Anvandare
) -> bool:
    """Öppnar eller stänger en övergång, och säger vem som normalt registrerar den. Sant om något ändrades.

    Gäller från nu: det som är registrerat står kvar. Ger Krock om någon annan har ändrat rutan sedan `version`,
    ValidationError för den som alltid är öppen, PermissionDenied för den som inte administrerar systemet.
    """
    if not av.far(Rattighet.ADMINISTRERA_SYSTEMET):
        raise PermissionDenied
    if not oppen and alltid_oppen(regel):
        raise ValidationError({"oppen": ALLTID_OPPEN})
    with skriver(), connection.cursor() as markor:
        markor.execute(
            "SELECT version, oppen, myndighet FROM andra_overgangsregel(%s, %s, %s, %s)",
            [regel.pk, version, oppen, myndighet],
        )
        sparad, var_oppen, var_myndighet = markor.fetchone()
        krav_version(sparad, version)
        if (var_oppen, var_myndighet) == (oppen, myndighet):
            return False
        logga(
            Handelse.Typ.MATRISEN_ANDRAD,
            av=av,
            fran=regel.fran,
            till=regel.till,
            oppen=oppen,
            myndighet=myndighet,
            var_oppen=var_oppen,
            var_myndighet=var_myndighet,
        )
    return True


def alltid_oppen(regel: Overgangsregel) -> bool:
    """Sant för övergången som börjar ett samarbete och dem till Avbrutet samarbete; databasen säger detsamma."""
    return not regel.fran or regel.till == Insatstyp.AVBRUTET


def pagaende_per_insatstyp() -> dict[str, int]:
    """Hur många samarbeten som nu är i varje insatstyp, alla kontor tillsammans: bara antal."""
    with connection.cursor() as markor:
        markor.execute("SELECT insatstyp, antal FROM pagaende_per_insatstyp()")
        return {str(typ): int(antal) for typ, antal in markor.fetchall()}
