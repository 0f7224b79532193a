"""Inställningar. En fil: miljön skiljer, koden inte.

Sant skrivs 1, falskt 0.

SUS_DEMO       demoläge (bara med den inbäddade databasen)
SUS_DEBUG      Djangos felsökningsläge, för utveckling
SUS_PRODUKTION 1: HTTPS, och värdnamn och nycklar måste stå i miljön. Utan den, men med DATABASE_URL: HTTPS,
               nycklarna i SUS_DATA och bara localhost, så att kommandon går att köra. 0: som med den inbäddade
SUS_VARDAR     värdnamn som webben svarar på, skilda med komma
SUS_PROXY      webben står bakom en proxy som sätter X-Forwarded-Proto och lägger till sist i X-Forwarded-For
SUS_HOGST_INLOGGNINGAR  misslyckade inloggningar på fem minuter från en nätadress
SUS_SECRET_KEY, SUS_NYCKLAR  Djangos hemliga nyckel och krypteringsnycklarna (sus/nycklar.py)
SUS_LOGGKONTROLL_ANTAL  händelser om personer som granskas per månad och organisation
SUS_STATISKA   katalogen som collectstatic fyller
SUS_OIDC_URL, _KLIENT, _HEMLIGHET, _NAMN, _FALT, _TILLIT  inloggning med e-legitimation (docs/drift.md)
SUS_FOLKBOKFORING, _URL, _NYCKEL  var Hämta slår upp: tom (för hand), register eller tjanst (docs/folkbokforing.md)
SUS_TILLGANGLIGHET_EPOST  adressen dit brister i tillgängligheten anmäls
SUS_EPOST_URL, SUS_AVSANDARE, SUS_ADRESS  e-postservern, avsändaren och SUS egen adress, för påminnelser (docs/drift.md)
DATABASE_URL, DATABASE_AGAR_URL, SUS_DATA, SUS_PG_BIN  databasen (README)
"""

from pathlib import Path
from typing import Any

import environ
import pghistory
import psycopg
from django.core.exceptions import ImproperlyConfigured

from sus import inbaddad, nycklar
from sus.inbaddad.plats import skapa_datakatalog

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DATABASE_URL = env.str("DATABASE_URL", default="")
DATABASE_AGAR_URL = env.str("DATABASE_AGAR_URL", default="") or DATABASE_URL
INBADDAD = not DATABASE_URL
DEMO = env.bool("SUS_DEMO", default=False)
DEBUG = env.bool("SUS_DEBUG", default=False)
UTTALAD_PRODUKTION = env.bool("SUS_PRODUKTION", default=False)
PRODUKTION = env.bool("SUS_PRODUKTION", default=not INBADDAD)

if DEMO and (PRODUKTION or not INBADDAD):
    raise ImproperlyConfigured("Demoläget startar bara med sin egen databas. Ta bort DATABASE_URL ur miljön.")


# Nycklar


def _nycklar() -> tuple[str, nycklar.Nycklar]:
    hemlig, text = env.str("SUS_SECRET_KEY", default=""), env.str("SUS_NYCKLAR", default="")
    try:
        if hemlig and text:
            return hemlig, nycklar.tolka(text, "SUS_NYCKLAR")
        if UTTALAD_PRODUKTION:
            raise ImproperlyConfigured(
                "I produktion ska SUS_SECRET_KEY och SUS_NYCKLAR vara satta, lika för alla som använder databasen. "
                "Skapa nya nycklar med: python -m sus.nycklar"
            )
        return nycklar.fran_katalog(skapa_datakatalog())
    except (nycklar.NyckelFel, inbaddad.InbaddadFel) as fel:
        raise ImproperlyConfigured(str(fel)) from fel


SECRET_KEY, _lasta = _nycklar()
SUS_NYCKLAR = _lasta.nycklar
SUS_NYCKEL_AKTUELL = _lasta.aktuell
SUS_INDEXNYCKEL = _lasta.index


# Databas


def _anslutning(url: str) -> dict[str, Any]:
    if not url:
        return dict(inbaddad.anslutning())
    try:
        delar = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise ImproperlyConfigured(
            "DATABASE_URL ska vara av formen postgresql://namn:lösenord@värd:5432/databas"
        ) from None
    kanda = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    grund = {namn: str(delar.pop(del_, "") or "") for namn, del_ in kanda.items()}
    return {**grund, "OPTIONS": delar}


