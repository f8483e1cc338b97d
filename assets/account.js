// Forms for passwords and tokens, without the server: show a password, copy a token, submit a form only once.
"use strict";

(() => {
  // React resets the type of a field at each render, so aria-pressed of the button holds what the person chose.
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

  // Without https there is no navigator.clipboard. execCommand copies the selection, which also helps to copy by hand.
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

  // A prerendered form has one name of this machine, but the cookie belongs to the name in the address bar.
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
      // Browsers remember the values of text fields, so passwords are hidden again before the submit.
      for (const button of form.querySelectorAll("[data-reveals]")) reveal(button, false);
      if (form.getAttribute("method") !== "post") return;
      // The browser would show the response to the second click of a double click instead of the first one's.
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
