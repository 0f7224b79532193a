"""Allt som ger och avslutar uppdrag, och vem som kan ge dem (`doman.md` 1.1, R1a, R3, R4).

Regeln prövas här, i formuläret syns den. Att uppdraget vilar på en behörighet som gäller prövas igen av databasen
vid varje läsning: radskyddet ser båda tiderna.
"""

from datetime import date
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Func, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from behorighet.databasfel import skriver
from behorighet.logg import logga
from behorighet.models import Anvandare, Behorighet, Handelse
from behorighet.roller import GER_UPPDRAG, Rattighet, Roll
from insatser.kategorier import KONTORSFORMER
from insatser.models import RATT_ATT_GE, Insats, Samverkansorganisation, Uppdrag
from insatser.tjanster import registreringsgranser

HOGST_NAMN: Final = 5


def valbara_behorigheter(roll: Roll) -> QuerySet[Behorighet]:
    """Behörigheterna i rollen som gäller nu eller längre fram, för aktiva konton (R4), i svensk namnordning."""
    return (
        Behorighet.objects.filter(roll=roll, anvandare__is_active=True, giltighet__isempty=False)
        .filter(Q(giltighet__upper_inf=True) | Q(giltighet__endswith__gt=Now()))
        .select_related("anvandare__arbetsgivare")
        .order_by(
            Func("anvandare__efternamn", function="sus_sortnyckel"),
            Func("anvandare__fornamn", function="sus_sortnyckel"),
            "fran",
            "pk",
        )
    )


def ge_uppdrag(
    *,
    roll: Roll,
    behorighet: Behorighet,
    pa: Samverkansorganisation | Insats,
    fran: date,
    till: date | None,
    av: Anvandare,
) -> Uppdrag:
    """Ger den som har behörigheten ett uppdrag från och med `fran` till och med `till` (None: tills vidare).

    Ger PermissionDenied om `av` inte är ett steg upp i kedjan på den platsen, och ValidationError, per fält, om
    tiden inte ryms i behörighetens och platsens eller om personen redan har uppdraget då.
    """
    with skriver():
        if isinstance(pa, Insats):
            Insats.objects.las(pa.pk)  # insatsen tas inte bort under tiden
        # Låst: två likadana uppdrag samtidigt, eller ett uppdrag medan behörigheten avslutas, väntar på varandra.
        behorighet = Behorighet.objects.select_for_update(of=("self",)).get(pk=behorighet.pk)
        genom = _uppdraget_som_ger(roll, pa, av)
        _krav_behorighet(behorighet, roll, fran, till)
        _krav_plats(roll, pa, fran, till)
        plats = {"insats": pa} if isinstance(pa, Insats) else {"samverkansorganisation": pa}
        _krav_inget_lika(Uppdrag.objects.filter(behorighet=behorighet, **plats), fran, till)
        uppdrag = Uppdrag.objects.create(behorighet=behorighet, **plats, fran=fran, till=till, given_av=av)
        _logga(Handelse.Typ.UPPDRAG_GIVET, uppdrag, av, genom=genom)
    return uppdrag


def _uppdraget_som_ger(roll: Roll, pa: Samverkansorganisation | Insats, av: Anvandare) -> int | None:
    """Uppdraget som `av` ger eller avslutar genom; None för systemadministratören. Annars PermissionDenied."""
    egna = Uppdrag.objects.gallande_for(av, RATT_ATT_GE[roll])
    if isinstance(pa, Insats):
        traff = egna.filter(Q(insats=pa) | Q(samverkansorganisation=pa.samverkansorganisation_id)).first()
    else:
        traff = egna.filter(samverkansorganisation=pa).first()
    if av.far(RATT_ATT_GE[roll]) and traff:
        return traff.pk
    if roll != Roll.SAMVERKANSADMINISTRATOR or isinstance(pa, Insats) or not av.far(Rattighet.ADMINISTRERA_SYSTEMET):
        raise PermissionDenied
    # Låst: två systemadministratörer ger inte var sin första.
    Samverkansorganisation.objects.select_for_update(of=("self",)).get(pk=pa.pk)
    if har_samverkansadministrator(pa):
        raise ValidationError(
            "Samverkansorganisationen har redan en samverkansadministratör, som ger de uppdrag som behövs."
        )
    return None


def har_samverkansadministrator(organisation: Samverkansorganisation) -> bool:
    """Sant om någon är samverkansadministratör där, nu eller längre fram."""
    uppdrag = Uppdrag.objects.filter(samverkansorganisation=organisation, behorighet__roll=Roll.SAMVERKANSADMINISTRATOR)
    return uppdrag.inte_slut().exists()


def _krav_behorighet(behorighet: Behorighet, roll: Roll, fran: date, till: date | None) -> None:
    if behorighet.roll != roll or not valbara_behorigheter(roll).filter(pk=behorighet.pk).exists():
        raise ValidationError(f"Personen har inte längre någon behörighet som {roll.label.lower()}. Välj en annan.")
    fel = {}
    if fran < timezone.localdate():
        fel["fran"] = "Från och med kan inte vara före i dag."
    elif fran < behorighet.fran:
        fel["fran"] = f"Behörigheten gäller från och med {behorighet.fran}. Uppdraget kan inte börja före den."
    elif till and till < fran:
        fel["till"] = "Till och med kan inte vara före från och med."
    if behorighet.till and (till is None or till > behorighet.till):
        fel["till"] = f"Behörigheten gäller till och med {behorighet.till}. Ange senast den dagen."
    if fel:
        raise ValidationError(fel)


