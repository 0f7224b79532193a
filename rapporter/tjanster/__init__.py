"""Allt som rapporterna skriver."""
