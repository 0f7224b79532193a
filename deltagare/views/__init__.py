"""Sidor för den som registrerar deltagare, och för kodverken som registreringen bygger på."""
