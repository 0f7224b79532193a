PYTHON_I_MILJON := .venv/bin/python
PORT ?= 8000
SKALA ?= stor

# Nycklarna gäller ingenting: de finns för att produktionens inställningar ska gå att granska.
PRODUKTION := SUS_PRODUKTION=1 DATABASE_URL=postgresql://granskning@localhost/granskning SUS_VARDAR=sus.example \
	SUS_SECRET_KEY=$$(cat requirements.lock | sha512sum | cut -c1-100) \
	SUS_NYCKLAR="$$($(PYTHON_I_MILJON) -m sus.nycklar)"

.PHONY: demo test installera kontroll prestanda last
.DEFAULT_GOAL := demo

demo: ## SUS med påhittade uppgifter på http://127.0.0.1:8000/
	@tools/installera.sh demo
	@exec $(PYTHON_I_MILJON) manage.py demo --port $(PORT)

test: ## alla test, även i webbläsare
	@tools/installera.sh test
	@tools/testa.sh $(TESTARGUMENT)

installera: ## .venv och systempaket, inget annat
	@tools/installera.sh test

kontroll: ## format, lint, typer, importkontrakt, mallar, migrationer, produktionens inställningar
	@tools/installera.sh demo
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	git ls-files -z --cached --others --exclude-standard '*.html' | xargs -0 -r .venv/bin/djade --check --target-version 5.2
	.venv/bin/mypy .
	.venv/bin/lint-imports
	$(PYTHON_I_MILJON) manage.py makemigrations --check --dry-run
	$(PRODUKTION) $(PYTHON_I_MILJON) manage.py check --deploy --fail-level WARNING

prestanda: ## kvoterna i prestandakraven, SKALA=stor, riket eller riket10
	@tools/installera.sh demo
	$(PYTHON_I_MILJON) tools/prestanda.py --skala $(SKALA)

last: ## tjugo samtidiga användare i två minuter; LASTARGUMENT="--doda 20" dödar processerna under tiden
	@tools/installera.sh demo
	$(PYTHON_I_MILJON) tools/last.py --skala $(SKALA) $(LASTARGUMENT)
