"""Sidor för samverkansorganisationer, insatser och uppdrag."""
