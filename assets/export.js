// Exports the ideas: as text into the clipboard, or as a file. A file is fetched and then saved: a form that leads to
// one would begin to leave the page, and the page would close its websocket for that.
"use strict";

(() => {
  const SHOWN = 4000; // milliseconds
  const KEPT = 60000; // milliseconds that the browser has to save a file

  const tell = (form, what, words) => {
    for (const each of form.querySelectorAll("[data-says]")) each.hidden = true;
    const said = form.querySelector(`[data-says="${what}"]`);
    if (words) said.textContent = words;
    said.hidden = false;
    if (!words) setTimeout(() => (said.hidden = true), SHOWN);
  };

  // The answer to what the form asks for, or an error that has the server's sentence as its message.
  const ask = async (form, format) => {
    const data = new FormData(form);
    data.set("format", format);
    const address = new URL(form.action);
    address.search = new URLSearchParams([...data]).toString();
    const answer = await fetch(address, {
      credentials: "include",
      headers: { "Accept-Language": data.get("language") },
    });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).message ?? "");
    return answer;
  };

  const nameOf = (answer) => {
    const named = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get("Content-Disposition") ?? "");
    return named ? decodeURIComponent(named[1]) : "scriptwriter";
  };

  const save = async (answer) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = nameOf(answer);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("[data-downloads]");
    if (!form) return;
    event.preventDefault();
    const button = event.submitter;
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    try {
      await save(await ask(form, button.value));
      for (const each of form.querySelectorAll("[data-says]")) each.hidden = true;
    } catch (error) {
      // What fetch itself says of a lost network is for programmers.
      const words = error instanceof TypeError ? "" : error.message;
      tell(form, words ? "refused" : "unsaved", words);
    } finally {
      button.ariaBusy = null;
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const form = button.closest("form");
    try {
      // Asked for inside of the click: Safari lets nobody write into the clipboard later.
      const text = ask(form, "text").then((answer) => answer.text());
      const coming = text.then((words) => new Blob([words], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": coming })]);
      tell(form, "copied");
    } catch {
      tell(form, "failed");
    }
  });

  document.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-shows]");
    if (opener) document.getElementById(opener.dataset.shows)?.showModal();
  });
})();
