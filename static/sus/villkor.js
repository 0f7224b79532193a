/* Frågor som bara ställs för vissa svar: data-visas-om="namn=varde" (flera värden: "namn=ett|annat") eller
   "namn!=varde" på ett element i ett formulär. Det som inte frågas döljs och stängs av, så att det varken nås med tangenter eller skickas.
   Utan skript visas allt, och servern bortser från det som inte hör till svaret. */
(() => {
  "use strict";

  function svar(form, namn) {
    const valda = Array.from(form.elements).filter((e) => e.name === namn);
    const val = valda.filter((e) => e.checked || !["radio", "checkbox"].includes(e.type));
    return val.map((e) => e.value);
  }

  function ratta(element) {
    const form = element.closest("form");
    const [, namn, inte, varde] = element.dataset.visasOm.match(/^(.*?)(!?)=(.*)$/);
    const valt = svar(form, namn);
    const visas = varde.split("|").some((ett) => valt.includes(ett)) !== Boolean(inte);
    element.hidden = !visas;
    for (const falt of element.querySelectorAll("input, select, textarea, button")) {
      falt.disabled = !visas;
    }
  }

  function rattaAlla() {
    document.querySelectorAll("[data-visas-om]").forEach(ratta);
  }

  document.addEventListener("DOMContentLoaded", rattaAlla);
  document.addEventListener("change", rattaAlla);
  document.addEventListener("htmx:afterSwap", rattaAlla);
  // Webbläsaren kan återställa det ifyllda efter att sidan lästs in
  window.addEventListener("pageshow", rattaAlla);
})();
