"""Felet som modulen kastar."""


class InbaddadFel(Exception):
    """Den inbäddade databasen kan inte användas; texten säger varför och vad man gör."""
