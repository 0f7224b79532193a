"""Sidorna *Registrera kontor* och *Ändra kontor*. Listan av kontor står i `lista`."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from behorighet.inskick import en_gang
from behorighet.krock import Krock
from behorighet.roller import Rattighet
from behorighet.skydd import Begaran, kraver
from fkui.fel import visa_fel
from insatser import kontor_tjanster
from insatser.forms import VILLKORENS_FALT, Kontorsandringsform, NyttKontorform
from insatser.kategorier import KONTORSFORMER, Samverkansform
from insatser.models import Insats, Samverkansorganisation


def organisationer_som_saknas() -> list[str]:
    """Vad de av Af/FK-samarbetets två samverkansorganisationer heter som inte är registrerade."""
    finns = set(Samverkansorganisation.objects.med_kontor().values_list("samverkansform", flat=True))
    return [str(form.label) for form in Samverkansform if form in KONTORSFORMER and form not in finns]


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def ny(request: Begaran) -> HttpResponse:
    """Registrera kontor i en av Af/FK-samarbetets två samverkansorganisationer."""
    form = NyttKontorform(request.POST if request.method == "POST" else None, avbryt=reverse("kontor:lista"))
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _registrera(form, request)))
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
    saknas = organisationer_som_saknas()
    kontext = {"form": form, "rubrik": "Registrera kontor", "saknas": saknas, "ingen": len(saknas) == 2}
    return render(request, "insatser/kontor_form.html", kontext)


def _registrera(form: NyttKontorform, request: Begaran) -> str:
    kontor = kontor_tjanster.registrera_kontor(**form.uppgifter(), av=request.user)
    messages.success(
        request, f"{kontor.namn} är registrerat. Samverkansadministratören ger det en insatsansvarig, på den här sidan."
    )
    return kontor.get_absolute_url()


@require_http_methods(["GET", "POST"])
@kraver(Rattighet.ADMINISTRERA_SYSTEMET)
def andra(request: Begaran, pk: int) -> HttpResponse:
    """Ändra kontor, för systemadministratören."""
    kontor = get_object_or_404(Insats.objects.kontor().select_related("samverkansorganisation"), pk=pk)
    return andra_kontoret(request, kontor)


def andra_kontoret(request: Begaran, kontor: Insats) -> HttpResponse:
    """Formuläret för kontoret, som användaren når."""
    form = Kontorsandringsform(
        request.POST if request.method == "POST" else None, kontor=kontor, avbryt=kontor.get_absolute_url()
    )
    skillnader: list[tuple[str, str, str]] = []
    if form.is_bound and form.is_valid():
        try:
            return redirect(en_gang(request, lambda: _andra(form, kontor, request)))
        except Krock as fel:
            form, skillnader = form.efter_krock(fel)
        except ValidationError as fel:
            visa_fel(form, fel, falt=VILLKORENS_FALT)
    kontext = {"form": form, "kontor": kontor, "rubrik": f"Ändra {kontor.namn}", "skillnader": skillnader}
    return render(request, "insatser/kontor_form.html", kontext)


def _andra(form: Kontorsandringsform, kontor: Insats, request: Begaran) -> str:
    version = form.cleaned_data["version"] or 0
    kontor_tjanster.andra_kontor(kontor=kontor, version=version, **form.uppgifter(), av=request.user)
    messages.success(request, "Ändringarna är sparade.")
    return kontor.get_absolute_url()
