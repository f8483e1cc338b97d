// What the forms of an account do without the server: show a password, copy a token, send a form once.
"use strict";

(() => {
  // React writes a field's type again whenever it draws it: the button tells what the person wants.
  const wanted = (field) =>
    document.querySelector(`[data-reveals="${field.id}"]`)?.getAttribute("aria-pressed") === "true"
      ? "text"
      : "password";
  const watching = new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target.type !== wanted(target)) target.type = wanted(target);
    }
  });
  const reveal = (button, shown) => {
    const field = document.getElementById(button.dataset.reveals);
    if (!field) return;
    watching.observe(field, { attributeFilter: ["type"] });
    button.setAttribute("aria-pressed", String(shown));
    field.type = wanted(field);
  };

  // Without https a browser has no clipboard for us: the old way needs a selection, which helps by hand too.
  const copy = async (button) => {
    const field = document.getElementById(button.dataset.copies);
    if (!field) return;
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      if (!document.execCommand("copy")) return;
    }
    button.dataset.copied = "true";
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-reveals], [data-copies]");
    if (!button) return;
    if (button.dataset.copies) copy(button);
    else reveal(button, button.getAttribute("aria-pressed") !== "true");
  });

  // A page that was drawn beforehand knows this machine by one of its names only; the cookie is for the other.
  const LOOPBACK = ["localhost", "127.0.0.1"];
  const towards = (form) => {
    const address = new URL(form.action);
    if (!LOOPBACK.includes(address.hostname) || !LOOPBACK.includes(location.hostname)) return;
    address.hostname = location.hostname;
    form.action = address.href;
  };

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      for (const button of document.querySelectorAll("[data-copied]")) delete button.dataset.copied;
      // A browser remembers what stands in a field of text.
      for (const button of form.querySelectorAll("[data-reveals]")) reveal(button, false);
      if (form.getAttribute("method") !== "post") return;
      // The second press of a double click would be answered in the place of the first.
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "true";
      towards(form);
    },
    true,
  );
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