def _databas(url: str, roll: str, **ovrigt: Any) -> dict[str, Any]:
    anslutning = _anslutning(url)
    alternativ = {**anslutning.pop("OPTIONS", {}), "assume_role": roll, "application_name": roll}
    return {"ENGINE": "django.db.backends.postgresql", **anslutning, "OPTIONS": alternativ, **ovrigt}


DATABASES = {
    "default": _databas(
        DATABASE_URL,
        "sus_app",
        ATOMIC_REQUESTS=True,
        CONN_MAX_AGE=env.int("SUS_CONN_MAX_AGE", default=60),
        CONN_HEALTH_CHECKS=True,
    ),
    "agare": _databas(DATABASE_AGAR_URL, "sus_agare", TEST={"MIRROR": "default"}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


# Tillämpning

INSTALLED_APPS = [
    "sus.apps.SusConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "crispy_forms",
    "django_htmx",
    "pgtrigger",
    "pghistory",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "procrastinate.contrib.django",
    "fkui",
    "behorighet",
    "insatser",
    "deltagare",
    "rapporter",
]

MIDDLEWARE = [
    "sus.sakerhetshuvuden.sakerhetshuvuden",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "behorighet.views.KravInloggning",
    "sus.sakerhetshuvuden.inloggad",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "sus.urls"
WSGI_APPLICATION = "sus.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sus.meny.meny",
                "sus.handbok.hjalp",
                "behorighet.kontext.formularets_anvandare",
            ],
        },
    },
]

CRISPY_ALLOWED_TEMPLATE_PACKS = "fkui"
CRISPY_TEMPLATE_PACK = "fkui"
CRISPY_FAIL_SILENTLY = False

LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", "Svenska")]
TIME_ZONE = "Europe/Stockholm"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = True


# Statiska filer: med innehållsnamn i produktion och demo, direkt ur källan i utveckling och test

STATISKA_MANIFEST = PRODUKTION or DEMO
STATIC_URL = "/static/"
STATIC_ROOT = Path(
    env.str("SUS_STATISKA", default="") or (inbaddad.datakatalog() if INBADDAD else BASE_DIR) / "statiska"
)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if STATISKA_MANIFEST
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_USE_FINDERS = not STATISKA_MANIFEST
WHITENOISE_AUTOREFRESH = not STATISKA_MANIFEST


# Inloggning och sessioner

AUTH_USER_MODEL = "behorighet.Anvandare"
AUTHENTICATION_BACKENDS = ["behorighet.inloggning.Losenord"]
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600  # sekunder som en engångslänk gäller
LOGIN_URL = "/logga-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/logga-in/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# P5: rollerna som kräver ett andra steg. Bara demoläget, som aldrig har riktiga uppgifter, slipper.
TVA_STEG = not DEMO

# Bara inloggningens steg är allauths: ingen registrering, ingen e-post, ingen koppling som användaren gör själv.
ACCOUNT_ADAPTER = "behorighet.adapter.Kontoadapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False  # spärrarna finns i behorighet.inloggning och behorighet.takt
MFA_ADAPTER = "behorighet.adapter.Stegadapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # klockan i telefonen får gå 30 sekunder fel; en kod går ändå bara att använda en gång
SOCIALACCOUNT_ADAPTER = "behorighet.adapter.Eidadapter"
SOCIALACCOUNT_STORE_TOKENS = False


def _oidc() -> dict[str, Any]:
    """E-legitimation genom en förmedlare med OpenID Connect. Tom: ingen knapp på inloggningssidan."""
    url = env.str("SUS_OIDC_URL", default="").rstrip("/")
    if not url:
        return {}
    if PRODUKTION and not url.startswith("https://"):
        raise ImproperlyConfigured("SUS_OIDC_URL ska börja med https://.")
    klient, hemlighet = env.str("SUS_OIDC_KLIENT", default=""), env.str("SUS_OIDC_HEMLIGHET", default="")
    if not klient or not hemlighet:
        raise ImproperlyConfigured("Med SUS_OIDC_URL behövs också SUS_OIDC_KLIENT och SUS_OIDC_HEMLIGHET.")
    return {
        "url": url,
        "klient": klient,
        "hemlighet": hemlighet,
        "namn": env.str("SUS_OIDC_NAMN", default="e-legitimation"),
        "falt": env.str("SUS_OIDC_FALT", default="preferred_username"),
        "tillit": env.str("SUS_OIDC_TILLIT", default="").split(),
    }


OIDC = _oidc()

SESSION_COOKIE_AGE = 30 * 60  # sekunder utan aktivitet; sus.sakerhetshuvuden.inloggad förlänger
SESSION_COOKIE_NAME = "sus_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "sus_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "behorighet.views.csrf_fel"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"


