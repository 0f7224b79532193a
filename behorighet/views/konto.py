"""Det egna lösenordet: byta det, eller välja ett med en engångslänk (P5)."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from behorighet import tjanster
from behorighet.forms import BytLosenordForm, ValjLosenordForm
from behorighet.models import Anvandare
from behorighet.skydd import Begaran
from behorighet.tva_steg import far_utan_tva_steg
from fkui.fel import visa_fel


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
@far_utan_tva_steg
def byt_losenord(request: Begaran) -> HttpResponse:
    """Byt lösenord. Den egna sessionen lever vidare, kontots andra slutar gälla. Kräver ingen roll."""
    form = BytLosenordForm(request.POST if request.method == "POST" else None, konto=request.user)
    if form.is_bound and form.is_valid():
        tjanster.byt_losenord(losenord=form.cleaned_data["nytt"], av=request.user)
        update_session_auth_hash(request, request.user)
        messages.success(request, "Lösenordet är bytt. Du är utloggad överallt utom här.")
        return redirect("start")
    return render(request, "behorighet/byt_losenord.html", {"form": form})


@sensitive_post_parameters()
@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def valj_losenord(request: HttpRequest, pk: int, kod: str) -> HttpResponse:
    """Välj lösenord, med en engångslänk. En länk som är använd, för gammal eller felskriven visar en egen sida."""
    konto = Anvandare.objects.filter(pk=pk, is_active=True).first()
    if konto is None or not default_token_generator.check_token(konto, kod):
        return render(request, "behorighet/lanken_galler_inte.html", status=404)
    form = ValjLosenordForm(request.POST if request.method == "POST" else None, konto=konto)
    if form.is_bound and form.is_valid():
        try:
            tjanster.valj_losenord(kod=kod, losenord=form.cleaned_data["nytt"], av=konto)
        except ValidationError as fel:
            visa_fel(form, fel)
        else:
            messages.success(request, "Lösenordet är valt. Logga in med det.")
            return redirect("logga_in")
    return render(request, "behorighet/valj_losenord.html", {"form": form, "konto": konto})
