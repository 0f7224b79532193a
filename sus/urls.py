"""Projektets adresser."""

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_safe

from deltagare import samarbete_urls as samarbete
from deltagare import urls as deltagare
from insatser import urls as insatser
from sus import handbok, hjalp, views


@require_safe
@login_not_required
def halsa(request: HttpRequest) -> HttpResponse:
    """200 när webben svarar och når databasen, för övervakning och behållare."""
    with connection.cursor() as markor:
        markor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns = [
    path("", views.start, name="start"),
    path("", include("behorighet.urls")),
    path("", include(insatser.uppdrag)),
    path("", include(insatser.fragor)),
    path("", include(insatser.granskning)),
    path("administration/kodverk/", include(deltagare.kodverk)),
    path("administration/gallring/", include(deltagare.gallring)),
    path("administration/overgangar/", include(samarbete.matris)),
    path("administration/kontor/", include(insatser.kontoren)),
    path("insatser/", include("insatser.urls")),
    path("deltagare/", include("deltagare.urls")),
    path("af-fk/", include("deltagare.samarbete_urls")),
    path("las-in/", include(deltagare.las_in)),
    path("rapporter/", include("rapporter.urls")),
    path("hjalp/", handbok.handbok, name="handbok"),
    path("hjalp/tillganglighet/", handbok.tillganglighet, name="tillganglighet"),
    path("hjalp/vem-far-vad/", hjalp.vem_far_vad, name="vem_far_vad"),
    path("hjalp/<slug:kapitel>/", handbok.handbok_kapitel, name="handbok_kapitel"),
    path("halsa/", halsa, name="halsa"),
]
