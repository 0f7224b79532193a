"""Län, kommuner och stadsdelar (R8)."""

from django.db import migrations

from insatser.geografi import KOMMUNER, LAN, STADSDELAR


def fyll(apps, schema_editor):
    alias = schema_editor.connection.alias
    Lan, Kommun, Stadsdel = (apps.get_model("insatser", namn) for namn in ("Lan", "Kommun", "Stadsdel"))
    Lan.objects.using(alias).bulk_create(Lan(kod=kod, namn=namn) for kod, namn in LAN)
    Kommun.objects.using(alias).bulk_create(Kommun(kod=kod, namn=namn, lan_id=kod[:2]) for kod, namn in KOMMUNER)
    Stadsdel.objects.using(alias).bulk_create(
        Stadsdel(kommun_id=kommun, namn=namn, giltig_till=giltig_till) for kommun, namn, giltig_till in STADSDELAR
    )


class Migration(migrations.Migration):
    dependencies = [("insatser", "0001_initial")]

    operations = [migrations.RunPython(fyll, migrations.RunPython.noop)]
