/* Urvalsbilden: stänger av val som inte har någon betydelse, visar varför, och märker snabbvalet som gäller.
   Minns det ifyllda i adressen när formuläret skickas. Reglerna står i HTML (rapporter/villkor.py):
   data-galler-om="namn=ett|annat" eller "namn!=ett" på ett val, eller flera med ; mellan, där en räcker. Är inget
   valt i fältet räknas det som ett tomt värde. Utan skript följs de när sidan visas nästa gång. */
(() => {
  "use strict";

  function valda(form, namn) {
    const val = Array.from(form.elements).filter((e) => e.name === namn && e.checked);
    return val.length ? val.map((e) => e.value) : [""];
  }

  function galler(val) {
    return val.dataset.gallerOm.split(";").some((regel) => {
      const [, namn, inte, varden] = regel.match(/^(.*?)(!?)=(.*)$/);
      const nu = valda(val.form, namn);
      return varden.split("|").some((ett) => nu.includes(ett)) !== Boolean(inte);
    });
  }

  function reglera() {
    const avstangda = new Set();
    for (const val of document.querySelectorAll("[data-galler-om]")) {
      val.disabled = !galler(val);
      if (val.disabled) {
        avstangda.add(val.name);
      }
    }
    for (const skal of document.querySelectorAll("[data-skal]")) {
      skal.hidden = !avstangda.has(skal.dataset.skal);
    }
  }

  function markSnabbval() {
    for (const knapp of document.querySelectorAll("[data-fyll][aria-pressed]")) {
      const par = knapp.dataset.fyll.split(";").map((ett) => ett.split("="));
      const valt = par.every(([id, varde]) => document.getElementById(id)?.value === varde);
      knapp.setAttribute("aria-pressed", String(valt));
    }
  }

  function allt() {
    reglera();
    markSnabbval();
  }

  // Sidan sparas aldrig av webbläsaren: Tillbaka från rapporten ska ändå ge urvalsbilden så som den var ifylld
  function minns(form) {
    const val = new URLSearchParams(new FormData(form));
    const inga = form.elements.variabler && !val.has("variabler");
    if (inga) {
      val.set("kryssa", "inga");
    }
    history.replaceState(null, "", `${location.pathname}?${val}`);
  }

  document.addEventListener("submit", (handelse) => {
    if (handelse.target.id === "urval") {
      minns(handelse.target);
    }
  });
  document.addEventListener("change", allt);
  document.addEventListener("input", markSnabbval);
  document.addEventListener("htmx:afterSwap", allt);
  // Webbläsaren kan återställa det ifyllda efter att sidan lästs in
  window.addEventListener("pageshow", allt);
  allt();
})();
