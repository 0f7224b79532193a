"""Sidorna för inloggning, konto, behörigheter och administration."""

from behorighet.views.inloggning import KravInloggning, csrf_fel, logga_in

__all__ = ["KravInloggning", "csrf_fel", "logga_in"]
