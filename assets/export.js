// Copies the ideas as text: what the export's form would ask for, into the clipboard instead of a file.
"use strict";

(() => {
  const tell = (form, copied) => {
    const said = form.querySelector(`[data-says="${copied ? "copied" : "failed"}"]`);
    said.hidden = false;
    setTimeout(() => (said.hidden = true), 4000);
  };

  const text = async (form) => {
    const address = new URL(form.action);
    address.search = new URLSearchParams([...new FormData(form), ["format", "text"]]).toString();
    const answer = await fetch(address, { credentials: "include" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.text();
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const form = button.closest("form");
    try {
      // Asked for inside of the click: Safari lets nobody write into the clipboard later.
      const coming = text(form).then((words) => new Blob([words], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": coming })]);
      tell(form, true);
    } catch {
      tell(form, false);
    }
  });

  document.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-shows]");
    if (opener) document.getElementById(opener.dataset.shows)?.showModal();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]") && event.target.files.length > 0) event.target.form.requestSubmit();
  });
})();
