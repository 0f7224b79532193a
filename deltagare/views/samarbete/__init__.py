"""Sidorna för Af/FK-samarbetet (`doman.md` 6)."""
