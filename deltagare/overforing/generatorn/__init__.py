"""Påhittade uppgifter: samma frö och dag ger samma filer, byte för byte.

Personnumren är ur Skatteverkets testserie (födelsenummer 980–999), så att inget är en verklig persons.
"""
