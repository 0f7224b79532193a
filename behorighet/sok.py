"""Sökning med `*` som jokertecken, så som SUS alltid har haft den."""

import re


def monster(text: str) -> str:
    """Det sökta som ett reguljärt uttryck för databasen: `*` är vad som helst, annars var som helst i texten.

    Allt annat är sig självt: en parentes eller punkt i sökningen betyder inget särskilt.
    """
    delar = [re.escape(del_) for del_ in text.strip().split("*")]
    uttryck = ".*".join(delar)
    return f"^{uttryck}$" if "*" in text else uttryck
