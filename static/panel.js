/* The panel works without this file. It adds keys, ages that count on, and the beat that lets a page refresh itself.
   Elements with data-live="5" carry hx-get and hx-trigger="beat": they are asked every five seconds, never in a hidden tab and never
   while text in them is selected. The server answers 204 when nothing changed. */
(() => {
  "use strict";

  /* ── ages: "3 s ago" counts on by the server's clock ── */
  const skew = Date.now() - Date.parse(document.body.dataset.now || new Date().toISOString());
  const span = (seconds) => {
    const s = Math.max(0, Math.floor(seconds));
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    const m = Math.floor((s % 3600) / 60);
    return m ? `${Math.floor(s / 3600)} h ${m} min` : `${Math.floor(s / 3600)} h`;
  };
  const countOn = () => {
    const now = Date.now() - skew;
    for (const time of document.querySelectorAll("[data-since]")) time.textContent = span((now - Date.parse(time.getAttribute("datetime"))) / 1000);
    for (const time of document.querySelectorAll("[data-ago]")) {
      const age = (now - Date.parse(time.getAttribute("datetime"))) / 1000;
      const text = `${time.dataset.before || ""}${span(age)} ago`;
      if (age < 86400 && time.textContent !== text) time.textContent = text;
    }
  };

  /* ── beats ── */
  const mark = document.getElementById("live-mark");
  const say = (text, lost) => {
    if (!mark) return;
    mark.hidden = false;
    mark.lastElementChild.textContent = text;
    mark.classList.toggle("lost", lost);
  };
  /* #ended holds the word that the session is over; it goes when anybody's answer comes again */
  const ended = document.getElementById("ended");
  const signedOut = (event) => Boolean(event.detail.xhr) && event.detail.xhr.status === 401;
  document.body.addEventListener("newToken", (event) => {
    for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = event.detail.value;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": event.detail.value }));
  });
  document.body.addEventListener("htmx:afterRequest", (event) => { if (ended && event.detail.successful) ended.replaceChildren(); });
  const selecting = (element) => {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && element.contains(selection.anchorNode);
  };
  const beat = () => {
    if (document.hidden || !window.htmx) return;
    countOn();
    for (const element of document.querySelectorAll("[data-live]")) {
      const due = Number(element.dataset.due || element.dataset.live) - 1;
      element.dataset.due = due > 0 ? due : element.dataset.live;
      if (due <= 0 && !selecting(element)) window.htmx.trigger(element, "beat");
    }
  };
  if (document.querySelector("[data-live]")) say("Live", false);
  setInterval(beat, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const element of document.querySelectorAll("[data-live]")) element.dataset.due = 0;
  });
  const live = (event) => event.detail.elt && event.detail.elt.matches && event.detail.elt.matches("[data-live]");
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.body.addEventListener(name, (event) => { if (live(event)) { say(signedOut(event) ? "Signed out" : "No connection, trying again", true); event.detail.elt.setAttribute("data-lost", ""); } });
  }
  document.body.addEventListener("htmx:afterRequest", (event) => { if (live(event) && event.detail.successful) { say("Live", false); event.detail.elt.removeAttribute("data-lost"); } });

  /* ── what a swap must not lose: open details and sideways scroll ── */
  const kept = new Map();
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (signedOut(event) && ended && ended.childElementCount) event.detail.shouldSwap = false; /* said already */
    if (live(event) && selecting(event.detail.elt)) event.detail.shouldSwap = false; /* asked before the selection was made */
    kept.clear();
    for (const element of document.querySelectorAll("details[id], .scroll[id]")) {
      kept.set(element.id, [element.open, element.scrollLeft]);
    }
  });
  document.body.addEventListener("htmx:afterSwap", () => {
    for (const [id, [open, left]] of kept) {
      const element = document.getElementById(id);
      if (!element) continue;
      if (open !== undefined) element.open = open;
      if (left) element.scrollLeft = left;
    }
    countOn();
  });

  /* ── Enter in a field with a button of its own: <input data-enter="the button's name"> ── */
  document.addEventListener("keydown", (event) => {
    const name = event.key === "Enter" && !event.isComposing && event.target.dataset && event.target.dataset.enter;
    const button = name && event.target.form && event.target.form.querySelector(`button[name="${name}"]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  /* ── keys ── */
  let g = 0;
  const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const keys = document.getElementById("keys");
    if (event.key === "/") {
      const field = document.getElementById("q");
      if (field) { event.preventDefault(); field.focus(); field.select(); }
    } else if (event.key === "?" && keys) {
      if (!keys.open) keys.showModal();
    } else if (event.key === "g") {
      g = Date.now();
    } else if (Date.now() - g < 1500 && /^[a-z]$/.test(event.key)) {
      g = 0;
      const link = document.querySelector(`.nav-main [data-key="${event.key}"]`);
      if (link) link.click();
    }
  });

  /* ── copy buttons: <button data-copy="id of the text"> ── */
  document.addEventListener("click", async (event) => {
    const button = event.target.closest && event.target.closest("[data-copy]");
    const source = button && document.getElementById(button.dataset.copy);
    if (!source) return;
    await navigator.clipboard.writeText(source.textContent.trim());
    button.setAttribute("data-copied", "");
  });
})();
