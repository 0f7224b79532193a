/* Det som sidorna gör utöver HTML. Allt fungerar också utan den här filen, om än med fler steg. */
(() => {
  "use strict";

  const rot = document.documentElement;
  const TEMA = "sus-tema";
  // Så länge spärras en knapp som tryckts, om sidan blir kvar (avbruten laddning, fil som hämtas)
  const SPARRTID = 10000;
  // En fil som granskas eller läses in kan ta längre tid
  const FORLOPPSTID = 120000;

  rot.classList.add("js");

  /* ---- Tema: läses innan sidan ritas, därför ligger skriptet i head utan defer ---- */

  function sparatTema() {
    try {
      return localStorage.getItem(TEMA);
    } catch {
      return null; // lagring kan vara avstängd i webbläsaren
    }
  }

  function bytTema() {
    const morkt = rot.dataset.theme
      ? rot.dataset.theme === "dark"
      : window.matchMedia("(prefers-color-scheme: dark)").matches;
    rot.dataset.theme = morkt ? "light" : "dark";
    try {
      localStorage.setItem(TEMA, rot.dataset.theme);
    } catch {
      return; // temat gäller då bara den här sidan
    }
  }

  if (sparatTema()) {
    rot.dataset.theme = sparatTema();
  }

  /* ---- Fokus ---- */

  function fokusera(element) {
    for (let d = element.closest("details"); d; d = d.parentElement.closest("details")) {
      d.open = true;
    }
    element.focus();
    element.scrollIntoView({ block: "center" });
  }

  function foljFellank(handelse, lank) {
    const mal = document.getElementById(lank.hash.slice(1));
    if (!mal) {
      return;
    }
    handelse.preventDefault();
    if (mal.tabIndex < 0) {
      mal.tabIndex = -1;
    }
    fokusera(mal);
  }

  // Utan #innehall i adressen: det följer med när sidan skickas, och tar då fokus från [data-fokus] på nästa sida.
  function hoppa(lank, handelse) {
    const innehall = document.getElementById(lank.hash.slice(1));
    handelse.preventDefault();
    innehall.focus();
    innehall.scrollIntoView();
  }

  /* ---- Menyer ---- */

  function vaxlaMeny(knapp) {
    const oppen = knapp.getAttribute("aria-expanded") !== "true";
    knapp.setAttribute("aria-expanded", String(oppen));
    document.getElementById(knapp.getAttribute("aria-controls")).classList.toggle("ar-oppen", oppen);
  }

  function stangOppna(utom) {
    for (const meny of document.querySelectorAll("details[data-stang][open]")) {
      if (!meny.contains(utom)) {
        meny.open = false;
      }
    }
  }

  function escape(handelse) {
    const oppen = handelse.target.closest("details[data-stang][open], .sus-hjalp[open]");
    if (oppen) {
      oppen.open = false;
      oppen.querySelector("summary").focus();
    }
  }

  /* ---- Hjälp i formulär: snabbval som fyller i fält, och Alla/Inga för kryssrutor ---- */

  function andra(falt, egenskap, varde) {
    falt[egenskap] = varde;
    falt.dispatchEvent(new Event("input", { bubbles: true }));
    falt.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // data-fyll="id_fran=2025-01;id_till=2025-12". Knappen gör samma sak utan skript, genom att skicka formuläret
  function fyll(knapp, handelse) {
    handelse.preventDefault();
    for (const par of knapp.dataset.fyll.split(";")) {
      const [id, varde] = par.split("=");
      const falt = document.getElementById(id);
      if (falt) {
        andra(falt, "value", varde);
      }
    }
  }

  // data-kryssa="alla" eller "inga", med data-falt="namnet på kryssrutorna"
  function kryssa(knapp, handelse) {
    handelse.preventDefault();
    const rutor = knapp.form.querySelectorAll(`input[type=checkbox][name="${CSS.escape(knapp.dataset.falt)}"]`);
    for (const ruta of rutor) {
      if (!ruta.disabled) {
        andra(ruta, "checked", knapp.dataset.kryssa === "alla");
      }
    }
  }

  /* ---- Osparade ändringar ---- */

  const ursprung = new WeakMap();
  let skickas = null;

  function bevakat(form) {
    return form.matches("[data-osparat]") && !form.closest("[data-utan-varning]");
  }

  function tillstand(form) {
    const par = Array.from(new FormData(form));
    return JSON.stringify(par.map(([namn, v]) => (v instanceof File ? [namn, v.name, v.size] : [namn, v])));
  }

  function harOsparat(form) {
    return form.dataset.osparat === "andrat" || (ursprung.has(form) && ursprung.get(form) !== tillstand(form));
  }

  function varna(handelse) {
    const osparade = Array.from(document.querySelectorAll("form[data-osparat]")).filter(
      (form) => form !== skickas && bevakat(form) && harOsparat(form),
    );
    if (osparade.length) {
      handelse.preventDefault();
      handelse.returnValue = true;
    }
  }

  function bevaka() {
    for (const form of document.querySelectorAll("form[data-osparat]")) {
      if (bevakat(form) && !ursprung.has(form)) {
        ursprung.set(form, tillstand(form));
      }
    }
  }

  // Ett formulär som htmx byter ut är osparat om det förra var det
  let bytsOsparat = false;

  function fore(mal) {
    bytsOsparat = mal.matches("form[data-osparat]") && harOsparat(mal);
  }

  function efter(form) {
    if (bytsOsparat && form && form.matches("form[data-osparat]")) {
      form.dataset.osparat = "andrat";
    }
    bytsOsparat = false;
    bevaka();
    // htmx läser in noscript som element, och en knapp där skulle bli formulärets förvalda
    document.querySelectorAll("noscript").forEach((ett) => ett.remove());
  }

  /* ---- Dubbla tryck: andra trycket skickar inget, och knappen visar att den är tryckt ---- */

  function skickaknappar(form) {
    return Array.from(form.elements).filter((e) => e.type === "submit");
  }

  function slapp(form) {
    delete form.dataset.skickad;
    for (const knapp of skickaknappar(form)) {
      knapp.removeAttribute("aria-disabled");
    }
    for (const plats of form.querySelectorAll(".sus-forlopp")) {
      plats.replaceChildren();
    }
  }

  // Det som tar tid: knappens data-forlopp sägs och visas i formulärets .sus-forlopp. Hur långt det är kvar vet ingen
  function visaForlopp(form, knapp) {
    const plats = form.querySelector(".sus-forlopp");
    if (!plats || !knapp || !knapp.dataset.forlopp) {
      return false;
    }
    const text = document.createElement("p");
    Object.assign(text, { id: "forlopp", textContent: knapp.dataset.forlopp });
    const stapel = document.createElement("progress");
    stapel.setAttribute("aria-labelledby", "forlopp");
    plats.replaceChildren(text, stapel);
    return true;
  }

  // En fil hämtas utan att sidan byts: felen från förra försöket ska inte stå kvar
  function glomFel(form) {
    for (const fel of form.querySelectorAll(".sus-felruta, .sus-faltfel")) {
      fel.remove();
    }
    for (const falt of form.querySelectorAll("[aria-invalid]")) {
      falt.removeAttribute("aria-invalid");
    }
    for (const omslag of form.querySelectorAll(".text-field--error, .select-field--error, .checkbox--error")) {
      omslag.classList.remove("text-field--error", "select-field--error", "checkbox--error");
    }
    document.title = document.title.replace(/^Fel: /, "");
  }

  function vidSkickat(handelse) {
    const form = handelse.target;
    if (handelse.defaultPrevented || form.method === "dialog") {
      return;
    }
    if (form.dataset.skickad) {
      handelse.preventDefault();
      return;
    }
    skickas = form;
    window.setTimeout(() => {
      skickas = null;
    }, 1000);
    if ("gerFil" in form.dataset) {
      glomFel(form);
    }
    if (form.method === "post") {
      form.dataset.skickad = "1";
      // aria-disabled i stället för disabled: fokus blir kvar, och knappens namn följer med det som skickas
      for (const knapp of skickaknappar(form)) {
        knapp.setAttribute("aria-disabled", "true");
      }
      const tid = visaForlopp(form, handelse.submitter) ? FORLOPPSTID : SPARRTID;
      window.setTimeout(() => slapp(form), tid);
    }
  }

  /* ---- htmx: fokus kvar efter byte, och besked när något inte gick att hämta ---- */

  let fokusId = "";

  function visaBesked(text, lank) {
    const besked = document.getElementById("besked");
    // Sidan som hämtar sig själv får samma fel om och om igen: det läses upp en gång
    if (besked.dataset.text === text && besked.firstChild) {
      return;
    }
    besked.dataset.text = text;
    const ruta = document.createElement("div");
    ruta.className = "message-box message-box--error-short sus-ruta";
    const stycke = document.createElement("p");
    stycke.textContent = text;
    if (lank) {
      const a = document.createElement("a");
      Object.assign(a, { href: lank.adress, className: "anchor", textContent: lank.text });
      stycke.append(" ", a);
    }
    ruta.append(stycke);
    besked.replaceChildren(ruta);
  }

  // Dit ett htmx-anrop leds i stället för till sitt svar: sidan får inte bytas mot det, då går det ifyllda förlorat
  const HINDER = {
    "/logga-in/": {
      besked: "Du har blivit utloggad. Det du har skrivit är kvar på sidan, och följer med när du väljer Spara och loggar in.",
      text: "Logga in",
    },
    "/konto/tva-steg/": {
      besked: "Din roll kräver nu tvåstegsinloggning. Det du har skrivit är kvar på sidan, och följer med när du väljer Spara.",
      text: "Ordna tvåstegsinloggning",
    },
  };

  function lyssnaPaHtmx() {
    const sida = document.body;
    sida.addEventListener("htmx:beforeSwap", (h) => {
      fokusId = document.activeElement ? document.activeElement.id : "";
      fore(h.detail.target);
      const adress = h.detail.xhr.responseURL && new URL(h.detail.xhr.responseURL).pathname;
      if (HINDER[adress]) {
        h.detail.shouldSwap = false;
        visaBesked(HINDER[adress].besked, { adress, text: HINDER[adress].text });
      } else {
        document.getElementById("besked").replaceChildren();
      }
    });
    sida.addEventListener("htmx:afterSettle", (h) => {
      const nytt = document.getElementById(h.detail.target.id);
      efter(nytt);
      const fel = nytt && nytt.querySelector("[data-fokus]");
      if (fel) {
        fel.focus();
      }
      // Det som hämtar sig självt (data-utan-fokus) ska aldrig flytta fokus.
      if (document.activeElement !== document.body || (nytt && "utanFokus" in nytt.dataset)) {
        return;
      }
      const mal = document.getElementById(fokusId) || nytt;
      if (mal) {
        if (mal.tabIndex < 0) {
          mal.tabIndex = -1;
        }
        mal.focus({ preventScroll: true });
      }
    });
    const fel = (h) =>
      visaBesked(
        h.detail.xhr && h.detail.xhr.status === 429
          ? h.detail.xhr.responseText
          : "Uppgifterna gick inte att hämta. Kontrollera nätet och försök igen.",
      );
    for (const namn of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
      sida.addEventListener(namn, fel);
    }
  }

  /* ---- Tillbaka: webbläsaren fyller i det som stod där, men inte det som beror på det ---- */

  function aterstallt(falt) {
    if (falt.tagName === "SELECT") {
      const forvalt = Array.from(falt.options).find((val) => val.defaultSelected) || falt.options[0];
      return Boolean(forvalt) && falt.value !== forvalt.value;
    }
    if (["radio", "checkbox"].includes(falt.type)) {
      return falt.checked && !falt.defaultChecked;
    }
    return falt.value !== falt.defaultValue;
  }

  // Ett byte för varje mål räcker: det första fältet avgör vad de andra har att välja på
  function foljAterstallda() {
    const mal = new Set();
    for (const falt of document.querySelectorAll("form :is(select, input):is([hx-get], [hx-post])")) {
      const plats = falt.getAttribute("hx-target");
      if (!mal.has(plats) && aterstallt(falt)) {
        mal.add(plats);
        falt.dispatchEvent(new Event("change", { bubbles: true }));
      }
    }
  }

  /* ---- Koppling ---- */

  const KLICK = {
    "[data-tema]": bytTema,
    "[data-skriv-ut]": () => window.print(),
    "[data-dialog]": (knapp) => document.getElementById(knapp.dataset.dialog).showModal(),
    "[data-fyll]": fyll,
    "[data-kryssa]": kryssa,
    ".sus-hoppa": hoppa,
    ".sus-menyknapp": vaxlaMeny,
  };

  document.addEventListener("click", (handelse) => {
    stangOppna(handelse.target);
    for (const [valjare, gor] of Object.entries(KLICK)) {
      const element = handelse.target.closest(valjare);
      if (element) {
        gor(element, handelse);
        return;
      }
    }
    const lank = handelse.target.closest(".error-list a[href^='#']");
    if (lank) {
      foljFellank(handelse, lank);
    }
  });

  document.addEventListener("keydown", (handelse) => {
    if (handelse.key === "Escape") {
      escape(handelse);
    }
  });

  document.addEventListener("submit", vidSkickat);

  document.addEventListener("DOMContentLoaded", () => {
    bevaka();
    lyssnaPaHtmx();
    window.addEventListener("beforeunload", varna);
    const fokus = document.querySelector("[data-fokus]");
    if (fokus) {
      fokus.focus();
    }
  });

  // Tillbaka-knappen kan visa sidan som den lämnades: då ska knapparna gå att trycka igen
  window.addEventListener("pageshow", (handelse) => {
    skickas = null;
    Array.from(document.forms).forEach(slapp);
    if (!handelse.persisted) {
      foljAterstallda();
    }
  });
})();