# Skydd

ALLOWED_HOSTS = env.list("SUS_VARDAR", default=[] if UTTALAD_PRODUKTION else ["localhost", "127.0.0.1", "[::1]"])
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("SUS_VARDAR ska vara de värdnamn som webben svarar på, skilda med komma.")

SECURE_SSL_REDIRECT = PRODUKTION
SECURE_REDIRECT_EXEMPT = [r"^halsa/$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUKTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUKTION
SECURE_HSTS_PRELOAD = PRODUKTION
SESSION_COOKIE_SECURE = PRODUKTION
CSRF_COOKIE_SECURE = PRODUKTION
SUS_PROXY = env.bool("SUS_PROXY", default=False)
if SUS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Högst (antal, sekunder), per användare utom inloggningen, som räknar misslyckade försök per nätadress.
SUS_TAKT = {
    "inloggning": (env.int("SUS_HOGST_INLOGGNINGAR", default=30), 5 * 60),
    "legitimering": (20 * env.int("SUS_HOGST_INLOGGNINGAR", default=30), 5 * 60),
    "personsokning": (60, 60),
    "hamta": (60, 3600),
    "anvandarsokning": (60, 60),
    "rapportfil": (30, 60),
    "bestallning": (30, 10 * 60),
    "deltagarfil": (30, 10 * 60),
    "registerutdrag": (30, 10 * 60),
    "inlasning": (30, 10 * 60),
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
FILE_UPLOAD_HANDLERS = ["sus.uppladdning.IMinnet"]
SUS_STORSTA_FIL = 5 * 1024 * 1024  # byte i en uppladdad fil

# Inget får ligga i en process minne mellan anrop: rättigheter ska kunna dras in på alla värdar samtidigt (P4).
# Bara inloggningen med e-legitimation använder cachen, mot att ett svar från förmedlaren används två gånger.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "sus_cache"}}


# Hur många av månadens händelser om personer som granskas i Loggkontroll (P8).
SUS_LOGGKONTROLL_ANTAL = env.int("SUS_LOGGKONTROLL_ANTAL", default=25)


def _folkbokforing() -> tuple[str, str, str]:
    """Vilken folkbokföring *Hämta* frågar, och tjänstens adress och nyckel."""
    vilken = env.str("SUS_FOLKBOKFORING", default="register" if DEMO else "")
    url, nyckel = env.str("SUS_FOLKBOKFORING_URL", default=""), env.str("SUS_FOLKBOKFORING_NYCKEL", default="")
    if vilken not in {"", "register", "tjanst"}:
        raise ImproperlyConfigured("SUS_FOLKBOKFORING ska vara tom, register eller tjanst.")
    if vilken == "tjanst" and not (url and nyckel):
        raise ImproperlyConfigured("Med SUS_FOLKBOKFORING=tjanst behövs SUS_FOLKBOKFORING_URL och _NYCKEL.")
    if vilken == "tjanst" and PRODUKTION and not url.startswith("https://"):
        raise ImproperlyConfigured("SUS_FOLKBOKFORING_URL ska börja med https://.")
    return vilken, url, nyckel


SUS_FOLKBOKFORING, SUS_FOLKBOKFORING_URL, SUS_FOLKBOKFORING_NYCKEL = _folkbokforing()


# Radhistorik. Vem som ändrade står i en egen kolumn (behorighet.models.historik), inte i pghistorys sammanhang.

PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)
PGHISTORY_OBJ_FIELD = pghistory.ObjForeignKey(db_index=True, related_name="historik")

# Jobb (docs/adr/0024-langa-rapporter.md). I kön står bara beställningens nummer.

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobb"

# Påminnelser (manage.py paminn). Utan SUS_EPOST_URL skickar SUS ingen e-post.

EPOST = bool(env.str("SUS_EPOST_URL", default=""))
if EPOST:
    globals().update(env.email_url("SUS_EPOST_URL"))
EMAIL_TIMEOUT = 30  # sekunder
DEFAULT_FROM_EMAIL = env.str("SUS_AVSANDARE", default="")
SUS_ADRESS = env.str("SUS_ADRESS", default="")
SUS_TILLGANGLIGHET_EPOST = env.str("SUS_TILLGANGLIGHET_EPOST", default="")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "rad": {"()": "sus.loggformat.UtanFeltext", "format": "{asctime} {levelname} {name} {message}", "style": "{"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "rad"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False}},
}
