"""Kodverken för före- och efteruppgifter (`doman.md` 4)."""

from django.db import migrations

from deltagare.uppgifter import KODER


def fyll(apps, schema_editor):
    Kod = apps.get_model("deltagare", "Kod")
    Kod.objects.using(schema_editor.connection.alias).bulk_create(
        Kod(kodverk=kodverk.value, kod=kod, etikett=etikett, ordning=ordning)
        for kodverk, koder in KODER.items()
        for ordning, (kod, etikett) in enumerate(koder, start=1)
    )


class Migration(migrations.Migration):
    dependencies = [("deltagare", "0001_initial")]

    operations = [migrations.RunPython(fyll, migrations.RunPython.noop)]
