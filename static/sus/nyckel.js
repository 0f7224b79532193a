/* Säkerhetsnyckel och passkey (WebAuthn). Utan skriptet går allt att göra med en kod i stället. */
(() => {
  "use strict";

  const TEXTER = {
    NotAllowedError: "Det avbröts, eller tog för lång tid. Försök igen.",
    InvalidStateError: "Den nyckeln är redan tillagd. Använd en annan.",
    SecurityError: "Säkerhetsnycklar går inte att använda på den här adressen.",
  };

  function byte(text) {
    const tecken = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(tecken, (ett) => ett.charCodeAt(0));
  }

  function text(buffert) {
    const tecken = String.fromCharCode(...new Uint8Array(buffert));
    return btoa(tecken).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function nycklar(lista) {
    return (lista || []).map((en) => ({ ...en, id: byte(en.id) }));
  }

  function skapa(val) {
    return navigator.credentials.create({
      publicKey: {
        ...val,
        challenge: byte(val.challenge),
        user: { ...val.user, id: byte(val.user.id) },
        excludeCredentials: nycklar(val.excludeCredentials),
      },
    });
  }

  function anvand(val) {
    return navigator.credentials.get({
      publicKey: { ...val, challenge: byte(val.challenge), allowCredentials: nycklar(val.allowCredentials) },
    });
  }

  function somJson(svar) {
    const delar = {};
    for (const namn of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (svar.response[namn]) {
        delar[namn] = text(svar.response[namn]);
      }
    }
    return JSON.stringify({
      id: svar.id,
      rawId: text(svar.rawId),
      type: svar.type,
      authenticatorAttachment: svar.authenticatorAttachment,
      clientExtensionResults: svar.getClientExtensionResults(),
      response: delar,
    });
  }

  function visaFel(fel) {
    const ruta = document.createElement("div");
    ruta.className = "message-box message-box--error-short sus-ruta";
    const stycke = document.createElement("p");
    stycke.textContent = TEXTER[fel.name] || "Säkerhetsnyckeln gick inte att använda. Försök igen.";
    ruta.append(stycke);
    document.querySelector("[data-webauthn-fel]").replaceChildren(ruta);
  }

  async function tryckt(form) {
    if (form.elements.namn && !form.reportValidity()) {
      return;
    }
    const val = JSON.parse(form.dataset.webauthn).publicKey;
    try {
      const svar = await (form.dataset.webauthnGor === "create" ? skapa(val) : anvand(val));
      form.elements.svar.value = somJson(svar);
      form.submit();
    } catch (fel) {
      visaFel(fel);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("form[data-webauthn]");
    const knapp = form && form.querySelector("[data-nyckel]");
    if (!knapp) {
      return;
    }
    if (!window.PublicKeyCredential) {
      knapp.hidden = true;
      return;
    }
    knapp.addEventListener("click", () => tryckt(form));
  });
})();
