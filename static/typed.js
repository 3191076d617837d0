/* A form that was typed in and left can be taken up again: this tab remembers it until it was sent and taken. Passwords, files and hidden
   fields are not remembered. Without this file the server still brings back what was sent after the session had ended. */
(() => {
  "use strict";

  const BEGIN = "typed ";
  const MOST = 200000;
  const offer = document.getElementById("typed-offer");
  const forms = [...document.querySelectorAll("main form[method=post]")].filter((form) => form !== offer && form.elements.form_of);

  /* every form says whose it is and where it stands: person:page:time:signature */
  const page = (form) => form.elements.form_of.value.split(":").slice(1, -2).join(":");
  const key = (form) => `${BEGIN}${form.elements.form_of.value.split(":")[0]} ${page(form)} ${form.id || forms.indexOf(form)}`;
  const plain = (field) => field.name && !field.disabled && (field.name === "as_of" || !["password", "file", "hidden", "submit", "button", "reset"].includes(field.type) || "count" in field.dataset);
  const values = (form) => [...form.elements].filter((field) => plain(field) && (!["checkbox", "radio"].includes(field.type) || field.checked)).map((field) => [field.name, field.value]);
  const own = (fields) => JSON.stringify(fields.filter(([name]) => name !== "as_of")); /* what it began with is none of what was typed */
  const load = (name) => { try { return JSON.parse(sessionStorage.getItem(name)); } catch { return null; } };
  const keep = (name, held) => { try { sessionStorage.setItem(name, JSON.stringify(held)); } catch { /* full or switched off: the page works without */ } };
  const forget = (which) => { for (const name of Object.keys(sessionStorage)) if (name.startsWith(BEGIN) && which(load(name) || {})) sessionStorage.removeItem(name); };
  const save = (form) => {
    const fields = values(form);
    if (fields.length && JSON.stringify(fields).length < MOST) keep(key(form), { at: Date.now(), sent: false, fields });
  };

  /* what this page says about what was sent: it shows it again; or took it; or (no connection, 5xx, asked to sign in) neither */
  const status = (performance.getEntriesByType("navigation")[0] || {}).responseStatus || 200;
  if (status === 409 || status === 422 || document.querySelector("#came-back[data-filled]")) for (const form of forms) if (load(key(form))) save(form);
  if ([200, 409, 422].includes(status)) forget((held) => held.sent);

  for (const kind of ["input", "change"]) document.addEventListener(kind, (event) => { if (forms.includes(event.target.form)) save(event.target.form); });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.leaves !== undefined) forget(() => true);
    else if (forms.includes(form) && load(key(form))) keep(key(form), { ...load(key(form)), sent: true });
  });

  /* on coming back: say so, and put it back only when asked to */
  const left = offer && status === 200 && !document.querySelector("#came-back[data-filled]") && forms.find((form) => load(key(form)) && own(load(key(form)).fields) !== own(values(form)));
  if (!left) return;
  const { at, fields } = load(key(left));
  offer.elements.page.value = page(left);
  offer.elements.fields.value = JSON.stringify(fields);
  const minutes = Math.floor((Date.now() - at) / 60000);
  offer.querySelector("[data-age]").textContent = minutes < 1 ? "less than a minute" : `${minutes} min`;
  offer.addEventListener("reset", () => { sessionStorage.removeItem(key(left)); offer.hidden = true; });
  offer.hidden = false;
})();
