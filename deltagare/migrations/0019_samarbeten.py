"""Af/FK-samarbetet: samarbeten, deras kontor, övergångar och övergångsmatrisen (`doman.md` 6)."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import behorighet.models.historik


class Migration(migrations.Migration):
    dependencies = [
        ("deltagare", "0018_alla_nummer"),
        ("insatser", "0008_fragor"),
    ]

    operations = [
        migrations.CreateModel(
            name="Samarbete",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nyckel", models.CharField(max_length=60, unique=True, verbose_name="samarbetets id")),
                (
                    "initierad_av",
                    models.CharField(
                        choices=[("af", "Arbetsförmedlingen"), ("fk", "Försäkringskassan")],
                        max_length=2,
                        verbose_name="initierad av",
                    ),
                ),
                ("borjan", models.DateField(verbose_name="början")),
                ("slut", models.DateField(blank=True, null=True, verbose_name="slut")),
                (
                    "insatstyp",
                    models.CharField(
                        choices=[
                            ("begaran", "Begäran om gemensam kartläggning"),
                            ("gemensam_kartlaggning", "Gemensam kartläggning"),
                            ("planerad_arbetsforberedande", "Planerad arbetsförberedande"),
                            ("planerad_arbetslivsinriktad", "Planerad arbetslivsinriktad"),
                            ("arbetsforberedande", "Arbetsförberedande"),
                            ("arbetslivsinriktade", "Arbetslivsinriktade"),
                            ("avslutat", "Avslutat samarbete"),
                            ("avbrutet", "Avbrutet samarbete"),
                            ("konsultativt_stod", "Konsultativt stöd"),
                        ],
                        max_length=30,
                        verbose_name="insatstyp",
                    ),
                ),
                (
                    "kon",
                    models.CharField(choices=[("kvinna", "Kvinna"), ("man", "Man")], max_length=10, verbose_name="kön"),
                ),
                ("alder", models.PositiveSmallIntegerField(verbose_name="ålder det år samarbetet började")),
                ("samtycke", models.DateField(blank=True, null=True, verbose_name="samtycke")),
                ("samtycke_arkiverat", models.DateField(blank=True, null=True, verbose_name="samtycke arkiverat")),
                ("avidentifierat", models.BooleanField(default=False, verbose_name="utan identitet")),
                ("fingeravtryck", models.BinaryField(max_length=32, null=True, unique=True)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "skapad_vid",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="skapad"
                    ),
                ),
                (
                    "af_kontor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="insatser.insats",
                        verbose_name="Arbetsförmedling",
                    ),
                ),
                (
                    "fk_kontor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="insatser.insats",
                        verbose_name="FK-kontor",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="samarbeten", to="deltagare.person"
                    ),
                ),
            ],
            options={
                "verbose_name": "samarbete",
                "verbose_name_plural": "samarbeten",
            },
        ),
        migrations.CreateModel(
            name="Overgangsregel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "fran",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("begaran", "Begäran om gemensam kartläggning"),
                            ("gemensam_kartlaggning", "Gemensam kartläggning"),
                            ("planerad_arbetsforberedande", "Planerad arbetsförberedande"),
                            ("planerad_arbetslivsinriktad", "Planerad arbetslivsinriktad"),
                            ("arbetsforberedande", "Arbetsförberedande"),
                            ("arbetslivsinriktade", "Arbetslivsinriktade"),
                            ("avslutat", "Avslutat samarbete"),
                            ("avbrutet", "Avbrutet samarbete"),
                            ("konsultativt_stod", "Konsultativt stöd"),
                        ],
                        max_length=30,
                        verbose_name="från",
                    ),
                ),
                (
                    "till",
                    models.CharField(
                        choices=[
                            ("begaran", "Begäran om gemensam kartläggning"),
                            ("gemensam_kartlaggning", "Gemensam kartläggning"),
                            ("planerad_arbetsforberedande", "Planerad arbetsförberedande"),
                            ("planerad_arbetslivsinriktad", "Planerad arbetslivsinriktad"),
                            ("arbetsforberedande", "Arbetsförberedande"),
                            ("arbetslivsinriktade", "Arbetslivsinriktade"),
                            ("avslutat", "Avslutat samarbete"),
                            ("avbrutet", "Avbrutet samarbete"),
                            ("konsultativt_stod", "Konsultativt stöd"),
                        ],
                        max_length=30,
                        verbose_name="till",
                    ),
                ),
                (
                    "myndighet",
                    models.CharField(
                        choices=[("af", "Arbetsförmedlingen"), ("fk", "Försäkringskassan")],
                        max_length=2,
                        verbose_name="registreras normalt av",
                    ),
                ),
                ("oppen", models.BooleanField(default=True, verbose_name="öppen")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
            ],
            options={
                "verbose_name": "övergångsregel",
                "verbose_name_plural": "övergångsregler",
                "constraints": [
                    models.UniqueConstraint(fields=("fran", "till"), name="en_ruta_per_overgang"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("fran", ""), ("till", "begaran")),
                                models.Q(
                                    (
                                        "fran__in",
                                        (
                                            "begaran",
                                            "gemensam_kartlaggning",
                                            "planerad_arbetsforberedande",
                                            "planerad_arbetslivsinriktad",
                                            "arbetsforberedande",
                                            "arbetslivsinriktade",
                                        ),
                                    ),
                                    models.Q(("till", "begaran"), _negated=True),
                                ),
                                _connector="OR",
                            ),
                            (
                                "till__in",
                                [
                                    "begaran",
                                    "gemensam_kartlaggning",
                                    "planerad_arbetsforberedande",
                                    "planerad_arbetslivsinriktad",
                                    "arbetsforberedande",
                                    "arbetslivsinriktade",
                                    "avslutat",
                                    "avbrutet",
                                    "konsultativt_stod",
                                ],
                            ),
                            models.Q(("fran", models.F("till")), _negated=True),
                        ),
                        name="rutan_finns_i_matrisen",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("fran", ""), _negated=True), ("oppen", True), _connector="OR"),
                        name="samarbetet_gar_att_borja",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("myndighet__in", ["af", "fk"])), name="overgangens_myndighet_finns"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Overgang",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ordning", models.PositiveSmallIntegerField(verbose_name="ordning")),
                (
                    "till",
                    models.CharField(
                        choices=[
                            ("begaran", "Begäran om gemensam kartläggning"),
                            ("gemensam_kartlaggning", "Gemensam kartläggning"),
                            ("planerad_arbetsforberedande", "Planerad arbetsförberedande"),
                            ("planerad_arbetslivsinriktad", "Planerad arbetslivsinriktad"),
                            ("arbetsforberedande", "Arbetsförberedande"),
                            ("arbetslivsinriktade", "Arbetslivsinriktade"),
                            ("avslutat", "Avslutat samarbete"),
                            ("avbrutet", "Avbrutet samarbete"),
                            ("konsultativt_stod", "Konsultativt stöd"),
                        ],
                        max_length=30,
                        verbose_name="till",
                    ),
                ),
                ("datum", models.DateField(verbose_name="datum")),
                (
                    "orsak",
                    models.CharField(
                        blank=True,
                        choices=[("samtycke_atertas", "Samtycket återtas"), ("eget_initiativ", "Eget initiativ")],
                        max_length=20,
                        verbose_name="orsak",
                    ),
                ),
                (
                    "registrerad_av",
                    models.CharField(
                        blank=True,
                        choices=[("af", "Arbetsförmedlingen"), ("fk", "Försäkringskassan")],
                        db_default="",
                        max_length=2,
                        verbose_name="registrerad av",
                    ),
                ),
                (
                    "fran",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("begaran", "Begäran om gemensam kartläggning"),
                            ("gemensam_kartlaggning", "Gemensam kartläggning"),
                            ("planerad_arbetsforberedande", "Planerad arbetsförberedande"),
                            ("planerad_arbetslivsinriktad", "Planerad arbetslivsinriktad"),
                            ("arbetsforberedande", "Arbetsförberedande"),
                            ("arbetslivsinriktade", "Arbetslivsinriktade"),
                            ("avslutat", "Avslutat samarbete"),
                            ("avbrutet", "Avbrutet samarbete"),
                            ("konsultativt_stod", "Konsultativt stöd"),
                        ],
                        db_default="",
                        editable=False,
                        max_length=30,
                        verbose_name="från",
                    ),
                ),
                ("lamnad", models.DateField(editable=False, null=True, verbose_name="lämnad")),
                (
                    "skapad_vid",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="skapad"
                    ),
                ),
                (
                    "samarbete",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="overgangar",
                        to="deltagare.samarbete",
                    ),
                ),
            ],
            options={
                "verbose_name": "övergång",
                "verbose_name_plural": "övergångar",
                "ordering": ["samarbete", "ordning"],
            },
        ),
        migrations.CreateModel(
            name="SamarbeteHistorikrad",
            fields=[
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "av_id",
                    models.BigIntegerField(
                        db_default=django.db.models.functions.comparison.Cast(
                            django.db.models.functions.comparison.NullIf(
                                behorighet.models.historik.NuvarandeAnvandare(), models.Value("")
                            ),
                            models.BigIntegerField(),
                        ),
                        null=True,
                        verbose_name="användare",
                    ),
                ),
                ("id", models.BigIntegerField()),
                ("nyckel", models.CharField(max_length=60, verbose_name="samarbetets id")),
                (
                    "initierad_av",
                    models.CharField(
                        choices=[("af", "Arbetsförmedlingen"), ("fk", "Försäkringskassan")],
                        max_length=2,
                        verbose_name="initierad av",
                    ),
                ),
                ("borjan", models.DateField(verbose_name="början")),
                ("slut", models.DateField(blank=True, null=True, verbose_name="slut")),
                (
                    "insatstyp",
                    models.CharField(
                        choices=[
                            ("begaran", "Begäran om gemensam kartläggning"),
                            ("gemensam_kartlaggning", "Gemensam kartläggning"),
                            ("planerad_arbetsforberedande", "Planerad arbetsförberedande"),
                            ("planerad_arbetslivsinriktad", "Planerad arbetslivsinriktad"),
                            ("arbetsforberedande", "Arbetsförberedande"),
                            ("arbetslivsinriktade", "Arbetslivsinriktade"),
                            ("avslutat", "Avslutat samarbete"),
                            ("avbrutet", "Avbrutet samarbete"),
                            ("konsultativt_stod", "Konsultativt stöd"),
                        ],
                        max_length=30,
                        verbose_name="insatstyp",
                    ),
                ),
                (
                    "kon",
                    models.CharField(choices=[("kvinna", "Kvinna"), ("man", "Man")], max_length=10, verbose_name="kön"),
                ),
                ("alder", models.PositiveSmallIntegerField(verbose_name="ålder det år samarbetet började")),
                ("samtycke", models.DateField(blank=True, null=True, verbose_name="samtycke")),
                ("samtycke_arkiverat", models.DateField(blank=True, null=True, verbose_name="samtycke arkiverat")),
                ("avidentifierat", models.BooleanField(default=False, verbose_name="utan identitet")),
                (
                    "af_kontor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="insatser.insats",
                        verbose_name="Arbetsförmedling",
                    ),
                ),
                (
                    "fk_kontor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="insatser.insats",
                        verbose_name="FK-kontor",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="deltagare.person",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="historik",
                        to="deltagare.samarbete",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Samarbetskontor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("datum", models.DateField(verbose_name="från och med")),
                (
                    "af_kontor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="insatser.insats",
                        verbose_name="Arbetsförmedling",
                    ),
                ),
                (
                    "fk_kontor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="insatser.insats",
                        verbose_name="FK-kontor",
                    ),
                ),
                (
                    "samarbete",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="kontor",
                        to="deltagare.samarbete",
                    ),
                ),
            ],
            options={
                "verbose_name": "samarbetets kontor",
                "verbose_name_plural": "samarbetets kontor",
            },
        ),
        migrations.CreateModel(
            name="Samarbetsfolkbokforing",
            fields=[
                (
                    "samarbete",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="folkbokforing",
                        serialize=False,
                        to="deltagare.samarbete",
                    ),
                ),
                (
                    "kommun",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="insatser.kommun"
                    ),
                ),
                (
                    "stadsdel",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="insatser.stadsdel",
                    ),
                ),
            ],
            options={
                "verbose_name": "samarbetets folkbokföring",
                "verbose_name_plural": "samarbetenas folkbokföring",
            },
        ),
        migrations.AddConstraint(
            model_name="samarbete",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                expressions=[
                    ("person", "="),
                    (
                        django.db.models.expressions.Func(
                            models.F("borjan"),
                            models.F("slut"),
                            function="daterange",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="ett_oppet_samarbete_per_person",
                violation_error_message="Personen har redan ett samarbete under den tiden. Avsluta det först, och börja nästa tidigast den dag det slutade.",
            ),
        ),
        migrations.AddConstraint(
            model_name="samarbete",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "insatstyp__in",
                            (
                                "begaran",
                                "gemensam_kartlaggning",
                                "planerad_arbetsforberedande",
                                "planerad_arbetslivsinriktad",
                                "arbetsforberedande",
                                "arbetslivsinriktade",
                            ),
                        ),
                        ("slut", None),
                    ),
                    models.Q(
                        ("insatstyp__in", ("avslutat", "avbrutet", "konsultativt_stod")),
                        ("slut__gte", models.F("borjan")),
                    ),
                    _connector="OR",
                ),
                name="slutet_foljer_insatstypen",
            ),
        ),
        migrations.AddConstraint(
            model_name="samarbete",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("samtycke__isnull", False), ("samtycke__lte", models.F("borjan"))),
                    models.Q(("avidentifierat", True), ("samtycke", None)),
                    _connector="OR",
                ),
                name="samtycke_finns_fore_samarbetet",
                violation_error_message="Samtycket ska vara lämnat senast den dag samarbetet börjar. Utan samtycke registreras deltagaren som anonym.",
            ),
        ),
        migrations.AddConstraint(
            model_name="samarbete",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("samtycke_arkiverat", None),
                    ("samtycke", None),
                    ("samtycke_arkiverat__gte", models.F("samtycke")),
                    _connector="OR",
                ),
                name="samarbetets_samtycke_arkiverat_efterat",
                violation_error_message="Samtycket kan inte vara arkiverat innan det lämnades.",
            ),
        ),
        migrations.AddConstraint(
            model_name="samarbete",
            constraint=models.CheckConstraint(
                condition=models.Q(("kon__in", ["kvinna", "man"])), name="samarbetets_kon_finns"
            ),
        ),
        migrations.AddConstraint(
            model_name="samarbete",
            constraint=models.CheckConstraint(
                condition=models.Q(("initierad_av__in", ["af", "fk"])), name="initierad_av_af_eller_fk"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="samarbete",
            trigger=pgtrigger.compiler.Trigger(
                name="ny_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "deltagare_samarbetehistorikrad" ("af_kontor_id", "alder", "avidentifierat", "borjan", "fk_kontor_id", "id", "initierad_av", "insatstyp", "kon", "nyckel", "person_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "samtycke", "samtycke_arkiverat", "slut") SELECT new_values."af_kontor_id", new_values."alder", new_values."avidentifierat", new_values."borjan", new_values."fk_kontor_id", new_values."id", new_values."initierad_av", new_values."insatstyp", new_values."kon", new_values."nyckel", new_values."person_id", NOW(), \'ny\', new_values."id", new_values."samtycke", new_values."samtycke_arkiverat", new_values."slut" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="a4b26d0804e32a92979f2b8dd4550ebcb2290e00",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_ny_insert_c3654",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="deltagare_samarbete",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="samarbete",
            trigger=pgtrigger.compiler.Trigger(
                name="andrad_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "deltagare_samarbetehistorikrad" ("af_kontor_id", "alder", "avidentifierat", "borjan", "fk_kontor_id", "id", "initierad_av", "insatstyp", "kon", "nyckel", "person_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "samtycke", "samtycke_arkiverat", "slut") SELECT new_values."af_kontor_id", new_values."alder", new_values."avidentifierat", new_values."borjan", new_values."fk_kontor_id", new_values."id", new_values."initierad_av", new_values."insatstyp", new_values."kon", new_values."nyckel", new_values."person_id", NOW(), \'andrad\', new_values."id", new_values."samtycke", new_values."samtycke_arkiverat", new_values."slut" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values."af_kontor_id" IS DISTINCT FROM (new_values."af_kontor_id") OR old_values."alder" IS DISTINCT FROM (new_values."alder") OR old_values."avidentifierat" IS DISTINCT FROM (new_values."avidentifierat") OR old_values."borjan" IS DISTINCT FROM (new_values."borjan") OR old_values."fk_kontor_id" IS DISTINCT FROM (new_values."fk_kontor_id") OR old_values."id" IS DISTINCT FROM (new_values."id") OR old_values."initierad_av" IS DISTINCT FROM (new_values."initierad_av") OR old_values."insatstyp" IS DISTINCT FROM (new_values."insatstyp") OR old_values."kon" IS DISTINCT FROM (new_values."kon") OR old_values."nyckel" IS DISTINCT FROM (new_values."nyckel") OR old_values."person_id" IS DISTINCT FROM (new_values."person_id") OR old_values."samtycke" IS DISTINCT FROM (new_values."samtycke") OR old_values."samtycke_arkiverat" IS DISTINCT FROM (new_values."samtycke_arkiverat") OR old_values."slut" IS DISTINCT FROM (new_values."slut")) ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="070495fdc3ed8190fbd4c3aae18ec7c13048f4f2",
                    level="STATEMENT",
                    operation="UPDATE",
                    pgid="pgtrigger_andrad_update_7867d",
                    referencing="REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ",
                    table="deltagare_samarbete",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="samarbete",
            trigger=pgtrigger.compiler.Trigger(
                name="borttagen_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "deltagare_samarbetehistorikrad" ("af_kontor_id", "alder", "avidentifierat", "borjan", "fk_kontor_id", "id", "initierad_av", "insatstyp", "kon", "nyckel", "person_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "samtycke", "samtycke_arkiverat", "slut") SELECT old_values."af_kontor_id", old_values."alder", old_values."avidentifierat", old_values."borjan", old_values."fk_kontor_id", old_values."id", old_values."initierad_av", old_values."insatstyp", old_values."kon", old_values."nyckel", old_values."person_id", NOW(), \'borttagen\', old_values."id", old_values."samtycke", old_values."samtycke_arkiverat", old_values."slut" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;',
                    hash="2e7d068ec85631b476634792217688e05034b049",
                    level="STATEMENT",
                    operation="DELETE",
                    pgid="pgtrigger_borttagen_delete_2ce10",
                    referencing="REFERENCING OLD TABLE AS old_values ",
                    table="deltagare_samarbete",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="overgang",
            constraint=models.UniqueConstraint(fields=("samarbete", "ordning"), name="overgangen_har_en_plats"),
        ),
        migrations.AddConstraint(
            model_name="overgang",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "till__in",
                        [
                            "begaran",
                            "gemensam_kartlaggning",
                            "planerad_arbetsforberedande",
                            "planerad_arbetslivsinriktad",
                            "arbetsforberedande",
                            "arbetslivsinriktade",
                            "avslutat",
                            "avbrutet",
                            "konsultativt_stod",
                        ],
                    )
                ),
                name="overgangens_typ_finns",
            ),
        ),
        migrations.AddConstraint(
            model_name="overgang",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("orsak__in", ["samtycke_atertas", "eget_initiativ"]), ("till", "avbrutet")),
                    models.Q(models.Q(("till", "avbrutet"), _negated=True), ("orsak", "")),
                    _connector="OR",
                ),
                name="orsak_vid_avbrutet",
                violation_error_message="Ange orsak när samarbetet avbryts, och bara då.",
            ),
        ),
        migrations.AddConstraint(
            model_name="samarbetskontor",
            constraint=models.UniqueConstraint(
                fields=("samarbete", "datum"),
                name="kontoren_byts_en_gang_om_dagen",
                violation_error_message="Kontoren byttes redan den dagen. Välj en senare dag.",
            ),
        ),
    ]
