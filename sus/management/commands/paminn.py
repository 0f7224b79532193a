import smtplib
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from behorighet.utskick import mottagare, paminn
from sus.paminnelser import PER_ROLL


class Command(BaseCommand):
    help = (
        "Skickar en påminnelse med e-post till beställare och deltagaransvariga som har något att se över: högst en i "
        "veckan var, och bara när något är nytt. Körs varje natt."
    )

    def handle(self, **options: Any) -> None:
        saknas = [
            namn
            for namn, varde in (
                ("SUS_EPOST_URL", settings.EPOST),
                ("SUS_AVSANDARE", settings.DEFAULT_FROM_EMAIL),
                ("SUS_ADRESS", settings.SUS_ADRESS),
            )
            if not varde
        ]
        if saknas:
            raise CommandError(f"Inga påminnelser är skickade. Sätt {', '.join(saknas)} i miljön.")
        skickade, fel = 0, 0
        for konto, laget_for in [(konto, laget) for roll, laget in PER_ROLL for konto in mottagare(roll)]:
            try:
                skickade += paminn(konto, laget_for)
            except (smtplib.SMTPException, OSError) as orsak:
                fel += 1
                # Bara felets slag: servern kan svara med mottagarens adress.
                self.stderr.write(f"Konto {konto.pk}: {type(orsak).__name__}")
        self.stdout.write(f"Skickade påminnelser: {skickade}.")
        if fel:
            raise CommandError(f"{fel} gick inte att skicka. De prövas igen vid nästa körning.")