def _krav_plats(roll: Roll, pa: Samverkansorganisation | Insats, fran: date, till: date | None) -> None:
    """Uppdraget ligger inom platsens tid. Att till saknas är tills vidare, också när platsen har ett slut."""
    pa_insats = "Kontoret" if isinstance(pa, Insats) and pa.ar_kontor else "Insatsen"
    vad = pa_insats if isinstance(pa, Insats) else "Samverkansorganisationen"
    if not _har_uppdrag_dar(roll, pa):
        raise ValidationError(f"Den som är {roll.label.lower()} har inte sina uppdrag där.")
    if isinstance(pa, Insats) and pa.ar_volyminsats:
        raise ValidationError("En volyminsats har inga deltagaransvariga: där registreras bara antal.")
    if fran < pa.startdatum:
        raise ValidationError({"fran": f"{vad} börjar {pa.startdatum}. Uppdraget kan inte börja före den."})
    slut = _sista_dag(pa)
    if slut and fran > slut:
        raise ValidationError({"fran": f"{vad} slutar {slut}. Uppdraget kan inte börja efter den."})
    if slut and till and till > slut:
        raise ValidationError({"till": f"{vad} slutar {slut}. Uppdraget kan inte sluta efter den."})


def _har_uppdrag_dar(roll: Roll, pa: Samverkansorganisation | Insats) -> bool:
    """Sant om rollens uppdrag ges på den sortens plats (`doman.md` 1.1)."""
    if isinstance(pa, Samverkansorganisation):
        return roll in roller_i_organisation(pa)
    return roll in roller_pa_insats(pa)


def roller_i_organisation(organisation: Samverkansorganisation) -> list[Roll]:
    """Rollerna vars uppdrag ges på organisationen. I Af/FK-samarbetet har insatsansvariga sina på kontoren."""
    roller = [Roll.SAMVERKANSADMINISTRATOR]
    return roller if organisation.samverkansform in KONTORSFORMER else [*roller, Roll.INSATSANSVARIG]


def roller_pa_insats(insats: Insats) -> list[Roll]:
    """Rollerna vars uppdrag ges på insatsen, eller på kontoret."""
    return [Roll.INSATSANSVARIG, Roll.DELTAGARANSVARIG] if insats.ar_kontor else [Roll.DELTAGARANSVARIG]


def _sista_dag(pa: Samverkansorganisation | Insats) -> date | None:
    """Platsens slutdatum; None om uppdrag får ges efter det.

    Är deltagare kvar i en insats som har slutat ska någon kunna utregistrera dem, och i en samverkansorganisation som
    har slutat ska någon kunna föra utfall och rätta.
    """
    if pa.slutdatum is None or pa.slutdatum >= timezone.localdate():
        return pa.slutdatum
    if isinstance(pa, Samverkansorganisation):
        return None
    return None if registreringsgranser(pa).oppna else pa.slutdatum


def _krav_inget_lika(lika: QuerySet[Uppdrag], fran: date, till: date | None) -> None:
    # Ett som avslutats i dag hindrar inte ett nytt samma dag (R1a).
    krockar = lika.filter(Q(avslutad_vid=None) | Q(avslutad_vid__gt=Now())).filter(Q(till=None) | Q(till__gte=fran))
    if till:
        krockar = krockar.filter(fran__lte=till)
    if krock := krockar.first():
        slut = f"till och med {krock.till}" if krock.till else "tills vidare"
        raise ValidationError({"fran": f"Personen har redan uppdraget från och med {krock.fran} {slut}."})


def avsluta_uppdrag(*, uppdrag: Uppdrag, till: date | None = None, nu: bool = False, av: Anvandare) -> Uppdrag:
    """Avslutar uppdraget efter dagen `till`, eller genast med `nu` (R1a), och returnerar det.

    Ger PermissionDenied om `av` inte är ett steg upp i kedjan, och ValidationError om uppdraget redan har slutat,
    eller slutar tidigare än så.
    """
    with skriver():
        uppdrag = Uppdrag.objects.select_for_update(of=("self",)).att_visa().get(pk=uppdrag.pk)
        genom = _uppdraget_som_ger(Roll(uppdrag.behorighet.roll), uppdrag.plats, av)
        if not Uppdrag.objects.inte_slut().filter(pk=uppdrag.pk).exists():
            raise ValidationError("Uppdraget är redan avslutat.")
        _avsluta(uppdrag, None if nu else _slutdag(uppdrag, till), av, genom=genom)
    return uppdrag


