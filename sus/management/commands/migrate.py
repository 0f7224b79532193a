from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as Migrera
from django.db import connections

from sus.databasroller import MIGRERINGSLAS, sakerstall_for


class Command(Migrera):
    """Djangos migrate som databasens ägare, med rollerna på plats och en i taget."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="agare")

    def handle(self, *args: Any, **options: Any) -> None:
        sakerstall_for(settings.DATABASES)
        forbindelse = connections[options["database"]]
        with forbindelse.cursor() as markor:
            markor.execute("SELECT pg_advisory_lock(%s)", [MIGRERINGSLAS])
        try:
            super().handle(*args, **options)
        finally:
            with forbindelse.cursor() as markor:
                markor.execute("SELECT pg_advisory_unlock(%s)", [MIGRERINGSLAS])
