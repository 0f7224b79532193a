FROM python:3.12.12-slim-bookworm AS bygg
WORKDIR /sus
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock .
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r requirements.lock

FROM python:3.12.12-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin sus
WORKDIR /sus
COPY --from=bygg /venv /venv
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 SUS_STATISKA=/sus/statiska
# Filerna är desamma i alla miljöer; nycklarna som bygget behöver används inte till något och finns inte kvar.
RUN DATABASE_URL=postgresql://bygge@localhost/bygge SUS_VARDAR=localhost SUS_SECRET_KEY=bygge \
    SUS_NYCKLAR="$(python -m sus.nycklar)" python manage.py collectstatic --noinput
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/halsa/', headers={'Host': 'localhost'}), timeout=4)"]
CMD ["gunicorn", "sus.wsgi", "--bind=0.0.0.0:8000", "--workers=4", "--limit-request-line=8190", "--worker-tmp-dir=/dev/shm", "--no-control-socket"]
