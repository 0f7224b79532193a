"""Överföring av uppgifter mellan SUS och filer: import, export och påhittade uppgifter.

läsa    lasning → falt → rader_insatser, rader_per_ar, rader_deltaganden, rader_samarbeten → staging
pröva   raderna en och en i Python, det som rör flera rader i SQL (regler, personer, samarbeten → samarbetsregler)
skriva  skriv_insatser → personer → skriv_deltaganden → skriv_samarbeten → identiteter
"""