def _slutdag(uppdrag: Uppdrag, till: date | None) -> date:
    if till is None:
        raise ValidationError({"till": "Ange ett datum."})
    if till < timezone.localdate():
        raise ValidationError({"till": "Datumet har redan passerat. Välj Avsluta nu för att avsluta genast."})
    if till < uppdrag.fran:
        raise ValidationError({"till": f"Uppdraget börjar {uppdrag.fran}. Välj Avsluta nu, så börjar det aldrig."})
    if uppdrag.till and till > uppdrag.till:
        raise ValidationError({"till": f"Uppdraget slutar redan {uppdrag.till}. Ge ett nytt uppdrag för längre tid."})
    return till


def avsluta_uppdrag_for(
    *, behorighet: Behorighet, till: date | None = None, nu: bool = False, av: Anvandare
) -> list[Uppdrag]:
    """Avslutar uppdragen som vilar på en behörighet som avslutas, samma dag eller genast, och returnerar dem (R4).

    `till` är behörighetens nya sista dag. Anropas av den som får avsluta behörigheten, i samma transaktion.
    """
    if till is None and not nu:
        raise ValidationError({"till": "Ange ett datum."})
    slut = None if nu else till
    with skriver():
        avslutas = [
            uppdrag
            for uppdrag in vilar_pa(behorighet).select_for_update(of=("self",))
            if slut is None or uppdrag.till is None or uppdrag.till > slut
        ]
        for uppdrag in avslutas:
            # Det som skulle ha börjat efter behörigheten börjar aldrig.
            _avsluta(uppdrag, None if slut and uppdrag.fran > slut else slut, av, genom=None)
    return avslutas


def vilar_pa(behorighet: Behorighet) -> QuerySet[Uppdrag]:
    """Uppdragen på behörigheten som inte har slutat av sig själva eller avslutats."""
    uppdrag = Uppdrag.objects.filter(behorighet=behorighet, avslutad_vid=None)
    return uppdrag.filter(Q(till=None) | Q(till__gte=timezone.localdate())).att_visa()


def _avsluta(uppdrag: Uppdrag, till: date | None, av: Anvandare, *, genom: int | None) -> None:
    if till is None:
        uppdrag.avslutad_vid = timezone.now()
        # Databasens klocka, som också är den som prövar giltigheten.
        Uppdrag.objects.filter(pk=uppdrag.pk).update(avslutad_vid=Now())
    else:
        uppdrag.till = till
        uppdrag.save(update_fields=["till"])
    _logga(Handelse.Typ.UPPDRAG_AVSLUTAT, uppdrag, av, genom=genom)


def _logga(typ: Handelse.Typ, uppdrag: Uppdrag, av: Anvandare, *, genom: int | None) -> None:
    logga(
        typ,
        av=av,
        insats_id=uppdrag.insats_id,
        uppdrag=uppdrag.pk,
        behorighet=uppdrag.behorighet_id,
        organisation=uppdrag.samverkansorganisation_id,
        genom=genom,
        fran=uppdrag.fran.isoformat(),
        till=uppdrag.till.isoformat() if uppdrag.till else None,
        nu=uppdrag.avslutad_vid is not None,
    )


def kan_ge(anvandare: Anvandare, roll: Roll) -> list[Anvandare]:
    """Högst fem att vända sig till för ett uppdrag i rollen (R3); tom när ingen finns.

    De som ger rollen i organisationer där användaren har eller har haft uppdrag, annars hos samma arbetsgivare.
    """
    ger = GER_UPPDRAG[roll]
    andra = Anvandare.objects.filter(is_active=True).exclude(pk=anvandare.pk)
    if ger == Roll.SYSTEMADMINISTRATOR:
        return _forsta(andra.filter(pk__in=Behorighet.objects.gallande().filter(roll=ger).values("anvandare")))
    gallande = Uppdrag.objects.gallande().filter(behorighet__roll=ger)
    egna = Uppdrag.objects.filter(behorighet__anvandare=anvandare)
    i_egna = gallande.filter(
        Q(samverkansorganisation__in=egna.filter(insats=None).values("samverkansorganisation"))
        | Q(samverkansorganisation__in=egna.exclude(insats=None).values("insats__samverkansorganisation"))
        | Q(insats__in=egna.exclude(insats=None).values("insats"))
    )
    return _forsta(andra.filter(pk__in=i_egna.values("behorighet__anvandare"))) or _forsta(
        andra.filter(arbetsgivare=anvandare.arbetsgivare_id, pk__in=gallande.values("behorighet__anvandare"))
    )


def _forsta(anvandare: QuerySet[Anvandare]) -> list[Anvandare]:
    ordning = [Func(falt, function="sus_sortnyckel") for falt in ("efternamn", "fornamn")]
    return list(anvandare.select_related("arbetsgivare").order_by(*ordning, "pk")[:HOGST_NAMN])


def att_fraga(anvandare: Anvandare, roll: Roll) -> str:
    """Vem den som saknar uppdrag i rollen vänder sig till, med namn när någon kan ge det (R3)."""
    text = f"Vänd dig till {GER_UPPDRAG[roll].label.lower()} för att få ett"
    namn = ", ".join(f"{en.get_full_name()} ({en.arbetsgivare.namn})" for en in kan_ge(anvandare, roll))
    return f"{text}: {namn}." if namn else f"{text}."
