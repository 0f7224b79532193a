"""Kill -9 under last: i tur och ordning, och hur länge det tar innan allt går igen."""

import time
from contextlib import suppress
from functools import partial
from typing import Any, Final, NamedTuple

import psycopg
from last_klient import Matning
from last_tjanster import Tjanster, vanta

IGEN: Final = 60.0  # sekunder: så länge får ett jobb ligga innan någon tar upp det (P19), och allt annat vara nere
LANGST: Final = 300.0  # sekunder: därefter är något sönder, inte bara långsamt
DATABASEN, FORBINDELSEN, WEBBEN, ARBETAREN = "databasen", "en av databasens processer", "en webbprocess", "arbetaren"
TURORDNING: Final = (DATABASEN, WEBBEN, ARBETAREN, FORBINDELSEN, WEBBEN, ARBETAREN)


class Dodad(NamedTuple):
    """Ett kill -9: vad, när, sekunder tills webben svarade, och tills jobbet togs upp (None: inget pågick)."""

    vad: str
    nar: float
    uppe: float
    jobbet: float | None


class Dodandet:
    """Dödar `antal` gånger; när det som dog är tillbaka går `mellan` sekunder till nästa."""

    def __init__(self, tjanster: Tjanster, matning: Matning, antal: int, mellan: float) -> None:
        self.tjanster, self.matning, self.antal, self.mellan = tjanster, matning, antal, mellan
        self.dodade: list[Dodad] = []
        self.fel: list[str] = []

    def kor(self) -> None:
        """Alla gångerna."""
        for nr in range(self.antal):
            time.sleep(self.mellan)
            vad = TURORDNING[nr % len(TURORDNING)]
            pagick = None
            try:
                if vad == ARBETAREN:
                    pagick = self._dodar_mitt_i()
                nar = time.monotonic()
                if pagick is None:
                    self._doda(vad)
                vanta(self.tjanster.svarar, LANGST, f"webben svarar efter att {vad} dödats")
                uppe = time.monotonic() - nar
                jobbet = None
                if pagick:
                    vanta(partial(_togs_upp, pagick), LANGST, "jobbet tas upp igen")
                    jobbet = time.monotonic() - nar
            except TimeoutError as fel:
                self.fel.append(str(fel))
                return
            self.dodade.append(Dodad(vad, nar, uppe, jobbet))

    def redovisa(self) -> list[str]:
        """Skriver vad som hände efter vart och ett, och ger felen."""
        tider = [*(ett.nar for ett in self.dodade), float("inf")][1:]
        for ett, nasta in zip(self.dodade, tider, strict=True):
            fel = [anrop.slut - ett.nar for anrop in self.matning.anrop if anrop.fel and ett.nar <= anrop.slut < nasta]
            text = f"{len(fel)} misslyckade anrop"
            text += f", det sista efter {max(fel):.1f} s" if fel else ""
            text += f", webben svarade efter {ett.uppe:.1f} s"
            text += f", jobbet togs upp efter {ett.jobbet:.0f} s" if ett.jobbet is not None else ""
            print(f"dödade {ett.vad}: {text}")
            if max(ett.uppe, ett.jobbet or 0) > IGEN:
                self.fel.append(f"efter att {ett.vad} dödats gick inte allt igen inom {IGEN:.0f} s")
        av_arbetaren = [ett for ett in self.dodade if ett.vad == ARBETAREN]
        if av_arbetaren and all(ett.jobbet is None for ett in av_arbetaren):
            self.fel.append(f"arbetaren dödades {len(av_arbetaren)} gånger, aldrig mitt i en rapport")
        if len(self.dodade) < self.antal:
            self.fel.append(f"bara {len(self.dodade)} av {self.antal} dödade")
        for vilket, antal in self.matning.oforklarade([ett.nar for ett in self.dodade], IGEN).most_common():
            self.fel.append(f"{antal} misslyckade anrop som inget dödande förklarar: {vilket}")
        if self.antal:
            print(f"{len(self.dodade)} av {self.antal} dödade; arbetaren startades om {self.tjanster.omstarter} gånger")
        return self.fel

    def _doda(self, vad: str) -> None:
        {
            DATABASEN: self.tjanster.doda_databasen,
            FORBINDELSEN: self.tjanster.doda_en_forbindelse,
            WEBBEN: self.tjanster.doda_en_webbprocess,
            ARBETAREN: self.tjanster.doda_arbetaren,
        }[vad]()

    def _dodar_mitt_i(self) -> tuple[str, int] | None:
        """Dödar arbetaren mitt i en rapport, och ger den och dess försök; None om ingen gjordes i tid."""
        avbrutna: list[tuple[str, int]] = []

        def avbrot() -> bool:
            if avbruten := self.tjanster.doda_arbetaren_mitt_i(_forsok):
                avbrutna.append(avbruten)
            return bool(avbrutna)

        with suppress(TimeoutError):
            vanta(avbrot, IGEN, "en rapport görs")
        return avbrutna[0] if avbrutna else None


def _togs_upp(pagick: tuple[str, int]) -> bool:
    return _forsok(pagick[0]) != pagick


def _forsok(pk: str | None = None) -> tuple[str, int] | None:
    """Den som görs och vilket försök det är; None om ingen görs. Med `pk` bara den. Håller ingen förbindelse öppen."""
    from sus import inbaddad  # noqa: PLC0415 (efter SUS_DATA)

    delar: dict[str, Any] = inbaddad.superanslutning("sus")
    with psycopg.connect(
        host=delar["HOST"], user=delar["USER"], password=delar["PASSWORD"], dbname="sus"
    ) as forbindelse:
        rad = forbindelse.execute(
            "SELECT id::text, forsok FROM rapporter_bestallning "
            "WHERE lage = 'pagar' AND id::text = coalesce(%s, id::text) ORDER BY borjade_vid DESC LIMIT 1",
            [pk],
        ).fetchone()
    return (str(rad[0]), int(rad[1])) if rad else None
