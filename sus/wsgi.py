"""Webbens ingång för gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sus.settings")
application = get_wsgi_application()
