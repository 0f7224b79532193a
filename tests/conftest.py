"""Fixturer för alla test."""

pytest_plugins = ["tests.databas"]
