"""Uppladdade filer: i minnet, aldrig på disken, och aldrig mer än gränsen (P22)."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class IMinnet(FileUploadHandler):
    """Behåller filen i minnet. Är den större än `settings.SUS_STORSTA_FIL` blir den tom, med sin rätta storlek."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """En fil börjar."""
        super().new_file(*args, **kwargs)
        self._innehall = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """En bit av filen, som börjar vid byten `start`."""
        if start + len(raw_data) <= settings.SUS_STORSTA_FIL:
            self._innehall.write(raw_data)
        else:
            self._innehall = BytesIO()

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """Filen. Namnet följer inte med: det kan ha blivit ett personnummer (P7)."""
        self._innehall.seek(0)
        return InMemoryUploadedFile(
            self._innehall, self.field_name, "fil", self.content_type, file_size, self.charset, self.content_type_extra
        )
